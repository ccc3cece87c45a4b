/* SPDX-License-Identifier: Apache-2.0 */
/* test_chacha20.c: the vectors of RFC 8439, 2.3.2 and appendix A.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/chacha20.h"

static void bytes_of(const char *hex, uint8_t *out)
{
	char two[3] = { 0 };

	for (; *hex; hex += 2) {
		memcpy(two, hex, 2);
		*out++ = (uint8_t)strtoul(two, NULL, 16);
	}
}

static void check(const char *key_hex, const char *nonce_hex, uint32_t counter, const char *out_hex)
{
	uint8_t key[32], nonce[12], want[64], got[64];
	struct chacha20 c;

	bytes_of(key_hex, key);
	bytes_of(nonce_hex, nonce);
	bytes_of(out_hex, want);
	chacha20_init(&c, key, counter, nonce);
	chacha20_block(&c, got);
	assert_memory_equal(got, want, 64);
}

#define ZERO_KEY "0000000000000000000000000000000000000000000000000000000000000000"

static void test_vectors(void **state)
{
	(void)state;
	/* 2.3.2 */
	check("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	      "000000090000004a00000000", 1,
	      "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
	      "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e");
	/* A.1, vectors 1 and 2 */
	check(ZERO_KEY, "000000000000000000000000", 0,
	      "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
	      "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
	check(ZERO_KEY, "000000000000000000000000", 1,
	      "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
	      "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
}

static void test_counter_goes_on(void **state)
{
	uint8_t key[32] = { 0 }, nonce[12] = { 0 }, a[64], b[64];
	struct chacha20 c, d;

	(void)state;
	chacha20_init(&c, key, 0, nonce);
	chacha20_init(&d, key, 1, nonce);
	chacha20_block(&c, a);
	chacha20_block(&c, a);
	chacha20_block(&d, b);
	assert_memory_equal(a, b, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_counter_goes_on),
	};

	return cmocka_run_group_tests_name("chacha20", tests, NULL, NULL);
}
