/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image/schema.c: the keys of a manifest that mean something, what form each has, and what happens to those that this kernel does
 * not serve (doc/manifest.md, Keys).  Nothing is ignored in silence: an unknown key is a warning with the
 * key that was probably meant; one without its feature is a warning; one that promises
 * protection and cannot keep the promise is an error.
 */
#include "image/manifest.h"
#include "image/suggest.h"

#include "lib/fmt.h"
#include "lib/mem.h"

enum form {
	ANY,
	TEXT,	/* a string */
	NUMBER, /* a decimal number */
	SIZE,	/* a number, maybe with K, M, G or T */
	FLAG,	/* its presence, or t and f */
	LIST, /* a vector, or a tuple with the keys 0, 1, ...; a single string stands for itself */
	MAP,  /* a tuple */
	LISTMAP, /* either */
};

enum state {
	SERVED,
	NOT_YET,    /* without it the program still runs */
	PROTECTION, /* without it the program would run with less than it was promised */
};

struct key {
	const char *name;
	uint8_t form;
	uint8_t state;
	const struct key *sub; /* of a MAP; NULL: any names */
};

static const struct key uname_keys[] = {
	{ "sysname", TEXT, SERVED, NULL },
	{ "release", TEXT, SERVED, NULL },
	{ NULL, ANY, SERVED, NULL },
};

static const struct key stdio_keys[] = {
	{ "stdin", TEXT, SERVED, NULL },  { "stdout", TEXT, SERVED, NULL },
	{ "stderr", TEXT, SERVED, NULL }, { "raw", FLAG, SERVED, NULL },
	{ "rows", NUMBER, SERVED, NULL }, { "columns", NUMBER, SERVED, NULL },
	{ NULL, ANY, SERVED, NULL },
};

static const struct key boot_keys[] = {
	{ "children", MAP, SERVED, NULL },
	{ NULL, ANY, SERVED, NULL },
};

static const struct key tracelog_keys[] = {
	{ "alloc_size", SIZE, NOT_YET, NULL }, { "disable", FLAG, NOT_YET, NULL },
	{ "file", TEXT, NOT_YET, NULL },       { "trace_tags", LIST, NOT_YET, NULL },
	{ NULL, ANY, SERVED, NULL },
};

/* Of en1, en2, ..., and of the root for the first interface. */
static const struct key net_keys[] = {
	{ "ipaddr", TEXT, SERVED, NULL },
	{ "netmask", TEXT, SERVED, NULL },
	{ "gateway", TEXT, SERVED, NULL },
	{ "ip6addr", TEXT, SERVED, NULL },
	{ "mtu", NUMBER, SERVED, NULL },
	{ "default", FLAG, NOT_YET, NULL },
	{ "io-queues", NUMBER, NOT_YET, NULL },
	{ "exec_wait_for_ip4_secs", NUMBER, SERVED, NULL },
	{ "exec_wait_for_ip6_secs", NUMBER, SERVED, NULL },
	{ NULL, ANY, SERVED, NULL },
};

static const struct key root_keys[] = {
	/* what runs, and with what */
	{ "children", MAP, SERVED, NULL },
	{ "boot", MAP, SERVED, boot_keys },
	{ "program", TEXT, SERVED, NULL },
	{ "arguments", LIST, SERVED, NULL },
	{ "environment", MAP, SERVED, NULL },
	{ "cwd", TEXT, SERVED, NULL },
	{ "stdio", MAP, SERVED, stdio_keys },
	{ "mounts", MAP, SERVED, NULL },
	{ "imagesize", SIZE, SERVED, NULL },
	{ "hostname", TEXT, SERVED, NULL },
	{ "host_time", NUMBER, SERVED, NULL },
	{ "uname", MAP, SERVED, uname_keys },
	{ "memory", SIZE, SERVED, NULL },
	{ "host_time", NUMBER, SERVED, NULL },
	{ "klibs", TEXT, NOT_YET, NULL },
	{ "klib_test", FLAG, NOT_YET, NULL },
	{ "special_files", ANY, NOT_YET, NULL },
	{ "userdata", MAP, NOT_YET, NULL },
	/* protection */
	{ "readonly_rootfs", FLAG, SERVED, NULL },
	{ "exec_protection", FLAG, SERVED, NULL },
	{ "program_overwrite", FLAG, NOT_YET, NULL },
	{ "sandbox", MAP, PROTECTION, NULL },
	{ "firewall", MAP, PROTECTION, NULL },
	/* memory */
	{ "noaslr", FLAG, SERVED, NULL },
	{ "mmap_min_addr", NUMBER, SERVED, NULL },
	{ "transparent_hugepage", TEXT, SERVED, NULL },
	{ "static_map_program", FLAG, NOT_YET, NULL },
	/* the end */
	{ "coredumplimit", TEXT, NOT_YET, NULL },
	{ "reboot_on_exit", TEXT, NOT_YET, NULL },
	{ "idle_on_exit", TEXT, NOT_YET, NULL },
	{ "debug_exit", FLAG, NOT_YET, NULL },
	{ "expected_exit_code", ANY, NOT_YET, NULL },
	/* seeing what happens */
	{ "trace", LISTMAP, SERVED, NULL },
	{ "trace_file", TEXT, SERVED, NULL },
	{ "debugsyscalls", FLAG, SERVED, NULL },
	{ "notrace", LIST, SERVED, NULL },
	{ "tracelist", LIST, SERVED, NULL },
	{ "syscall_summary", FLAG, NOT_YET, NULL },
	{ "futex_trace", FLAG, SERVED, NULL },
	{ "fault", FLAG, SERVED, NULL },
	{ "missing_files", FLAG, SERVED, NULL },
	{ "log_level", TEXT, SERVED, NULL },
	{ "ltrace", ANY, NOT_YET, NULL },
	{ "gdb", FLAG, NOT_YET, NULL },
	{ "ingest_kernel_symbols", ANY, NOT_YET, NULL },
	{ "ingest_program_symbols", ANY, NOT_YET, NULL },
	{ "tracelog", MAP, NOT_YET, tracelog_keys },
	{ "telnet_mgmt", ANY, NOT_YET, NULL },
	{ "consoles", LIST, NOT_YET, NULL },
	{ "netconsole_ip", TEXT, NOT_YET, NULL },
	{ "netconsole_port", NUMBER, NOT_YET, NULL },
	/* services of klibs */
	{ "so_rcvbuf", SIZE, NOT_YET, NULL },
	{ "tun", MAP, NOT_YET, NULL },
	{ "ntp_servers", LIST, NOT_YET, NULL },
	{ "ntp_poll_min", NUMBER, NOT_YET, NULL },
	{ "ntp_poll_max", NUMBER, NOT_YET, NULL },
	{ "ntp_reset_threshold", NUMBER, NOT_YET, NULL },
	{ "ntp_max_slew_ppm", NUMBER, NOT_YET, NULL },
	{ "ntp_max_freq_ppm", NUMBER, NOT_YET, NULL },
	{ "chrony", MAP, NOT_YET, NULL },
	{ "syslog", MAP, NOT_YET, NULL },
	{ "cloud_init", MAP, NOT_YET, NULL },
	{ "cloudwatch", MAP, NOT_YET, NULL },
	{ "gcp", MAP, NOT_YET, NULL },
	{ "azure", MAP, NOT_YET, NULL },
	{ "digitalocean", MAP, NOT_YET, NULL },
	/* the root directory's own, in a root tuple that was mounted */
	{ "mode", NUMBER, SERVED, NULL },
	{ "uid", NUMBER, SERVED, NULL },
	{ "gid", NUMBER, SERVED, NULL },
	{ "atime", ANY, SERVED, NULL },
	{ "mtime", ANY, SERVED, NULL },
	{ "ctime", ANY, SERVED, NULL },
	{ "btime", ANY, SERVED, NULL },
	{ "xattrs", MAP, SERVED, NULL },
	{ NULL, ANY, SERVED, NULL },
};

struct check {
	struct manifest_sink *sink;
	const char *text;
	size_t len;
};

static void found(struct check *c, enum manifest_severity s, uint32_t pos, const char *what)
{
	struct manifest_error e = { 0 };

	manifest_where(c->text, c->len, pos, &e.line, &e.col);
	fmt(e.what, sizeof(e.what), "%s", what);
	if (s == MANIFEST_ERROR)
		c->sink->errors++;
	else
		c->sink->warnings++;
	c->sink->found(c->sink, s, &e);
}

/* What the form lacks: NULL when it is right. */
static const char *wrong_form(const struct value *v, enum form form)
{
	bool text = v->type == VALUE_STRING || v->type == VALUE_BUFFER;
	bool map = v->type == VALUE_TUPLE, list = v->type == VALUE_VECTOR;
	uint64_t n;

	switch (form) {
	case TEXT:
		return text || v->type == VALUE_INT ? NULL : "a string";
	case NUMBER:
		return value_get_u64(v, &n) ? "a number" : NULL;
	case SIZE:
		return value_get_size(v, &n) ? "a size: a number, maybe with K, M, G or T" : NULL;
	case FLAG:
		return map || list ? "nothing, t or f" : NULL;
	case LIST:
		return text || map || list ? NULL : "a list, [...]";
	case MAP:
		return map ? NULL : "a tuple, (...)";
	default:
		return NULL;
	}
}

static const struct key *find(const struct key *keys, const struct sym *name)
{
	for (; keys->name; keys++)
		if (strcmp(keys->name, name->s) == 0)
			return keys;
	return NULL;
}

/* en1, en2, ...: the interfaces, in the order of the devices. */
static bool is_interface(const struct sym *name)
{
	if (name->len < 3 || name->s[0] != 'e' || name->s[1] != 'n')
		return false;
	for (uint32_t i = 2; i < name->len; i++)
		if (name->s[i] < '0' || name->s[i] > '9')
			return false;
	return true;
}

static void unknown(struct check *c, const struct key *keys, bool root, const struct entry *e)
{
	struct suggest s = { 0 };
	char what[160];

	suggest_begin(&s, e->key->s, e->key->len);
	for (const struct key *k = keys; k->name; k++)
		suggest_offer(&s, k->name);
	for (const struct key *k = net_keys; root && k->name; k++)
		suggest_offer(&s, k->name);
	if (s.best)
		fmt(what, sizeof(what), "unknown key \"%.60s\"; did you mean \"%s\"?", e->key->s,
		    s.best);
	else
		fmt(what, sizeof(what), "unknown key \"%.60s\"", e->key->s);
	found(c, MANIFEST_WARNING, e->v.pos, what);
}

static void check_keys(struct check *c, const struct tuple *t, const struct key *keys, bool root);

static void check_known(struct check *c, const struct key *k, const struct entry *e)
{
	const char *form = wrong_form(&e->v, k->form);
	char what[160];

	if (form) {
		fmt(what, sizeof(what), "\"%s\": expected %s", k->name, form);
		found(c, MANIFEST_ERROR, e->v.pos, what);
		return;
	}
	if (k->state == PROTECTION && (k->form != FLAG || value_get_flag(&e->v))) {
		fmt(what, sizeof(what), "\"%s\": this protection is not available", k->name);
		found(c, MANIFEST_ERROR, e->v.pos, what);
	} else if (k->state == NOT_YET) {
		fmt(what, sizeof(what), "\"%s\" is known but has no effect here", k->name);
		found(c, MANIFEST_WARNING, e->v.pos, what);
	} else if (k->sub) {
		check_keys(c, e->v.t, k->sub, false);
	}
}

/* Depth is the schema's, not the manifest's. */
static void check_keys(struct check *c, const struct tuple *t, const struct key *keys, bool root)
{
	static const struct key interface = { "en", MAP, SERVED, net_keys };
	const struct entry *e;
	uint32_t i = 0;

	while ((e = tuple_next(t, &i)) != NULL) {
		const struct key *k = e->key ? find(keys, e->key) : NULL;

		if (!k && root && e->key)
			k = is_interface(e->key) ? &interface : find(net_keys, e->key);
		if (k)
			check_known(c, k, e);
		else if (e->key)
			unknown(c, keys, root, e);
	}
}

void manifest_check(const struct tuple *root, const char *text, size_t len,
		    struct manifest_sink *sink)
{
	struct check c = { .sink = sink, .text = text, .len = len };

	check_keys(&c, root, root_keys, true);
}
