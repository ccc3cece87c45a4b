/* SPDX-License-Identifier: Apache-2.0 */
/* test/unit/test_pkt.c: object caches and packets: bytes survive every reshaping, and memory comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/pkt.h"
#include "test/lib/pages.h"

static void cache_gives_every_object_once(void **state)
{
	struct test_pages pages;
	struct objcache c;
	char *obj[300];

	(void)state;
	test_pages_init(&pages);
	objcache_init(&c, &pages.src, 100);
	assert_int_equal(c.size, 112);
	for (int i = 0; i < 300; i++) {
		obj[i] = objcache_alloc(&c);
		assert_non_null(obj[i]);
		memset(obj[i], i, 100);
	}
	for (int i = 0; i < 300; i++)
		for (int k = 0; k < 100; k++)
			assert_int_equal(obj[i][k], (char)i);
	assert_int_equal(pages.out, (300 + c.per_page - 1) / c.per_page);
	for (int i = 0; i < 300; i++)
		objcache_free(&c, obj[i * 7 % 300]);
	assert_true(pages.out <= OBJ_HOT); /* none but those of the last objects */
	objcache_fini(&c);
	assert_int_equal(pages.out, 0);
}

static void cache_says_when_there_is_no_page(void **state)
{
	struct test_pages pages;
	struct objcache c;
	void *a;

	(void)state;
	test_pages_init(&pages);
	objcache_init(&c, &pages.src, 4000);
	a = objcache_alloc(&c);
	pages.refuse = 0;
	assert_null(objcache_alloc(&c));
	objcache_free(&c, a);
	objcache_fini(&c);
	assert_int_equal(pages.out, 0);
}

static void fill(uint8_t *b, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(seed + i * 131 + (i >> 8));
}

/* A packet of `lin` linear bytes and the rest in fragments of `piece`. */
static struct pkt *make(struct pkt_pool *pool, const uint8_t *bytes, uint32_t lin, uint32_t len,
			uint32_t piece)
{
	struct pbuf *b = pbuf_alloc(pool);
	struct pkt *p;

	memcpy(b->base + 64, bytes, lin);
	p = pkt_alloc_rx(pool, b, 64, lin);
	for (uint32_t at = lin; at < len;) {
		uint32_t n = len - at < piece ? len - at : piece;

		b = pbuf_alloc(pool);
		memcpy(b->base + 5, bytes + at, n);
		assert_true(pkt_add_frag(p, b, 5, n));
		at += n;
	}
	assert_int_equal(p->len, len);
	return p;
}

static void same(const struct pkt *p, const uint8_t *bytes, uint32_t len)
{
	uint8_t *got = malloc(len + 1);

	assert_int_equal(p->len, len);
	pkt_copy_out(p, 0, got, len);
	assert_memory_equal(got, bytes, len);
	free(got);
}

static void reshaping_keeps_the_bytes(void **state)
{
	struct test_pages pages;
	struct pkt_pool pool;
	static uint8_t bytes[20000];

	(void)state;
	test_pages_init(&pages);
	pkt_pool_init(&pool, &pages.src, 1000);
	fill(bytes, sizeof(bytes), 3);
	srand(1);
	for (int round = 0; round < 2000; round++) {
		uint32_t lin = (uint32_t)rand() % 200, len = lin + (uint32_t)rand() % 8000;
		struct pkt *p = make(&pool, bytes, lin, len, 600 + (uint32_t)rand() % 2000), *q;
		uint32_t off = 0, up = (uint32_t)rand() % 300, cut, adv;

		assert_int_equal(pkt_pull_up(p, up), up <= len);
		same(p, bytes, len);
		q = rand() % 2 ? pkt_clone(&pool, p) : pkt_copy(&pool, p);
		assert_non_null(q);
		adv = len ? (uint32_t)rand() % len : 0;
		pkt_advance(p, adv);
		off += adv;
		same(p, bytes + off, len - off);
		cut = len - off ? (uint32_t)rand() % (len - off) : 0;
		pkt_trim(p, cut);
		same(p, bytes + off, cut);
		same(q, bytes, len);
		pkt_free(p);
		same(q, bytes, len);
		pkt_free(q);
	}
	pkt_pool_fini(&pool);
	assert_int_equal(pages.out, 0);
}

static void append_grows_and_fails_cleanly(void **state)
{
	struct test_pages pages;
	struct pkt_pool pool;
	static uint8_t bytes[60000];
	struct pkt *p;

	(void)state;
	test_pages_init(&pages);
	pkt_pool_init(&pool, &pages.src, 10);
	fill(bytes, sizeof(bytes), 9);
	p = pkt_alloc_lin(&pool, 100, 50);
	assert_true(pkt_append(p, bytes, 10));
	assert_true(pkt_append(p, bytes + 10, 9000));
	same(p, bytes, 9010);
	assert_false(pkt_append(p, bytes, sizeof(bytes)));
	assert_int_equal(pool.fails, 1);
	pkt_free(p);
	pkt_pool_fini(&pool);
	assert_int_equal(pages.out, 0);
}

static int released;
static void on_release(struct pbuf *b)
{
	released++;
	free(b);
}

static void extern_buffers_are_released_once(void **state)
{
	struct test_pages pages;
	struct pkt_pool pool;
	char mem[100] = "hello";
	struct pbuf *b = malloc(sizeof(*b));
	struct pkt *p, *q;

	(void)state;
	test_pages_init(&pages);
	pkt_pool_init(&pool, &pages.src, 10);
	pbuf_init_extern(b, mem, sizeof(mem), on_release, NULL);
	p = pkt_alloc(&pool);
	assert_true(pkt_add_frag(p, b, 0, 5));
	q = pkt_clone(&pool, p);
	pkt_free(p);
	assert_int_equal(released, 0);
	same(q, (const uint8_t *)"hello", 5);
	pkt_free(q);
	assert_int_equal(released, 1);
	pkt_pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cache_gives_every_object_once),
		cmocka_unit_test(cache_says_when_there_is_no_page),
		cmocka_unit_test(reshaping_keeps_the_bytes),
		cmocka_unit_test(append_grows_and_fails_cleanly),
		cmocka_unit_test(extern_buffers_are_released_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
