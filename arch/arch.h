/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/arch.h: everything the rest of the kernel may ask of a CPU, and what arch code asks of the
 * kernel.  A closed list: a port answers all of it (doc/porting.md) or does not compile.  The MMU's part
 * is arch/mmu.h, user memory's arch/user.h, registers of a trapped program arch/regs.h.
 *
 * Context: any, unless a line says otherwise.
 */
#pragma once

#include "lib/err.h"

typedef struct {
	uint64_t v;
} paddr_t;

struct pt_regs;

/*
 * The head of each CPU's private area (kern/cpu.h embeds it as its first member), found through the
 * CPU's per-CPU base register.  Offsets are known to entry.S: asserted there.
 */
struct arch_cpu {
	struct arch_cpu *self; /* [I] at offset 0 */
	void *thread;	       /* [o] the running struct thread */
	uint64_t kstack_top;   /* [o] where a trap from user mode lands */
	uint64_t user_sp;      /* [o] scratch of the system-call entry */
	uint32_t id;	       /* [I] 0 .. ncpus-1 */
	uint32_t hw_id;	       /* [I] APIC id */
	void *area; /* [I] ARCH_CPU_AREA bytes, page-aligned, zeroed: tables and exception stacks */
};

/* Inline, in arch/<cpu>/arch_inline.h. */
static inline struct arch_cpu *arch_cpu_self(void);
static inline void *arch_thread_self(void);
static inline bool irq_save(void); /* disables interrupts; returns: were they on? */
static inline void irq_restore(bool on);
static inline void irq_enable(void);
static inline void irq_disable(void);
static inline bool irq_enabled(void);
static inline void cpu_relax(void); /* in a spin loop */
static inline uint64_t cycles(void);

/*
 * CPUs. The boot CPU: arch_cpu_early(), arch_cpu_init(), then arch_machine_init() once memory can be
 * allocated. Another: its owner fills c->area, then arch_cpu_start() runs fn on stack_top there, after
 * arch_cpu_init(c). -ETIMEDOUT: it did not come.
 */
#define ARCH_CPU_AREA 16384
void arch_cpu_early(
	void); /* feature detection, copy routines; ends the boot without what we need */
void arch_cpu_init(struct arch_cpu *c); /* each CPU, on itself: tables, per-CPU base, traps, FPU */
err_t arch_machine_init(void) must_check; /* firmware tables, interrupt controllers, clock */
unsigned arch_cpu_count(void);		  /* that the machine says it has, boot CPU included */
uint32_t arch_cpu_hw_id(unsigned n);	  /* 0: the boot CPU */
err_t arch_cpu_start(struct arch_cpu *c, void *stack_top, void (*fn)(void)) must_check;
void arch_cpu_kick(unsigned hw_id); /* IPI: look at your flags */
void arch_cpu_call(unsigned hw_id); /* IPI: kern_call_irq() there */
void arch_cpu_idle(void);	    /* called with interrupts off: enable and halt, atomically */
_Noreturn void arch_cpu_stop(void); /* interrupts off, halt for ever */
void arch_cpus_stop_others(void);   /* NMI or IPI; for panic */

/* Kernel context switch; interrupts off. */
struct arch_ctx {
	uint64_t sp;
};
void ctx_init(struct arch_ctx *c, void *stack_top, void (*fn)(void *), void *arg);
void ctx_switch(struct arch_ctx *from, const struct arch_ctx *to);

/*
 * The program's extended state (XSAVE with all that XCR0 offers) and thread pointer, switched with the
 * thread, never on a system call.  `area` is fpu_bytes() long, 64-byte aligned.
 */
size_t fpu_bytes(void);
uint64_t fpu_components(void); /* XCR0: what the area holds */
void fpu_init_area(void *area);
void fpu_save(void *area);
void fpu_restore(const void *area);
uint64_t tls_get(void); /* FS base on x86-64 */
void tls_set(uint64_t base);
uint64_t tls2_get(void); /* the program's GS base */
void tls2_set(uint64_t base);
uint64_t arch_idle_poll_ns(void); /* how long polling before a halt pays; 0: not here */

/*
 * The next trap from user mode lands on kstack_top, and arch_thread_self() is t. t has its uint32_t flags
 * word at THREAD_FLAGS_AT: any bit but THREAD_FLAG_IGNORED leads through kern_user_return().
 */
#define THREAD_FLAGS_AT	    8
#define THREAD_FLAG_IGNORED 8 /* THREAD_TRACE */
void arch_set_thread(void *t, uint64_t kstack_top);

/* Leave for user mode with these registers; never returns. Interrupts are on there. */
_Noreturn void arch_enter_user(struct pt_regs *r);

/* Time. The counter is monotonic and the same on all CPUs; boot fails with a line where it is not. */
uint64_t arch_clock_ns(void); /* since boot */
uint64_t
arch_wall_boot_ns(void); /* Unix time when arch_clock_ns() was 0; from kvmclock or the RTC */
struct clock_params { /* for the vDSO: ns = base_ns + ((cycles - base) * mult >> shift), in 128 bits */
	uint64_t base_cycles, base_ns;
	uint64_t mult;
	uint32_t shift;
};
void arch_clock_params(struct clock_params *p);
void arch_timer_set(uint64_t deadline_ns); /* this CPU's one-shot; UINT64_MAX: off */

/* Interrupt vectors for devices. kern/irq.h is the public face. */
#define ARCH_NVECTORS 224
err_t arch_irq_msi(unsigned cpu_hw_id, unsigned vector, uint64_t *addr, uint32_t *data) must_check;
err_t arch_irq_line(unsigned gsi, unsigned cpu_hw_id, unsigned vector, bool level,
		    bool low) must_check;
void arch_irq_line_mask(unsigned gsi, bool masked);
void arch_irq_eoi(void);

/* The first and last resort for text: polls, takes no lock, drops it where there is no port. */
void arch_console_write(const char *s, size_t n);
void arch_console_drain(void);

/* The GSI of an ISA interrupt, and how it is wired. */
unsigned arch_isa_gsi(unsigned isa_irq, bool *level, bool *low);

/* Leaving the machine. status is the program's exit status, or 125 for our own failure. */
_Noreturn void arch_exit(unsigned status);

/* Random words from the CPU (RDSEED, RDRAND); false when it has none. */
bool arch_random(uint64_t *out);
uint64_t arch_jitter(void); /* a counter, read after something of unsteady length */

/* A CPU as /proc/cpuinfo describes it, `ncpu` in all. Bytes written to buf, without a NUL. */
size_t arch_cpu_describe(const struct arch_cpu *c, unsigned ncpu, char *buf, size_t size);

/* Instructions that a debugger or a crash report wants. */
size_t arch_backtrace(uint64_t fp, uint64_t lo, uint64_t hi, uint64_t *pcs, size_t max);
/* Return addresses of the kernel stack at sp: by frame pointers in debug builds, else all that look like one. */
size_t arch_kernel_backtrace(uint64_t fp, uint64_t sp, uint64_t *pcs, size_t max);
/* One line of registers a call, n = 0, 1, ...; false: there is no line n. */
bool arch_regs_line(const struct pt_regs *r, unsigned n, char *buf, size_t size);

/* Called by arch code, implemented above it. */
void kern_irq(unsigned vector); /* kern/irq.c; interrupts off */
void kern_timer_irq(void);	/* kern/timer.c */
void kern_kick_irq(void);	/* kern/sched.c */
void kern_call_irq(void);	/* kern/cpu.c */
void kern_irq_enter(void);	/* kern/irq.c: around each interrupt */
void kern_irq_exit(void);
void kern_user_fault(struct pt_regs *r, unsigned trap, uint64_t error,
		     uint64_t addr); /* linux/fault.c */
/*
 * A page fault in kernel mode on a user address, at an instruction that has a fix-up (a user copy):
 * true: the page is there now, run it again; false: take the fix-up. Interrupts as the copy had them.
 * Any other fault in kernel mode is kern_fatal_trap(). kern/vm.c
 */
bool kern_kernel_fault(struct pt_regs *r, uint64_t error, uint64_t addr);
/* args: the six arguments, in memory so that nobody copies them again. linux/syscall.c */
void kern_syscall(struct pt_regs *r, const uint64_t args[6]);
/* thread flags were set on the way out; clears those it handled. Interrupts on. kern/thread.c, linux/ */
void kern_user_return(struct pt_regs *r);
_Noreturn void kern_fatal_trap(const struct pt_regs *r, const char *what, uint64_t addr);

#include "arch_inline.h"
