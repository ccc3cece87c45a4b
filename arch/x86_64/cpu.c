/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu.c: what the CPU can do, and each CPU's own tables and control registers.  Features are read once,
 * on the boot CPU; the others are taken to be alike, as every hypervisor makes them.
 */
#include "arch/io.h"
#include "arch/regs.h"
#include "x86.h"
#include "x86_int.h"
#include "asm.h"

struct x86_features x86;
bool x86_fences_elided;

static bool bit(uint32_t reg, unsigned n)
{
	return reg >> n & 1;
}

/* CPUID 1 EDX and 0x80000001 EDX: what the kernel is compiled or built to use. */
static void require(void)
{
	struct cpuid base = cpuid(1, 0), ext = cpuid(0x80000001, 0);
	static const struct {
		uint8_t bit;
		bool ext;
		const char *why;
	} need[] = {
		{ 4, false, "this CPU has no time-stamp counter" },
		{ 5, false, "this CPU has no model-specific registers" },
		{ 9, false, "this CPU has no local APIC" },
		{ 15, false, "this CPU has no conditional moves" },
		{ 24, false, "this CPU has no FXSAVE" },
		{ 26, false, "this CPU has no SSE2" },
		{ 11, true, "this CPU has no SYSCALL instruction" },
		{ 20, true, "this CPU has no no-execute pages (NX)" },
	};

	for (unsigned i = 0; i < ARRAY_LEN(need); i++)
		if (!bit(need[i].ext ? ext.d : base.d, need[i].bit))
			x86_fail(need[i].why);
}

static void detect_hypervisor(void)
{
	static const struct {
		uint32_t b, c, d;
		enum hypervisor kind;
	} known[] = {
		{ 0x4b4d564b, 0x564b4d56, 0x0000004d, HYP_KVM }, /* "KVMKVMKVM" */
		{ 0x54474354, 0x43544743, 0x47435447, HYP_TCG }, /* "TCGTCGTCGTCG" */
	};

	if (!bit(cpuid(1, 0).c, 31))
		return;
	x86.hypervisor = HYP_OTHER;
	/* KVM may stand behind another interface's leaves (Hyper-V's), 0x100 further. */
	for (uint32_t base = 0x40000000; base < 0x40000300; base += 0x100) {
		struct cpuid r = cpuid(base, 0);

		for (unsigned i = 0; i < ARRAY_LEN(known); i++)
			if (r.b == known[i].b && r.c == known[i].c && r.d == known[i].d) {
				x86.hypervisor = known[i].kind;
				x86.hyp_base = base;
				return;
			}
	}
}

static void detect_features(void)
{
	struct cpuid base = cpuid(1, 0);
	struct cpuid seven = cpuid(0, 0).a >= 7 ? cpuid(7, 0) : (struct cpuid){ 0 };

	x86.x2apic = bit(base.c, 21);
	x86.tsc_deadline = bit(base.c, 24);
	x86.xsave = bit(base.c, 26);
	x86.xsaveopt = x86.xsave && bit(cpuid(0xd, 1).a, 0);
	x86.rdrand = bit(base.c, 30);
	x86.fsgsbase = bit(seven.b, 0);
	x86.tsc_adjust = bit(seven.b, 1);
	x86.smep = bit(seven.b, 7);
	x86.rdseed = bit(seven.b, 18);
	x86.smap = bit(seven.b, 20);
	x86.umip = bit(seven.c, 2);
	x86.rdtscp = bit(cpuid(0x80000001, 0).d, 27);
	/* ERMS pays from some hundred bytes on; FSRM from the first. An emulator claims either at no gain. */
	x86_fences_elided = x86.hypervisor == HYP_TCG;
	if (x86.hypervisor != HYP_TCG && bit(seven.b, 9))
		x86_string_min = bit(seven.d, 4) ? 128 : 512;
}

void arch_cpu_early(void)
{
	require();
	detect_hypervisor();
	detect_features();
	x86_init_idt();
	lapic_init();
	x86_time_init();
}

/* Control registers, on each CPU. PGE stays off: there is one address space, CR3 is not switched. */
static void set_control(void)
{
	uint64_t cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT;

	cr4 |= x86.smep ? CR4_SMEP : 0;
	cr4 |= x86.smap ? CR4_SMAP : 0;
	cr4 |= x86.umip ? CR4_UMIP : 0;
	cr4 |= x86.fsgsbase ? CR4_FSGSBASE : 0;
	cr4 |= x86.xsave ? CR4_OSXSAVE : 0;
	write_cr4(cr4);
	write_cr0(read_cr0() | CR0_AM); /* a program may ask for alignment checks, as on Linux */
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
}

static struct cpu_tables *tables_of(const struct arch_cpu *c)
{
	return (void *)((char *)c->area + CPU_TABLES_AT);
}

/* Intel SDM volume 3, 3.4.5 and 7.2.3. The order is SYSRET's: 32-bit code, data, 64-bit code. */
static void fill_gdt(const struct arch_cpu *c, struct cpu_tables *t)
{
	uint64_t base = (uint64_t)&t->tss;

	t->gdt[KERNEL_CS / 8] = 0x00af9b000000ffff;
	t->gdt[KERNEL_DS / 8] = 0x00cf93000000ffff;
	/* USER32_CS stays empty: SYSRET only counts from it, and no program needs 32-bit code. */
	t->gdt[USER_DS / 8] = 0x00cff3000000ffff;
	t->gdt[USER_CS / 8] = 0x00affb000000ffff;
	t->gdt[TSS_SEL / 8] = (sizeof(t->tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
			      (base >> 24 & 0xff) << 56;
	t->gdt[TSS_SEL / 8 + 1] = base >> 32;
	t->gdt[CPU_SEL / 8] = 0x0040f10000000000 | c->id; /* read-only data, bytes */
}

/*
 * Exception stacks: each one's highest word holds the struct arch_cpu, where paranoid_entry (entry.S) finds it
 * whatever GS says.
 */
static void fill_tss(const struct arch_cpu *c, struct cpu_tables *t)
{
	for (unsigned ist = IST_FATAL; ist <= IST_DEBUG; ist++) {
		const struct arch_cpu **top = (void *)((char *)c->area + (size_t)ist * IST_BYTES);

		top[-1] = c;
		t->tss.ist[ist - 1] = (uint64_t)&top[-2];
	}
	t->tss.io_map = sizeof(t->tss);
}

static void load_gdt(struct cpu_tables *t)
{
	struct table_ptr p = { sizeof(t->gdt) - 1, (uint64_t)t->gdt };

	__asm__ volatile("lgdt %0\n\t"
			 "pushq %1\n\t"
			 "lea 1f(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "mov %2, %%ss\n\t"
			 "mov %2, %%ds\n\t"
			 "mov %2, %%es\n\t"
			 "mov %3, %%fs\n\t"
			 "mov %3, %%gs\n\t"
			 "ltr %w4"
			 :
			 : "m"(p), "i"(KERNEL_CS), "r"(KERNEL_DS), "r"(0), "r"(TSS_SEL)
			 : "rax", "memory");
}

void arch_cpu_init(struct arch_cpu *c)
{
	struct cpu_tables *t = tables_of(c);

	fill_gdt(c, t);
	fill_tss(c, t);
	load_gdt(t);
	wrmsr(MSR_GS_BASE, (uint64_t)c);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	x86_load_idt();
	set_control();
	x86_syscall_init();
	x86_fpu_init();
}

void arch_set_thread(void *t, uint64_t kstack_top)
{
	struct arch_cpu *c = arch_cpu_self();

	c->thread = t;
	c->kstack_top = kstack_top;
	tables_of(c)->tss.rsp[0] = kstack_top;
}

void arch_cpu_idle(void)
{
	/* STI takes effect after the next instruction: an interrupt in between ends the halt. */
	__asm__ volatile("sti; hlt" : : : "memory");
}

void arch_cpu_stop(void)
{
	irq_disable();
	for (;;)
		hlt();
}

uint64_t tls_get(void)
{
	uint64_t v;

	if (!x86.fsgsbase)
		return rdmsr(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(v));
	return v;
}

void tls_set(uint64_t base)
{
	if (x86.fsgsbase)
		__asm__ volatile("wrfsbase %0" : : "r"(base));
	else
		wrmsr(MSR_FS_BASE, base);
}

/* In the kernel the program's GS base lies in the MSR that SWAPGS swaps with. */
uint64_t tls2_get(void)
{
	return rdmsr(MSR_KERNEL_GS_BASE);
}

void tls2_set(uint64_t base)
{
	wrmsr(MSR_KERNEL_GS_BASE, base);
}

/* An emulator pays for each instruction polled; a halt under a hypervisor costs two world switches. */
uint64_t arch_idle_poll_ns(void)
{
	return x86.hypervisor == HYP_TCG ? 0 : 20000;
}

uint64_t arch_jitter(void)
{
	uint32_t a = 0, c = 0;

	__asm__ volatile("cpuid" : "+a"(a), "+c"(c) : : "rbx", "rdx", "memory");
	return cycles();
}

bool arch_random(uint64_t *out)
{
	uint64_t v = 0;
	bool ok = false;

	/* Intel SDM volume 1, 7.3.17: retry ten times, then give up. */
	for (int i = 0; i < 10 && !ok && x86.rdseed; i++)
		__asm__ volatile("rdseed %0" : "=r"(v), "=@ccc"(ok));
	for (int i = 0; i < 10 && !ok && x86.rdrand; i++)
		__asm__ volatile("rdrand %0" : "=r"(v), "=@ccc"(ok));
	if (ok)
		*out = v;
	return ok;
}
