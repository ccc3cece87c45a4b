/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time.c: the clock is the TSC; this file finds its frequency.  In order: the hypervisor's
 * frequency leaf, kvmclock (both know of a scaled TSC), CPUID's crystal leaf, the local APIC timer where its rate is known (QEMU's and KVM's count
 * nanoseconds; under TCG the TSC is the host's, whose rate nobody tells), CPUID's nominal MHz, the PIT.
 */
#include "arch/io.h"
#include "arch/mmu.h"
#include "boot_int.h"
#include "x86.h"
#include "x86_int.h"

#define NS 1000000000ull

static struct clock_params params; /* [I] mult 0: not known yet */
static uint64_t tsc_per_ns_32;	   /* [I] TSC ticks of a nanosecond, 32.32 fixed point */
static uint64_t lapic_hz;	   /* [I] */
static uint64_t lapic_per_ns_32;   /* [I] its ticks of a nanosecond, 32.32 */

struct pvclock { /* Linux Documentation/virt/kvm/x86/msr.rst, MSR_KVM_SYSTEM_TIME_NEW */
	uint32_t version, pad0;
	uint64_t tsc_timestamp, system_time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad[2];
} packed __attribute__((aligned(64)));

static struct pvclock pvclock;

static uint64_t phys_of(const volatile void *p)
{
	return (uint64_t)p - KERNEL_LINK - boot_slide;
}

static bool hypervisor_leaf(uint32_t leaf)
{
	return x86.hyp_base && cpuid(x86.hyp_base, 0).a >= x86.hyp_base + leaf;
}

/* SDM volume 2A, CPUID 15H: a/b is TSC over crystal, c the crystal in Hz where it is told. */
static uint64_t hz_by_crystal(void)
{
	struct cpuid r;

	if (cpuid(0, 0).a < 0x15)
		return 0;
	r = cpuid(0x15, 0);
	if (!r.a || !r.b || !r.c)
		return 0;
	lapic_hz = r.c;
	return (uint64_t)r.c * r.b / r.a;
}

/* Leaf 0x10 of VMware's interface, which KVM offers too: TSC and APIC bus in kHz. */
static uint64_t hz_by_hypervisor(void)
{
	struct cpuid r;

	if (!hypervisor_leaf(0x10))
		return 0;
	r = cpuid(x86.hyp_base + 0x10, 0);
	if (r.b)
		lapic_hz = r.b * 1000ull;
	return r.a * 1000ull;
}

static bool has_kvmclock(void)
{
	return x86.hypervisor == HYP_KVM && hypervisor_leaf(1) &&
	       (cpuid(x86.hyp_base + 1, 0).a & (1u << 3));
}

/* ns = (ticks << shift) * mul >> 32, so that a second has (2^32 * 10^9 / mul) >> shift ticks. */
static uint64_t hz_by_kvmclock(void)
{
	uint64_t hz;

	if (!has_kvmclock())
		return 0;
	wrmsr(MSR_KVM_SYSTEM_TIME, phys_of(&pvclock) | 1);
	if (!pvclock.mul)
		return 0;
	hz = (NS << 32) / pvclock.mul;
	return pvclock.shift < 0 ? hz << -pvclock.shift : hz >> pvclock.shift;
}

/* Both counters at one moment: of several tries the one in which the TSC moved least. */
static uint64_t sample(uint32_t *lapic)
{
	uint64_t best = UINT64_MAX, at = 0;

	*lapic = 0;

	for (int i = 0; i < 8; i++) {
		uint64_t before = cycles();
		uint32_t now = lapic_timer_now();
		uint64_t took = cycles() - before;

		if (took < best) {
			best = took;
			at = before + took / 2;
			*lapic = now;
		}
	}
	return at;
}

enum { LAPIC_WINDOW_NS = 1000000 };

static uint64_t hz_by_lapic(void)
{
	uint32_t start, now;
	uint64_t tsc;

	if (x86.hypervisor != HYP_TCG && x86.hypervisor != HYP_KVM)
		return 0;
	lapic_timer_start();
	tsc = sample(&start);
	while (start - lapic_timer_now() < LAPIC_WINDOW_NS)
		cpu_relax();
	tsc = sample(&now) - tsc;
	lapic_timer_stop();
	return tsc * NS / (start - now);
}

static uint64_t hz_by_nominal(void)
{
	return cpuid(0, 0).a >= 0x16 ? (cpuid(0x16, 0).a & 0xffff) * 1000000ull : 0;
}

enum {
	PIT_HZ = 1193182,
	PIT_COUNT = 11932, /* 10 ms */
	PIT_CHANNEL2 = 0x42,
	PIT_COMMAND = 0x43,
	PIT_GATE = 0x61,
	PIT_OUT2 = 0x20,
};

/* Intel 8254: channel 2, mode 0: its output rises when the count is over. Bounded: there may be no PIT. */
static uint64_t hz_by_pit(void)
{
	uint8_t gate = io_in8(PIT_GATE);
	uint64_t start, now;
	unsigned spins = 0;

	io_out8(PIT_GATE, (uint8_t)((gate & ~2) | 1));
	io_out8(PIT_COMMAND, 0xb0);
	io_out8(PIT_CHANNEL2, PIT_COUNT & 0xff);
	io_out8(PIT_CHANNEL2, PIT_COUNT >> 8);
	start = cycles();
	while (!(io_in8(PIT_GATE) & PIT_OUT2) && spins++ < 1000000)
		cpu_relax();
	now = cycles();
	io_out8(PIT_GATE, gate);
	return spins < 3 ? 0 : (now - start) * PIT_HZ / PIT_COUNT;
}

static uint64_t find_hz(void)
{
	static uint64_t (*const ways[])(void) = {
		hz_by_hypervisor, hz_by_kvmclock, hz_by_crystal,
		hz_by_lapic,	  hz_by_nominal,  hz_by_pit,
	};
	uint64_t hz = 0;

	for (unsigned i = 0; i < ARRAY_LEN(ways) && !hz; i++)
		hz = ways[i]();
	return hz;
}

/* The timer of a CPU without TSC deadline and without a told rate: count it against the TSC for 1 ms. */
static void find_lapic_hz(uint64_t tsc_hz)
{
	uint64_t start;
	uint32_t left;

	if (lapic_hz || x86.tsc_deadline)
		return;
	if (x86.hypervisor == HYP_TCG || x86.hypervisor == HYP_KVM) {
		lapic_hz = NS;
		return;
	}
	lapic_timer_start();
	start = cycles();
	while (cycles() - start < tsc_hz / 1000)
		cpu_relax();
	left = lapic_timer_now();
	lapic_timer_stop();
	lapic_hz = (uint64_t)(UINT32_MAX - left) * 1000;
}

void x86_time_init(void)
{
	uint64_t hz = find_hz();

	if (!hz)
		x86_fail("no way to learn the speed of the time-stamp counter");
	find_lapic_hz(hz);
	tsc_per_ns_32 =
		(hz << 32) / NS; /* hz < 2^32: below 4.3 GHz; above, precision would be lost */
	if (hz >> 32)
		tsc_per_ns_32 = (hz << 30) / NS << 2;
	lapic_per_ns_32 = (lapic_hz << 32) / NS;
	params.base_cycles = boot_info.entry_cycles;
	params.shift = 32;
	params.mult = (NS << 32) / hz;
}

uint64_t arch_clock_ns(void)
{
	unsigned __int128 v = (unsigned __int128)(cycles() - params.base_cycles) * params.mult;

	return (uint64_t)(v >> 32);
}

uint64_t x86_tsc_of_ns(uint64_t ns)
{
	return params.base_cycles + (uint64_t)((unsigned __int128)ns * tsc_per_ns_32 >> 32) + 1;
}

uint64_t x86_lapic_ticks(uint64_t ns)
{
	return (uint64_t)((unsigned __int128)ns * lapic_per_ns_32 >> 32);
}

void arch_clock_params(struct clock_params *p)
{
	*p = params;
}

/* --- the date ----------------------------------------------------------------------------------- */

enum { CMOS_INDEX = 0x70, CMOS_DATA = 0x71, CMOS_STATUS_A = 10, CMOS_STATUS_B = 11 };

static uint8_t cmos(uint8_t reg)
{
	io_out8(CMOS_INDEX, reg);
	return io_in8(CMOS_DATA);
}

struct rtc {
	uint8_t field[6]; /* second, minute, hour, day, month, year */
};

static void rtc_read(struct rtc *t)
{
	static const uint8_t reg[6] = { 0, 2, 4, 7, 8, 9 };

	for (int i = 0; i < 1000 && (cmos(CMOS_STATUS_A) & 0x80); i++)
		cpu_relax();
	for (int i = 0; i < 6; i++)
		t->field[i] = cmos(reg[i]);
}

static unsigned from_bcd(uint8_t v)
{
	return (v >> 4) * 10u + (v & 15);
}

/* Days from 1970-01-01 (proleptic Gregorian; years start in March, so that the leap day is the last). */
static uint64_t days_of(unsigned year, unsigned month, unsigned day)
{
	unsigned y = year - (month <= 2), m = (month + 9) % 12;

	return 365ull * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static uint64_t unix_of(const struct rtc *t, uint8_t status_b)
{
	unsigned v[6];
	bool pm = t->field[2] & 0x80;

	for (int i = 0; i < 6; i++) {
		uint8_t f = i == 2 ? t->field[i] & 0x7f : t->field[i];

		v[i] = status_b & 4 ? f : from_bcd(f);
	}
	if (!(status_b & 2)) /* 12-hour clock */
		v[2] = v[2] % 12 + (pm ? 12 : 0);
	if (!v[4] || v[4] > 12)
		return 0;
	return ((days_of(2000 + v[5], v[4], v[3]) * 24 + v[2]) * 60 + v[1]) * 60 + v[0];
}

/* Twice the same, so that no field changed while they were read. 0: no RTC. */
static uint64_t rtc_unix(void)
{
	struct rtc a, b;

	if (cmos(CMOS_STATUS_B) == 0xff)
		return 0;
	rtc_read(&b);
	do {
		a = b;
		rtc_read(&b);
	} while (__builtin_memcmp(&a, &b, sizeof(a)) != 0);
	return unix_of(&a, cmos(CMOS_STATUS_B));
}

struct wall_clock {
	volatile uint32_t version, sec, nsec;
};

/* Unix time when kvmclock was 0, plus kvmclock now. */
static uint64_t kvm_wall_ns(void)
{
	static struct wall_clock w;
	unsigned __int128 ns;
	uint64_t ticks;

	if (!has_kvmclock() || !pvclock.mul)
		return 0;
	wrmsr(MSR_KVM_WALL_CLOCK, phys_of(&w));
	if (!w.sec)
		return 0;
	ticks = cycles() - pvclock.tsc_timestamp;
	ticks = pvclock.shift < 0 ? ticks >> -pvclock.shift : ticks << pvclock.shift;
	ns = (unsigned __int128)ticks * pvclock.mul >> 32;
	return w.sec * NS + w.nsec + pvclock.system_time + (uint64_t)ns;
}

uint64_t arch_wall_boot_ns(void)
{
	uint64_t now = kvm_wall_ns();

	if (!now)
		now = rtc_unix() * NS;
	return now > arch_clock_ns() ? now - arch_clock_ns() : 0;
}
