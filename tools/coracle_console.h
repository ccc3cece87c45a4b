/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_console.h: the terminal side of a running VM (doc/run.md, 1.3 to 1.5): bytes between our
 * descriptors 0, 1, 2 and the three ports, the kernel's log to standard error or a file, signals and window
 * sizes into the guest, the exit line out of it.
 */
#pragma once

#include <sys/types.h>

#include "tools/coracle_util.h"

enum stdio_kind { STDIO_NULL, STDIO_PIPE, STDIO_TTY };

struct console {
	enum stdio_kind kind[3];     /* what our 0, 1, 2 are, as the guest is told */
	bool raw;		     /* the terminal is to be in raw mode */
	unsigned rows, cols;	     /* 0: no terminal */
	int host[3], guest[3];	     /* both ends of each port's socket; -1: none */
	int log_host, log_guest;     /* COM1's */
	int noise_read, noise_write; /* QEMU's own messages */
	int log_fd;		     /* where the log goes: 2, or --log's file */
};

/* What became of the VM. */
struct outcome {
	bool told;	 /* the exit line was seen */
	bool heard;	 /* the guest said anything at all */
	int status;	 /* its number */
	int qemu;	 /* QEMU's wait status */
	char noise[512]; /* the last line QEMU said */
};

/* Look at descriptors 0, 1, 2 and make the sockets. */
void console_open(struct console *, const char *log_path);
/*
 * New sockets for another QEMU after one that failed before its guest lived.  The input's stays, and with it
 * what was written there already.
 */
void console_reopen(struct console *);
/* In the child, before exec: only what QEMU inherits stays open behind the exec. */
void console_child(const struct console *);
/* The manifest value of `stdio`. */
void console_manifest(const struct console *, struct buf *out);
/* Serve until QEMU is gone.  The terminal is raw meanwhile, and put back in every case. */
struct outcome console_serve(struct console *, pid_t qemu);
