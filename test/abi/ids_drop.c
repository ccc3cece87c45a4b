/* SPDX-License-Identifier: Apache-2.0 */
/* Dropping root for good, through the C library, as servers do; capabilities go with it. */
#include "abi.h"
#include <grp.h>
#include <linux/capability.h>

static void caps(const char *when)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	memset(d, 0xee, sizeof(d));
	printf("%s: %ld, effective %s, permitted %s\n", when, syscall(SYS_capget, &h, d),
	       d[0].effective ? "some" : "none", d[0].permitted ? "some" : "none");
}

int main(void)
{
	gid_t g = 33;

	caps("root");
	SHOW(setgroups(1, &g));
	SHOW(setgid(33));
	SHOW(setuid(33));
	caps("www-data");
	SHOW(setuid(0));
	SHOW(seteuid(0));
	SHOW(getuid());
	SHOW(geteuid());
	SHOW(setgroups(0, NULL));
	return 0;
}
