/* SPDX-License-Identifier: Apache-2.0 */
/* kern/cpu.c: the CPUs' private areas; the boot CPU's is static, since nothing can be allocated yet. */
#include "kern/cpu.h"

static struct cpu boot_cpu;
static char boot_area[ARCH_CPU_AREA] __attribute__((aligned(4096)));

struct cpu *cpus[CPUS_MAX];
unsigned ncpus;

void cpu_init_area(struct cpu *c, unsigned id, uint32_t hw_id, void *area)
{
	c->arch.self = &c->arch;
	c->arch.id = id;
	c->arch.hw_id = hw_id;
	c->arch.area = area;
	spin_init(&c->rq_lock, RANK_RUNQ);
	list_init(&c->rq);
}

void cpu_boot_init(void)
{
	cpu_init_area(&boot_cpu, 0, 0, boot_area);
	cpus[0] = &boot_cpu;
	ncpus = 1;
	arch_cpu_init(&boot_cpu.arch);
}
