/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_opt.h: the options of `coracle run` and `coracle build`, from argv to values, all checked
 * as far as they can be without looking at the host.  A wrong one ends the process with status 2 and
 * one line that says what was expected.
 */
#pragma once

#include "tools/coracle_util.h"

enum machine_kind { MACHINE_AUTO, MACHINE_MICROVM, MACHINE_Q35 };
enum accel_kind { ACCEL_AUTO, ACCEL_TCG, ACCEL_KVM };
enum net_kind { NET_DEFAULT, NET_NONE, NET_USER, NET_TAP };

enum {
	MEMORY_DEFAULT_MB = 1024,
	CPUS_MAX = 64,
};

/* HOST[:GUEST] of --file, --dir and --volume (NAME:PATH there). */
struct opt_pair {
	char *host, *guest;
};

struct opt_pairs {
	struct opt_pair *v;
	size_t n;
};

/* [ADDRESS:]HOST[:GUEST][/PROTO] */
struct opt_port {
	char addr[64];
	unsigned host, guest;
	bool udp;
};

struct opts {
	struct opt_pairs files, dirs, volumes;
	struct opt_port *port;
	size_t nports;
	struct strs env;   /* "K=V" */
	struct strs trace; /* names for the boot module's `trace` */
	uint64_t memory;   /* bytes; 0: not given */
	unsigned cpus;
	enum machine_kind machine;
	enum accel_kind accel;
	enum net_kind net;
	const char *tap;      /* --net tap=NAME */
	const char *ip;	      /* --ip ADDR[/LEN][,GATEWAY] */
	const char *pcap;     /* --pcap FILE */
	const char *manifest; /* --manifest FILE */
	const char *root;     /* --root DIR */
	const char *image;    /* --image FILE: boot this instead of making one */
	const char *cwd;      /* --cwd DIR */
	const char *kernel;   /* --kernel FILE */
	const char *qemu;     /* --qemu FILE */
	const char *log;      /* --log FILE: where the kernel's log goes */
	const char *keep;     /* --keep NAME */
	const char *output;   /* build: -o IMAGE */
	uint64_t size;	      /* build: -s SIZE; 0: what it takes */
	struct strs append;   /* --append TEXT: the kernel command line */
	bool missing, gdb, dry_run, verbose, no_profiles;

	char **argv; /* PROGRAM and its arguments; argv[0] may be NULL */
	int argc;
};

/* `cmd` is "run" or "build"; argv[0] is not looked at. */
void opts_parse(const char *cmd, int argc, char **argv, struct opts *);
/* The list of options of a command, two columns. */
void opts_help(const char *cmd, FILE *);

/* Pieces, for tests.  False: not of that form. */
bool opt_port_parse(const char *s, struct opt_port *);
bool opt_size_parse(const char *s, uint64_t unit, uint64_t *bytes);
bool opt_pair_parse(const char *s, struct opt_pair *);
