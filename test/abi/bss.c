/* SPDX-License-Identifier: Apache-2.0 */
/* What follows the file's bytes is zero: in the last page of data, and beyond. */
#include "abi.h"

static char data[100] = { 1 };
static char small[64];
static char big[1 << 20];

int main(void)
{
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof(small); i++)
		sum += (unsigned char)small[i];
	for (size_t i = 0; i < sizeof(big); i++)
		sum += (unsigned char)big[i];
	SAY(sum);
	SAY(data[0]);
	big[sizeof(big) - 1] = 5;
	SAY(big[sizeof(big) - 1]);
	return 0;
}
