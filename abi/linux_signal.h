/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/linux_signal.h: signals as Linux programs on 64-bit machines see them: numbers, siginfo, sigaction,
 * alternate stacks.  signal(7), sigaction(2), sigaltstack(2); the layouts are those of the uapi headers.
 * The frame that a handler finds on its stack is the architecture's (arch/<cpu>/sigframe.c).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum linux_signo {
	LSIGHUP = 1,
	LSIGINT,
	LSIGQUIT,
	LSIGILL,
	LSIGTRAP,
	LSIGABRT,
	LSIGBUS,
	LSIGFPE,
	LSIGKILL,
	LSIGUSR1,
	LSIGSEGV,
	LSIGUSR2,
	LSIGPIPE,
	LSIGALRM,
	LSIGTERM,
	LSIGSTKFLT,
	LSIGCHLD,
	LSIGCONT,
	LSIGSTOP,
	LSIGTSTP,
	LSIGTTIN,
	LSIGTTOU,
	LSIGURG,
	LSIGXCPU,
	LSIGXFSZ,
	LSIGVTALRM,
	LSIGPROF,
	LSIGWINCH,
	LSIGIO,
	LSIGPWR,
	LSIGSYS,
	LSIGRTMIN,
	LSIG_MAX = 64, /* the highest number */
};

/* A set: bit n - 1 is signal n. sigset_t of the calls is these 8 bytes. */
typedef uint64_t linux_sigset_t;
#define LSIG_BIT(n) (1ull << ((n)-1))

#define LSIG_DFL 0
#define LSIG_IGN 1

enum linux_sa_flags {
	LSA_NOCLDSTOP = 0x00000001,
	LSA_NOCLDWAIT = 0x00000002,
	LSA_SIGINFO = 0x00000004,
	LSA_UNSUPPORTED = 0x00000400,
	LSA_EXPOSE_TAGBITS = 0x00000800,
	LSA_RESTORER = 0x04000000,
	LSA_ONSTACK = 0x08000000,
	LSA_RESTART = 0x10000000,
	LSA_NODEFER = 0x40000000,
};
#define LSA_RESETHAND 0x80000000ull

struct linux_sigaction {
	uint64_t handler; /* LSIG_DFL, LSIG_IGN or an address */
	uint64_t flags;
	uint64_t restorer;
	linux_sigset_t mask;
};
_Static_assert(sizeof(struct linux_sigaction) == 32, "kernel_sigaction of the uapi");

enum linux_sig_how { LSIG_BLOCK, LSIG_UNBLOCK, LSIG_SETMASK };

enum linux_si_code {
	LSI_USER = 0, /* kill */
	LSI_KERNEL = 0x80,
	LSI_QUEUE = -1,
	LSI_TIMER = -2,
	LSI_MESGQ = -3,
	LSI_ASYNCIO = -4,
	LSI_SIGIO = -5,
	LSI_TKILL = -6,
	LILL_ILLOPC = 1,
	LILL_ILLOPN = 2,
	LILL_PRVOPC = 5,
	LFPE_INTDIV = 1,
	LFPE_INTOVF = 2,
	LFPE_FLTDIV = 3,
	LFPE_FLTOVF = 4,
	LFPE_FLTUND = 5,
	LFPE_FLTRES = 6,
	LFPE_FLTINV = 7,
	LSEGV_MAPERR = 1,
	LSEGV_ACCERR = 2,
	LBUS_ADRALN = 1,
	LBUS_ADRERR = 2,
	LTRAP_BRKPT = 1,
	LTRAP_TRACE = 2,
};

/*
 * siginfo_t.  128 bytes in the program's memory, of which 48 mean something; the kernel keeps the 48.
 *   OFFSET SIZE FIELD
 *        0    4 si_signo
 *        4    4 si_errno
 *        8    4 si_code
 *       12    4 zero
 *       16   32 by kind
 */
struct linux_siginfo {
	int32_t signo, err, code, zero;
	union {
		struct { /* kill, tgkill, sigqueue */
			int32_t pid;
			uint32_t uid;
			uint64_t value;
		} rt;
		struct { /* POSIX timers */
			int32_t id;
			int32_t overrun;
			uint64_t value;
			int32_t sys_private;
		} timer;
		struct { /* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP */
			uint64_t addr;
			int16_t addr_lsb;
		} fault;
		struct { /* SIGIO */
			int64_t band;
			int32_t fd;
		} poll;
		struct { /* SIGSYS */
			uint64_t call_addr;
			int32_t nr;
			uint32_t arch;
		} sys;
		uint8_t bytes[32];
	};
};
_Static_assert(sizeof(struct linux_siginfo) == 48, "the part of siginfo_t that carries anything");
#define LINUX_SIGINFO_USER_BYTES 128

enum linux_ss_flags { LSS_ONSTACK = 1, LSS_DISABLE = 2 };
#define LSS_AUTODISARM (1u << 31)

struct linux_stack {
	uint64_t sp;
	uint32_t flags, zero;
	uint64_t size;
};
_Static_assert(sizeof(struct linux_stack) == 24, "stack_t of the uapi");
#define LINUX_MINSIGSTKSZ 2048
