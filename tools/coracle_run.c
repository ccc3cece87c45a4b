/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coracle run and coracle build: from options to an image, from an image to a VM, from the VM's end to an exit
 * status (doc/run.md).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/coracle_accel.h"
#include "tools/coracle_cache.h"
#include "tools/coracle_cmds.h"
#include "tools/coracle_console.h"
#include "tools/coracle_disk.h"
#include "tools/coracle_image.h"
#include "tools/coracle_paths.h"
#include "tools/coracle_qemu.h"

/* --- the boot module ------------------------------------------------------------------------- */

/* --ip ADDR/LEN[,GATEWAY] */
static void put_ip(struct buf *b, const char *ip)
{
	char *copy = xstrdup(ip), *gw = strchr(copy, ','), *len = strchr(copy, '/');
	unsigned bits = 0;
	struct in_addr a;

	if (gw)
		*gw++ = '\0';
	if (len && (!gw || len < gw))
		*len++ = '\0';
	if (!len || sscanf(len, "%u", &bits) != 1 || bits < 1 || bits > 32 ||
	    inet_pton(AF_INET, copy, &a) != 1 || (gw && inet_pton(AF_INET, gw, &a) != 1))
		die(EXIT_MISUSE,
		    "--ip %s: expected ADDRESS/LENGTH[,GATEWAY], as 10.0.2.15/24,10.0.2.2", ip);
	a.s_addr = htonl((uint32_t)(0xffffffffull << (32 - bits)));
	buf_fmt(b, "en1:(ipaddr:\"%s\" netmask:\"%s\"", copy, inet_ntoa(a));
	if (gw)
		buf_fmt(b, " gateway:\"%s\"", gw);
	buf_str(b, ")\n");
	free(copy);
}

/* The fastest machine has no clock of its own that knows the date: it starts at ours, a few milliseconds late. */
static void put_time(struct buf *b)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	buf_fmt(b, "host_time:%lld%09ld\n", (long long)now.tv_sec, now.tv_nsec);
}

static void module_text(const struct opts *o, const struct buf *fixed, const struct console *c,
			struct buf *b)
{
	buf_str(b, "(\n");
	buf_add(b, fixed->s, fixed->len);
	buf_fmt(b, "log_level:%s\n", o->verbose ? "info" : "warn");
	if (o->missing)
		buf_str(b, "missing_files:t\n");
	if (o->trace.n) {
		buf_str(b, "trace:[");
		for (size_t i = 0; i < o->trace.n; i++)
			buf_fmt(b, "%s%s", i ? " " : "", o->trace.v[i]);
		buf_str(b, "]\n");
	}
	if (o->ip)
		put_ip(b, o->ip);
	console_manifest(c, b);
	put_time(b);
	buf_str(b, ")\n");
}

/* A file without a name that QEMU can open. */
static int module_fd(const struct buf *text)
{
	int fd = memfd_create("coracle-module", 0);

	if (fd < 0 || write(fd, text->s, text->len) != (ssize_t)text->len)
		die_errno(EXIT_OURS, "the boot module");
	return fd;
}

/* --- before the VM --------------------------------------------------------------------------- */

/* QEMU would say it too, after a second and in its own words. */
static void check_port(const struct opt_port *p)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)p->host) };
	int fd = socket(AF_INET, (p->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0), one = 1;

	inet_pton(AF_INET, p->addr, &a.sin_addr);
	if (fd < 0)
		return;
	if (!p->udp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die(EXIT_OURS,
		    "port %u/%s on %s cannot be published: %s; choose another, as -p %u:%u",
		    p->host, p->udp ? "udp" : "tcp", p->addr, strerror(errno),
		    p->host < 60000 ? p->host + 1000 : p->host - 1000, p->guest);
	close(fd);
}

static unsigned free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die_errno(EXIT_OURS, "--gdb: no port");
	close(fd);
	return ntohs(a.sin_port);
}

static void open_gdb(struct vm *vm)
{
	char *dbg = xasprintf("%s.dbg", vm->kernel);
	unsigned port = free_port();

	snprintf(vm->gdb, sizeof(vm->gdb), "tcp:127.0.0.1:%u", port);
	warn("waiting for: gdb %s -ex 'target remote 127.0.0.1:%u'",
	     access(dbg, R_OK) == 0 ? dbg : vm->kernel, port);
	free(dbg);
}

static bool choose_kvm(const struct opts *o)
{
	const char *why;

	if (o->accel == ACCEL_TCG)
		return false;
	if (accel_kvm_works(o->accel == ACCEL_AUTO, &why))
		return true;
	if (o->accel == ACCEL_KVM)
		die(EXIT_OURS, "--accel kvm: %s; --accel tcg works everywhere, slower", why);
	note("no KVM (%s): taking tcg", why);
	return false;
}

static char *cmdline_of(const struct opts *o)
{
	struct buf b = { 0 };

	buf_str(&b, o->gdb ? "nokaslr" : "");
	for (size_t i = 0; i < o->append.n; i++)
		buf_fmt(&b, "%s%s", b.len ? " " : "", o->append.v[i]);
	return b.s;
}

static void add_disk(struct vm *vm, const char *path, bool keep)
{
	if (vm->ndisks == VM_DISKS_MAX)
		die(EXIT_MISUSE, "too many volumes: at most %d", VM_DISKS_MAX - 1);
	vm->disk[vm->ndisks++] = (struct vm_disk){ path, keep };
}

/* --- the VM ---------------------------------------------------------------------------------- */

/* The module stays: it is read from its start each time. */
static void use_console(struct vm *vm, const struct console *c)
{
	vm->fd.in = c->guest[0];
	vm->fd.out = c->guest[1];
	vm->fd.err = c->guest[2];
	vm->fd.log = c->log_guest;
}

/* The child: gone with us whatever happens, in a session of its own so that ^C is ours to pass on. */
static _Noreturn void become_qemu(const struct vm *vm, const struct console *c, pid_t parent)
{
	struct strs argv = vm_argv(vm);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_OURS);
	setsid();
	console_child(c);
	execv(vm->qemu, argv.v);
	_exit(EXIT_OURS);
}

static int conclude(const struct outcome *r)
{
	const char *said = r->noise, *colon = strstr(said, ": ");

	if (r->told)
		return r->status;
	if (colon && strncmp(said, "qemu", 4) == 0)
		said = colon + 2;
	if (strstr(said, "\"write\" lock"))
		die(EXIT_OURS, "a disk of this run is in use by another VM");
	if (*said)
		die(EXIT_OURS, "QEMU: %s", said);
	if (WIFSIGNALED(r->qemu))
		die(EXIT_OURS, "QEMU was killed by signal %d (%s)", WTERMSIG(r->qemu),
		    strsignal(WTERMSIG(r->qemu)));
	die(EXIT_OURS, "the guest stopped without an exit status: run it with --verbose to see how "
		       "far it came");
}

static struct outcome start(struct vm *vm, struct console *c)
{
	pid_t self = getpid(), pid = fork();

	if (pid < 0)
		die_errno(EXIT_OURS, "fork");
	if (pid == 0)
		become_qemu(vm, c, self);
	return console_serve(c, pid);
}

/* Died of its own, before the guest said anything: the accelerator's fault as far as can be told. */
static bool never_lived(const struct outcome *r)
{
	return !r->told && !r->heard &&
	       (WIFSIGNALED(r->qemu) || (WIFEXITED(r->qemu) && WEXITSTATUS(r->qemu) == 1));
}

static int run_vm(struct vm *vm, struct console *c)
{
	struct outcome res = start(vm, c);

	if (vm->kvm && vm->o->accel == ACCEL_AUTO && never_lived(&res)) {
		note("KVM does not work for QEMU here (%s): taking tcg", res.noise);
		accel_kvm_failed();
		console_reopen(c);
		use_console(vm, c);
		vm->kvm = false;
		res = start(vm, c);
	}
	return conclude(&res);
}

/* --- dry run --------------------------------------------------------------------------------- */

static void print_word(const char *s)
{
	if (*s && s[strcspn(s, " \t\n\"'\\$`&|;<>()*?[]#~!{}")] == '\0') {
		fputs(s, stdout);
		return;
	}
	putchar('\'');
	for (; *s; s++)
		if (*s == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*s);
	putchar('\'');
}

static void print_vm(const struct vm *vm, const struct buf *module)
{
	struct strs argv = vm_argv(vm);

	for (size_t i = 0; i < argv.n; i++) {
		if (i)
			putchar(' ');
		print_word(argv.v[i]);
	}
	printf("\n\n%s", module->s);
	strs_free(&argv);
}

/* --- the commands ---------------------------------------------------------------------------- */

static void check_conflicts(const struct opts *o)
{
	if (o->image && (o->root || o->keep || o->files.n || o->dirs.n))
		die(EXIT_MISUSE,
		    "--image is booted as it is: it cannot be given with --root, --keep, "
		    "--file or --dir");
	if (o->nports && (o->net == NET_NONE || o->net == NET_TAP))
		die(EXIT_MISUSE, "--publish needs --net user");
	if ((o->pcap || o->ip) && (o->net == NET_NONE || (o->net == NET_DEFAULT && !o->nports)))
		die(EXIT_MISUSE, "%s needs a network: --net user, --net tap=NAME or -p",
		    o->pcap ? "--pcap" : "--ip");
}

/* The image of this command line: remembered, found or built. */
static void get_image(const struct opts *o, struct cached *img)
{
	char request[33];
	struct spec s;

	cache_request_key(o, request);
	if (!o->dry_run && !o->verbose && cache_recall(request, img))
		return;
	spec_make(&s, o);
	if (o->dry_run)
		cache_describe(&s, img);
	else
		cache_image(&s, request, img);
	if (o->dry_run && o->verbose)
		plan_print(s.plan, stdout);
}

static void choose_disks(const struct opts *o, const struct cached *img, struct vm *vm)
{
	if (o->image)
		add_disk(vm, o->image, true);
	else if (o->keep && !o->dry_run)
		add_disk(vm, disk_kept(o->keep, img->image), true);
	else
		add_disk(vm, img->image, o->keep != NULL);
	for (size_t i = 0; i < o->volumes.n; i++) {
		const char *name = o->volumes.v[i].host;

		add_disk(vm, o->dry_run ? name : disk_volume(name), true);
	}
}

static uint64_t memory_of(const struct opts *o, const struct cached *img)
{
	if (o->memory)
		return o->memory;
	return MAX((uint64_t)MEMORY_DEFAULT_MB << 20, img->memory);
}

int cmd_run(int argc, char **argv)
{
	struct buf module = { 0 };
	struct cached img = { 0 };
	struct console c;
	struct vm vm = { 0 };
	struct opts o;

	opts_parse("run", argc, argv, &o);
	check_conflicts(&o);
	signals_tidy();
	vm.o = &o;
	vm.qemu = paths_qemu(o.qemu);
	vm.kernel = paths_kernel(o.kernel);
	vm.cmdline = cmdline_of(&o);
	if (o.image)
		image_settings(&o, &img.module);
	else
		get_image(&o, &img);
	for (size_t i = 0; i < o.nports && !o.dry_run; i++)
		check_port(&o.port[i]);
	vm.memory = memory_of(&o, &img);
	vm.kvm = choose_kvm(&o);
	choose_disks(&o, &img, &vm);
	console_open(&c, o.dry_run ? NULL : o.log);
	use_console(&vm, &c);
	module_text(&o, &img.module, &c, &module);
	vm.fd.module = module_fd(&module);
	if (o.gdb)
		open_gdb(&vm);
	if (o.dry_run) {
		print_vm(&vm, &module);
		return 0;
	}
	return run_vm(&vm, &c);
}

int cmd_build(int argc, char **argv)
{
	struct image_want want = { .label = "" };
	struct buf root = { 0 };
	struct spec s;
	struct opts o;

	opts_parse("build", argc, argv, &o);
	if (!o.output && !o.dry_run)
		die(EXIT_MISUSE, "build: where to? say -o IMAGE");
	signals_tidy();
	spec_make(&s, &o);
	spec_build_text(&s, &root);
	if (o.dry_run) {
		printf("%s", root.s);
		plan_print(s.plan, stdout);
		return 0;
	}
	want.path = o.output;
	want.root_text = root.s;
	want.size = o.size;
	image_make(s.plan, &want);
	return 0;
}
