/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iface/chardev.h: a stream of bytes in and out, as a driver offers it (serial port, virtio-console port) and
 * as the terminal, a pipe end or a line reader uses it.
 *
 * Output never waits: write() takes what fits its buffer and says how much; the user sleeps if he wants,
 * until writable().  Input is pushed from interrupt context and is held back, to the host, while the user
 * takes none: bytes that input() did not take are offered again after resume().
 *
 * Locks: no lock of the driver is held while it calls chardev_up, so input() may write() (echo).  Calls
 * of one chardev's input() and eof() never overlap.
 *
 *   [I] set by the driver before it registers the device   [u] set once by the user, before open()
 */
#pragma once

#include "lib/err.h"
#include "lib/list.h"

struct chardev;

/* Answered by the user. Interrupt context, or any that calls resume() or drain(). No sleeping. */
struct chardev_up {
	/* Returns how many of the `n` bytes were taken; fewer: call resume() when there is room again. */
	size_t (*input)(void *ctx, const uint8_t *buf, size_t n);
	/*
	 * Input: no byte comes any more. Once, after the last byte was taken.
	 * Output only: nobody takes bytes any more; what is written is thrown away.
	 */
	void (*eof)(void *ctx);
	/* After a short write(): there is room. May come without cause. NULL: never asks. */
	void (*writable)(void *ctx);
	/* The window behind it changed its size. NULL: not interested. */
	void (*winsize)(void *ctx, uint16_t rows, uint16_t cols);
};

struct chardev_ops {
	/* Bytes taken, 0 .. n. Less than n: writable() will be called. Any context. */
	size_t (*write)(struct chardev *cd, const void *buf, size_t n);
	/* Input may flow from now on (cd->up is set). NULL: output only. */
	void (*open)(struct chardev *cd);
	/* The user has room again. NULL: output only. */
	void (*resume)(struct chardev *cd);
	/* Sleep until the host has taken every byte, however slow it is. Thread context. */
	void (*drain)(struct chardev *cd);
	/* Bytes that the host has not taken yet. */
	size_t (*pending)(struct chardev *cd);
};

struct chardev {
	const char *name;	       /* [I] "ttyS0", "coracle.stdin" */
	const struct chardev_ops *ops; /* [I] */
	const struct chardev_up *up;   /* [u] NULL: input stays on the host, output works */
	void *ctx;		       /* [u] for `up` */
	struct list link;	       /* the registry's */
};

/* Connect the user and let input flow. */
static inline void chardev_open(struct chardev *cd, const struct chardev_up *up, void *ctx)
{
	cd->ctx = ctx;
	cd->up = up;
	if (cd->ops->open)
		cd->ops->open(cd);
}
