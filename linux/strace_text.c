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

static const char oflags[] =
	"O_RDONLY=0 O_WRONLY=1 O_RDWR=2 O_CREAT=0100 O_EXCL=0200 O_NOCTTY=0400 "
	"O_TRUNC=01000 O_APPEND=02000 O_NONBLOCK=04000 O_SYNC=04010000 "
	"O_DSYNC=010000 O_ASYNC=020000 O_DIRECT=040000 O_LARGEFILE=0100000 "
	"O_TMPFILE=020200000 O_DIRECTORY=0200000 O_NOFOLLOW=0400000 "
	"O_NOATIME=01000000 O_CLOEXEC=02000000 O_PATH=010000000";
static const char whence[] = "SEEK_SET=0 SEEK_CUR=1 SEEK_END=2 SEEK_DATA=3 SEEK_HOLE=4";
static const char prot[] =
	"PROT_NONE=0 PROT_READ=1 PROT_WRITE=2 PROT_EXEC=4 PROT_GROWSDOWN=0x1000000 "
	"PROT_GROWSUP=0x2000000";
static const char mapflags[] =
	"MAP_SHARED=1 MAP_PRIVATE=2 MAP_SHARED_VALIDATE=3 MAP_FIXED=0x10 "
	"MAP_ANONYMOUS=0x20 MAP_32BIT=0x40 MAP_GROWSDOWN=0x100 MAP_DENYWRITE=0x800 "
	"MAP_EXECUTABLE=0x1000 MAP_LOCKED=0x2000 MAP_NORESERVE=0x4000 "
	"MAP_POPULATE=0x8000 MAP_NONBLOCK=0x10000 MAP_STACK=0x20000 "
	"MAP_HUGETLB=0x40000 MAP_SYNC=0x80000 MAP_FIXED_NOREPLACE=0x100000";
static const char mremap[] = "MREMAP_MAYMOVE=1 MREMAP_FIXED=2 MREMAP_DONTUNMAP=4";
static const char msync[] = "MS_ASYNC=1 MS_INVALIDATE=2 MS_SYNC=4";
static const char madvice[] =
	"MADV_NORMAL=0 MADV_RANDOM=1 MADV_SEQUENTIAL=2 MADV_WILLNEED=3 "
	"MADV_DONTNEED=4 MADV_FREE=8 MADV_REMOVE=9 MADV_DONTFORK=10 MADV_DOFORK=11 "
	"MADV_MERGEABLE=12 MADV_HUGEPAGE=14 MADV_NOHUGEPAGE=15 MADV_DONTDUMP=16 "
	"MADV_DODUMP=17 MADV_WIPEONFORK=18 MADV_COLD=20 MADV_PAGEOUT=21 "
	"MADV_POPULATE_READ=22 MADV_POPULATE_WRITE=23";
static const char sighow[] = "SIG_BLOCK=0 SIG_UNBLOCK=1 SIG_SETMASK=2";
static const char access[] = "F_OK=0 X_OK=1 W_OK=2 R_OK=4";
static const char atflags[] =
	"AT_SYMLINK_NOFOLLOW=0x100 AT_REMOVEDIR=0x200 AT_SYMLINK_FOLLOW=0x400 "
	"AT_NO_AUTOMOUNT=0x800 AT_EMPTY_PATH=0x1000 AT_STATX_FORCE_SYNC=0x2000 "
	"AT_STATX_DONT_SYNC=0x4000";
static const char clock[] =
	"CLOCK_REALTIME=0 CLOCK_MONOTONIC=1 CLOCK_PROCESS_CPUTIME_ID=2 "
	"CLOCK_THREAD_CPUTIME_ID=3 CLOCK_MONOTONIC_RAW=4 CLOCK_REALTIME_COARSE=5 "
	"CLOCK_MONOTONIC_COARSE=6 CLOCK_BOOTTIME=7 CLOCK_REALTIME_ALARM=8 "
	"CLOCK_BOOTTIME_ALARM=9 CLOCK_TAI=11";
static const char timerflags[] = "TIMER_ABSTIME=1 TFD_TIMER_CANCEL_ON_SET=2";
static const char itimer[] = "ITIMER_REAL=0 ITIMER_VIRTUAL=1 ITIMER_PROF=2";
/* The operation is one number; PRIVATE and REALTIME are bits beside it. */
static const char futexop[] =
	"FUTEX_WAIT=0 FUTEX_WAKE=1 FUTEX_FD=2 FUTEX_REQUEUE=3 FUTEX_CMP_REQUEUE=4 "
	"FUTEX_WAKE_OP=5 FUTEX_LOCK_PI=6 FUTEX_UNLOCK_PI=7 FUTEX_TRYLOCK_PI=8 "
	"FUTEX_WAIT_BITSET=9 FUTEX_WAKE_BITSET=10 FUTEX_WAIT_REQUEUE_PI=11 "
	"FUTEX_CMP_REQUEUE_PI=12 FUTEX_LOCK_PI2=13 FUTEX_PRIVATE_FLAG=128 "
	"FUTEX_CLOCK_REALTIME=256";
static const char cloneflags[] =
	"CLONE_VM=0x100 CLONE_FS=0x200 CLONE_FILES=0x400 CLONE_SIGHAND=0x800 "
	"CLONE_PIDFD=0x1000 CLONE_PTRACE=0x2000 CLONE_VFORK=0x4000 "
	"CLONE_PARENT=0x8000 CLONE_THREAD=0x10000 CLONE_NEWNS=0x20000 "
	"CLONE_SYSVSEM=0x40000 CLONE_SETTLS=0x80000 CLONE_PARENT_SETTID=0x100000 "
	"CLONE_CHILD_CLEARTID=0x200000 CLONE_DETACHED=0x400000 "
	"CLONE_CHILD_SETTID=0x1000000 SIGCHLD=17";
static const char family[] =
	"AF_UNSPEC=0 AF_UNIX=1 AF_INET=2 AF_INET6=10 AF_NETLINK=16 AF_PACKET=17 "
	"AF_VSOCK=40";
static const char socktype[] = "SOCK_STREAM=1 SOCK_DGRAM=2 SOCK_RAW=3 SOCK_RDM=4 SOCK_SEQPACKET=5 "
			       "SOCK_NONBLOCK=04000 SOCK_CLOEXEC=02000000";
static const char sockopt[] =
	"SOL_SOCKET=1 SOL_IP=0 SOL_TCP=6 SOL_UDP=17 SOL_IPV6=41 SOL_NETLINK=270";
static const char msgflags[] =
	"MSG_OOB=1 MSG_PEEK=2 MSG_DONTROUTE=4 MSG_CTRUNC=8 MSG_TRUNC=0x20 "
	"MSG_DONTWAIT=0x40 MSG_EOR=0x80 MSG_WAITALL=0x100 MSG_NOSIGNAL=0x4000 "
	"MSG_MORE=0x8000 MSG_ERRQUEUE=0x2000 MSG_WAITFORONE=0x10000 "
	"MSG_CMSG_CLOEXEC=0x40000000";
static const char shuthow[] = "SHUT_RD=0 SHUT_WR=1 SHUT_RDWR=2";
static const char epollop[] = "EPOLL_CTL_ADD=1 EPOLL_CTL_DEL=2 EPOLL_CTL_MOD=3";
static const char rlimit[] =
	"RLIMIT_CPU=0 RLIMIT_FSIZE=1 RLIMIT_DATA=2 RLIMIT_STACK=3 RLIMIT_CORE=4 "
	"RLIMIT_RSS=5 RLIMIT_NPROC=6 RLIMIT_NOFILE=7 RLIMIT_MEMLOCK=8 RLIMIT_AS=9 "
	"RLIMIT_LOCKS=10 RLIMIT_SIGPENDING=11 RLIMIT_MSGQUEUE=12 RLIMIT_NICE=13 "
	"RLIMIT_RTPRIO=14 RLIMIT_RTTIME=15";
static const char rusage[] = "RUSAGE_SELF=0 RUSAGE_THREAD=1 RUSAGE_CHILDREN=0xffffffff";
static const char fcntl[] =
	"F_DUPFD=0 F_GETFD=1 F_SETFD=2 F_GETFL=3 F_SETFL=4 F_GETLK=5 F_SETLK=6 "
	"F_SETLKW=7 F_SETOWN=8 F_GETOWN=9 F_SETSIG=10 F_GETSIG=11 F_OFD_GETLK=36 "
	"F_OFD_SETLK=37 F_OFD_SETLKW=38 F_DUPFD_CLOEXEC=1030 F_SETPIPE_SZ=1031 "
	"F_GETPIPE_SZ=1032 F_ADD_SEALS=1033 F_GET_SEALS=1034";
static const char flock[] = "LOCK_SH=1 LOCK_EX=2 LOCK_UN=8 LOCK_NB=4";
static const char prctl[] =
	"PR_SET_PDEATHSIG=1 PR_GET_PDEATHSIG=2 PR_GET_DUMPABLE=3 PR_SET_DUMPABLE=4 "
	"PR_GET_KEEPCAPS=7 PR_SET_KEEPCAPS=8 PR_SET_NAME=15 PR_GET_NAME=16 "
	"PR_GET_SECCOMP=21 PR_SET_SECCOMP=22 PR_CAPBSET_READ=23 PR_CAPBSET_DROP=24 "
	"PR_SET_TIMERSLACK=29 PR_GET_TIMERSLACK=30 PR_SET_MM=35 "
	"PR_SET_CHILD_SUBREAPER=36 PR_SET_NO_NEW_PRIVS=38 PR_GET_NO_NEW_PRIVS=39 "
	"PR_SET_THP_DISABLE=41 PR_CAP_AMBIENT=47 PR_SET_VMA=0x53564d41";
static const char archprctl[] =
	"ARCH_SET_GS=0x1001 ARCH_SET_FS=0x1002 ARCH_GET_FS=0x1003 ARCH_GET_GS=0x1004 "
	"ARCH_GET_CPUID=0x1011 ARCH_SET_CPUID=0x1012 ARCH_GET_XCOMP_SUPP=0x1021 "
	"ARCH_GET_XCOMP_PERM=0x1022 ARCH_REQ_XCOMP_PERM=0x1023 "
	"ARCH_CET_STATUS=0x3001";
static const char sched[] = "SCHED_OTHER=0 SCHED_FIFO=1 SCHED_RR=2 SCHED_BATCH=3 SCHED_IDLE=5 "
			    "SCHED_DEADLINE=6";
static const char membarrier[] = "MEMBARRIER_CMD_QUERY=0 MEMBARRIER_CMD_GLOBAL=1 "
				 "MEMBARRIER_CMD_GLOBAL_EXPEDITED=2 "
				 "MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED=4 "
				 "MEMBARRIER_CMD_PRIVATE_EXPEDITED=8 "
				 "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED=16 "
				 "MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE=32 "
				 "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE=64";
static const char waitopts[] = "WNOHANG=1 WUNTRACED=2 WEXITED=4 WCONTINUED=8 WNOWAIT=0x1000000";
static const char grndflags[] = "GRND_NONBLOCK=1 GRND_RANDOM=2 GRND_INSECURE=4";
static const char mfdflags[] = "MFD_CLOEXEC=1 MFD_ALLOW_SEALING=2 MFD_HUGETLB=4 MFD_NOEXEC_SEAL=8 "
			       "MFD_EXEC=16";
static const char efdflags[] = "EFD_SEMAPHORE=1 EFD_NONBLOCK=04000 EFD_CLOEXEC=02000000";
static const char tfdflags[] = "TFD_NONBLOCK=04000 TFD_CLOEXEC=02000000";
static const char sockflags[] = "SOCK_NONBLOCK=04000 SOCK_CLOEXEC=02000000";
static const char renameflags[] = "RENAME_NOREPLACE=1 RENAME_EXCHANGE=2 RENAME_WHITEOUT=4";
static const char fallocmode[] =
	"FALLOC_FL_KEEP_SIZE=1 FALLOC_FL_PUNCH_HOLE=2 FALLOC_FL_COLLAPSE_RANGE=8 "
	"FALLOC_FL_ZERO_RANGE=16 FALLOC_FL_INSERT_RANGE=32";
static const char fadvice[] = "POSIX_FADV_NORMAL=0 POSIX_FADV_RANDOM=1 POSIX_FADV_SEQUENTIAL=2 "
			      "POSIX_FADV_WILLNEED=3 POSIX_FADV_DONTNEED=4 POSIX_FADV_NOREUSE=5";
static const char rwflags[] = "RWF_HIPRI=1 RWF_DSYNC=2 RWF_SYNC=4 RWF_NOWAIT=8 RWF_APPEND=16";
static const char ioctl[] =
	"TCGETS=0x5401 TCSETS=0x5402 TCSETSW=0x5403 TCSETSF=0x5404 TIOCGWINSZ=0x5413 "
	"TIOCSWINSZ=0x5414 TIOCGPGRP=0x540f TIOCSPGRP=0x5410 TIOCSCTTY=0x540e "
	"FIONREAD=0x541b FIONBIO=0x5421 FIOCLEX=0x5451 FIONCLEX=0x5450 "
	"SIOCGIFCONF=0x8912 BLKGETSIZE64=0x80081272 FICLONE=0x40049409";

#define SET(t, bits, mask)        \
	{                         \
#t, t, mask, bits \
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

/* One of a set: "NAME=number", and what follows. */
struct row {
	const char *name, *rest;
	size_t len;
	uint64_t value;
};

/* A number as C writes it, up to a space or the end; where that is. */
static const char *number(const char *s, uint64_t *out)
{
	unsigned base = 10;
	uint64_t v = 0;

	if (s[0] == '0')
		base = s[1] == 'x' ? 16 : 8;
	for (s += base == 16 ? 2 : 0; *s > ' '; s++)
		v = v * base + (uint64_t)(*s <= '9' ? *s - '0' : *s - 'a' + 10);
	*out = v;
	return s;
}

static bool row_next(struct row *r)
{
	const char *name = r->rest, *equals = strchr(name, '=');

	if (!equals)
		return false;
	r->name = name;
	r->len = (size_t)(equals - name);
	r->rest = number(equals + 1, &r->value);
	r->rest += *r->rest == ' ';
	return true;
}

static bool exact(const struct name_set *s, uint64_t v, struct row *r)
{
	r->rest = s->names;
	while (row_next(r))
		if (r->value == v)
			return true;
	return false;
}

static void add_name(struct text *t, const char *sep, const struct row *r)
{
	text_add(t, "%s%.*s", sep, (int)r->len, r->name);
}

/* The longest names first where one's bits include another's (O_SYNC, O_DSYNC): the tables are in that order. */
static void bits(struct text *t, const struct name_set *s, uint64_t v)
{
	struct row r;
	const char *sep = "";

	if (s->mask && exact(s, v & s->mask, &r)) {
		add_name(t, "", &r);
		sep = "|";
		v &= ~(uint64_t)s->mask;
	}
	for (r.rest = s->names; row_next(&r);) {
		if (!r.value || (r.value & s->mask) || (v & r.value) != r.value)
			continue;
		add_name(t, sep, &r);
		sep = "|";
		v &= ~r.value;
	}
	if (v || !*sep)
		text_add(t, "%s%#llx", sep, (unsigned long long)v);
}

void text_names(struct text *t, const struct name_set *s, uint64_t v)
{
	struct row r;

	if (!s->mask && exact(s, v, &r))
		add_name(t, "", &r);
	else if (s->bits && (v || s->mask))
		bits(t, s, v);
	else
		text_add(t, v ? "%#llx" : "0", (unsigned long long)v);
}
