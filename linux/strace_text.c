/* SPDX-License-Identifier: Apache-2.0 */
/* linux/strace_text.c: numbers to names. */
#include "abi/errno.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "linux/strace.h"
#include "linux/strace_int.h"

void text_add(struct text *t, const char *f, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, f);
	n = fmt_v(t->buf + t->len, t->size - t->len, f, ap);
	va_end(ap);
	t->len = MIN(t->len + n, t->size - 1);
}

/* An octal escape ends at a byte that is no octal digit: three digits where one follows. */
static void quote_byte(struct text *t, uint8_t c, uint8_t next)
{
	static const char from[] = "\n\t\r\v\f\"\\", to[] = "ntrvf\"\\";
	const char *p = c ? strchr(from, c) : NULL;

	if (p)
		text_add(t, "\\%c", to[p - from]);
	else if (c >= ' ' && c < 0x7f)
		text_add(t, "%c", c);
	else
		text_add(t, next >= '0' && next <= '7' ? "\\%03o" : "\\%o", c);
}

void text_quote(struct text *t, const void *p, size_t len, size_t show, bool more)
{
	const uint8_t *b = p;

	text_add(t, "\"");
	for (size_t i = 0; i < MIN(len, show); i++)
		quote_byte(t, b[i], i + 1 < len ? b[i + 1] : 0);
	text_add(t, len > show || more ? "\"..." : "\"");
}

/* --- the sets: values are Linux's on x86-64 ------------------------------------------------------------- */

#define N(name, value)       \
	{                    \
#name, value \
	}

static const struct name_value oflags[] = {
	N(O_RDONLY, 0),		 N(O_WRONLY, 1),	  N(O_RDWR, 2),
	N(O_CREAT, 0100),	 N(O_EXCL, 0200),	  N(O_NOCTTY, 0400),
	N(O_TRUNC, 01000),	 N(O_APPEND, 02000),	  N(O_NONBLOCK, 04000),
	N(O_SYNC, 04010000),	 N(O_DSYNC, 010000),	  N(O_ASYNC, 020000),
	N(O_DIRECT, 040000),	 N(O_LARGEFILE, 0100000), N(O_TMPFILE, 020200000),
	N(O_DIRECTORY, 0200000), N(O_NOFOLLOW, 0400000),  N(O_NOATIME, 01000000),
	N(O_CLOEXEC, 02000000),	 N(O_PATH, 010000000),
};
static const struct name_value whence[] = { N(SEEK_SET, 0), N(SEEK_CUR, 1), N(SEEK_END, 2),
					    N(SEEK_DATA, 3), N(SEEK_HOLE, 4) };
static const struct name_value prot[] = { N(PROT_NONE, 0),
					  N(PROT_READ, 1),
					  N(PROT_WRITE, 2),
					  N(PROT_EXEC, 4),
					  N(PROT_GROWSDOWN, 0x1000000),
					  N(PROT_GROWSUP, 0x2000000) };
static const struct name_value mapflags[] = {
	N(MAP_SHARED, 1),
	N(MAP_PRIVATE, 2),
	N(MAP_SHARED_VALIDATE, 3),
	N(MAP_FIXED, 0x10),
	N(MAP_ANONYMOUS, 0x20),
	N(MAP_32BIT, 0x40),
	N(MAP_GROWSDOWN, 0x100),
	N(MAP_DENYWRITE, 0x800),
	N(MAP_EXECUTABLE, 0x1000),
	N(MAP_LOCKED, 0x2000),
	N(MAP_NORESERVE, 0x4000),
	N(MAP_POPULATE, 0x8000),
	N(MAP_NONBLOCK, 0x10000),
	N(MAP_STACK, 0x20000),
	N(MAP_HUGETLB, 0x40000),
	N(MAP_SYNC, 0x80000),
	N(MAP_FIXED_NOREPLACE, 0x100000),
};
static const struct name_value mremap[] = { N(MREMAP_MAYMOVE, 1), N(MREMAP_FIXED, 2),
					    N(MREMAP_DONTUNMAP, 4) };
static const struct name_value msync[] = { N(MS_ASYNC, 1), N(MS_INVALIDATE, 2), N(MS_SYNC, 4) };
static const struct name_value madvice[] = {
	N(MADV_NORMAL, 0),	    N(MADV_RANDOM, 1),	  N(MADV_SEQUENTIAL, 2),
	N(MADV_WILLNEED, 3),	    N(MADV_DONTNEED, 4),  N(MADV_FREE, 8),
	N(MADV_REMOVE, 9),	    N(MADV_DONTFORK, 10), N(MADV_DOFORK, 11),
	N(MADV_MERGEABLE, 12),	    N(MADV_HUGEPAGE, 14), N(MADV_NOHUGEPAGE, 15),
	N(MADV_DONTDUMP, 16),	    N(MADV_DODUMP, 17),	  N(MADV_WIPEONFORK, 18),
	N(MADV_COLD, 20),	    N(MADV_PAGEOUT, 21),  N(MADV_POPULATE_READ, 22),
	N(MADV_POPULATE_WRITE, 23),
};
static const struct name_value sighow[] = { N(SIG_BLOCK, 0), N(SIG_UNBLOCK, 1), N(SIG_SETMASK, 2) };
static const struct name_value access[] = { N(F_OK, 0), N(X_OK, 1), N(W_OK, 2), N(R_OK, 4) };
static const struct name_value atflags[] = {
	N(AT_SYMLINK_NOFOLLOW, 0x100), N(AT_REMOVEDIR, 0x200),	 N(AT_SYMLINK_FOLLOW, 0x400),
	N(AT_NO_AUTOMOUNT, 0x800),     N(AT_EMPTY_PATH, 0x1000), N(AT_STATX_FORCE_SYNC, 0x2000),
	N(AT_STATX_DONT_SYNC, 0x4000),
};
static const struct name_value clock[] = {
	N(CLOCK_REALTIME, 0),	       N(CLOCK_MONOTONIC, 1),	  N(CLOCK_PROCESS_CPUTIME_ID, 2),
	N(CLOCK_THREAD_CPUTIME_ID, 3), N(CLOCK_MONOTONIC_RAW, 4), N(CLOCK_REALTIME_COARSE, 5),
	N(CLOCK_MONOTONIC_COARSE, 6),  N(CLOCK_BOOTTIME, 7),	  N(CLOCK_REALTIME_ALARM, 8),
	N(CLOCK_BOOTTIME_ALARM, 9),    N(CLOCK_TAI, 11),
};
static const struct name_value timerflags[] = { N(TIMER_ABSTIME, 1),
						N(TFD_TIMER_CANCEL_ON_SET, 2) };
static const struct name_value itimer[] = { N(ITIMER_REAL, 0), N(ITIMER_VIRTUAL, 1),
					    N(ITIMER_PROF, 2) };
/* The operation is one number; PRIVATE and REALTIME are bits beside it. */
static const struct name_value futexop[] = {
	N(FUTEX_WAIT, 0),
	N(FUTEX_WAKE, 1),
	N(FUTEX_FD, 2),
	N(FUTEX_REQUEUE, 3),
	N(FUTEX_CMP_REQUEUE, 4),
	N(FUTEX_WAKE_OP, 5),
	N(FUTEX_LOCK_PI, 6),
	N(FUTEX_UNLOCK_PI, 7),
	N(FUTEX_TRYLOCK_PI, 8),
	N(FUTEX_WAIT_BITSET, 9),
	N(FUTEX_WAKE_BITSET, 10),
	N(FUTEX_WAIT_REQUEUE_PI, 11),
	N(FUTEX_CMP_REQUEUE_PI, 12),
	N(FUTEX_LOCK_PI2, 13),
	N(FUTEX_PRIVATE_FLAG, 128),
	N(FUTEX_CLOCK_REALTIME, 256),
};
static const struct name_value cloneflags[] = {
	N(CLONE_VM, 0x100),
	N(CLONE_FS, 0x200),
	N(CLONE_FILES, 0x400),
	N(CLONE_SIGHAND, 0x800),
	N(CLONE_PIDFD, 0x1000),
	N(CLONE_PTRACE, 0x2000),
	N(CLONE_VFORK, 0x4000),
	N(CLONE_PARENT, 0x8000),
	N(CLONE_THREAD, 0x10000),
	N(CLONE_NEWNS, 0x20000),
	N(CLONE_SYSVSEM, 0x40000),
	N(CLONE_SETTLS, 0x80000),
	N(CLONE_PARENT_SETTID, 0x100000),
	N(CLONE_CHILD_CLEARTID, 0x200000),
	N(CLONE_DETACHED, 0x400000),
	N(CLONE_CHILD_SETTID, 0x1000000),
	N(SIGCHLD, 17),
};
static const struct name_value family[] = { N(AF_UNSPEC, 0), N(AF_UNIX, 1),	N(AF_INET, 2),
					    N(AF_INET6, 10), N(AF_NETLINK, 16), N(AF_PACKET, 17),
					    N(AF_VSOCK, 40) };
static const struct name_value socktype[] = {
	N(SOCK_STREAM, 1),
	N(SOCK_DGRAM, 2),
	N(SOCK_RAW, 3),
	N(SOCK_RDM, 4),
	N(SOCK_SEQPACKET, 5),
	N(SOCK_NONBLOCK, 04000),
	N(SOCK_CLOEXEC, 02000000),
};
static const struct name_value sockopt[] = {
	N(SOL_SOCKET, 1), N(SOL_IP, 0),	   N(SOL_TCP, 6),
	N(SOL_UDP, 17),	  N(SOL_IPV6, 41), N(SOL_NETLINK, 270)
};
static const struct name_value msgflags[] = {
	N(MSG_OOB, 1),
	N(MSG_PEEK, 2),
	N(MSG_DONTROUTE, 4),
	N(MSG_CTRUNC, 8),
	N(MSG_TRUNC, 0x20),
	N(MSG_DONTWAIT, 0x40),
	N(MSG_EOR, 0x80),
	N(MSG_WAITALL, 0x100),
	N(MSG_NOSIGNAL, 0x4000),
	N(MSG_MORE, 0x8000),
	N(MSG_ERRQUEUE, 0x2000),
	N(MSG_WAITFORONE, 0x10000),
	N(MSG_CMSG_CLOEXEC, 0x40000000),
};
static const struct name_value shuthow[] = { N(SHUT_RD, 0), N(SHUT_WR, 1), N(SHUT_RDWR, 2) };
static const struct name_value epollop[] = { N(EPOLL_CTL_ADD, 1), N(EPOLL_CTL_DEL, 2),
					     N(EPOLL_CTL_MOD, 3) };
static const struct name_value rlimit[] = {
	N(RLIMIT_CPU, 0),	N(RLIMIT_FSIZE, 1), N(RLIMIT_DATA, 2),	  N(RLIMIT_STACK, 3),
	N(RLIMIT_CORE, 4),	N(RLIMIT_RSS, 5),   N(RLIMIT_NPROC, 6),	  N(RLIMIT_NOFILE, 7),
	N(RLIMIT_MEMLOCK, 8),	N(RLIMIT_AS, 9),    N(RLIMIT_LOCKS, 10),  N(RLIMIT_SIGPENDING, 11),
	N(RLIMIT_MSGQUEUE, 12), N(RLIMIT_NICE, 13), N(RLIMIT_RTPRIO, 14), N(RLIMIT_RTTIME, 15),
};
static const struct name_value rusage[] = { N(RUSAGE_SELF, 0), N(RUSAGE_THREAD, 1),
					    N(RUSAGE_CHILDREN, 0xffffffff) };
static const struct name_value fcntl[] = {
	N(F_DUPFD, 0),	       N(F_GETFD, 1),
	N(F_SETFD, 2),	       N(F_GETFL, 3),
	N(F_SETFL, 4),	       N(F_GETLK, 5),
	N(F_SETLK, 6),	       N(F_SETLKW, 7),
	N(F_SETOWN, 8),	       N(F_GETOWN, 9),
	N(F_SETSIG, 10),       N(F_GETSIG, 11),
	N(F_OFD_GETLK, 36),    N(F_OFD_SETLK, 37),
	N(F_OFD_SETLKW, 38),   N(F_DUPFD_CLOEXEC, 1030),
	N(F_SETPIPE_SZ, 1031), N(F_GETPIPE_SZ, 1032),
	N(F_ADD_SEALS, 1033),  N(F_GET_SEALS, 1034),
};
static const struct name_value flock[] = { N(LOCK_SH, 1), N(LOCK_EX, 2), N(LOCK_UN, 8),
					   N(LOCK_NB, 4) };
static const struct name_value prctl[] = {
	N(PR_SET_PDEATHSIG, 1),	    N(PR_GET_PDEATHSIG, 2),
	N(PR_GET_DUMPABLE, 3),	    N(PR_SET_DUMPABLE, 4),
	N(PR_GET_KEEPCAPS, 7),	    N(PR_SET_KEEPCAPS, 8),
	N(PR_SET_NAME, 15),	    N(PR_GET_NAME, 16),
	N(PR_GET_SECCOMP, 21),	    N(PR_SET_SECCOMP, 22),
	N(PR_CAPBSET_READ, 23),	    N(PR_CAPBSET_DROP, 24),
	N(PR_SET_TIMERSLACK, 29),   N(PR_GET_TIMERSLACK, 30),
	N(PR_SET_MM, 35),	    N(PR_SET_CHILD_SUBREAPER, 36),
	N(PR_SET_NO_NEW_PRIVS, 38), N(PR_GET_NO_NEW_PRIVS, 39),
	N(PR_SET_THP_DISABLE, 41),  N(PR_CAP_AMBIENT, 47),
	N(PR_SET_VMA, 0x53564d41),
};
static const struct name_value archprctl[] = {
	N(ARCH_SET_GS, 0x1001),		N(ARCH_SET_FS, 0x1002),
	N(ARCH_GET_FS, 0x1003),		N(ARCH_GET_GS, 0x1004),
	N(ARCH_GET_CPUID, 0x1011),	N(ARCH_SET_CPUID, 0x1012),
	N(ARCH_GET_XCOMP_SUPP, 0x1021), N(ARCH_GET_XCOMP_PERM, 0x1022),
	N(ARCH_REQ_XCOMP_PERM, 0x1023), N(ARCH_CET_STATUS, 0x3001),
};
static const struct name_value sched[] = {
	N(SCHED_OTHER, 0), N(SCHED_FIFO, 1), N(SCHED_RR, 2),
	N(SCHED_BATCH, 3), N(SCHED_IDLE, 5), N(SCHED_DEADLINE, 6)
};
static const struct name_value membarrier[] = {
	N(MEMBARRIER_CMD_QUERY, 0),
	N(MEMBARRIER_CMD_GLOBAL, 1),
	N(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 2),
	N(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 4),
	N(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 8),
	N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 16),
	N(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 32),
	N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 64),
};
static const struct name_value waitopts[] = { N(WNOHANG, 1), N(WUNTRACED, 2), N(WEXITED, 4),
					      N(WCONTINUED, 8), N(WNOWAIT, 0x1000000) };
static const struct name_value grndflags[] = { N(GRND_NONBLOCK, 1), N(GRND_RANDOM, 2),
					       N(GRND_INSECURE, 4) };
static const struct name_value mfdflags[] = { N(MFD_CLOEXEC, 1), N(MFD_ALLOW_SEALING, 2),
					      N(MFD_HUGETLB, 4), N(MFD_NOEXEC_SEAL, 8),
					      N(MFD_EXEC, 16) };
static const struct name_value efdflags[] = { N(EFD_SEMAPHORE, 1), N(EFD_NONBLOCK, 04000),
					      N(EFD_CLOEXEC, 02000000) };
static const struct name_value tfdflags[] = { N(TFD_NONBLOCK, 04000), N(TFD_CLOEXEC, 02000000) };
static const struct name_value sockflags[] = { N(SOCK_NONBLOCK, 04000), N(SOCK_CLOEXEC, 02000000) };
static const struct name_value renameflags[] = { N(RENAME_NOREPLACE, 1), N(RENAME_EXCHANGE, 2),
						 N(RENAME_WHITEOUT, 4) };
static const struct name_value fallocmode[] = {
	N(FALLOC_FL_KEEP_SIZE, 1),   N(FALLOC_FL_PUNCH_HOLE, 2),    N(FALLOC_FL_COLLAPSE_RANGE, 8),
	N(FALLOC_FL_ZERO_RANGE, 16), N(FALLOC_FL_INSERT_RANGE, 32),
};
static const struct name_value fadvice[] = {
	N(POSIX_FADV_NORMAL, 0),   N(POSIX_FADV_RANDOM, 1),   N(POSIX_FADV_SEQUENTIAL, 2),
	N(POSIX_FADV_WILLNEED, 3), N(POSIX_FADV_DONTNEED, 4), N(POSIX_FADV_NOREUSE, 5),
};
static const struct name_value rwflags[] = { N(RWF_HIPRI, 1), N(RWF_DSYNC, 2), N(RWF_SYNC, 4),
					     N(RWF_NOWAIT, 8), N(RWF_APPEND, 16) };
static const struct name_value ioctl[] = {
	N(TCGETS, 0x5401),	N(TCSETS, 0x5402),	N(TCSETSW, 0x5403),
	N(TCSETSF, 0x5404),	N(TIOCGWINSZ, 0x5413),	N(TIOCSWINSZ, 0x5414),
	N(TIOCGPGRP, 0x540f),	N(TIOCSPGRP, 0x5410),	N(TIOCSCTTY, 0x540e),
	N(FIONREAD, 0x541b),	N(FIONBIO, 0x5421),	N(FIOCLEX, 0x5451),
	N(FIONCLEX, 0x5450),	N(SIOCGIFCONF, 0x8912), N(BLKGETSIZE64, 0x80081272),
	N(FICLONE, 0x40049409),
};

#define SET(t, bits, mask)                      \
	{                                       \
#t, bits, mask, t, ARRAY_LEN(t) \
	}
static const struct name_set sets[] = {
	SET(oflags, true, 3),	  SET(whence, false, 0),     SET(prot, true, 0),
	SET(mapflags, true, 3),	  SET(mremap, true, 0),	     SET(msync, true, 0),
	SET(madvice, false, 0),	  SET(sighow, false, 0),     SET(access, true, 0),
	SET(atflags, true, 0),	  SET(clock, false, 0),	     SET(timerflags, true, 0),
	SET(itimer, false, 0),	  SET(futexop, true, 127),   SET(cloneflags, true, 0xff),
	SET(family, false, 0),	  SET(socktype, true, 15),   SET(sockopt, false, 0),
	SET(msgflags, true, 0),	  SET(shuthow, false, 0),    SET(epollop, false, 0),
	SET(rlimit, false, 0),	  SET(rusage, false, 0),     SET(fcntl, false, 0),
	SET(flock, true, 0),	  SET(prctl, false, 0),	     SET(archprctl, false, 0),
	SET(sched, false, 0),	  SET(membarrier, false, 0), SET(waitopts, true, 0),
	SET(grndflags, true, 0),  SET(mfdflags, true, 0),    SET(efdflags, true, 0),
	SET(tfdflags, true, 0),	  SET(sockflags, true, 0),   SET(renameflags, true, 0),
	SET(fallocmode, true, 0), SET(fadvice, false, 0),    SET(rwflags, true, 0),
	SET(ioctl, false, 0),
};

const struct name_set *name_set_find(const char *type, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(sets); i++)
		if (strlen(sets[i].type) == len && !memcmp(sets[i].type, type, len))
			return &sets[i];
	return NULL;
}

static const char *exact(const struct name_set *s, uint64_t v)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->names[i].value == v)
			return s->names[i].name;
	return NULL;
}

/* The longest names first where one's bits include another's (O_SYNC, O_DSYNC): the tables are in that order. */
static void bits(struct text *t, const struct name_set *s, uint64_t v)
{
	const char *sep = "", *one = s->mask ? exact(s, v & s->mask) : NULL;

	if (one) {
		text_add(t, "%s", one);
		sep = "|";
		v &= ~s->mask;
	}
	for (unsigned i = 0; i < s->n; i++) {
		uint64_t b = s->names[i].value;

		if (!b || (b & s->mask) || (v & b) != b)
			continue;
		text_add(t, "%s%s", sep, s->names[i].name);
		sep = "|";
		v &= ~b;
	}
	if (v || !*sep)
		text_add(t, "%s%#llx", sep, (unsigned long long)v);
}

void text_names(struct text *t, const struct name_set *s, uint64_t v)
{
	const char *one = s->mask ? NULL : exact(s, v);

	if (one)
		text_add(t, "%s", one);
	else if (s->bits && (v || s->mask))
		bits(t, s, v);
	else
		text_add(t, v ? "%#llx" : "0", (unsigned long long)v);
}
