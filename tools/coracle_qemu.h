/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_qemu.h: QEMU's command line for one run (doc/run.md, 1.1), and nothing else: making it
 * touches no file, so that --dry-run and the tests see exactly what would be started.
 */
#pragma once

#include "tools/coracle_opt.h"

enum {
	MICROVM_SLOTS = 8, /* virtio-mmio transports of QEMU's microvm without ACPI */
	VM_DISKS_MAX = 20,
};

struct vm_disk {
	const char *path;
	bool keep; /* writes go to the file; otherwise they are gone with the VM */
};

/* File descriptors that QEMU inherits; -1: not there. */
struct vm_fds {
	int in, out, err; /* sockets of the three ports */
	int log;	  /* socket of COM1 */
	int module;	  /* the boot module */
};

struct vm {
	const struct opts *o;
	const char *qemu, *kernel;
	const char *cmdline;		   /* "" for none */
	struct vm_disk disk[VM_DISKS_MAX]; /* the root first */
	size_t ndisks;
	uint64_t memory;
	bool kvm;
	struct vm_fds fd;
	char gdb[32]; /* "tcp:127.0.0.1:PORT", "" for none */
};

/* microvm unless something asks for what it has not. */
enum machine_kind vm_machine(const struct vm *);
/* argv for execv(). */
struct strs vm_argv(const struct vm *);
