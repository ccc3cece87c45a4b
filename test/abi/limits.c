/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <sys/resource.h>

int main(void)
{
	struct rlimit r = { 100, 50 };

	SHOW(setrlimit(RLIMIT_NOFILE, &r));
	r = (struct rlimit){ 10, 20 };
	SHOW(setrlimit(RLIMIT_NOFILE, &r));
	SHOW(getrlimit(RLIMIT_NOFILE, &r));
	printf("%lu %lu\n", (unsigned long)r.rlim_cur, (unsigned long)r.rlim_max);
	while (open("/", O_RDONLY) >= 0)
		;
	printf("%s\n", strerrorname_np(errno));
	SHOW(getrlimit(1000, &r));
	SHOW(getrlimit(RLIMIT_STACK, NULL));
	SHOW(prlimit(0, RLIMIT_CORE, NULL, &r));
	SHOW(prlimit(999999, RLIMIT_CORE, NULL, &r));
	SHOW(getrlimit(RLIMIT_STACK, &r));
	SAY(r.rlim_cur);
	r = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	SHOW(setrlimit(RLIMIT_STACK, &r));
	return 0;
}
