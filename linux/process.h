/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/process.h: the one process, and what each of its threads has beyond a kernel thread.
 *
 * It is process 1, of group and session 1, without a parent (getppid() is 0): what a program sees that is
 * started alone in a container, which is how programs are most often tested.  The kernel does not give it init's immunity from
 * signals.  It starts as root, as in a container; credentials are tracked and reported truthfully, and decide what the
 * calls of this layer allow, though there is nobody to be protected from.
 *
 *   [I] set once   [p] process_lock   [o] its own thread   [s] signal.c's lock
 */
#pragma once

#include "abi/linux_signal.h"
#include "kern/mutex.h"
#include "kern/spinlock.h"
#include "lib/list.h"
#include "linux/signal.h"

#define PROCESS_PID 1u

enum { SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE = 5, SCHED_DEADLINE };

enum {
	RLIM_CPU,
	RLIM_FSIZE,
	RLIM_DATA,
	RLIM_STACK,
	RLIM_CORE,
	RLIM_RSS,
	RLIM_NPROC,
	RLIM_NOFILE,
	RLIM_MEMLOCK,
	RLIM_AS,
	RLIM_LOCKS,
	RLIM_SIGPENDING,
	RLIM_MSGQUEUE,
	RLIM_NICE,
	RLIM_RTPRIO,
	RLIM_RTTIME,
	RLIM_NLIMITS
};
#define RLIM_NONE UINT64_MAX

struct rlimit {
	uint64_t cur, max;
};

struct creds {
	uint32_t uid, euid, suid, fsuid;
	uint32_t gid, egid, sgid, fsgid;
	uint64_t cap_effective, cap_permitted, cap_inheritable, cap_bounding, cap_ambient;
	uint32_t securebits;
	uint32_t ngroups;
	uint32_t *groups;
};

struct process {
	struct mutex lock;  /* guards [p]; sleeps allowed, user memory not touched with it held */
	struct creds creds; /* [p] */
	struct rlimit rlimit[RLIM_NLIMITS]; /* [p] */
	uint32_t pgid, sid;		    /* [p] */
	uint32_t personality;		    /* [p] */
	int dumpable;			    /* [p] */
	bool no_new_privs;		    /* [p] */
	_Atomic bool exiting;		    /* exit_group or a fatal signal has begun */
	_Atomic unsigned nthreads;	    /* alive */
	uint64_t start_ns;		    /* [I] monotonic */
	/* What exec built, for /proc/self. */
	char *exe_path; /* [I] absolute, resolved */
	uint64_t arg_start, arg_end, env_start,
		env_end;	 /* [I] user addresses (prctl may move them) */
	uint64_t auxv[2 * 32];	 /* [I] */
	unsigned auxv_words;	 /* [I] */
	uint64_t sigreturn_addr; /* [I] 0: programs bring their own restorer */
};

extern struct process process;

/* A thread of the program; struct thread.user. */
struct user_thread {
	struct thread *thread;	     /* [I] */
	linux_sigset_t mask;	     /* [s] blocked */
	linux_sigset_t saved_mask;   /* [o] comes back after the call, when has_saved_mask */
	bool has_saved_mask;	     /* [o] */
	linux_sigset_t waiting;	     /* [s] rt_sigtimedwait is waiting for these */
	struct sigqueue queue;	     /* [s] sent to this thread */
	struct list link;	     /* [s] in signal.c's list of threads */
	struct linux_stack altstack; /* [o] */
	uint64_t fault_trap, fault_error, fault_addr; /* [o] the last fault, for ucontext */
	uint64_t clear_tid;			      /* [o] user address; 0: none */
	uint64_t robust_list;			      /* [o] user address */
	uint64_t rseq;				      /* [o] user address; 0: not registered */
	uint32_t rseq_sig, rseq_len;		      /* [o] */
	uint32_t sched_policy, sched_prio;	      /* [p] as set by sched_setscheduler */
	bool reset_on_fork;			      /* [p] new threads get neither */
	uint64_t timer_slack_ns;		      /* [o] */
	int pdeathsig;				      /* [o] */
	unsigned exit_status;			      /* [o] as exit(2) gave it */
	long (*restart_fn)(struct thread *t, const uint64_t *words); /* [o] */
	uint64_t restart_words[RESTART_WORDS];			     /* [o] */
	/* futex_pi.c, under its mutex */
	struct list pi_waiters;	   /* who waits for futexes that this thread owns */
	struct pi_waiter *pi_wait; /* what it waits with itself; NULL: it does not */
	bool pi_gone;		   /* it ends: it cannot be waited for */
};

void misc_init(void);
void shm_init(void);
err_t process_init(void) must_check;	 /* before the program is loaded */
uint64_t process_rlimit(unsigned which); /* the soft limit */
bool process_capable(unsigned cap);	 /* an effective capability */
uint64_t process_caps_all(void);	 /* every capability there is */
