/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/rand.c: random bytes.  One key; a request takes ChaCha20 blocks of it, of which the first 32 bytes replace
 * the key before anything is given out (fast key erasure, Bernstein 2017): what was given cannot be found
 * from the key that remains.  Small requests are served from a pool of one such run, erased as it is handed out.
 *
 * Entropy is mixed in by the same function: the new key is a block of the old one xored with the input.
 */
#include "kern/rand.h"
#include "arch/boot.h"
#include "kern/clock.h"
#include "kern/init.h"
#include "kern/spinlock.h"
#include "lib/chacha20.h"
#include "lib/mem.h"

enum { POOL_BLOCKS = 4, POOL_BYTES = POOL_BLOCKS * CHACHA20_BLOCK_BYTES };

/* [l] lock */
static struct {
	struct spinlock lock;
	uint8_t key[CHACHA20_KEY_BYTES]; /* [l] */
	uint8_t pool[POOL_BYTES];	 /* [l] the last `left` bytes are fresh */
	unsigned left;			 /* [l] */
} g = { .lock = SPINLOCK_INIT(RANK_RAND) };

static const uint8_t no_nonce[12];

/* A stream from the present key, which is replaced by the stream's first bytes at once. */
static void start(struct chacha20 *c, uint8_t block[CHACHA20_BLOCK_BYTES])
{
	chacha20_init(c, g.key, 0, no_nonce);
	chacha20_block(c, block);
	memcpy(g.key, block, sizeof(g.key));
}

static void refill(void)
{
	struct chacha20 c;
	uint8_t *p = g.pool;

	start(&c, p);
	for (unsigned i = 1; i < POOL_BLOCKS; i++)
		chacha20_block(&c, p + i * (size_t)CHACHA20_BLOCK_BYTES);
	g.left = POOL_BYTES - CHACHA20_KEY_BYTES; /* the rest is the key */
	memset(p, 0, CHACHA20_KEY_BYTES);
}

static void from_pool(uint8_t *out, size_t n)
{
	while (n) {
		uint8_t *p;
		size_t part;

		if (!g.left)
			refill();
		part = MIN(n, (size_t)g.left);
		p = g.pool + POOL_BYTES - g.left;
		memcpy(out, p, part);
		memset(p, 0, part);
		g.left -= (unsigned)part;
		out += part;
		n -= part;
	}
}

/* Large requests: a key of their own, so that the lock is held for one block only. */
static void from_stream(uint8_t *out, size_t n)
{
	uint8_t block[CHACHA20_BLOCK_BYTES];
	struct chacha20 c;
	bool on = spin_lock_irq(&g.lock);

	start(&c, block);
	spin_unlock_irq(&g.lock, on);
	chacha20_init(&c, block + CHACHA20_KEY_BYTES, 0, no_nonce);
	for (; n >= sizeof(block); n -= sizeof(block), out += sizeof(block))
		chacha20_block(&c, out);
	chacha20_block(&c, block);
	memcpy(out, block, n);
	memset(block, 0, sizeof(block));
	memset(&c, 0, sizeof(c));
}

void rand_bytes(void *buf, size_t n)
{
	bool on;

	if (n > POOL_BYTES) {
		from_stream(buf, n);
		return;
	}
	on = spin_lock_irq(&g.lock);
	from_pool(buf, n);
	spin_unlock_irq(&g.lock, on);
}

uint64_t rand_u64(void)
{
	uint64_t v;

	rand_bytes(&v, sizeof(v));
	return v;
}

void rand_mix(const void *buf, size_t n)
{
	const uint8_t *p = buf;
	uint8_t block[CHACHA20_BLOCK_BYTES];
	struct chacha20 c;
	bool on = spin_lock_irq(&g.lock);

	while (n) {
		size_t part = MIN(n, sizeof(g.key));

		for (size_t i = 0; i < part; i++)
			g.key[i] ^= *p++;
		start(&c, block);
		n -= part;
	}
	g.left = 0;
	spin_unlock_irq(&g.lock, on);
	memset(block, 0, sizeof(block));
}

/*
 * Without RDSEED or RDRAND: how long a serialising instruction takes, 256 times. Under a hypervisor CPUID leaves
 * the VM, and its time carries what the host does. Weak at once, better as virtio-rng and the clock mix in.
 */
static void mix_jitter(void)
{
	uint8_t t[256];

	for (unsigned i = 0; i < sizeof(t); i++)
		t[i] = (uint8_t)arch_jitter();
	rand_mix(t, sizeof(t));
}

static void mix_cpu(void)
{
	uint64_t v[8];
	unsigned n = 0;

	while (n < ARRAY_LEN(v) && arch_random(&v[n]))
		n++;
	rand_mix(v, n * sizeof(v[0]));
	if (n < ARRAY_LEN(v))
		mix_jitter();
}

err_t rand_init(void)
{
	uint64_t v[] = { cycles(), boot_info.entry_cycles, boot_info.kaslr_slide, clock_real_ns() };

	rand_mix(v, sizeof(v));
	mix_cpu();
	return 0;
}

static void source_bytes(struct rand_source *r, void *buf, size_t n)
{
	(void)r;
	rand_bytes(buf, n);
}

struct rand_source kern_rand = { .bytes = source_bytes };
