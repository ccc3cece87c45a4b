/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apic.c: the local APIC, by MSR (x2APIC) or memory (xAPIC), and its timer.  Intel SDM volume 3, chapter 11.
 * The timer is one-shot: TSC deadline where the CPU has it, else the counter, whose rate time.c knows.
 */
#include "arch/io.h"
#include "boot_int.h"
#include "x86.h"
#include "x86_int.h"

enum reg {
	REG_ID = 0x20,
	REG_TPR = 0x80,
	REG_EOI = 0xb0,
	REG_SPURIOUS = 0xf0,
	REG_ICR = 0x300,
	REG_ICR_HIGH = 0x310,
	REG_LVT_TIMER = 0x320,
	REG_LVT_LINT0 = 0x350,
	REG_LVT_LINT1 = 0x360,
	REG_LVT_ERROR = 0x370,
	REG_TIMER_INIT = 0x380,
	REG_TIMER_NOW = 0x390,
	REG_TIMER_DIVIDE = 0x3e0,
};

enum {
	BASE_ENABLE = 1 << 11,
	BASE_X2APIC = 1 << 10,
	SPURIOUS_ENABLE = 1 << 8,
	LVT_MASKED = 1 << 16,
	LVT_DEADLINE = 2 << 17,
	LVT_NMI = 4 << 8,
	ICR_PENDING = 1 << 12,
	ICR_ASSERT = 1 << 14,
	ICR_OTHERS = 3 << 18,
	DIVIDE_BY_1 = 0xb,
	DIVIDE_BY_128 = 0xa,
	DIVIDE_SHIFT = 7,
};

static volatile char *regs; /* [I] NULL: x2APIC */

static uint32_t reg_read(enum reg r)
{
	return regs ? mmio_read32(regs + r) : (uint32_t)rdmsr(MSR_X2APIC + r / 16);
}

static void reg_write(enum reg r, uint32_t v)
{
	if (regs)
		mmio_write32(regs + r, v);
	else
		wrmsr(MSR_X2APIC + r / 16, v);
}

/* x2APIC where the CPU has it, and where the firmware turned it on already: no way back from there. */
static void detect(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (!x86.x2apic && !(base & BASE_X2APIC))
		regs = x86_map_registers(base & 0xffffff000);
}

/* LINT0 may carry the 8259, whose interrupts nobody takes; LINT1 is the machine's NMI. */
void lapic_init(void)
{
	static bool detected;

	if (!detected)
		detect();
	detected = true;
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BASE_ENABLE | (regs ? 0 : BASE_X2APIC));
	reg_write(REG_TPR, 0);
	reg_write(REG_LVT_LINT0, LVT_MASKED);
	reg_write(REG_LVT_LINT1, LVT_NMI);
	reg_write(REG_LVT_ERROR, LVT_MASKED | VEC_SPURIOUS);
	reg_write(REG_SPURIOUS, SPURIOUS_ENABLE | VEC_SPURIOUS);
	reg_write(REG_LVT_TIMER, VEC_TIMER | (x86.tsc_deadline ? LVT_DEADLINE : 0));
	reg_write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
	/* The mode is set by memory, the deadline by WRMSR, which does not wait for it (SDM 11.5.4.1). */
	__asm__ volatile("mfence" : : : "memory");
}

void lapic_eoi(void)
{
	reg_write(REG_EOI, 0);
}

uint32_t lapic_id(void)
{
	uint32_t id = reg_read(REG_ID);

	return regs ? id >> 24 : id;
}

/* In xAPIC mode the previous IPI must have left first: one look nearly always. */
static void send(uint32_t dest, uint32_t low)
{
	bool on = irq_save();

	if (regs) {
		while (mmio_read32(regs + REG_ICR) & ICR_PENDING)
			cpu_relax();
		mmio_write32(regs + REG_ICR_HIGH, dest << 24);
		mmio_write32(regs + REG_ICR, low);
	} else {
		/* WRMSR to x2APIC registers does not wait for stores (SDM 11.12.3): what we tell must be seen first. */
		__asm__ volatile("mfence; lfence" : : : "memory");
		wrmsr(MSR_X2APIC + REG_ICR / 16, (uint64_t)dest << 32 | low);
	}
	irq_restore(on);
}

void lapic_ipi(uint32_t hw_id, enum ipi kind, uint8_t vector)
{
	send(hw_id, ICR_ASSERT | (uint32_t)kind << 8 | vector);
}

void lapic_ipi_others(enum ipi kind, uint8_t vector)
{
	send(0, ICR_OTHERS | ICR_ASSERT | (uint32_t)kind << 8 | vector);
}

uint32_t lapic_timer_start(void)
{
	reg_write(REG_LVT_TIMER, LVT_MASKED | VEC_TIMER);
	reg_write(REG_TIMER_INIT, UINT32_MAX);
	return UINT32_MAX;
}

uint32_t lapic_timer_now(void)
{
	return reg_read(REG_TIMER_NOW);
}

void lapic_timer_stop(void)
{
	reg_write(REG_TIMER_INIT, 0);
	reg_write(REG_LVT_TIMER, VEC_TIMER | (x86.tsc_deadline ? LVT_DEADLINE : 0));
}

/*
 * The counter has 32 bits: 4 s at 1 GHz. What does not fit is counted in units of 128, so that a long sleep is one
 * interrupt; what does not fit even then (9 minutes) is woken early and set again.
 */
static void count_down(uint64_t ticks)
{
	bool coarse = ticks > UINT32_MAX;

	reg_write(REG_TIMER_DIVIDE, coarse ? DIVIDE_BY_128 : DIVIDE_BY_1);
	if (coarse) /* round up: late is allowed, early is not */
		ticks = (ticks + (1u << DIVIDE_SHIFT) - 1) >> DIVIDE_SHIFT;
	reg_write(REG_TIMER_INIT, (uint32_t)MIN(MAX(ticks, 1ull), (uint64_t)UINT32_MAX));
}

/* A deadline in the past fires at once; 0 would mean never, so that the least is 1. */
void arch_timer_set(uint64_t deadline_ns)
{
	uint64_t now, ticks;

	if (x86.tsc_deadline) {
		wrmsr(MSR_TSC_DEADLINE, deadline_ns == UINT64_MAX ? 0 : x86_tsc_of_ns(deadline_ns));
		return;
	}
	if (deadline_ns == UINT64_MAX) {
		reg_write(REG_TIMER_INIT, 0);
		return;
	}
	now = arch_clock_ns();
	ticks = deadline_ns > now ? x86_lapic_ticks(deadline_ns - now) : 0;
	count_down(ticks);
}

err_t arch_irq_msi(unsigned cpu_hw_id, unsigned vector, uint64_t *addr, uint32_t *data)
{
	/* SDM volume 3, 11.11: the address has eight bits of APIC id; more need interrupt remapping. */
	if (cpu_hw_id > 0xff)
		return -EINVAL;
	*addr = 0xfee00000ull | (uint64_t)cpu_hw_id << 12;
	*data = vector;
	return 0;
}

/* trap.c sends it after the handler. */
void arch_irq_eoi(void)
{
}

void arch_cpu_kick(unsigned hw_id)
{
	lapic_ipi(hw_id, IPI_FIXED, VEC_KICK);
}

void arch_cpu_call(unsigned hw_id)
{
	lapic_ipi(hw_id, IPI_FIXED, VEC_CALL);
}
