/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <sys/random.h>

int main(void)
{
	static unsigned char a[5000], b[5000];
	unsigned bits = 0;

	SHOW(getrandom(a, sizeof(a), 0));
	SHOW(getrandom(b, 256, GRND_NONBLOCK));
	SHOW(getrandom(b, sizeof(b), GRND_RANDOM));
	SHOW(getrandom(b, 1, 0x80));
	SHOW(getrandom(b, 1, GRND_RANDOM | 4));
	SHOW(getrandom(NOT_MAPPED, 10, 0));
	SHOW(getrandom(b, 0, 0));
	IS(memcmp(a, b, 32) != 0);
	for (size_t i = 0; i < sizeof(a); i++)
		bits += (unsigned)__builtin_popcount(a[i]);
	IS(bits > 19000 && bits < 21000);
	return 0;
}
