/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86_int.h: what the files of arch/x86_64/ tell each other.  Nothing above this folder includes it.
 *
 *   [I] set once at boot   [o] own CPU
 */
#pragma once

#include "arch/arch.h"
#include "arch/boot.h"
#include "layout.h"

/* cpu.c: what this machine's CPU can do; alike on all CPUs. */
enum hypervisor { HYP_NONE, HYP_KVM, HYP_TCG, HYP_OTHER };
struct x86_features {
	enum hypervisor hypervisor;
	uint32_t hyp_base; /* first leaf of the hypervisor's */
	bool x2apic, tsc_deadline, xsave, xsaveopt, fsgsbase, smep, smap, umip, rdrand, rdseed;
	bool tsc_adjust, rdtscp;
};
extern struct x86_features x86; /* [I] */

/* cpu.c: tables of one CPU, in the last page of its area; GDT slots as layout.h numbers them. */
struct tss { /* Intel SDM volume 3, figure 8-11 */
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7]; /* ist[n - 1] is IST n */
	uint64_t reserved2;
	uint16_t reserved3, io_map;
} packed;
_Static_assert(sizeof(struct tss) == 104, "the TSS has 104 bytes");

struct cpu_tables {
	uint64_t gdt[16];
	struct tss tss;
};

void x86_nmi(void);	  /* smp.c */
void x86_mmu_early(void); /* mmu.c; before anything of arch/mmu.h is used */
void x86_load_idt(void);  /* trap.c */
void x86_init_idt(void);
void x86_syscall_init(void); /* each CPU */

/* boot.c: a page below 1 MB that is nobody else's; 0: there was none */
extern uint64_t x86_trampoline_phys;

/* fixmap.c: a page of registers, uncached, for good; boot CPU, early. */
volatile void *x86_map_registers(uint64_t phys);

/* apic.c */
void lapic_init(void); /* each CPU */
void lapic_eoi(void);
uint32_t lapic_id(void);
enum ipi { IPI_FIXED = 0, IPI_NMI = 4, IPI_INIT = 5, IPI_STARTUP = 6 };
void lapic_ipi(uint32_t hw_id, enum ipi kind, uint8_t vector);
void lapic_ipi_others(enum ipi kind, uint8_t vector);
uint32_t lapic_timer_start(void); /* free-running, for calibration; lapic_timer_now() counts down */
uint32_t lapic_timer_now(void);
void lapic_timer_stop(void);

/* Vectors above the devices'. */
enum {
	VEC_DEVICE_FIRST = 0x20,
	VEC_CALL = 0xfc,
	VEC_KICK = 0xfd,
	VEC_TIMER = 0xfe,
	VEC_SPURIOUS = 0xff,
};

/* time.c */
void x86_time_init(void); /* boot CPU, once */
uint64_t x86_tsc_of_ns(uint64_t deadline_ns);
uint64_t x86_lapic_ticks(uint64_t ns);

/* usercopy.S: from how many bytes on string instructions and 32-byte moves are used; UINT64_MAX: never. */
extern uint64_t x86_string_min, x86_avx_min; /* [I] */

/* fpu.c */
void x86_fpu_init(void); /* each CPU */

/* ioapic.c */
void ioapic_add(uint64_t phys, uint32_t gsi_base);

/* exit.c: this machine will not do. One line, status 125. Needs nothing. */
_Noreturn void x86_fail(const char *why);

struct power_off {
	uint16_t pm1a_port, pm1b_port;
	uint8_t s5_type;
	volatile void *sleep_reg;
};
bool x86_power_off(struct power_off *p); /* machine.c; false: the tables do not say how */
