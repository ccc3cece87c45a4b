/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostile.c: a program that does with the CPU's registers and instructions what no program should, each time in
 * a handler's reach.  What it promises: the kernel is there afterwards.  Prints "survived" and exits with 42.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int got_signal;

static void on_fault(int sig)
{
	got_signal = sig;
	siglongjmp(back, 1);
}

/* Print which signal the statements raise; `want` 0: none, -1: any or none. */
#define TRY(want, name, ...)                             \
	do {                                             \
		got_signal = 0;                          \
		if (!sigsetjmp(back, 1)) {               \
			__VA_ARGS__;                     \
		}                                        \
		printf("%s: %d\n", name, got_signal);    \
		if ((want) >= 0 && got_signal != (want)) \
			exit(1);                         \
	} while (0)

static void privileged_instructions(void)
{
	uint8_t table[16] = { 0 };

	TRY(SIGSEGV, "int 0x80", __asm__ volatile("int $0x80" : : : "memory", "rax"));
	TRY(SIGSEGV, "int 0xfe", __asm__ volatile("int $0xfe"));
	TRY(SIGSEGV, "int 8", __asm__ volatile("int $8"));
	TRY(SIGTRAP, "int3", __asm__ volatile("int3"));
	TRY(-1, "icebp", __asm__ volatile(".byte 0xf1"));
	TRY(SIGSEGV, "hlt", __asm__ volatile("hlt"));
	TRY(SIGSEGV, "cli", __asm__ volatile("cli"));
	TRY(SIGSEGV, "swapgs", __asm__ volatile("swapgs"));
	TRY(SIGSEGV, "sysretq", __asm__ volatile("sysretq" : : : "rcx", "r11"));
	TRY(-1, "sysenter", __asm__ volatile("sysenter"));
	TRY(SIGSEGV, "wrmsr", __asm__ volatile("wrmsr" : : "c"(0xc0000102), "a"(0), "d"(0)));
	TRY(SIGSEGV, "mov cr3", __asm__ volatile("mov %0, %%cr3" : : "r"(0ul)));
	TRY(SIGSEGV, "inb", __asm__ volatile("inb $0x60, %%al" : : : "rax"));
	TRY(SIGSEGV, "lgdt", __asm__ volatile("lgdt %0" : : "m"(table)));
	TRY(SIGILL, "ud2", __asm__ volatile("ud2"));
}

static void segments(void)
{
	TRY(SIGSEGV, "far return to 32-bit code",
	    __asm__ volatile("push $0x23; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:"
			     :
			     :
			     : "rax", "memory"));
	TRY(SIGSEGV, "far return to kernel code",
	    __asm__ volatile("push $0x10; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:"
			     :
			     :
			     : "rax", "memory"));
	TRY(SIGSEGV, "kernel ss", __asm__ volatile("mov %0, %%ss" : : "r"(0x18)));
	TRY(SIGSEGV, "tss as data", __asm__ volatile("mov %0, %%ds" : : "r"(0x40)));
	TRY(0, "user gs", __asm__ volatile("mov %0, %%gs" : : "r"(0x2b)));
}

static void addresses(void)
{
	TRY(SIGSEGV, "read not canonical", (void)*(volatile char *)0x8000000000000000ull);
	TRY(SIGSEGV, "read kernel text", (void)*(volatile char *)0xffffffff80100000ull);
	TRY(SIGSEGV, "write direct map", *(volatile char *)0xffff800000000000ull = 1);
	TRY(SIGSEGV, "jump not canonical", __asm__ volatile("jmp *%0" : : "r"(0x800000000000ull)));
	TRY(SIGSEGV, "jump to the kernel",
	    __asm__ volatile("jmp *%0"
			     :
			     : "r"(0xffffffff80100000ull)));
	TRY(-1, "stack not canonical",
	    __asm__ volatile("mov %%rsp, %%rbx; mov $0x8000000000000000, %%rax; mov %%rax, %%rsp\n"
			     "push %%rax; mov %%rbx, %%rsp"
			     :
			     :
			     : "rax", "rbx"));
}

#define SET_FLAG(bit)	"pushfq; orq $" #bit ", (%%rsp); popfq\n"
#define CLEAR_FLAG(bit) "pushfq; andq $~" #bit ", (%%rsp); popfq\n"
#define GETPID		"mov $39, %%eax; syscall\n"

static void flags(void)
{
	TRY(SIGTRAP, "TF over a system call",
	    __asm__ volatile(SET_FLAG(0x100) GETPID
			     :
			     :
			     : "rax", "rcx", "r11", "memory"));
	TRY(SIGTRAP, "TF over mov ss, int3",
	    __asm__ volatile("mov %%ss, %%ebx\n" SET_FLAG(0x100) "mov %%ebx, %%ss; int3"
			     :
			     :
			     : "rbx", "memory"));
	TRY(SIGTRAP, "TF over mov ss, syscall",
	    __asm__ volatile(
		    "mov $39, %%eax; mov %%ss, %%ebx\n" SET_FLAG(0x100) "mov %%ebx, %%ss; syscall"
		    :
		    :
		    : "rax", "rbx", "rcx", "r11", "memory"));
	TRY(0, "NT over a system call",
	    __asm__ volatile(SET_FLAG(0x4000) GETPID CLEAR_FLAG(0x4000)
			     :
			     :
			     : "rax", "rcx", "r11", "memory"));
	TRY(0, "DF over a system call",
	    __asm__ volatile("std\n" GETPID "cld"
			     :
			     :
			     : "rax", "rcx", "r11", "memory"));
}

/* What the SIGUSR1 handler does to the context that it returns to. */
static enum { SET_IP, SET_SP, SET_FLAGS, SET_SEGMENTS, SET_FPU, SET_XSAVE } spoil;
static uint64_t spoil_with;

static void on_usr1(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *r = uc->uc_mcontext.gregs;

	(void)sig;
	(void)info;
	switch (spoil) {
	case SET_IP:
		r[REG_RIP] = (greg_t)spoil_with;
		break;
	case SET_SP:
		r[REG_RSP] = (greg_t)spoil_with;
		break;
	case SET_FLAGS:
		r[REG_EFL] |= (greg_t)spoil_with;
		break;
	case SET_SEGMENTS:
		r[REG_CSGSFS] = (greg_t)spoil_with;
		break;
	case SET_FPU:
		memset(uc->uc_mcontext.fpregs, 0xff, 512);
		break;
	case SET_XSAVE: /* the header too */
		memset(uc->uc_mcontext.fpregs, 0xff, 464);
		memset((char *)uc->uc_mcontext.fpregs + 512, 0xff, 64);
		break;
	}
}

static void signal_frames(void)
{
	static const uint64_t ips[] = { 0x800000000000, 0xffffffff80100000, 0x8000000000000000,
					0x7ffffffffffe };

	spoil = SET_IP;
	for (unsigned i = 0; i < sizeof(ips) / sizeof(ips[0]); i++) {
		spoil_with = ips[i];
		TRY(SIGSEGV, "return to a bad address", raise(SIGUSR1));
	}
	spoil = SET_SP;
	spoil_with = 0x8000000000000000;
	TRY(-1, "return with a bad stack", raise(SIGUSR1));
	spoil = SET_FLAGS;
	spoil_with = 0x1f7000; /* IOPL, NT, RF, VM, AC, VIF, VIP */
	TRY(-1, "return with privileged flags", raise(SIGUSR1));
	__asm__ volatile(CLEAR_FLAG(0x40000) : : : "memory");
	spoil = SET_SEGMENTS;
	spoil_with = 0x0010001000100010;
	TRY(-1, "return with kernel segments", raise(SIGUSR1));
	spoil = SET_FPU;
	TRY(-1, "return with a bad FPU image", raise(SIGUSR1));
	spoil = SET_XSAVE;
	TRY(-1, "return with a bad XSAVE header", raise(SIGUSR1));
}

static void *spin(void *arg)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		for (volatile int i = 0; i < 10000; i++)
			;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 <
		 200);
	return arg;
}

/* Two threads on each CPU, so that the kernel switches between them meanwhile. */
static void spin_together(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, spin, NULL) != 0)
		exit(1);
	spin(NULL);
	pthread_join(t, NULL);
}

static void bases(void)
{
	enum { SET_GS = 0x1001, SET_FS = 0x1002, GET_GS = 0x1004 };
	static char stack[8192];
	uint64_t gs = 0;
	uint32_t a = 7, b, c = 0, d;

	if (syscall(SYS_arch_prctl, SET_GS, 0xffffffff80000000) != -1 ||
	    syscall(SYS_arch_prctl, SET_FS, 0x8000000000000000) != -1 ||
	    syscall(SYS_clone, 0x10000 | 0xf00 | 0x80000 | 0x40000, stack + sizeof(stack), 0, 0,
		    0x8000000000000000) != -1)
		exit(1);
	if (syscall(SYS_arch_prctl, SET_GS, 0x123456000) != 0)
		exit(1);
	spin_together();
	if (syscall(SYS_arch_prctl, GET_GS, &gs) != 0 || gs != 0x123456000)
		exit(1);
	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (!(b & 1))
		return;
	/* A kernel address in GS while interrupts come, calls are made and threads change. */
	TRY(0, "wrgsbase to the kernel",
	    __asm__ volatile("wrgsbase %0"
			     :
			     : "r"(0xffffffff80100000));
	    spin_together());
	TRY(-1, "wrgsbase not canonical",
	    __asm__ volatile("wrgsbase %0"
			     :
			     : "r"(0x8000000000000000)));
}

int main(void)
{
	static const int faults[] = { SIGSEGV, SIGILL, SIGTRAP, SIGBUS, SIGFPE };
	static char stack[65536];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_ONSTACK };

	sigaltstack(&alt, NULL);
	for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigaction(faults[i], &sa, NULL);
	sa.sa_sigaction = on_usr1;
	sa.sa_flags |= SA_SIGINFO;
	sigaction(SIGUSR1, &sa, NULL);
	setvbuf(stdout, NULL, _IONBF, 0);
	privileged_instructions();
	segments();
	addresses();
	flags();
	signal_frames();
	bases();
	puts("survived");
	return 42;
}
