/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <sched.h>

int main(void)
{
	unsigned cpu = 999, node = 999;
	cpu_set_t s;

	SHOW(sched_getaffinity(0, sizeof(s), &s));
	IS(CPU_COUNT(&s) >= 1);
	IS(CPU_COUNT(&s) == sysconf(_SC_NPROCESSORS_ONLN));
	SHOW(sched_getaffinity(0, 1, &s));
	SHOW(sched_getaffinity(999999, sizeof(s), &s));
	CPU_ZERO(&s);
	SHOW(sched_setaffinity(0, sizeof(s), &s));
	CPU_SET(0, &s);
	SHOW(sched_setaffinity(0, sizeof(s), &s));
	SHOW(sched_getcpu());
	SHOW(syscall(SYS_getcpu, &cpu, &node, NULL));
	SAY(cpu);
	SAY(node);
	SHOW(sched_getaffinity(0, sizeof(s), &s));
	SAY(CPU_COUNT(&s));
	SHOW(sched_setaffinity(0, sizeof(s), NOT_MAPPED));
	return 0;
}
