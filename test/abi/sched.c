/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <sched.h>
#include <sys/resource.h>

int main(void)
{
	struct sched_param p = { .sched_priority = 99 };

	SHOW(sched_getscheduler(0));
	SHOW(sched_getscheduler(-1));
	SHOW(sched_getscheduler(999999));
	SHOW(sched_getparam(0, &p));
	SAY(p.sched_priority);
	SHOW(sched_setscheduler(0, SCHED_OTHER, &p));
	p.sched_priority = 5;
	SHOW(sched_setscheduler(0, SCHED_OTHER, &p));
	SHOW(sched_setscheduler(0, 77, &p));
	SHOW(sched_setscheduler(0, SCHED_BATCH, NULL));
	p.sched_priority = 0;
	SHOW(sched_setscheduler(0, SCHED_BATCH, &p));
	SHOW(sched_getscheduler(0));
	SHOW(sched_setscheduler(0, SCHED_FIFO, &p));
	SHOW(sched_get_priority_max(SCHED_FIFO));
	SHOW(sched_get_priority_min(SCHED_RR));
	SHOW(sched_get_priority_max(SCHED_OTHER));
	SHOW(sched_get_priority_max(44));
	SHOW(sched_yield());
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(setpriority(PRIO_PROCESS, 0, 7));
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(setpriority(PRIO_PROCESS, 0, 100));
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(setpriority(9, 0, 0));
	SHOW(getpriority(PRIO_PROCESS, 999999));
	SHOW(nice(-5));
	return 0;
}
