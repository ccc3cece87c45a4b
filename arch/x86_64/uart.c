/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uart.c: COM1 by polling (16550), for lines before the console driver is up, at panic and at the end.
 * A port that reads 0xff is not there: output is dropped then, never waited for.
 */
#include "arch/io.h"
#include "x86_int.h"

enum { COM1 = 0x3f8, THR = 0, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5 };
enum { LSR_THRE = 0x20, LSR_TEMT = 0x40, FIFO_BYTES = 16, SPINS = 1 << 20 };

/* Wait for a status bit; false: no port, or it is stuck. */
static bool wait_for(uint8_t bit)
{
	for (unsigned i = 0; i < SPINS; i++) {
		uint8_t lsr = io_in8(COM1 + LSR);

		if (lsr == 0xff)
			return false;
		if (lsr & bit)
			return true;
		cpu_relax();
	}
	return false;
}

static void set_up(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	io_out8(COM1 + LCR, 3);	   /* 8N1 */
	io_out8(COM1 + FCR, 1);	   /* FIFO on: 16 bytes for one look at LSR */
	io_out8(COM1 + MCR, 0x0b); /* DTR, RTS, OUT2: lets the interrupt through */
}

void arch_console_write(const char *s, size_t n)
{
	set_up();
	while (n) {
		size_t burst = MIN(n, (size_t)FIFO_BYTES);

		if (!wait_for(LSR_THRE))
			return;
		for (n -= burst; burst; burst--)
			io_out8(COM1 + THR, (uint8_t)*s++);
	}
}

void arch_console_drain(void)
{
	wait_for(LSR_TEMT);
}
