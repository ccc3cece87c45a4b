/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/pkt/relay.c: a wire that misbehaves, between a tap device and either another tap device or a process
 * that speaks frames on descriptor 3 (tapstack -f 3).  What happens to the n-th frame of a direction
 * depends on the seed and n alone.
 *
 *	relay [options] -a NETNS/TAP -b NETNS/TAP
 *	relay [options] -a NETNS/TAP -- PROGRAM ARGUMENTS...
 *
 * -s seed  -l loss  -u duplicate  -c corrupt  -r reorder (each in 1/1000)  -d delay  -j jitter (microseconds)
 * -R rate (bytes a second)  -q bytes that wait for the rate  -m largest IP packet, silently  -t seconds
 *
 * Only IP is lost and harmed: ARP has no checksum, and a wrong answer would be believed, as on a real wire.
 * Prints a line of counters for each direction at the end.  Needs root.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 65536 + 14, BATCH = 64 };

struct cfg {
	uint64_t seed, delay_ns, jitter_ns, rate, queue;
	unsigned loss, dup, corrupt, reorder, mtu, seconds;
};

struct frame {
	uint64_t at, order;
	size_t len;
	uint8_t data[];
};

/* One direction: a random sequence of its own, and frames in flight as a heap by time. */
struct way {
	const char *name;
	int from, to;
	uint64_t rnd, free_at, order;
	struct frame **heap;
	size_t n, room;
	uint64_t carried, lost, duped, harmed, queue_full, too_big;
};

static struct cfg k;
static volatile sig_atomic_t stop;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

/* xorshift64* */
static uint32_t draw(struct way *w, uint32_t below)
{
	w->rnd ^= w->rnd >> 12;
	w->rnd ^= w->rnd << 25;
	w->rnd ^= w->rnd >> 27;
	return below ? (uint32_t)((w->rnd * 2685821657736338717ULL) >> 33) % below : 0;
}

/* --- the heap ------------------------------------------------------------------------------------- */

static bool before(const struct frame *a, const struct frame *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void push(struct way *w, struct frame *f)
{
	size_t i = w->n++;

	if (w->n > w->room) {
		w->room = w->room ? w->room * 2 : 1024;
		w->heap = realloc(w->heap, w->room * sizeof(struct frame *));
		if (!w->heap)
			err(1, "memory");
	}
	f->order = w->order++;
	for (; i && before(f, w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = f;
}

static struct frame *pop(struct way *w)
{
	struct frame *top = w->heap[0], *last = w->heap[--w->n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < w->n) {
		child += child + 1 < w->n && before(w->heap[child + 1], w->heap[child]);
		if (!before(w->heap[child], last))
			break;
		w->heap[i] = w->heap[child];
		i = child;
	}
	w->heap[i] = last;
	return top;
}

/* --- one frame ------------------------------------------------------------------------------------ */

static bool is_ip(const uint8_t *b, size_t n)
{
	return n > 34 && ((b[12] == 8 && b[13] == 0) || (b[12] == 0x86 && b[13] == 0xdd));
}

static void fly(struct way *w, const uint8_t *b, size_t n, uint64_t at, bool harm)
{
	struct frame *f = malloc(sizeof(*f) + n);

	if (!f)
		err(1, "memory");
	f->at = at;
	f->len = n;
	memcpy(f->data, b, n);
	if (harm) {
		f->data[14 + draw(w, (uint32_t)n - 14)] ^= (uint8_t)(1U << draw(w, 8));
		w->harmed++;
	}
	push(w, f);
}

/* When the last bit is out of the bottleneck; 0: its queue is full. */
static uint64_t through_bottleneck(struct way *w, size_t n, uint64_t now)
{
	uint64_t start = w->free_at > now ? w->free_at : now;

	if (!k.rate)
		return now;
	if (k.queue && (start - now) * k.rate / 1000000000ULL > k.queue)
		return 0;
	w->free_at = start + n * 1000000000ULL / k.rate;
	return w->free_at;
}

static void take(struct way *w, const uint8_t *b, size_t n, uint64_t now)
{
	bool ip = is_ip(b, n);
	/* Always the same number of draws a frame, so that one fate does not shift the next. */
	bool lose = draw(w, 1000) < k.loss, twice = draw(w, 1000) < k.dup;
	bool harm = draw(w, 1000) < k.corrupt, late = draw(w, 1000) < k.reorder;
	uint64_t jitter = draw(w, (uint32_t)(k.jitter_ns / 1000)) * 1000ULL, at;

	if (!ip) {
		fly(w, b, n, now, false);
		return;
	}
	if (k.mtu && n > k.mtu + 14) {
		w->too_big++;
		return;
	}
	at = through_bottleneck(w, n, now);
	if (!at) {
		w->queue_full++;
		return;
	}
	if (lose) {
		w->lost++;
		return;
	}
	at += k.delay_ns + jitter + (late ? k.delay_ns / 2 + 2000000 : 0);
	fly(w, b, n, at, harm);
	w->carried++;
	if (twice) {
		fly(w, b, n, at, false);
		w->duped++;
	}
}

static bool read_some(struct way *w)
{
	static uint8_t b[FRAME_MAX];
	uint64_t now = now_ns();

	for (int i = 0; i < BATCH; i++) {
		ssize_t n = read(w->from, b, sizeof(b));

		if (n == 0)
			return false;
		if (n < 0)
			return true;
		take(w, b, (size_t)n, now);
	}
	return true;
}

static void deliver(struct way *w, uint64_t now)
{
	while (w->n && w->heap[0]->at <= now) {
		struct frame *f = pop(w);

		if (write(w->to, f->data, f->len) < 0)
			w->queue_full++;
		free(f);
	}
}

/* --- both ends ------------------------------------------------------------------------------------ */

/* "NETNS/TAP": the device is made there if it is not. */
static int tap_open(const char *where)
{
	char path[64], *name = strchr(where, '/');
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), ns, fd;
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	if (!name)
		errx(2, "%s: NETNS/TAP", where);
	snprintf(path, sizeof(path), "/run/netns/%.*s", (int)(name - where), where);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (home < 0 || ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		err(1, "%s", path);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		err(1, "/dev/net/tun");
	snprintf(r.ifr_name, IFNAMSIZ, "%s", name + 1);
	if (ioctl(fd, TUNSETIFF, &r) < 0 || setns(home, CLONE_NEWNET) < 0)
		err(1, "%s", where);
	close(ns);
	close(home);
	return fd;
}

/* Run a program whose descriptor 3 is the other end of what is returned. */
static int program_start(char **argv)
{
	int s[2], big = 8 << 20;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s) < 0)
		err(1, "socketpair");
	for (int i = 0; i < 2; i++)
		if (setsockopt(s[i], SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big)) < 0)
			warn("SO_SNDBUFFORCE");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		if (dup2(s[1], 3) < 0)
			err(1, "dup2");
		execv(argv[0], argv);
		err(1, "%s", argv[0]);
	}
	close(s[1]);
	return s[0];
}

static void on_signal(int sig)
{
	stop = sig;
}

static int wait_us(const struct way *w, uint64_t until)
{
	uint64_t next = until, now = now_ns();

	for (int i = 0; i < 2; i++)
		if (w[i].n && w[i].heap[0]->at < next)
			next = w[i].heap[0]->at;
	return next <= now ? 0 : (int)((next - now) / 1000);
}

static void loop(struct way w[2])
{
	uint64_t until = now_ns() + k.seconds * 1000000000ULL;
	bool more = true;

	while (more && !stop && now_ns() < until) {
		struct pollfd p[2] = { { w[0].from, POLLIN, 0 }, { w[1].from, POLLIN, 0 } };
		int us = wait_us(w, until);
		struct timespec t = { us / 1000000, us % 1000000 * 1000L };

		ppoll(p, 2, &t, NULL);
		for (int i = 0; i < 2; i++) {
			if (p[i].revents && !read_some(&w[i]))
				more = false;
			deliver(&w[i], now_ns());
		}
	}
}

static void land(struct way *w)
{
	while (w->n)
		free(pop(w));
	free(w->heap);
}

static void print_counters(const struct way *w)
{
	printf("%s carried %lu lost %lu duplicated %lu corrupted %lu overflow %lu large %lu\n",
	       w->name, w->carried, w->lost, w->duped, w->harmed, w->queue_full, w->too_big);
}

int main(int argc, char **argv)
{
	struct way w[2] = { { .name = "a>b" }, { .name = "b>a" } };
	const char *a = NULL, *b = NULL;
	int opt, fa, fb;

	k.seconds = 60;
	while ((opt = getopt(argc, argv, "+a:b:s:l:u:c:r:d:j:R:q:m:t:")) != -1) {
		uint64_t v = optarg && opt != 'a' && opt != 'b' ? strtoull(optarg, NULL, 10) : 0;

		switch (opt) {
		case 'a':
			a = optarg;
			break;
		case 'b':
			b = optarg;
			break;
		case 's':
			k.seed = v;
			break;
		case 'l':
			k.loss = (unsigned)v;
			break;
		case 'u':
			k.dup = (unsigned)v;
			break;
		case 'c':
			k.corrupt = (unsigned)v;
			break;
		case 'r':
			k.reorder = (unsigned)v;
			break;
		case 'd':
			k.delay_ns = v * 1000;
			break;
		case 'j':
			k.jitter_ns = v * 1000;
			break;
		case 'R':
			k.rate = v;
			break;
		case 'q':
			k.queue = v;
			break;
		case 'm':
			k.mtu = (unsigned)v;
			break;
		case 't':
			k.seconds = (unsigned)v;
			break;
		default:
			errx(2, "see the head of test/pkt/relay.c");
		}
	}
	if (!a || !b == (optind == argc))
		errx(2, "-a, and either -b or a program");
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	signal(SIGPIPE, SIG_IGN);
	fa = tap_open(a);
	fb = b ? tap_open(b) : program_start(argv + optind);
	for (int i = 0; i < 2; i++) {
		w[i].rnd = (k.seed * 2 + (uint64_t)i) * 2654435761U + 88172645463325252ULL;
		w[i].from = i ? fb : fa;
		w[i].to = i ? fa : fb;
	}
	printf("ready\n");
	fflush(stdout);
	loop(w);
	print_counters(&w[0]);
	print_counters(&w[1]);
	land(&w[0]);
	land(&w[1]);
	return 0;
}
