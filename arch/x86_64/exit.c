/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit.c: leaving the machine, by the ways of doc/run.md 1.5, best first.  No lock, no memory: also the end of
 * a panic.
 */
#include "arch/io.h"
#include "lib/mem.h"
#include "x86.h"
#include "x86_int.h"

enum {
	DEBUG_EXIT = 0x501,
	KBD_COMMAND = 0x64,
	KBD_RESET = 0xfe,
	RESET_CONTROL = 0xcf9,
	SLP_EN = 1 << 13,
};

/* isa-debug-exit reads 0; a port that nobody claims reads 0xff. */
static void try_debug_exit(unsigned status)
{
	if (io_in8(DEBUG_EXIT) == 0)
		io_out8(DEBUG_EXIT, (uint8_t)status);
}

/* ACPI 6.4, 4.8.3.2.1 (PM1 control) and 4.8.3.7 (the sleep control register of reduced hardware). */
static void try_acpi_off(void)
{
	struct power_off power_off;

	if (!x86_power_off(&power_off))
		return;
	if (power_off.pm1a_port)
		io_out16(power_off.pm1a_port, (uint16_t)(power_off.s5_type << 10 | SLP_EN));
	if (power_off.pm1b_port)
		io_out16(power_off.pm1b_port, (uint16_t)(power_off.s5_type << 10 | SLP_EN));
	if (power_off.sleep_reg)
		mmio_write8(power_off.sleep_reg, (uint8_t)(power_off.s5_type << 2 | 1 << 5));
}

static void reset(void)
{
	static const struct table_ptr none;

	io_out8(KBD_COMMAND, KBD_RESET);
	io_out8(RESET_CONTROL, 0x02);
	io_out8(RESET_CONTROL, 0x06);
	__asm__ volatile("lidt %0; ud2" : : "m"(none)); /* triple fault */
}

void arch_exit(unsigned status)
{
	irq_disable();
	arch_console_drain();
	try_debug_exit(status);
	try_acpi_off();
	reset();
	for (;;)
		hlt();
}

void x86_fail(const char *why)
{
	static const char name[] = "coracle: ", status[] = "\ncoracle: exit status 125\n";

	arch_console_write(name, sizeof(name) - 1);
	arch_console_write(why, strlen(why));
	arch_console_write(status, sizeof(status) - 1);
	arch_exit(125);
}
