/* SPDX-License-Identifier: Apache-2.0 */
/* test_slab.c: objects do not overlap, are aligned, keep what was written, and their pages come back. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "kern/init.h"
#include "kern/page.h"
#include "kern/slab.h"
#include "test/lib/kern.h"

static struct slab_cache *odd;

static int setup(void **state)
{
	(void)state;
	test_machine_new(64 << 20);
	if (page_init() || slab_init())
		return -1;
	odd = slab_new("odd", 2696, 64);
	return 0;
}

static uint64_t rnd = 88172645463325252ull;
static uint64_t rnd_next(void)
{
	rnd ^= rnd << 13;
	rnd ^= rnd >> 7;
	return rnd ^= rnd << 17;
}

static void fill(unsigned char *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(seed + i * 7);
}

static void check(const unsigned char *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(p[i], (unsigned char)(seed + i * 7));
}

static void objects_keep_their_bytes(void **state)
{
	enum { N = 2000 };
	static unsigned char *p[N];
	static size_t size[N];

	(void)state;
	for (unsigned i = 0; i < 60000; i++) {
		unsigned s = rnd_next() % N;

		if (p[s] && rnd_next() % 4 == 0) {
			size_t to = 1 + rnd_next() % 5000, keep = to < size[s] ? to : size[s];
			unsigned char *q = krealloc(p[s], to);

			assert_non_null(q);
			check(q, keep, s);
			p[s] = q;
			size[s] = to;
			fill(q, to, s);
		} else if (p[s]) {
			check(p[s], size[s], s);
			kfree(p[s]);
			p[s] = NULL;
		} else {
			size[s] = 1 + rnd_next() % (rnd_next() % 8 ? 700 : 9000);
			p[s] = kmalloc(size[s]);
			assert_non_null(p[s]);
			assert_int_equal((uintptr_t)p[s] % 16, 0);
			assert_true(ksize(p[s]) >= size[s]);
			fill(p[s], size[s], s);
		}
	}
	for (unsigned s = 0; s < N; s++)
		if (p[s]) {
			check(p[s], size[s], s);
			kfree(p[s]);
			p[s] = NULL;
		}
	assert_true(slab_pages() < 300);
}

static void named_caches_align(void **state)
{
	void *p[100];

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		p[i] = slab_zalloc(odd);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 64, 0);
		for (unsigned k = 0; k < 2696; k++)
			assert_int_equal(((char *)p[i])[k], 0);
		fill(p[i], 2696, i);
	}
	for (unsigned i = 0; i < 100; i++) {
		check(p[i], 2696, i);
		slab_free(odd, p[i]);
	}
}

static void out_of_memory_is_null(void **state)
{
	struct list {
		struct list *next;
	} *all = NULL, *e;

	(void)state;
	while ((e = kmalloc(2000))) {
		e->next = all;
		all = e;
	}
	assert_null(kmalloc(100000));
	while ((e = all)) {
		all = e->next;
		kfree(e);
	}
	e = kmalloc(100000);
	assert_non_null(e);
	kfree(e);
}

/* What debug builds promise: each of these ends in panic(). */
static void misuse(int how)
{
	char *volatile hidden = kmalloc(40); /* from the compiler, which knows the size */
	char *p = hidden;

	switch (how) {
	case 0:
		kfree(p);
		kfree(p);
		break;
	case 1:
		p[48] = 1; /* one past the class of 48 */
		kfree(p);
		break;
	case 2:
		kfree(p);
		p[20] = 1;
		for (int i = 0; i < 200; i++)
			(void)!kmalloc(40);
		break;
	}
}

static void misuse_is_caught(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++) {
		pid_t pid = fork();
		int st;

		if (pid == 0) {
			signal(SIGABRT, SIG_DFL); /* cmocka's handler would go on with the tests */
			close(2);
			misuse(how);
			_exit(0);
		}
		waitpid(pid, &st, 0);
		if (!WIFSIGNALED(st))
			fail_msg("misuse %d: status %#x", how, (unsigned)st);
	}
}

static void *hammer(void *arg)
{
	unsigned char *p[64] = { NULL };
	uint64_t x = (uintptr_t)arg;

	test_cpu_enter((unsigned)(uintptr_t)arg);
	for (unsigned i = 0; i < 60000; i++) {
		unsigned s = (x = x * 6364136223846793005u + 1442695040888963407u) >> 33;
		unsigned k = s % 64;

		if (p[k]) {
			check(p[k], k + 1, k);
			kfree(p[k]);
			p[k] = NULL;
		} else {
			p[k] = kmalloc(k + 1 + (s >> 20) % 300);
			fill(p[k], k + 1, k);
		}
	}
	for (unsigned k = 0; k < 64; k++)
		kfree(p[k]);
	return NULL;
}

static void cpus_at_once(void **state)
{
	pthread_t t[3];

	(void)state;
	for (uintptr_t i = 0; i < 3; i++) {
		test_cpu_enter((unsigned)i + 1);
		pthread_create(&t[i], NULL, hammer, (void *)(i + 1));
	}
	for (unsigned i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	test_cpu_enter(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_keep_their_bytes), cmocka_unit_test(named_caches_align),
		cmocka_unit_test(misuse_is_caught),	    cmocka_unit_test(cpus_at_once),
		cmocka_unit_test(out_of_memory_is_null),
	};
	return cmocka_run_group_tests_name("slab", tests, setup, NULL);
}
