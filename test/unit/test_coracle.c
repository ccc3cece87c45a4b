/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coracle command's pieces that look at nothing but their arguments, or at a directory made here:
 * option values, paths, ld.so.cache, plans and stamps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/coracle_ldcache.h"
#include "tools/coracle_opt.h"
#include "tools/coracle_plan.h"
#include "tools/coracle_qemu.h"

static char dir[64];

static char *at(const char *name)
{
	static char path[4][256];
	static unsigned i;

	i = (i + 1) % 4;
	snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
	return path[i];
}

static void put(const char *name, const void *p, size_t n)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/coracle-unit-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char cmd[96];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

/* --- values ---------------------------------------------------------------------------------- */

static void sizes(void **state)
{
	static const struct {
		const char *s;
		bool ok;
		uint64_t bytes;
	} row[] = {
		{ "256", true, 256ull << 20 },
		{ "64k", true, 64 << 10 },
		{ "1G", true, 1ull << 30 },
		{ "2GiB", true, 2ull << 30 },
		{ "512MB", true, 512ull << 20 },
		{ "4096b", true, 4096 },
		{ "", false, 0 },
		{ "G", false, 0 },
		{ "-1", false, 0 },
		{ " 1", false, 0 },
		{ "1x", false, 0 },
		{ "1Gx", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "18446744073709551615k", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		uint64_t got = 0;

		bool ok = opt_size_parse(row[i].s, 1 << 20, &got);

		if (ok != row[i].ok || got != row[i].bytes)
			fail_msg("size %s: %d, %llu", row[i].s, ok, (unsigned long long)got);
	}
}

static void ports(void **state)
{
	static const struct {
		const char *s;
		bool ok;
		const char *addr;
		unsigned host, guest;
		bool udp;
	} row[] = {
		{ "8080", true, "127.0.0.1", 8080, 8080, false },
		{ "8080:80", true, "127.0.0.1", 8080, 80, false },
		{ "7777/udp", true, "127.0.0.1", 7777, 7777, true },
		{ "7777:53/udp", true, "127.0.0.1", 7777, 53, true },
		{ "80/tcp", true, "127.0.0.1", 80, 80, false },
		{ "0.0.0.0:8080:80", true, "0.0.0.0", 8080, 80, false },
		{ "10.0.0.1:8080", true, "10.0.0.1", 8080, 8080, false },
		{ "", false, "", 0, 0, false },
		{ "0", false, "", 0, 0, false },
		{ "65536", false, "", 0, 0, false },
		{ "80:", false, "", 0, 0, false },
		{ ":80", false, "", 0, 0, false },
		{ "80/sctp", false, "", 0, 0, false },
		{ "80/", false, "", 0, 0, false },
		{ "a:b", false, "", 0, 0, false },
		{ "1:2:3", false, "", 0, 0, false },
		{ "1.2.3.4:1:2:3", false, "", 0, 0, false },
		{ "999.1.1.1:1:2", false, "", 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct opt_port p;
		bool ok = opt_port_parse(row[i].s, &p);

		if (ok != row[i].ok)
			fail_msg("port \"%s\": %d", row[i].s, ok);
		if (!ok)
			continue;
		assert_string_equal(p.addr, row[i].addr);
		assert_int_equal(p.host, row[i].host);
		assert_int_equal(p.guest, row[i].guest);
		assert_int_equal(p.udp, row[i].udp);
	}
}

static void pairs(void **state)
{
	struct opt_pair p;

	(void)state;
	assert_true(opt_pair_parse("a/b", &p));
	assert_string_equal(p.host, "a/b");
	assert_null(p.guest);
	free(p.host);
	assert_true(opt_pair_parse("x:y:/z", &p));
	assert_string_equal(p.host, "x:y");
	assert_string_equal(p.guest, "/z");
	free(p.host);
	free(p.guest);
	assert_false(opt_pair_parse("", &p));
	assert_false(opt_pair_parse("a:b", &p));
	assert_false(opt_pair_parse(":/b", &p));
}

/* Options end at the program: what follows is its own, whatever it looks like. */
static void options_stop_at_the_program(void **state)
{
	struct strs words = { 0 };
	struct opts o;

	(void)state;
	for (const char *const *w = (const char *const[]){ "run", "-m", "64", "-e", "A=b", "prog",
							   "-m", "--x", NULL };
	     *w; w++)
		strs_add(&words, *w);
	opts_parse("run", (int)words.n, words.v, &o);
	assert_int_equal(o.memory, 64 << 20);
	assert_int_equal(o.argc, 3);
	assert_string_equal(o.argv[0], "prog");
	assert_string_equal(o.argv[1], "-m");
	assert_int_equal(o.env.n, 1);
	strs_free(&o.env);
	strs_free(&words);
}

static void paths(void **state)
{
	static const struct {
		const char *path, *clean, *abs;
	} row[] = {
		{ "/", "/", "/" },	     { "", "/w", "/w" },
		{ "a", "/w/a", "/w/a" },     { "./a//b/", "/w/a/b", "/w/a/b" },
		{ "../a", "/a", "/w/../a" }, { "/a/../../b", "/b", "/a/../../b" },
		{ "/..", "/", "/.." },	     { "/a/./b/..", "/a", "/a/b/.." },
		{ "/...", "/...", "/..." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char *clean = path_clean("/w", row[i].path), *abs = path_abs("/w", row[i].path);

		assert_string_equal(clean, row[i].clean);
		assert_string_equal(abs, row[i].abs);
		free(clean);
		free(abs);
	}
}

/* --- QEMU's command line --------------------------------------------------------------------- */

static bool follows(const struct strs *a, const char *opt, const char *value)
{
	for (size_t i = 0; i + 1 < a->n; i++)
		if (strcmp(a->v[i], opt) == 0 && strstr(a->v[i + 1], value))
			return true;
	return false;
}

static void qemu_line(void **state)
{
	struct opt_port port = { "127.0.0.1", 8080, 80, false };
	struct opts o = { .cpus = 2, .port = &port, .nports = 1 };
	struct vm vm = {
		.o = &o,
		.qemu = "/q",
		.kernel = "/k",
		.cmdline = "",
		.disk = { { "/a,b", false }, { "/v", true } },
		.ndisks = 2,
		.memory = 64 << 20,
		.fd = { .in = 5, .out = 6, .err = -1, .log = 7, .module = 8 },
	};
	struct strs a = vm_argv(&vm);

	(void)state;
	assert_true(follows(&a, "-machine", "microvm"));
	assert_true(follows(&a, "-drive", "file=/a,,b,snapshot=on"));
	assert_true(follows(&a, "-drive", "file=/v,cache=writeback"));
	assert_true(follows(&a, "-device", "virtio-blk-device,bus=virtio-mmio-bus.0,drive=disk0"));
	assert_true(follows(&a, "-device", "nr=1,chardev=stdin"));
	assert_false(follows(&a, "-device", "nr=3"));
	assert_true(follows(&a, "-netdev", "hostfwd=tcp:127.0.0.1:8080-:80"));
	assert_true(follows(&a, "-initrd", "/proc/self/fd/8"));
	strs_free(&a);
	/* More disks than microvm has places for. */
	vm.ndisks = 6;
	for (size_t i = 2; i < 6; i++)
		vm.disk[i].path = "/v";
	assert_int_equal(vm_machine(&vm), MACHINE_Q35);
	a = vm_argv(&vm);
	assert_true(
		follows(&a, "-device", "virtio-blk-pci,disable-legacy=on,addr=0x2,drive=disk0"));
	strs_free(&a);
}

/* --- ld.so.cache ----------------------------------------------------------------------------- */

struct cache_file {
	char magic[20];
	uint32_t nlibs, len, unused[5];
	struct {
		uint32_t flags, key, value, osver;
		uint64_t hwcap;
	} e[3];
	char text[64];
};

static struct cache_file cache_of(void)
{
	struct cache_file c = { .nlibs = 3, .len = 64 };
	uint32_t text = offsetof(struct cache_file, text);

	memcpy(c.magic, "glibc-ld.so.cache1.1", 20);
	memcpy(c.text, "libx.so.1\0/opt/libx.so.1\0/opt32/libx.so.1\0liby.so\0/opt/liby.so\0", 63);
	c.e[0].flags = 0x0303;
	c.e[0].key = text;
	c.e[0].value = text + 10;
	c.e[1].flags = 0x0003; /* another machine's */
	c.e[1].key = text;
	c.e[1].value = text + 25;
	c.e[2].flags = 0x0303;
	c.e[2].key = text + 42;
	c.e[2].value = text + 50;
	return c;
}

static struct strs look(const char *name)
{
	struct ldcache *c = ldcache_open(NULL, dir);
	struct strs found = ldcache_find(c, name);

	ldcache_free(c);
	return found;
}

static void ldcache_finds(void **state)
{
	struct cache_file c = cache_of();
	struct strs f;

	(void)state;
	mkdir(at("etc"), 0755);
	put("etc/ld.so.cache", &c, sizeof(c));
	f = look("libx.so.1");
	assert_string_equal(f.v[0], "/opt/libx.so.1");
	assert_false(strs_has(&f, "/opt32/libx.so.1"));
	assert_true(strs_has(&f, "/usr/lib/x86_64-linux-gnu/libx.so.1"));
	strs_free(&f);
	f = look("liby.so");
	assert_string_equal(f.v[0], "/opt/liby.so");
	strs_free(&f);
}

/* Every length, and offsets that point outside: no crash under ASan, and no made-up path. */
static void ldcache_survives_damage(void **state)
{
	struct cache_file c = cache_of();
	struct strs f;

	(void)state;
	mkdir(at("etc"), 0755);
	for (size_t n = 0; n < sizeof(c); n++) {
		put("etc/ld.so.cache", &c, n);
		f = look("liby.so");
		strs_free(&f);
	}
	c.nlibs = UINT32_MAX;
	c.e[0].key = UINT32_MAX;
	put("etc/ld.so.cache", &c, sizeof(c));
	f = look("libx.so.1");
	assert_string_not_equal(f.v[0], "/opt/libx.so.1");
	strs_free(&f);
}

static void ldconf_is_read_without_cache(void **state)
{
	static const char conf[] = "# comment\n /opt/a  \ninclude ld.so.conf.d/*.conf\n";
	struct strs f;

	(void)state;
	mkdir(at("etc"), 0755);
	unlink(at("etc/ld.so.cache"));
	mkdir(at("etc/ld.so.conf.d"), 0755);
	put("etc/ld.so.conf", conf, sizeof(conf) - 1);
	put("etc/ld.so.conf.d/x.conf", "/opt/b", 6);
	f = look("l.so");
	assert_string_equal(f.v[0], "/opt/a/l.so");
	assert_string_equal(f.v[1], "/opt/b/l.so");
	strs_free(&f);
}

/* --- plans and stamps ------------------------------------------------------------------------ */

static void plan_keeps_links(void **state)
{
	struct plan *p = plan_new();
	struct plan_node *n;
	char *real = NULL;

	(void)state;
	mkdir(at("lib"), 0755);
	put("lib/f.1", "one", 3);
	assert_int_equal(symlink("f.1", at("lib/f")), 0);
	assert_int_equal(symlink("lib", at("l")), 0);
	assert_true(plan_add_host(p, at("l/f"), &real));
	assert_string_equal(real, at("lib/f.1"));
	n = plan_find(p, at("l/f"));
	assert_non_null(n);
	assert_int_equal(n->size, 3);
	assert_non_null(plan_find(p, at("lib/f.1")));
	free(real);
	assert_false(plan_add_host(p, at("lib/none"), NULL));
	/* A link that goes round. */
	assert_int_equal(symlink("loop", at("loop")), 0);
	assert_false(plan_add_host(p, at("loop"), NULL));
	plan_free(p);
}

/* What is put at a path of a merged /usr goes where the host's link leads. */
static void plan_follows_the_hosts_links(void **state)
{
	struct plan *p = plan_new();
	char *path;

	(void)state;
	mkdir(at("real"), 0755);
	assert_int_equal(symlink("real", at("alias")), 0);
	put("src", "x", 1);
	assert_true(plan_add_at(p, at("src"), at("alias/new")));
	path = plan_path(plan_find(p, at("alias/new")));
	assert_string_equal(path, at("real/new"));
	free(path);
	plan_free(p);
}

static void tree_takes_all_but_the_excluded(void **state)
{
	struct strs ex = { 0 };
	struct plan_filter f = { .exclude = &ex };
	struct plan *p = plan_new();

	(void)state;
	mkdir(at("t"), 0755);
	mkdir(at("t/sub"), 0755);
	mkdir(at("t/tests"), 0755);
	put("t/sub/a.py", "a", 1);
	put("t/sub/a.pyc", "a", 1);
	put("t/tests/b", "b", 1);
	assert_int_equal(mkfifo(at("t/fifo"), 0600), 0);
	strs_add(&ex, "*.pyc");
	strs_add(&ex, "tests");
	assert_true(plan_add_tree(p, at("t"), "/x", &f));
	assert_non_null(plan_find(p, "/x/sub/a.py"));
	assert_null(plan_find(p, "/x/sub/a.pyc"));
	assert_null(plan_find(p, "/x/tests"));
	assert_null(plan_find(p, "/x/fifo"));
	assert_int_equal(p->files, 1);
	strs_free(&ex);
	plan_free(p);
}

static bool still_holds(const struct plan *p)
{
	struct buf b = { 0 };
	bool ok;

	host_seen_write(p->seen, &b);
	ok = host_seen_holds(b.s, b.len);
	buf_free(&b);
	return ok;
}

/* A change of contents, a new name in a listed directory, and something that was absent. */
static void stamps_notice(void **state)
{
	struct plan *p = plan_new();
	struct plan_filter f = { 0 };
	struct stat st;

	(void)state;
	mkdir(at("t"), 0755);
	put("t/a", "a", 1);
	put("f", "1", 1);
	assert_true(plan_add_tree(p, at("t"), "/t", &f));
	assert_true(plan_add_host(p, at("f"), NULL));
	assert_false(host_stat(p->seen, at("absent"), &st));
	assert_true(still_holds(p));
	put("beside", "x", 1); /* a neighbour of what was only walked through */
	assert_true(still_holds(p));
	put("t/b", "b", 1);
	assert_false(still_holds(p));
	unlink(at("t/b"));
	plan_free(p);

	p = plan_new();
	assert_true(plan_add_host(p, at("f"), NULL));
	put("f", "22", 2);
	assert_false(still_holds(p));
	plan_free(p);

	p = plan_new();
	assert_false(host_stat(p->seen, at("absent"), &st));
	put("absent", "", 0);
	assert_false(still_holds(p));
	plan_free(p);
}

static void key_of(const struct plan *p, char hex[33])
{
	struct key128 k;

	key_init(&k);
	plan_key(p, &k);
	key_hex(&k, hex);
}

/* The order of adding does not matter; contents made here do. */
static void keys_name_contents(void **state)
{
	struct plan *a = plan_new(), *b = plan_new();
	char ka[33], kb[33];

	(void)state;
	plan_add_data(a, "/x", "1", 1, 0644);
	plan_add_data(a, "/y/z", "2", 1, 0644);
	plan_add_data(b, "/y/z", "2", 1, 0644);
	plan_add_data(b, "/x", "1", 1, 0644);
	key_of(a, ka);
	key_of(b, kb);
	assert_string_equal(ka, kb);
	plan_add_data(b, "/x", "3", 1, 0644);
	key_of(b, kb);
	assert_string_not_equal(ka, kb);
	plan_free(a);
	plan_free(b);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(sizes),
		CASE(ports),
		CASE(pairs),
		CASE(options_stop_at_the_program),
		CASE(paths),
		CASE(qemu_line),
		CASE(ldcache_finds),
		CASE(ldcache_survives_damage),
		CASE(ldconf_is_read_without_cache),
		CASE(plan_keeps_links),
		CASE(plan_follows_the_hosts_links),
		CASE(tree_takes_all_but_the_excluded),
		CASE(stamps_notice),
		CASE(keys_name_contents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
