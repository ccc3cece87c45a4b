/* SPDX-License-Identifier: Apache-2.0 */
/* mem.h: for mem_*.c: touch memory and say what happened. */
#pragma once

#include "abi.h"
#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PAGE 4096ul
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static sigjmp_buf mem_back;
static siginfo_t mem_info;

static void mem_caught(int sig, siginfo_t *si, void *ctx)
{
	(void)sig, (void)ctx;
	mem_info = *si;
	siglongjmp(mem_back, 1);
}

static __attribute__((unused)) void mem_catch(void)
{
	static char stack[65536];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_sigaction = mem_caught,
				.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };

	sigaltstack(&ss, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

static __attribute__((unused)) const char *mem_what(void)
{
	if (mem_info.si_signo == SIGBUS)
		return mem_info.si_code == BUS_ADRERR ? "SIGBUS BUS_ADRERR" : "SIGBUS ?";
	switch (mem_info.si_code) {
	case SEGV_MAPERR:
		return "SIGSEGV SEGV_MAPERR";
	case SEGV_ACCERR:
		return "SIGSEGV SEGV_ACCERR";
	case SI_KERNEL:
		return "SIGSEGV SI_KERNEL";
	default:
		return "SIGSEGV ?";
	}
}

/* The value, or the signal; and whether the address reported is the one touched. */
static __attribute__((noinline, unused)) void mem_read(const char *name, const volatile void *p)
{
	const volatile unsigned char *volatile at = p;

	if (!sigsetjmp(mem_back, 1))
		printf("read %s: %d\n", name, *at);
	else
		printf("read %s: %s%s\n", name, mem_what(),
		       mem_info.si_addr == (const void *)p ? "" : " elsewhere");
}

static __attribute__((noinline, unused)) void mem_write(const char *name, volatile void *p, int v)
{
	volatile unsigned char *volatile at = p;

	if (!sigsetjmp(mem_back, 1)) {
		*at = (unsigned char)v;
		printf("write %s: ok\n", name);
	} else {
		printf("write %s: %s%s\n", name, mem_what(),
		       mem_info.si_addr == (void *)p ? "" : " elsewhere");
	}
}

#define READ(p)	    mem_read(#p, (const volatile void *)(p))
#define WRITE(p, v) mem_write(#p, (volatile void *)(p), (v))

static inline char *mem_map(size_t pages, int prot)
{
	char *p = mmap(NULL, pages * PAGE, prot, ANON, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

/* A file of n bytes, byte i holding i / 4096 + 1, open for both; its name is gone. */
static inline int mem_file(size_t n)
{
	char name[] = "/tmp/mem-XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0) {
		perror("mkstemp");
		exit(1);
	}
	unlink(name);
	for (size_t i = 0; i < n; i++) {
		char c = (char)(i / PAGE + 1);

		if (i % PAGE == 0 && n - i >= PAGE) {
			char page[PAGE];

			memset(page, c, PAGE);
			if (write(fd, page, PAGE) != (ssize_t)PAGE)
				exit(1);
			i += PAGE - 1;
		} else if (write(fd, &c, 1) != 1) {
			exit(1);
		}
	}
	return fd;
}

#define MMAP(addr, len, prot, flags, fd, off)                                                 \
	({                                                                                    \
		char *mmap_p = mmap((void *)(addr), (len), (prot), (flags), (fd), (off));     \
		printf("mmap(%s, %s, %s, %s, %s, %s): %s\n", #addr, #len, #prot, #flags, #fd, \
		       #off, mmap_p == MAP_FAILED ? strerrorname_np(errno) : "ok");           \
		mmap_p;                                                                       \
	})
