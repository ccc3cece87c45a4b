/* SPDX-License-Identifier: Apache-2.0 */
/* MADV_FREE: old or zero until it is written, then what was written. */
#include "mem.h"

int main(void)
{
	char *a = mem_map(64, RW);
	bool either = true;

	memset(a, 5, 64 * PAGE);
	SHOW(madvise(a, 64 * PAGE, MADV_FREE));
	for (int i = 0; i < 64; i++)
		either &= a[i * PAGE] == 5 || a[i * PAGE] == 0;
	IS(either);
	for (int i = 0; i < 64; i++)
		a[i * PAGE] = (char)i;
	for (int i = 0; i < 64; i++)
		either &= a[i * PAGE] == i;
	IS(either);
	return 0;
}
