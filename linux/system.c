/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/system.c: calls about the machine as a whole: its name, memory, log and random numbers.
 */
#include "linux/system.h"

#include "arch/archctl.h"
#include "kern/clock.h"
#include "kern/klog.h"
#include "kern/page.h"
#include "kern/rand.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "kern/uio.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "linux/process.h"
#include "linux/signal.h"
#include "linux/syscall.h"

enum { CAP_SYS_ADMIN = 21, CAP_SYS_BOOT = 22 };

/* --- names --------------------------------------------------------------------------------------------- */

/*
 * The release says which Linux this layer answers like: the C library refuses to run on one that is too old, and
 * programs choose features by it.
 */
static struct utsname uts = {
	.sysname = "Linux",
	.nodename = "coracle",
	.release = "6.1.0-coracle",
	.version = "#1 SMP Coracle",
	.domainname = "(none)",
};

static bool named; /* process.lock: the host's name is somebody's word */

void system_uname(struct utsname *out)
{
	mutex_lock(&process.lock);
	*out = uts;
	mutex_unlock(&process.lock);
	fmt(out->machine, UTS_LEN, "%s", arch_machine_name);
}

static void set_name(char field[UTS_LEN], const char *s)
{
	if (s)
		fmt(field, UTS_LEN, "%s", s);
}

void system_set_uname(const char *sysname, const char *release, const char *nodename)
{
	set_name(uts.sysname, sysname);
	set_name(uts.release, release);
	set_name(uts.nodename, nodename);
	named |= nodename != NULL;
}

void system_offer_hostname(const char *name)
{
	mutex_lock(&process.lock);
	if (!named)
		set_name(uts.nodename, name);
	named = true;
	mutex_unlock(&process.lock);
}

long sys_uname(struct thread *t, const struct sysargs *a)
{
	struct utsname u;

	(void)t;
	system_uname(&u);
	if (process.personality & 0x0020000) /* UNAME26 */
		fmt(u.release, UTS_LEN, "2.6.61");
	return user_write(a->v[0], &u, sizeof(u));
}

static long rename_system(char field[UTS_LEN], const struct sysargs *a)
{
	char name[UTS_LEN] = "";
	int len = (int)a->v[1];

	if (!process_capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len >= UTS_LEN)
		return -EINVAL;
	if (user_read(name, a->v[0], (size_t)len))
		return -EFAULT;
	mutex_lock(&process.lock);
	memcpy(field, name, UTS_LEN);
	named |= field == uts.nodename;
	mutex_unlock(&process.lock);
	return 0;
}

long sys_sethostname(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return rename_system(uts.nodename, a);
}

long sys_setdomainname(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return rename_system(uts.domainname, a);
}

long sys_personality(struct thread *t, const struct sysargs *a)
{
	uint32_t old = process.personality;

	(void)t;
	if ((uint32_t)a->v[0] != UINT32_MAX)
		process.personality = (uint32_t)a->v[0];
	return old;
}

/* --- state --------------------------------------------------------------------------------------------- */

struct sysinfo {
	int64_t uptime;
	uint64_t loads[3];
	uint64_t totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	uint16_t procs, pad;
	uint64_t totalhigh, freehigh;
	uint32_t mem_unit;
};
_Static_assert(sizeof(struct sysinfo) == 112, "struct sysinfo of the uapi");

long sys_sysinfo(struct thread *t, const struct sysargs *a)
{
	struct sysinfo s = { .mem_unit = 1 };
	struct page_stats ps;
	uint32_t load[3];

	(void)t;
	page_stats(&ps);
	sched_loadavg(load);
	s.uptime = (int64_t)DIV_UP(clock_mono_ns(), 1000000000u);
	for (unsigned i = 0; i < 3; i++)
		s.loads[i] = load[i]; /* 16.16 fixed point in both */
	s.totalram = ps.total_bytes;
	s.freeram = ps.free_bytes;
	s.bufferram = 0; /* the page cache is not counted here, as on Linux */
	s.procs = (uint16_t)MIN(thread_count_user(), 65535u);
	return user_write(a->v[0], &s, sizeof(s));
}

/* syslog(2): what the kernel has logged. */
enum {
	SYSLOG_CLOSE,
	SYSLOG_OPEN,
	SYSLOG_READ,
	SYSLOG_READ_ALL,
	SYSLOG_READ_CLEAR,
	SYSLOG_CLEAR,
	SYSLOG_CONSOLE_OFF,
	SYSLOG_CONSOLE_ON,
	SYSLOG_CONSOLE_LEVEL,
	SYSLOG_SIZE_UNREAD,
	SYSLOG_SIZE_BUFFER
};

static struct {
	uint64_t cleared; /* READ_ALL shows what came after */
	uint64_t read;	  /* SYSLOG_READ's own position */
} log_pos;

static size_t log_bytes_after(uint64_t pos)
{
	char buf[256];
	size_t n, total = 0;

	while ((n = klog_read(&pos, buf, sizeof(buf))))
		total += n;
	return total;
}

/* The last `len` bytes after *from; *from moves to the end when `advance`. */
static long log_copy(uint64_t from, uaddr_t buf, size_t len, uint64_t *end)
{
	size_t total = log_bytes_after(from), skip = total > len ? total - len : 0, done = 0, n;
	char chunk[256];

	while ((n = klog_read(&from, chunk, sizeof(chunk)))) {
		size_t drop = MIN(n, skip), take = MIN(n - drop, len - done);

		skip -= drop;
		if (user_write(buf + done, chunk + drop, take))
			return -EFAULT;
		done += take;
	}
	*end = from;
	return (long)done;
}

static long log_read(const struct sysargs *a, uint64_t *from, bool advance)
{
	uint64_t end;
	long n;

	if (!a->v[1] || (int)a->v[2] < 0)
		return -EINVAL;
	n = log_copy(*from, a->v[1], (size_t)(int)a->v[2], &end);
	if (n >= 0 && advance)
		*from = end;
	return n;
}

long sys_syslog(struct thread *t, const struct sysargs *a)
{
	uint64_t end;
	int level = (int)a->v[2];

	(void)t;
	switch ((int)a->v[0]) {
	case SYSLOG_CLOSE:
	case SYSLOG_OPEN:
		return 0;
	case SYSLOG_READ:
		return log_read(a, &log_pos.read, true);
	case SYSLOG_READ_ALL:
		return log_read(a, &log_pos.cleared, false);
	case SYSLOG_READ_CLEAR:
		return log_read(a, &log_pos.cleared, true);
	case SYSLOG_CLEAR:
		if (log_copy(log_pos.cleared, 0, 0, &end) >= 0)
			log_pos.cleared = end;
		return 0;
	case SYSLOG_CONSOLE_OFF:
		klog_set_level(KLOG_ERR);
		return 0;
	case SYSLOG_CONSOLE_ON:
		klog_set_level(KLOG_WARN);
		return 0;
	case SYSLOG_CONSOLE_LEVEL:
		if (level < 1 || level > 8)
			return -EINVAL;
		klog_set_level(level <= 4   ? KLOG_ERR
			       : level <= 5 ? KLOG_WARN
			       : level <= 7 ? KLOG_INFO
					    : KLOG_DEBUG);
		return 0;
	case SYSLOG_SIZE_UNREAD:
		return (long)log_bytes_after(log_pos.read);
	case SYSLOG_SIZE_BUFFER:
		return (long)log_bytes_after(0);
	default:
		return -EINVAL;
	}
}

/* reboot(2): the machine ends with the program, whatever is asked of it beyond the Ctrl-Alt-Del switch. */
enum { REBOOT_MAGIC1 = (int)0xfee1dead, REBOOT_CAD_ON = (int)0x89abcdef, REBOOT_CAD_OFF = 0 };

static bool is_reboot_magic2(uint32_t m)
{
	return m == 672274793 || m == 85072278 || m == 369367448 || m == 537993216;
}

long sys_reboot(struct thread *t, const struct sysargs *a)
{
	(void)t;
	if (!process_capable(CAP_SYS_BOOT))
		return -EPERM;
	if ((int)a->v[0] != REBOOT_MAGIC1 || !is_reboot_magic2((uint32_t)a->v[1]))
		return -EINVAL;
	switch ((uint32_t)a->v[2]) {
	case (uint32_t)REBOOT_CAD_ON:
	case REBOOT_CAD_OFF:
		return 0;
	case 0x01234567: /* RESTART */
	case 0xcdef0123: /* HALT */
	case 0x4321fedc: /* POWER_OFF */
		return signal_send_process(LSIGKILL, NULL);
	default:
		return -EINVAL;
	}
}

/* --- random numbers ---------------------------------------------------------------------------------------- */

enum { GRND_NONBLOCK = 1, GRND_RANDOM = 2, GRND_INSECURE = 4 };
#define RANDOM_CHUNK 256
#define RANDOM_MAX   INT32_MAX

/* The generator is seeded before the program starts, so it never blocks; a signal cuts a long request short. */
long sys_getrandom(struct thread *t, const struct sysargs *a)
{
	uint32_t flags = (uint32_t)a->v[2];
	size_t len = MIN(a->v[1], (uint64_t)RANDOM_MAX), done = 0;
	uint8_t chunk[RANDOM_CHUNK];

	(void)t;
	if (flags & ~7u || (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	while (done < len) {
		size_t n = MIN(len - done, sizeof(chunk));

		rand_bytes(chunk, n);
		if (user_write(a->v[0] + done, chunk, n))
			return done ? (long)done : -EFAULT;
		done += n;
		if (done % 4096 == 0 && signal_interrupted())
			break;
	}
	return (long)done;
}
