/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/rseq.c: restartable sequences.  The area of 32 bytes is in the program's memory:
 *
 *	OFFSET SIZE FIELD
 *	     0    4 cpu_id_start	CPU number, always valid
 *	     4    4 cpu_id		the same, or RSEQ_CPU_ID_UNINITIALIZED before registration
 *	     8    8 rseq_cs		address of the critical section's descriptor, or 0
 *	    16    4 flags		no bit is honoured any more (Linux 6.1)
 *	    20    4 node_id		0: there is one memory node
 *	    24    4 mm_cid
 *
 * and a descriptor says where a section is: version, flags, start_ip, post_commit_offset, abort_ip (32 bytes).  The four
 * bytes before abort_ip must be the signature that was registered.
 */
#include "linux/rseq.h"

#include "arch/regs.h"
#include "kern/cpu.h"
#include "kern/thread.h"
#include "kern/uio.h"
#include "linux/process.h"
#include "linux/syscall.h"

struct rseq_cs {
	uint32_t version, flags;
	uint64_t start_ip, post_commit_offset, abort_ip;
};

enum { RSEQ_BYTES = 32, RSEQ_CS_AT = 8, RSEQ_NODE_AT = 20, RSEQ_CID_AT = 24 };
enum { RSEQ_FLAG_UNREGISTER = 1 };
#define RSEQ_CPU_UNINITIALIZED UINT32_MAX

static void die(void)
{
	const struct linux_siginfo si = { .signo = LSIGSEGV, .code = LSI_KERNEL };

	signal_force(LSIGSEGV, &si);
}

static err_t write_cpu(const struct user_thread *u)
{
	uint32_t id[2] = { this_cpu()->arch.id, this_cpu()->arch.id };

	return user_write(u->rseq, id, sizeof(id));
}

static err_t check_section(const struct user_thread *u, const struct rseq_cs *cs)
{
	uint32_t sig_word;

	if (cs->version || cs->flags || cs->start_ip + cs->post_commit_offset < cs->start_ip ||
	    cs->abort_ip - cs->start_ip < cs->post_commit_offset)
		return -EINVAL;
	if (user_read(&sig_word, cs->abort_ip - sizeof(sig_word), sizeof(sig_word)))
		return -EFAULT;
	return sig_word == u->rseq_sig ? 0 : -EINVAL;
}

/* If the program was inside a section it goes on at its abort handler; outside, a stale pointer is cleared. */
static err_t leave_section(const struct user_thread *u, struct pt_regs *r)
{
	struct rseq_cs cs;
	uint64_t at;
	err_t err;

	if (user_read(&at, u->rseq + RSEQ_CS_AT, sizeof(at)))
		return -EFAULT;
	if (!at)
		return 0;
	if (user_read(&cs, at, sizeof(cs)))
		return -EFAULT;
	err = check_section(u, &cs);
	if (err || user_store64(u->rseq + RSEQ_CS_AT, 0))
		return err ? err : -EFAULT;
	if (regs_pc(r) - cs.start_ip < cs.post_commit_offset)
		regs_set_pc(r, cs.abort_ip);
	return 0;
}

void rseq_on_return(struct thread *t, struct pt_regs *r)
{
	struct user_thread *u = t->user;

	if (u->rseq && (leave_section(u, r) || write_cpu(u)))
		die();
}

void rseq_on_signal(struct thread *t, struct pt_regs *r)
{
	struct user_thread *u = t->user;

	if (u->rseq && leave_section(u, r))
		die();
}

static long unregister(struct user_thread *u, const struct sysargs *a)
{
	const uint32_t none[2] = { 0, RSEQ_CPU_UNINITIALIZED };

	if (u->rseq != a->v[0] || !u->rseq)
		return -EINVAL;
	if (u->rseq_len != (uint32_t)a->v[1])
		return -EINVAL;
	if (u->rseq_sig != (uint32_t)a->v[3])
		return -EPERM;
	if (user_write(u->rseq, none, sizeof(none)))
		return -EFAULT;
	u->rseq = 0;
	return 0;
}

long sys_rseq(struct thread *t, const struct sysargs *a)
{
	struct user_thread *u = t->user;
	uint32_t flags = (uint32_t)a->v[2];

	if (flags & RSEQ_FLAG_UNREGISTER)
		return flags == RSEQ_FLAG_UNREGISTER ? unregister(u, a) : -EINVAL;
	if (flags)
		return -EINVAL;
	if (u->rseq) {
		if (u->rseq != a->v[0] || u->rseq_len != (uint32_t)a->v[1])
			return -EINVAL;
		return u->rseq_sig == (uint32_t)a->v[3] ? -EBUSY : -EPERM;
	}
	if ((uint32_t)a->v[1] != RSEQ_BYTES || !IS_ALIGNED(a->v[0], RSEQ_BYTES))
		return -EINVAL;
	if (!user_range_ok(a->v[0], RSEQ_BYTES))
		return -EFAULT;
	u->rseq = a->v[0];
	u->rseq_len = RSEQ_BYTES;
	u->rseq_sig = (uint32_t)a->v[3];
	atomic_fetch_or(&t->flags, THREAD_WORK); /* the first cpu_id is written on the way out */
	return 0;
}
