/* SPDX-License-Identifier: Apache-2.0 */
/* init/control.c: lines in on COM1: "signal N", "winsize ROWS COLUMNS"; others are ignored. */
#include "init/control.h"

#include "lib/mem.h"
#include "linux/signal.h"
#include "vfs/tty.h"

enum { LINE_BYTES = 64 };

static char line[LINE_BYTES]; /* input() calls never overlap */
static size_t used;

/* A decimal number at *s, which moves behind it; -1: there is none. */
static long number(const char **s)
{
	long n = 0;

	while (**s == ' ')
		++*s;
	if (**s < '0' || **s > '9')
		return -1;
	for (; **s >= '0' && **s <= '9' && n < 65536; ++*s)
		n = n * 10 + (**s - '0');
	return n;
}

static void command(const char *s)
{
	if (strncmp(s, "signal ", 7) == 0) {
		s += 7;
		(void)!signal_send_process((int)number(&s), NULL);
	} else if (strncmp(s, "winsize ", 8) == 0) {
		long rows, cols;

		s += 8;
		rows = number(&s);
		cols = number(&s);
		if (rows >= 0 && rows <= UINT16_MAX && cols >= 0 && cols <= UINT16_MAX)
			tty_set_winsize((uint16_t)rows, (uint16_t)cols);
	}
}

static size_t input(void *ctx, const uint8_t *buf, size_t n)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++) {
		if (buf[i] != '\n') {
			if (used < sizeof(line) - 1)
				line[used++] = (char)buf[i];
			continue;
		}
		line[used] = '\0';
		used = 0;
		command(line);
	}
	return n;
}

static void eof(void *ctx)
{
	(void)ctx;
}

static const struct chardev_up up = { .input = input, .eof = eof };

void control_start(struct chardev *com1)
{
	chardev_open(com1, &up, NULL);
}
