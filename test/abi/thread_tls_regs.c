/* SPDX-License-Identifier: Apache-2.0 */
/* A bare clone: the child starts with the parent's registers, 0 in rax, its own stack and thread pointer. */
#include "abi.h"
#include <linux/futex.h>
#include <sched.h>

static char stack[65536] __attribute__((aligned(16)));
static char tls[256] __attribute__((aligned(64)));
static _Atomic int tid_word, parent_word;
static long seen_r12, seen_fs;

int main(void)
{
	long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		     CLONE_SYSVSEM | CLONE_SETTLS | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID |
		     CLONE_CHILD_SETTID;
	register long r10 __asm__("r10") = (long)&tid_word;
	register long r8 __asm__("r8") = (long)tls;
	long r;

	*(void **)tls = tls;
	tid_word = 1;
	__asm__ volatile("mov $0x1234, %%r12\n\t"
			 "syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %%r12, %[r12]\n\t"
			 "mov %%fs:0, %%rax\n\t"
			 "mov %%rax, %[fs]\n\t"
			 "mov $60, %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(r), [r12] "=m"(seen_r12), [fs] "=m"(seen_fs)
			 : "a"(SYS_clone), "D"(flags), "S"(stack + sizeof(stack)),
			   "d"(&parent_word), "r"(r10), "r"(r8)
			 : "rcx", "r11", "r12", "memory");
	IS(r > 0);
	while (tid_word)
		syscall(SYS_futex, &tid_word, FUTEX_WAIT, (int)r, NULL, NULL, 0);
	IS(parent_word == r);
	printf("%lx\n", seen_r12);
	IS(seen_fs == (long)tls);
	return 0;
}
