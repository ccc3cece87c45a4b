/* SPDX-License-Identifier: Apache-2.0 */
/* linux/process.c: the state of the one process, as it is before its program starts. */
#include "linux/process.h"

#include "kern/clock.h"
#include "kern/page.h"
#include "kern/thread.h"
#include "kern/vm.h"
#include "linux/futex.h"
#include "linux/ptimer.h"
#include "linux/sockmsg.h"

struct process process;

#define MB (1024ull * 1024)

/*
 * Linux's initial limits where they are policy (include/asm-generic/resource.h), derived from memory where it derives them;
 * open files as container engines set them.
 */
static void set_limits(void)
{
	struct page_stats ps;
	uint64_t threads;

	page_stats(&ps);
	threads = MAX(ps.total_bytes / (8 * KSTACK_BYTES), 1024ul);
	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		process.rlimit[i] = (struct rlimit){ RLIM_NONE, RLIM_NONE };
	process.rlimit[RLIM_STACK].cur = 8 * MB;
	process.rlimit[RLIM_CORE] = (struct rlimit){ 0, RLIM_NONE };
	process.rlimit[RLIM_NPROC] = (struct rlimit){ threads, threads };
	process.rlimit[RLIM_SIGPENDING] = (struct rlimit){ threads, threads };
	process.rlimit[RLIM_NOFILE] = (struct rlimit){ 1048576, 1048576 };
	process.rlimit[RLIM_MEMLOCK] = (struct rlimit){ 8 * MB, 8 * MB };
	process.rlimit[RLIM_MSGQUEUE] = (struct rlimit){ 819200, 819200 };
	process.rlimit[RLIM_NICE] = (struct rlimit){ 0, 0 };
	process.rlimit[RLIM_RTPRIO] = (struct rlimit){ 0, 0 };
}

#define CAPS_ALL ((1ull << 41) - 1) /* CAP_CHECKPOINT_RESTORE, 40, is the last of Linux 6.1 */

static void set_creds(void)
{
	process.creds = (struct creds){ .cap_effective = CAPS_ALL,
					.cap_permitted = CAPS_ALL,
					.cap_bounding = CAPS_ALL };
}

err_t process_init(void)
{
	mutex_init(&process.lock);
	process.pgid = process.sid = PROCESS_PID;
	process.dumpable = 1;
	process.start_ns = clock_mono_ns();
	set_limits();
	set_creds();
	vm_policy.limit_stack = process.rlimit[RLIM_STACK].cur;
	vm_policy.limit_as = vm_policy.limit_data = RLIM_NONE;
	vm_policy.limit_memlock = process.rlimit[RLIM_MEMLOCK].cur;
	signal_init();
	futex_init();
	ptimer_init();
	socket_init();
	misc_init();
	shm_init();
	return 0;
}

uint64_t process_rlimit(unsigned which)
{
	return process.rlimit[which].cur;
}

bool process_capable(unsigned cap)
{
	return process.creds.cap_effective & 1ull << cap;
}

uint64_t process_caps_all(void)
{
	return CAPS_ALL;
}
