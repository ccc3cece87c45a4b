/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>

int main(void)
{
	struct rusage u, v;
	struct tms t;
	clock_t start;

	SHOW(getrusage(RUSAGE_SELF, &u));
	IS(u.ru_maxrss > 0);
	IS(u.ru_minflt > 0);
	for (start = clock(); clock() - start < CLOCKS_PER_SEC / 20;)
		;
	getrusage(RUSAGE_SELF, &v);
	IS(v.ru_utime.tv_sec * 1000000 + v.ru_utime.tv_usec + v.ru_stime.tv_sec * 1000000 +
		   v.ru_stime.tv_usec >=
	   u.ru_utime.tv_sec * 1000000 + u.ru_utime.tv_usec + 40000);
	SHOW(getrusage(RUSAGE_THREAD, &v));
	SHOW(getrusage(RUSAGE_CHILDREN, &v));
	SAY(v.ru_maxrss);
	SHOW(getrusage(77, &v));
	SHOW(getrusage(RUSAGE_SELF, NULL));
	IS(times(&t) != -1);
	IS(t.tms_utime + t.tms_stime >= 3);
	SAY(t.tms_cutime + t.tms_cstime);
	return 0;
}
