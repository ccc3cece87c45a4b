/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"
#include <sys/statvfs.h>
#include <sys/vfs.h>

int main(void)
{
	struct statfs s;
	struct statvfs v;
	int p[2];

	SHOW(statfs("/proc", &s));
	printf("%lx %ld %ld\n", (long)s.f_type, (long)s.f_bsize, (long)s.f_namelen);
	SHOW(statfs("/dev/shm", &s));
	printf("%lx %ld\n", (long)s.f_type, (long)s.f_bsize);
	IS(s.f_blocks > 0 && s.f_bfree <= s.f_blocks);
	SHOW(statfs("/", &s));
	IS(s.f_blocks > 0 && s.f_bavail <= s.f_bfree && s.f_bsize == 4096);
	SHOW(statvfs(".", &v));
	IS(v.f_namemax == 255);
	SHOW(statfs("/none", &s));
	SHOW(statfs("/", (void *)1));
	SHOW(fstatfs(99, &s));
	pipe(p);
	SHOW(fstatfs(p[0], &s));
	printf("%lx\n", (long)s.f_type);
	return 0;
}
