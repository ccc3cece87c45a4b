/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/klog.c: a ring of records (time, level, text), oldest overwritten, and the sinks that new records are copied to.
 * Positions grow for ever; a byte's place is its position modulo the ring's size.  Until a driver adds
 * its sink, lines go to the first serial port by polling; its sink replaces that.
 */
#include "kern/klog.h"
#include "arch/boot.h"
#include "kern/clock.h"
#include "kern/init.h"
#include "kern/panic.h"
#include "kern/spinlock.h"
#include "lib/fmt.h"
#include "lib/mem.h"

#define RING_BYTES 32768u /* a power of two */
#define LINE_MAX   400

struct record {
	uint64_t ns;
	uint16_t len;
	uint8_t level;
	uint8_t unused[5];
};

static void early_write(struct log_sink *s, const char *buf, size_t len)
{
	(void)s;
	arch_console_write(buf, len);
}

static void early_flush(struct log_sink *s)
{
	(void)s;
	arch_console_drain();
}

static struct log_sink early_sink = { .write = early_write, .flush = early_flush };

static char bytes[RING_BYTES]; /* [l]; apart, so that the kernel file need not hold it */

/* [l] lock, but for a panicking CPU, which is alone */
static struct {
	struct spinlock lock;
	uint64_t head, tail;	/* [l] where the next record goes; the oldest kept */
	struct log_sink *sinks; /* [l] */
	enum klog_level level;	/* [l] what sinks get */
	bool alone;		/* panic: the lock's owner may be stopped */
} ring = { .lock = SPINLOCK_INIT(RANK_LOG), .level = KLOG_WARN };

static bool ring_lock(void) no_lock_analysis
{
	bool on = irq_save();

	if (!ring.alone)
		spin_lock(&ring.lock);
	return on;
}

static void ring_unlock(bool on) no_lock_analysis
{
	if (!ring.alone)
		spin_unlock(&ring.lock);
	irq_restore(on);
}

static void ring_put(const void *p, size_t n)
{
	size_t at = ring.head % RING_BYTES, first = MIN(n, RING_BYTES - at);

	memcpy(bytes + at, p, first);
	memcpy(bytes, (const char *)p + first, n - first);
	ring.head += n;
}

static void ring_get(uint64_t pos, void *p, size_t n)
{
	size_t at = pos % RING_BYTES, first = MIN(n, RING_BYTES - at);

	memcpy(p, bytes + at, first);
	memcpy((char *)p + first, bytes, n - first);
}

static void make_room(size_t n)
{
	struct record r;

	while (ring.head - ring.tail + n > RING_BYTES) {
		ring_get(ring.tail, &r, sizeof(r));
		ring.tail += sizeof(r) + r.len;
	}
}

/* Errors and warnings carry the name of who speaks; the rest the time since boot. Returns the length. */
static size_t line_of(const struct record *r, const char *text, char *line, size_t size)
{
	unsigned long us = r->ns / 1000;
	size_t n = r->level <= KLOG_WARN ? fmt(line, size, "coracle: %.*s\n", (int)r->len, text)
					 : fmt(line, size, "[%4lu.%06lu] %.*s\n", us / 1000000,
					       us % 1000000, (int)r->len, text);

	return MIN(n, size - 1);
}

static void to_sinks(const struct record *r, const char *text)
{
	char line[LINE_MAX + 32];
	size_t n;

	if (r->level > ring.level)
		return;
	n = line_of(r, text, line, sizeof(line));
	for (struct log_sink *s = ring.sinks; s; s = s->next)
		s->write(s, line, n);
}

void klog_v(enum klog_level level, const char *f, va_list ap)
{
	struct record r = { .level = (uint8_t)level };
	char text[LINE_MAX];
	size_t n = fmt_v(text, sizeof(text), f, ap);
	bool on;

	n = MIN(n, sizeof(text) - 1);
	while (n && text[n - 1] == '\n')
		n--;
	r.len = (uint16_t)n;
	r.ns = clock_mono_ns();
	on = ring_lock();
	make_room(sizeof(r) + n);
	ring_put(&r, sizeof(r));
	ring_put(text, n);
	to_sinks(&r, text);
	ring_unlock(on);
}

void klog(enum klog_level level, const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	klog_v(level, f, ap);
	va_end(ap);
}

static void replay(const struct log_sink *only) no_lock_analysis
{
	struct log_sink *all = ring.sinks, one = *only;
	char text[LINE_MAX];
	struct record r;

	one.next = NULL;
	ring.sinks = &one;
	for (uint64_t pos = ring.tail; pos < ring.head; pos += sizeof(r) + r.len) {
		ring_get(pos, &r, sizeof(r));
		ring_get(pos + sizeof(r), text, r.len);
		to_sinks(&r, text);
	}
	ring.sinks = all;
}

void klog_add_sink(struct log_sink *s)
{
	bool on = ring_lock();

	if (ring.sinks == &early_sink) { /* what it printed is not printed again */
		ring.sinks = NULL;
		s->next = NULL;
	} else {
		replay(s);
		s->next = ring.sinks;
	}
	ring.sinks = s;
	ring_unlock(on);
}

void klog_set_level(enum klog_level level)
{
	ring.level = level;
}

bool klog_level_of(const char *name, enum klog_level *out)
{
	static const char *const names[] = { "err", "warn", "info", "debug" };

	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0) {
			*out = (enum klog_level)i;
			return true;
		}
	return false;
}

void klog_flush(void)
{
	for (struct log_sink *s = ring.sinks; s; s = s->next)
		if (s->flush)
			s->flush(s);
}

void klog_raw(const char *text, size_t len)
{
	bool on = ring_lock();

	for (struct log_sink *s = ring.sinks; s; s = s->next)
		s->write(s, text, len);
	ring_unlock(on);
}

void klog_panicking(void)
{
	ring.alone = true;
}

size_t klog_read(uint64_t *pos, char *buf, size_t size)
{
	char line[LINE_MAX + 32], text[LINE_MAX];
	struct record r;
	size_t done = 0;
	bool on = ring_lock();

	*pos = MAX(*pos, ring.tail);
	while (*pos < ring.head) {
		size_t n;

		ring_get(*pos, &r, sizeof(r));
		ring_get(*pos + sizeof(r), text, r.len);
		n = line_of(&r, text, line, sizeof(line));
		if (n > size - done)
			break;
		memcpy(buf + done, line, n);
		done += n;
		*pos += sizeof(r) + r.len;
	}
	ring_unlock(on);
	return done;
}

err_t klog_init(void)
{
	char name[8];

	ring.sinks = &early_sink;
	if (boot_option("loglevel", name, sizeof(name)) && !klog_level_of(name, &ring.level))
		klog_warn("loglevel=%s: err, warn, info or debug", name);
	return 0;
}
