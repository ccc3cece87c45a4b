/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of options, from which getopt_long's table and the help are made.  Options end at the first word
 * that is not one: what follows belongs to the program.
 */
#include "tools/coracle_opt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { RUN = 1, BUILD = 2, BOTH = 3 };

struct opt {
	const char *name;
	char letter; /* 0: long only */
	unsigned cmds;
	const char *arg; /* NULL: takes none */
	const char *help;
	void (*set)(struct opts *, const char *arg);
};

static bool number(const char *s, unsigned long long max, unsigned long long *out)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*out = strtoull(s, &end, 10);
	return errno == 0 && *end == '\0' && *out <= max;
}

bool opt_size_parse(const char *s, uint64_t unit, uint64_t *bytes)
{
	static const char suffix[] = "bkmgt";
	unsigned long long n;
	const char *at;
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (errno)
		return false;
	if (*end) {
		at = strchr(suffix, *end | 0x20);
		if (!at ||
		    (end[1] && strcasecmp(end + 1, "b") != 0 && strcasecmp(end + 1, "ib") != 0))
			return false;
		unit = 1ull << (10 * (at - suffix));
	}
	if (n > UINT64_MAX / unit)
		return false;
	*bytes = n * unit;
	return true;
}

bool opt_pair_parse(const char *s, struct opt_pair *p)
{
	const char *colon = strrchr(s, ':');

	if (!colon) {
		if (!*s)
			return false;
		*p = (struct opt_pair){ .host = xstrdup(s) };
		return true;
	}
	if (colon == s || colon[1] != '/')
		return false;
	*p = (struct opt_pair){ .host = xstrndup(s, (size_t)(colon - s)),
				.guest = xstrdup(colon + 1) };
	return true;
}

static bool port_number(const char *s, size_t len, unsigned *out)
{
	char text[8];
	unsigned long long n;

	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	if (!number(text, 65535, &n) || n == 0)
		return false;
	*out = (unsigned)n;
	return true;
}

/* The address is an IPv4 one; IPv6 would need brackets, and QEMU's forwarding knows IPv4 only. */
static bool port_addr(const char *s, size_t len, struct opt_port *p)
{
	struct in_addr a;

	if (len == 0 || len >= sizeof(p->addr))
		return false;
	memcpy(p->addr, s, len);
	p->addr[len] = '\0';
	return inet_pton(AF_INET, p->addr, &a) == 1;
}

bool opt_port_parse(const char *s, struct opt_port *p)
{
	size_t len = strcspn(s, "/");
	const char *colon[2] = { NULL, NULL };
	const char *from = s;
	size_t n = 0;

	*p = (struct opt_port){ .addr = "127.0.0.1" };
	if (s[len] == '/') {
		if (strcmp(s + len, "/udp") != 0 && strcmp(s + len, "/tcp") != 0)
			return false;
		p->udp = s[len + 1] == 'u';
	}
	for (size_t i = 0; i < len; i++)
		if (s[i] == ':') {
			if (n == 2)
				return false;
			colon[n++] = s + i;
		}
	if (n > 0 && (n == 2 || memchr(s, '.', (size_t)(colon[0] - s)))) {
		if (!port_addr(s, (size_t)(colon[0] - s), p))
			return false;
		from = colon[0] + 1;
		colon[0] = colon[1];
		n--;
	}
	if (n == 0) {
		if (!port_number(from, (size_t)(s + len - from), &p->host))
			return false;
		p->guest = p->host;
		return true;
	}
	return port_number(from, (size_t)(colon[0] - from), &p->host) &&
	       port_number(colon[0] + 1, (size_t)(s + len - colon[0] - 1), &p->guest);
}

static void pairs_add(struct opt_pairs *l, const char *opt, const char *arg, const char *form)
{
	struct opt_pair p;

	if (!opt_pair_parse(arg, &p))
		die(EXIT_MISUSE, "%s %s: expected %s, the guest's path beginning with '/'", opt,
		    arg, form);
	l->v = xrealloc(l->v, (l->n + 1) * sizeof(*l->v));
	l->v[l->n++] = p;
}

static void set_file(struct opts *o, const char *arg)
{
	pairs_add(&o->files, "--file", arg, "HOST[:GUEST]");
}

static void set_dir(struct opts *o, const char *arg)
{
	pairs_add(&o->dirs, "--dir", arg, "HOST[:GUEST]");
}

static void set_volume(struct opts *o, const char *arg)
{
	pairs_add(&o->volumes, "--volume", arg, "NAME:/path");
	if (!o->volumes.v[o->volumes.n - 1].guest)
		die(EXIT_MISUSE, "--volume %s: expected NAME:/path", arg);
}

static void set_publish(struct opts *o, const char *arg)
{
	struct opt_port p;

	if (!opt_port_parse(arg, &p))
		die(EXIT_MISUSE,
		    "--publish %s: expected [ADDRESS:]HOST[:GUEST][/tcp|/udp], ports 1 to 65535",
		    arg);
	o->port = xrealloc(o->port, (o->nports + 1) * sizeof(*o->port));
	o->port[o->nports++] = p;
}

static void set_memory(struct opts *o, const char *arg)
{
	if (!opt_size_parse(arg, 1 << 20, &o->memory) || o->memory < 2 << 20)
		die(EXIT_MISUSE, "-m %s: expected a size of at least 2M, as 256, 512M or 2G", arg);
}

static void set_cpus(struct opts *o, const char *arg)
{
	unsigned long long n;

	if (!number(arg, CPUS_MAX, &n) || n == 0)
		die(EXIT_MISUSE, "-c %s: expected a number of CPUs from 1 to %d", arg, CPUS_MAX);
	o->cpus = (unsigned)n;
}

static void set_env(struct opts *o, const char *arg)
{
	const char *value;

	if (arg[0] == '=' || arg[0] == '\0')
		die(EXIT_MISUSE, "-e %s: expected NAME=VALUE, or NAME to take the host's", arg);
	if (strchr(arg, '=')) {
		strs_add(&o->env, arg);
		return;
	}
	value = getenv(arg);
	if (value)
		strs_addf(&o->env, "%s=%s", arg, value);
}

/* Lines of NAME=VALUE or NAME; '#' begins a comment line. */
static void set_env_file(struct opts *o, const char *arg)
{
	struct buf text;
	unsigned n = 0;
	char *rest;

	if (!file_read(arg, &text))
		die_errno(EXIT_MISUSE, "--env-file %s", arg);
	rest = text.s;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		n++;
		line[strcspn(line, "\r")] = '\0';
		line += strspn(line, " \t");
		if (line[0] == '=')
			die(EXIT_MISUSE, "%s: line %u: expected NAME=VALUE", arg, n);
		if (line[0] && line[0] != '#')
			set_env(o, line);
	}
	buf_free(&text);
}

static void set_trace(struct opts *o, const char *arg)
{
	static const char *const known[] = { "boot", "syscalls", "futex", "faults", "all" };
	char *copy = xstrdup(arg), *rest = copy;

	for (char *name; (name = strsep(&rest, ",")) != NULL;) {
		size_t i = 0;

		while (i < ARRAY_LEN(known) && strcmp(known[i], name) != 0)
			i++;
		if (i == ARRAY_LEN(known))
			die(EXIT_MISUSE,
			    "--trace %s: expected some of boot, syscalls, futex, faults, all", arg);
		strs_add(&o->trace, name);
	}
	free(copy);
}

static void set_machine(struct opts *o, const char *arg)
{
	if (strcmp(arg, "microvm") == 0)
		o->machine = MACHINE_MICROVM;
	else if (strcmp(arg, "q35") == 0)
		o->machine = MACHINE_Q35;
	else if (strcmp(arg, "auto") == 0)
		o->machine = MACHINE_AUTO;
	else
		die(EXIT_MISUSE, "--machine %s: expected microvm, q35 or auto", arg);
}

static enum accel_kind accel_of(const char *what, const char *arg)
{
	if (strcmp(arg, "tcg") == 0)
		return ACCEL_TCG;
	if (strcmp(arg, "kvm") == 0)
		return ACCEL_KVM;
	if (strcmp(arg, "auto") != 0)
		die(EXIT_MISUSE, "%s%s: expected kvm, tcg or auto", what, arg);
	return ACCEL_AUTO;
}

static void set_accel(struct opts *o, const char *arg)
{
	o->accel = accel_of("--accel ", arg);
}

static void set_net(struct opts *o, const char *arg)
{
	if (strcmp(arg, "none") == 0) {
		o->net = NET_NONE;
	} else if (strcmp(arg, "user") == 0) {
		o->net = NET_USER;
	} else if (strncmp(arg, "tap=", 4) == 0 && arg[4] && strlen(arg + 4) < 16) {
		o->net = NET_TAP;
		o->tap = arg + 4;
	} else {
		die(EXIT_MISUSE, "--net %s: expected user, none or tap=NAME", arg);
	}
}

static void set_ip(struct opts *o, const char *arg)
{
	o->ip = arg;
}

static void set_pcap(struct opts *o, const char *arg)
{
	o->pcap = arg;
}

static void set_manifest(struct opts *o, const char *arg)
{
	o->manifest = arg;
}

static void set_root(struct opts *o, const char *arg)
{
	o->root = arg;
}

static void set_image(struct opts *o, const char *arg)
{
	o->image = arg;
}

static void set_cwd(struct opts *o, const char *arg)
{
	if (arg[0] != '/')
		die(EXIT_MISUSE, "--cwd %s: expected an absolute path", arg);
	o->cwd = arg;
}

static void set_kernel(struct opts *o, const char *arg)
{
	o->kernel = arg;
}

static void set_qemu(struct opts *o, const char *arg)
{
	o->qemu = arg;
}

static void set_log(struct opts *o, const char *arg)
{
	o->log = arg;
}

static void set_keep(struct opts *o, const char *arg)
{
	o->keep = arg;
}

static void set_append(struct opts *o, const char *arg)
{
	strs_add(&o->append, arg);
}

static void set_output(struct opts *o, const char *arg)
{
	o->output = arg;
}

static void set_size(struct opts *o, const char *arg)
{
	if (!opt_size_parse(arg, 1, &o->size) || o->size == 0)
		die(EXIT_MISUSE, "-s %s: expected a size, as 64M or 2G", arg);
}

static void set_missing(struct opts *o, const char *arg maybe_unused)
{
	o->missing = true;
}

static void set_gdb(struct opts *o, const char *arg maybe_unused)
{
	o->gdb = true;
}

static void set_dry_run(struct opts *o, const char *arg maybe_unused)
{
	o->dry_run = true;
}

static void set_verbose(struct opts *o, const char *arg maybe_unused)
{
	o->verbose = util_verbose = true;
}

static void set_no_profiles(struct opts *o, const char *arg maybe_unused)
{
	o->no_profiles = true;
}

static const struct opt table[] = {
	{ "output", 'o', BUILD, "IMAGE", "where the image goes", set_output },
	{ "size", 's', BUILD, "SIZE", "size of the image (default: what it holds and some room)",
	  set_size },
	{ "memory", 'm', RUN, "SIZE", "memory, in MB or with K, M, G (default: 1G)", set_memory },
	{ "cpus", 'c', RUN, "N", "virtual CPUs (default: 1)", set_cpus },
	{ "env", 'e', BOTH, "K=V", "set an environment variable; K alone takes the host's",
	  set_env },
	{ "env-file", 0, BOTH, "FILE", "the same from a file, one a line", set_env_file },
	{ "cwd", 0, BOTH, "DIR", "directory to start in (default: the host's)", set_cwd },
	{ "file", 0, BOTH, "HOST[:GUEST]", "add a file", set_file },
	{ "dir", 0, BOTH, "HOST[:GUEST]", "add a directory and all below it", set_dir },
	{ "manifest", 0, BOTH, "FILE", "add what a manifest says", set_manifest },
	{ "root", 0, BOTH, "DIR", "take DIR as the whole root file system", set_root },
	{ "no-profiles", 0, BOTH, NULL, "add nothing that a runtime profile names",
	  set_no_profiles },
	{ "image", 0, RUN, "FILE", "boot this image, and write to it", set_image },
	{ "volume", 0, RUN, "NAME:/path", "mount a volume, made at first use", set_volume },
	{ "keep", 0, RUN, "NAME", "keep the disk under a name and go on with it next time",
	  set_keep },
	{ "publish", 'p', RUN, "HOST[:GUEST][/PROTO]", "make a port of the guest reachable",
	  set_publish },
	{ "net", 0, RUN, "user|tap=NAME|none", "network (default: user with -p, else none)",
	  set_net },
	{ "ip", 0, RUN, "ADDR/LEN[,GATEWAY]", "a fixed address instead of DHCP", set_ip },
	{ "pcap", 0, RUN, "FILE", "write the packets to a file", set_pcap },
	{ "trace", 0, RUN, "WHAT", "boot, syscalls, futex, faults, all; comma-separated",
	  set_trace },
	{ "missing", 0, RUN, NULL, "list at exit the calls and files that were not there",
	  set_missing },
	{ "log", 0, RUN, "FILE", "kernel log, traces and reports go there, not to stderr",
	  set_log },
	{ "gdb", 0, RUN, NULL, "wait for gdb, and say how to start it", set_gdb },
	{ "machine", 0, RUN, "TYPE", "microvm, q35 or auto", set_machine },
	{ "accel", 0, RUN, "TYPE", "kvm, tcg or auto; also CORACLE_ACCEL", set_accel },
	{ "kernel", 0, RUN, "FILE", "kernel to boot; also CORACLE_KERNEL", set_kernel },
	{ "append", 0, RUN, "TEXT", "more for the kernel's command line", set_append },
	{ "qemu", 0, RUN, "FILE", "qemu-system-x86_64 to start; also CORACLE_QEMU", set_qemu },
	{ "dry-run", 'n', BOTH, NULL, "print what would be done, and do nothing", set_dry_run },
	{ "verbose", 'v', BOTH, NULL, "say what is done; show the kernel's log", set_verbose },
};

static unsigned cmd_bit(const char *cmd)
{
	return strcmp(cmd, "build") == 0 ? BUILD : RUN;
}

void opts_help(const char *cmd, FILE *f)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct opt *t = &table[i];
		char left[64];

		if (!(t->cmds & cmd_bit(cmd)))
			continue;
		if (t->letter)
			snprintf(left, sizeof(left), "-%c, --%s %s", t->letter, t->name,
				 t->arg ? t->arg : "");
		else
			snprintf(left, sizeof(left), "    --%s %s", t->name, t->arg ? t->arg : "");
		fprintf(f, "  %-32s%s%s\n", left, strlen(left) > 31 ? "\n\t\t\t\t  " : "", t->help);
	}
	fprintf(f, "  %-32s%s\n", "-h, --help", "this list");
}

/* getopt's two tables, from ours. */
static void make_tables(unsigned cmd, char *shorts, struct option *longs)
{
	*shorts++ = '+'; /* stop at the program */
	*shorts++ = ':';
	*shorts++ = 'h';
	*longs++ = (struct option){ "help", no_argument, NULL, 'h' };
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct opt *t = &table[i];

		if (!(t->cmds & cmd))
			continue;
		*longs++ = (struct option){ t->name, t->arg ? required_argument : no_argument, NULL,
					    256 + (int)i };
		if (t->letter)
			*shorts++ = t->letter;
		if (t->letter && t->arg)
			*shorts++ = ':';
	}
	*shorts = '\0';
	*longs = (struct option){ 0 };
}

static const struct opt *opt_of(int c)
{
	if (c >= 256)
		return &table[c - 256];
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].letter == c)
			return &table[i];
	return NULL;
}

static _Noreturn void misuse(const char *cmd, int c, char **argv)
{
	const struct opt *t = optopt ? opt_of(optopt) : NULL;

	if (c == ':')
		die(EXIT_MISUSE, "%s wants a value: %s", argv[optind - 1],
		    t && t->arg ? t->arg : "see --help");
	if (optopt && optopt < 256)
		die(EXIT_MISUSE, "-%c is not an option of '%s'; see 'coracle help %s'", optopt, cmd,
		    cmd);
	die(EXIT_MISUSE,
	    "%s is not an option of '%s', or is given a value it does not take; see 'coracle help "
	    "%s'",
	    argv[optind - 1], cmd, cmd);
}

static void defaults(struct opts *o)
{
	const char *accel = getenv("CORACLE_ACCEL");

	*o = (struct opts){ .cpus = 1 };
	if (accel && *accel)
		o->accel = accel_of("CORACLE_ACCEL=", accel);
	o->kernel = getenv("CORACLE_KERNEL");
	o->qemu = getenv("CORACLE_QEMU");
}

void opts_parse(const char *cmd, int argc, char **argv, struct opts *o)
{
	struct option longs[ARRAY_LEN(table) + 2];
	char shorts[2 * ARRAY_LEN(table) + 4];
	int c;

	defaults(o);
	make_tables(cmd_bit(cmd), shorts, longs);
	optind = 1;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (c == 'h') {
			printf("usage: coracle %s [options] PROGRAM [arguments...]\n\n", cmd);
			opts_help(cmd, stdout);
			exit(0);
		}
		if (c == '?' || c == ':')
			misuse(cmd, c, argv);
		opt_of(c)->set(o, optarg);
	}
	o->argv = argv + optind;
	o->argc = argc - optind;
}
