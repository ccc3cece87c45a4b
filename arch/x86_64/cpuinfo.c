/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/x86_64/cpuinfo.c: a CPU in the words of Linux's /proc/cpuinfo.  Leaves and bits: Intel SDM volume 2A, CPUID;
 * AMD APM volume 3, appendix E.
 */
#include "arch/arch.h"
#include "lib/fmt.h"
#include "lib/mem.h"

struct leaf {
	uint32_t a, b, c, d;
};

static struct leaf cpuid(uint32_t leaf, uint32_t sub)
{
	struct leaf l;

	__asm__ volatile("cpuid"
			 : "=a"(l.a), "=b"(l.b), "=c"(l.c), "=d"(l.d)
			 : "a"(leaf), "c"(sub));
	return l;
}

/* Names by bit, in the order of the bits; "" where Linux has none. */
static const char leaf1_d[] =
	"fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn "
	"clflush - dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe";
static const char leaf1_c[] =
	"pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr "
	"pdcm - pcid dca sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave - avx "
	"f16c rdrand hypervisor";
static const char ext1_d[] =
	"- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr_opt pdpe1gb "
	"rdtscp - lm 3dnowext 3dnow";
static const char ext1_c[] =
	"lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw ibs "
	"xop skinit wdt - lwp fma4 tce - nodeid_msr - tbm topoext perfctr_core perfctr_nb - bpext "
	"ptsc perfctr_llc mwaitx";
static const char leaf7_b[] =
	"fsgsbase tsc_adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - mpx rdt_a "
	"avx512f avx512dq rdseed adx smap avx512ifma - clflushopt clwb intel_pt avx512pf "
	"avx512er avx512cd sha_ni avx512bw avx512vl";
static const char leaf7_c[] =
	"- avx512vbmi umip pku ospke waitpkg avx512_vbmi2 - gfni vaes vpclmulqdq avx512_vnni "
	"avx512_bitalg tme avx512_vpopcntdq - la57 - - - - - rdpid - bus_lock_detect "
	"cldemote - movdiri movdir64b enqcmd - -";

struct out {
	char *buf;
	size_t size, len;
};

static void put(struct out *o, const char *f, ...) printf_like(2, 3);
static void put(struct out *o, const char *f, ...)
{
	va_list ap;

	if (o->len >= o->size)
		return;
	va_start(ap, f);
	o->len += fmt_v(o->buf + o->len, o->size - o->len, f, ap);
	va_end(ap);
	if (o->len > o->size)
		o->len = o->size - 1;
}

static void put_flags(struct out *o, const char *names, uint32_t bits)
{
	for (unsigned bit = 0; bit < 32 && *names; bit++) {
		const char *end = strchr(names, ' ');
		int n = end ? (int)(end - names) : (int)strlen(names);

		if (bits >> bit & 1 && names[0] != '-')
			put(o, " %.*s", n, names);
		names += n + (end != NULL);
	}
}

static void put_model_name(struct out *o)
{
	char name[49] = "";

	if (cpuid(0x80000000, 0).a >= 0x80000004)
		for (uint32_t i = 0; i < 3; i++) {
			struct leaf l = cpuid(0x80000002 + i, 0);

			memcpy(name + 16 * i, &l, sizeof(l));
		}
	put(o, "model name\t: %s\n", name[0] ? name : "unknown");
}

static void put_signature(struct out *o, uint32_t sig)
{
	unsigned family = sig >> 8 & 15, model = sig >> 4 & 15;

	if (family == 6 || family == 15)
		model += (sig >> 16 & 15) << 4;
	if (family == 15)
		family += sig >> 20 & 0xff;
	put(o, "cpu family\t: %u\nmodel\t\t: %u\n", family, model);
	put_model_name(o);
	put(o, "stepping\t: %u\n", sig & 15);
}

/* What the counter's parameters say: ns = cycles * mult >> shift. */
static void put_mhz(struct out *o)
{
	struct clock_params p;
	uint64_t khz = 0;

	arch_clock_params(&p);
	if (p.mult && p.shift < 44) /* 10^6 has 20 bits */
		khz = (1000000ull << p.shift) / p.mult;
	put(o, "cpu MHz\t\t: %llu.%03llu\n", (unsigned long long)khz / 1000,
	    (unsigned long long)khz % 1000);
}

static void put_all_flags(struct out *o)
{
	struct leaf one = cpuid(1, 0), seven = { 0 }, ext = { 0 };

	if (cpuid(0, 0).a >= 7)
		seven = cpuid(7, 0);
	if (cpuid(0x80000000, 0).a >= 0x80000001)
		ext = cpuid(0x80000001, 0);
	put(o, "flags\t\t:");
	put_flags(o, leaf1_d, one.d);
	put_flags(o, ext1_d, ext.d);
	put_flags(o, leaf1_c, one.c);
	put_flags(o, ext1_c, ext.c);
	put_flags(o, leaf7_b, seven.b);
	put_flags(o, leaf7_c, seven.c);
	put(o, "\n");
}

/* The features of the CPU that asks stand for all: they are of one make. */
size_t arch_cpu_describe(const struct arch_cpu *c, unsigned ncpu, char *buf, size_t size)
{
	struct out o = { .buf = buf, .size = size };
	struct leaf l = cpuid(0, 0), one = cpuid(1, 0);
	char vendor[13] = "";

	memcpy(vendor, &l.b, 4);
	memcpy(vendor + 4, &l.d, 4);
	memcpy(vendor + 8, &l.c, 4);
	put(&o, "processor\t: %u\nvendor_id\t: %s\n", c->id, vendor);
	put_signature(&o, one.a);
	put_mhz(&o);
	put(&o, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n", ncpu, c->id,
	    ncpu);
	put(&o, "apicid\t\t: %u\ninitial apicid\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\n",
	    c->hw_id, c->hw_id);
	put(&o, "cpuid level\t: %u\nwp\t\t: yes\n", l.a);
	put_all_flags(&o);
	put(&o, "bugs\t\t:\nclflush size\t: %u\ncache_alignment\t: 64\n", (one.b >> 8 & 0xff) * 8);
	l = cpuid(0x80000000, 0);
	if (l.a >= 0x80000008) {
		l = cpuid(0x80000008, 0);
		put(&o, "address sizes\t: %u bits physical, %u bits virtual\n", l.a & 0xff,
		    l.a >> 8 & 0xff);
	}
	put(&o, "power management:\n\n");
	return o.len;
}
