/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/tty.h: the terminal, and standard input and output that are not one.  One program, one session, one
 * terminal: /dev/console, /dev/tty and /dev/ttyS0 are the same.
 */
#pragma once

#include "iface/chardev.h"
#include "vfs/file.h"

struct tty_setup {
	struct chardev *in, *out; /* may be the same; in NULL: no key is ever pressed */
	bool host;	     /* the host's terminal edits and echoes: doc/run.md 1.3, no raw:t */
	uint16_t rows, cols; /* 0: 24 by 80 */
};

/* What the terminal asks of the layer that knows processes; set before the program runs. Any context. */
struct tty_hooks {
	void (*signal)(int signo); /* to the program */
	uint32_t (*pgrp)(void);	   /* its process group */
	uint32_t (*session)(void);
};
extern struct tty_hooks tty_hooks;

/* Boot: the devices are registered (/dev/console 5,1, /dev/tty 5,0, /dev/ttyS0 4,64). */
err_t tty_init(const struct tty_setup *s) must_check;
err_t tty_open(uint32_t flags, struct file **out) must_check;
void tty_set_winsize(uint16_t rows, uint16_t cols);

/*
 * A one-way stream of bytes to or from the host: reads and writes like a pipe, and fstat says that it is one.
 * One description per direction is made for the device; it may be duplicated.
 */
err_t stream_open(struct chardev *cd, bool reads, struct file **out) must_check;
bool stream_is(const struct file *f);
