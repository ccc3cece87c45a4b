/* SPDX-License-Identifier: Apache-2.0 */
#include "init/stdio.h"

#include "abi/linux_fcntl.h"
#include "dev/chardevs.h"
#include "dev/serial.h"
#include "init/config.h"
#include "init/control.h"
#include "kern/klog.h"
#include "lib/mem.h"
#include "linux/process.h"
#include "linux/signal.h"
#include "vfs/fdtable.h"
#include "vfs/tty.h"
#include "vfs/vfs.h"

enum kind { KIND_TTY, KIND_PIPE, KIND_NULL };

static const struct {
	const char *key, *port;
} ends[3] = {
	{ "stdin", "coracle.stdin" },
	{ "stdout", "coracle.stdout" },
	{ "stderr", "coracle.stderr" },
};

/* --- what the terminal wants to know of the program ------------------------------------------------------- */

static void to_program(int signo)
{
	(void)!signal_send_process(signo, NULL);
}

static uint32_t group(void)
{
	return process.pgid;
}

static uint32_t session(void)
{
	return process.sid;
}

/* --- descriptors --------------------------------------------------------------------------------------------- */

static err_t install(err_t err, struct file *f, int want)
{
	long fd;

	if (err)
		return err;
	fd = fd_install(f, want, false);
	if (fd >= 0)
		return fd == want ? 0 : -EBUSY;
	file_put(f);
	return (err_t)fd;
}

static enum kind kind_of(const struct tuple *t, unsigned fd)
{
	const struct value *v = tuple_get(t, ends[fd].key);

	if (v && value_is(v, "tty"))
		return KIND_TTY;
	if (v && value_is(v, "null"))
		return KIND_NULL;
	return chardev_find(ends[fd].port) ? KIND_PIPE : KIND_NULL;
}

static err_t open_end(const struct tuple *t, unsigned fd)
{
	const struct open_how null = { .flags = LX_O_RDWR };
	struct file *f = NULL;
	err_t err;

	switch (kind_of(t, fd)) {
	case KIND_TTY:
		err = tty_open(LX_O_RDWR, &f);
		break;
	case KIND_PIPE:
		err = stream_open(chardev_find(ends[fd].port), fd == 0, &f);
		break;
	default:
		err = vfs_open(NULL, "/dev/null", &null, &f);
		break;
	}
	return install(err, f, (int)fd);
}

static uint16_t small_number(const struct tuple *t, const char *key)
{
	uint64_t n;

	return value_get_u64(tuple_get(t, key), &n) || n > UINT16_MAX ? 0 : (uint16_t)n;
}

/* doc/run.md 1.3: one terminal; its output goes to port 2 if that is a terminal, else to port 3. */
static err_t terminal(const struct tuple *t)
{
	bool out = kind_of(t, 1) == KIND_TTY;
	struct tty_setup s = {
		.in = kind_of(t, 0) == KIND_TTY ? chardev_find(ends[0].port) : NULL,
		.out = chardev_find(ends[out ? 1 : 2].port),
		.host = !value_get_flag(tuple_get(t, "raw")),
		.rows = small_number(t, "rows"),
		.cols = small_number(t, "columns"),
	};

	return tty_init(&s);
}

static err_t on_ports(const struct tuple *t)
{
	bool any =
		kind_of(t, 0) == KIND_TTY || kind_of(t, 1) == KIND_TTY || kind_of(t, 2) == KIND_TTY;
	err_t err = any ? terminal(t) : 0;

	for (unsigned fd = 0; fd < 3 && !err; fd++)
		err = open_end(t, fd);
	if (!err && serial_chardev())
		control_start(serial_chardev());
	return err;
}

/* By hand, with -serial stdio: log and program share COM1. */
static err_t on_com1(void)
{
	struct tty_setup s = { .in = serial_chardev(), .out = serial_chardev() };
	err_t err = tty_init(&s);

	for (int fd = 0; fd < 3 && !err; fd++) {
		struct file *f = NULL;

		err = tty_open(LX_O_RDWR, &f);
		err = install(err, f, fd);
	}
	return err;
}

err_t stdio_init(void)
{
	const struct value *v = config_get("stdio");

	tty_hooks = (struct tty_hooks){ .signal = to_program, .pgrp = group, .session = session };
	if (v && v->type == VALUE_TUPLE) {
		if (chardev_find(ends[1].port) || chardev_find(ends[2].port))
			return on_ports(v->t);
		klog_warn("stdio: there is no virtio-console; everything is on COM1");
	}
	return on_com1();
}
