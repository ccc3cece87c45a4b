/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/ldisc.h: the line discipline: what happens between a terminal's keys and read(2), and between write(2)
 * and its screen (POSIX.1-2017 chapter 11; termios(3)).  Pure: no lock, no clock, no device.  The caller gives bytes
 * and takes bytes, echo and signals.
 */
#pragma once

#include "abi/linux_termios.h"
#include "lib/util.h"

enum { LDISC_SIZE = 4096 };

struct ldisc {
	struct linux_termios t;
	bool host;    /* the host's terminal edits, echoes and translates: bytes pass as they are */
	bool stopped; /* by VSTOP */
	bool literal; /* the next byte is taken as it is (VLNEXT) */
	uint32_t head;	      /* free-running: where the next byte goes */
	uint32_t canon;	      /* everything before it is complete lines */
	uint32_t tail;	      /* the next byte to read */
	uint32_t column;      /* of the cursor, as far as output went through here */
	uint32_t line_column; /* where the line being typed began */
	uint8_t buf[LDISC_SIZE];
	uint64_t mark[LDISC_SIZE / 64]; /* the byte ends a line */
	uint8_t echo[256];
	uint32_t necho;
};

void ldisc_init(struct ldisc *l, bool host);

enum { LDISC_INT = 1, LDISC_QUIT = 2, LDISC_SUSP = 4, LDISC_READABLE = 8, LDISC_START = 16 };
/* One byte typed. What it did: LDISC_*. l->echo[0 .. necho) wants to be shown; the caller empties it. */
unsigned ldisc_input(struct ldisc *l, uint8_t c);
/* No room for another byte: keep it with the device. */
bool ldisc_full(const struct ldisc *l);

/* Bytes that a read would find now: a whole line at most in canonical mode; *eof: an end-of-file typed. */
size_t ldisc_read(struct ldisc *l, uint8_t *to, size_t n, bool *eof);
/* Would a read return at once? `min`: bytes wanted where lines do not count. */
bool ldisc_readable(const struct ldisc *l, size_t min);
size_t ldisc_pending(const struct ldisc *l); /* FIONREAD */
void ldisc_flush_input(struct ldisc *l);
void ldisc_set(struct ldisc *l, const struct linux_termios *t);

/* Translate output; returns how much of src was used; *n_out bytes in to, which holds `room` >= 2. */
size_t ldisc_output(struct ldisc *l, const uint8_t *src, size_t n, uint8_t *to, size_t room,
		    size_t *n_out);
