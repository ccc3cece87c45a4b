/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/chrdev.h: character devices by number, and what opening one means. */
#pragma once

#include "vfs/file.h"

struct chrdev {
	const char *name; /* in /dev */
	uint16_t major, minor;
	uint32_t mode; /* permissions of the node */
	/* Set f->ops and f->data. NULL: ops are `fops`. */
	err_t (*open)(struct file *f, const struct chrdev *d);
	const struct file_ops *fops;
	void *arg;
	struct chrdev *next;
};

/* Makes the node in /dev, too, when that is mounted. Boot only; d is kept. */
err_t chrdev_add(struct chrdev *d) must_check;
err_t chrdev_open(uint64_t rdev,
		  struct file *f) must_check; /* -ENXIO: nobody answers that number */
/* null, zero, full, random, urandom, kmsg; /dev itself, its links and /dev/shm. */
err_t devfs_init(void) must_check;
