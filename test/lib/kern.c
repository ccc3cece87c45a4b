/* SPDX-License-Identifier: Apache-2.0 */
/* test/lib/kern.c: see kern.h. */
#include "test/lib/kern.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/boot.h"
#include "arch/sigframe.h"
#include "kern/klog.h"
#include "kern/mutex.h"
#include "kern/page_int.h"
#include "kern/panic.h"
#include "kern/rand.h"
#include "kern/thread.h"
#include "kern/uio.h"
#include "lib/assert.h"

char *test_ram, *test_page_array;
unsigned long test_tlb_flushes;
_Thread_local struct arch_cpu *test_cpu_self;
_Thread_local bool test_irq_on = true;
struct pt_slot *pt_root;
uint64_t kernel_va_pa;
struct boot_info boot_info;
struct cpu *cpus[CPUS_MAX];
unsigned ncpus;

static uint64_t ram_bytes, array_bytes;

static void *reserve(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

void test_machine_new(uint64_t bytes)
{
	ram_bytes = bytes;
	array_bytes = ALIGN_UP(bytes, 1ull << 28) / PAGE_SIZE * sizeof(struct page);
	test_ram = reserve(bytes);
	test_page_array = reserve(array_bytes);
	memset(test_page_array, 0xa5, array_bytes < (1u << 22) ? array_bytes : 1u << 22);
	pt_root = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	memset(pt_root, 0, PAGE_SIZE);
	boot_info.mem[0] = (struct boot_mem){ { 0 }, bytes, BOOT_MEM_RAM };
	boot_info.nmem = 1;
	test_cpu_enter(0);
}

void test_machine_free(void)
{
	munmap(test_ram, ram_bytes);
	munmap(test_page_array, array_bytes);
	free(pt_root);
	for (unsigned i = 0; i < ncpus; i++) {
		free(cpus[i]->arch.thread);
		free(cpus[i]);
		cpus[i] = NULL;
	}
	ncpus = 0;
}

void test_cpu_enter(unsigned id)
{
	struct cpu *c = cpus[id];

	if (!c) {
		c = calloc(1, sizeof(*c));
		c->arch.self = &c->arch;
		c->arch.id = id;
		c->arch.thread = calloc(1, sizeof(struct thread));
		cpus[id] = c;
		if (ncpus <= id)
			ncpus = id + 1;
	}
	test_cpu_self = &c->arch;
}

void spin_wait(struct spinlock *l)
{
	while (atomic_exchange_explicit(&l->held, 1, memory_order_acquire)) /* pairs with unlock */
		;
}

/* Ranks are the kernel's own business; threads stand for CPUs here. */
void spin_check(const struct spinlock *l)
{
	(void)l;
}

void spin_note_taken(struct spinlock *l)
{
	(void)l;
}

void spin_note_released(struct spinlock *l)
{
	(void)l;
}

bool spin_lock_irq(struct spinlock *l) no_lock_analysis
{
	bool on = irq_save();

	spin_lock(l);
	return on;
}

void spin_unlock_irq(struct spinlock *l, bool on) no_lock_analysis
{
	spin_unlock(l);
	irq_restore(on);
}

bool spin_held(const struct spinlock *l)
{
	return atomic_load(&l->held);
}

void klog(enum klog_level level, const char *f, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, f);
	vfprintf(stderr, f, ap);
	va_end(ap);
	fputc('\n', stderr);
}

_Noreturn void panic(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	vfprintf(stderr, f, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

void page_clear(void *p)
{
	memset(p, 0, PAGE_SIZE);
}

void page_copy(void *dst, const void *src)
{
	memcpy(dst, src, PAGE_SIZE);
}

void cpu_call(uint64_t mask, void (*fn)(void *), void *arg)
{
	(void)mask, (void)fn, (void)arg; /* nothing is cached */
}

void tlb_local_range(uint64_t va, uint64_t len)
{
	(void)va, (void)len;
	test_tlb_flushes++;
}

void tlb_local_all(void)
{
	test_tlb_flushes++;
}

struct kernel_image kernel_image(void)
{
	return (struct kernel_image){ 0, 0, 0, 0 };
}

/* One test thread at a time changes an address space. */
void rwlock_init(struct rwlock *l)
{
	*l = (struct rwlock){ 0 };
}

void read_lock(struct rwlock *l) no_lock_analysis
{
	assert(atomic_fetch_add(&l->state, 1) >= 0);
}

void read_unlock(struct rwlock *l) no_lock_analysis
{
	assert(atomic_fetch_sub(&l->state, 1) > 0);
}

void write_lock(struct rwlock *l) no_lock_analysis
{
	assert(atomic_exchange(&l->state, -1) == 0);
}

void write_unlock(struct rwlock *l) no_lock_analysis
{
	assert(atomic_exchange(&l->state, 0) == -1);
}

uint64_t rand_u64(void)
{
	static uint64_t x = 1;

	return x = x * 6364136223846793005u + 1442695040888963407u;
}

struct arch_fault_kind arch_fault_kind(uint64_t error)
{
	return (struct arch_fault_kind){ .write = error & 2, .exec = error & 16 };
}

__attribute__((weak)) err_t user_write(uaddr_t dst, const void *src, size_t n)
{
	memcpy((void *)(uintptr_t)dst, src, n);
	return 0;
}

void page_wait(unsigned tries)
{
	(void)tries;
}
