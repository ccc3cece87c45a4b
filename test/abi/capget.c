/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <linux/capability.h>
#include <sys/prctl.h>

int main(void)
{
	struct __user_cap_header_struct h = { 0, 0 };
	struct __user_cap_data_struct d[2];

	SHOW(syscall(SYS_capget, &h, NULL));
	IS(h.version == _LINUX_CAPABILITY_VERSION_3);
	h.version = 1;
	SHOW(syscall(SYS_capget, &h, d));
	IS(h.version == _LINUX_CAPABILITY_VERSION_3);
	h.pid = -5;
	SHOW(syscall(SYS_capget, &h, d));
	h.pid = 999999;
	SHOW(syscall(SYS_capget, &h, d));
	h.pid = 0;
	SHOW(syscall(SYS_capget, &h, d));
	SHOW(syscall(SYS_capget, NULL, d));
	d[0].effective = d[0].permitted = 1 << CAP_KILL;
	d[1].effective = d[1].permitted = 0;
	d[0].inheritable = d[1].inheritable = 0;
	SHOW(syscall(SYS_capset, &h, d));
	d[0].permitted |= 1 << CAP_CHOWN;
	SHOW(syscall(SYS_capset, &h, d));
	SHOW(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
	SHOW(prctl(PR_CAPBSET_READ, 100));
	return 0;
}
