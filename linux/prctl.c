/* SPDX-License-Identifier: Apache-2.0 */
/* linux/prctl.c: prctl(2), in the order of its numbers, and arch_prctl(2). */
#include "arch/archctl.h"
#include "kern/thread.h"
#include "kern/uio.h"
#include "kern/vm.h"
#include "lib/mem.h"
#include "linux/process.h"
#include "linux/syscall.h"

enum prctl_op {
	PR_SET_PDEATHSIG = 1,
	PR_GET_PDEATHSIG = 2,
	PR_GET_DUMPABLE = 3,
	PR_SET_DUMPABLE = 4,
	PR_GET_KEEPCAPS = 7,
	PR_SET_KEEPCAPS = 8,
	PR_GET_TIMING = 13,
	PR_SET_TIMING = 14,
	PR_SET_NAME = 15,
	PR_GET_NAME = 16,
	PR_GET_SECCOMP = 21,
	PR_CAPBSET_READ = 23,
	PR_CAPBSET_DROP = 24,
	PR_GET_TSC = 25,
	PR_GET_SECUREBITS = 27,
	PR_SET_SECUREBITS = 28,
	PR_SET_TIMERSLACK = 29,
	PR_GET_TIMERSLACK = 30,
	PR_SET_MM = 35,
	PR_SET_CHILD_SUBREAPER = 36,
	PR_GET_CHILD_SUBREAPER = 37,
	PR_SET_NO_NEW_PRIVS = 38,
	PR_GET_NO_NEW_PRIVS = 39,
	PR_GET_TID_ADDRESS = 40,
	PR_SET_THP_DISABLE = 41,
	PR_GET_THP_DISABLE = 42,
	PR_CAP_AMBIENT = 47,
	PR_SET_IO_FLUSHER = 57,
	PR_GET_IO_FLUSHER = 58,
	PR_SET_VMA = 0x53564d41,
};

enum {
	CAP_SETPCAP_NR = 8,
	CAPS_LAST = 40,
	SECURE_KEEP_CAPS = 1 << 4,
	SECURE_ALL = 0xff,
	SECURE_LOCKS = 0xaa
};
enum { TIMER_SLACK_DEFAULT = 50000 };

static bool subreaper;

static long set_name(struct thread *t, uint64_t addr)
{
	char name[sizeof(t->name)] = "";
	long n = user_read_str(name, addr, sizeof(name));

	if (n == -ENAMETOOLONG && user_read(name, addr, sizeof(name) - 1))
		return -EFAULT;
	if (n < 0 && n != -ENAMETOOLONG)
		return n;
	name[sizeof(name) - 1] = '\0';
	memcpy(t->name, name, sizeof(name));
	return 0;
}

static long keep_caps(uint64_t on)
{
	if (on > 1)
		return -EINVAL;
	if (process.creds.securebits & SECURE_KEEP_CAPS << 1)
		return -EPERM;
	process.creds.securebits &= ~(uint32_t)SECURE_KEEP_CAPS;
	if (on)
		process.creds.securebits |= SECURE_KEEP_CAPS;
	return 0;
}

static long drop_bounding(uint64_t cap)
{
	if (!process_capable(CAP_SETPCAP_NR))
		return -EPERM;
	if (cap > CAPS_LAST)
		return -EINVAL;
	process.creds.cap_bounding &= ~(1ull << cap);
	return 0;
}

/* capabilities(7): a locked bit, and a lock, stay. */
static long set_securebits(uint32_t bits)
{
	uint32_t old = process.creds.securebits;
	uint32_t locked = (old & SECURE_LOCKS) >> 1;

	if (bits & ~(uint32_t)SECURE_ALL)
		return -EINVAL;
	if (!process_capable(CAP_SETPCAP_NR) || ((old ^ bits) & locked) ||
	    (old & SECURE_LOCKS & ~bits))
		return -EPERM;
	process.creds.securebits = bits;
	return 0;
}

enum { AMBIENT_IS_SET = 1, AMBIENT_RAISE, AMBIENT_LOWER, AMBIENT_CLEAR_ALL };

static long ambient(uint64_t op, uint64_t cap, uint64_t arg4, uint64_t arg5)
{
	struct creds *c = &process.creds;
	uint64_t bit = 1ull << (cap & 63);

	if (arg4 || arg5)
		return -EINVAL;
	if (op == AMBIENT_CLEAR_ALL) {
		if (cap)
			return -EINVAL;
		c->cap_ambient = 0;
		return 0;
	}
	if (cap > CAPS_LAST)
		return -EINVAL;
	switch (op) {
	case AMBIENT_IS_SET:
		return !!(c->cap_ambient & bit);
	case AMBIENT_RAISE:
		if (!(c->cap_permitted & c->cap_inheritable & bit))
			return -EPERM;
		c->cap_ambient |= bit;
		return 0;
	case AMBIENT_LOWER:
		c->cap_ambient &= ~bit;
		return 0;
	default:
		return -EINVAL;
	}
}

static long caps_op(int op, const struct sysargs *a)
{
	switch (op) {
	case PR_GET_KEEPCAPS:
		return !!(process.creds.securebits & SECURE_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		return keep_caps(a->v[1]);
	case PR_CAPBSET_READ:
		if (a->v[1] > CAPS_LAST)
			return -EINVAL;
		return !!(process.creds.cap_bounding & 1ull << a->v[1]);
	case PR_CAPBSET_DROP:
		return drop_bounding(a->v[1]);
	case PR_GET_SECUREBITS:
		return process.creds.securebits;
	case PR_SET_SECUREBITS:
		return set_securebits((uint32_t)a->v[1]);
	default: /* PR_CAP_AMBIENT */
		return ambient(a->v[1], a->v[2], a->v[3], a->v[4]);
	}
}

static long get_int(uint64_t addr, int value)
{
	return user_write(addr, &value, sizeof(value));
}

static long set_flag_once(bool *flag, const struct sysargs *a)
{
	if (a->v[1] != 1 || a->v[2] || a->v[3] || a->v[4])
		return -EINVAL;
	*flag = true;
	return 0;
}

/* What there is only one answer to here is checked as Linux checks it, and answered so. */
enum { VMA_ANON_NAME = 0, VMA_NAME_MAX = 80 };

/* What would confuse who parses /proc/self/maps is not taken. */
static bool is_vma_name(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~' || *s == '[' || *s == ']' || *s == '\\' || *s == '`' ||
		    *s == '$')
			return false;
	return true;
}

static long set_vma(const struct sysargs *a)
{
	char name[VMA_NAME_MAX];
	long n;

	if (a->v[1] != VMA_ANON_NAME)
		return -EINVAL;
	if (!a->v[4])
		return vm_set_name(a->v[2], a->v[3], NULL);
	n = user_read_str(name, a->v[4], sizeof(name));
	if (n < 0)
		return n == -EFAULT ? n : -EINVAL;
	return is_vma_name(name) ? vm_set_name(a->v[2], a->v[3], name) : -EINVAL;
}

enum { MM_AUXV = 12, MM_MAP = 14, MM_MAP_SIZE = 15 };

/* What exec laid out stays: the answer is that to a process without CAP_SYS_RESOURCE. */
static long set_mm(const struct sysargs *a)
{
	bool sized = a->v[1] == MM_AUXV || a->v[1] == MM_MAP || a->v[1] == MM_MAP_SIZE;

	return a->v[4] || (a->v[3] && !sized) ? -EINVAL : -EPERM;
}

static long process_op(struct thread *t, int op, const struct sysargs *a)
{
	switch (op) {
	case PR_SET_PDEATHSIG:
		if (a->v[1] > LSIG_MAX)
			return -EINVAL;
		t->user->pdeathsig = (int)a->v[1]; /* there is no parent to die */
		return 0;
	case PR_GET_PDEATHSIG:
		return get_int(a->v[1], t->user->pdeathsig);
	case PR_GET_DUMPABLE:
		return process.dumpable;
	case PR_SET_DUMPABLE:
		if (a->v[1] > 1)
			return -EINVAL;
		process.dumpable = (int)a->v[1];
		return 0;
	case PR_SET_CHILD_SUBREAPER:
		subreaper = a->v[1] != 0;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return get_int(a->v[1], subreaper);
	case PR_SET_NO_NEW_PRIVS:
		return set_flag_once(&process.no_new_privs, a);
	case PR_GET_NO_NEW_PRIVS:
		if (a->v[1] || a->v[2] || a->v[3] || a->v[4])
			return -EINVAL;
		return process.no_new_privs;
	case PR_SET_MM:
		return set_mm(a);
	default:
		return -EINVAL;
	}
}

static long thread_op(struct thread *t, int op, const struct sysargs *a)
{
	switch (op) {
	case PR_SET_VMA:
		return set_vma(a);
	case PR_SET_NAME:
		return set_name(t, a->v[1]);
	case PR_GET_NAME:
		return user_write(a->v[1], t->name, sizeof(t->name));
	case PR_SET_TIMERSLACK:
		t->user->timer_slack_ns = (int64_t)a->v[1] > 0 ? a->v[1] : TIMER_SLACK_DEFAULT;
		return 0;
	case PR_GET_TIMERSLACK:
		return (long)t->user->timer_slack_ns;
	case PR_GET_TID_ADDRESS:
		return user_store64(a->v[1], t->user->clear_tid);
	case PR_GET_TIMING:
		return 0; /* PR_TIMING_STATISTICAL, the only one Linux takes */
	case PR_SET_TIMING:
		return a->v[1] ? -EINVAL : 0;
	case PR_GET_TSC:
		return get_int(a->v[1], 1); /* PR_TSC_ENABLE */
	case PR_GET_SECCOMP:
		return 0; /* no filter is in force */
	default:
		return -EINVAL;
	}
}

static bool is_one_of(int op, const int *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == op)
			return true;
	return false;
}

long sys_prctl(struct thread *t, const struct sysargs *a)
{
	static const int caps[] = { PR_GET_KEEPCAPS, PR_SET_KEEPCAPS,	PR_CAPBSET_READ,
				    PR_CAPBSET_DROP, PR_GET_SECUREBITS, PR_SET_SECUREBITS,
				    PR_CAP_AMBIENT };
	static const int of_thread[] = { PR_SET_NAME,	    PR_GET_NAME,	PR_SET_TIMERSLACK,
					 PR_GET_TIMERSLACK, PR_GET_TID_ADDRESS, PR_GET_TIMING,
					 PR_SET_TIMING,	    PR_GET_TSC,		PR_GET_SECCOMP,
					 PR_SET_VMA };
	int op = (int)a->v[0];
	long r;

	if (is_one_of(op, of_thread, ARRAY_LEN(of_thread)))
		return thread_op(t, op, a);
	mutex_lock(&process.lock);
	r = is_one_of(op, caps, ARRAY_LEN(caps)) ? caps_op(op, a) : process_op(t, op, a);
	mutex_unlock(&process.lock);
	return r;
}

long sys_arch_prctl(struct thread *t, const struct sysargs *a)
{
	uint64_t value;
	long r = arch_control((unsigned)a->v[0], a->v[1], &value);

	(void)t;
	return r == ARCHCTL_STORE ? user_store64(a->v[1], value) : r;
}
