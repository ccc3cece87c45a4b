/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <sys/sysinfo.h>
#include <sys/utsname.h>

int main(void)
{
	struct utsname u;
	struct sysinfo s;

	SHOW(uname(&u));
	printf("%s %s\n", u.sysname, u.machine);
	IS(atoi(u.release) >= 5);
	IS(strlen(u.nodename) > 0);
	SHOW(syscall(SYS_uname, NULL));
	SHOW(sysinfo(&s));
	IS(s.totalram > s.freeram);
	IS(s.freeram > 0);
	IS(s.uptime >= 0);
	IS(s.procs >= 1);
	SAY(s.mem_unit);
	SHOW(syscall(SYS_sysinfo, NULL));
	SHOW(sethostname(NULL, -1));
	SHOW(sethostname("x", 65));
	return 0;
}
