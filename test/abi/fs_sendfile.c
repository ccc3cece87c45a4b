/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"
#include <sys/sendfile.h>

int main(void)
{
	static char big[100000], back[100000];
	off_t off = 10;
	int in, out, p[2];

	own_dir(".");
	for (int i = 0; i < sizeof(big); i++)
		big[i] = i * 7 % 251;
	in = open("in", O_CREAT | O_RDWR, 0600);
	write(in, big, sizeof(big));
	out = open("out", O_CREAT | O_RDWR, 0600);
	SHOW(sendfile(out, in, &off, 50000));
	SAY(off);
	SHOW(lseek(in, 0, SEEK_CUR));
	lseek(in, 90000, SEEK_SET);
	SHOW(sendfile(out, in, NULL, 50000));
	SHOW(lseek(in, 0, SEEK_CUR));
	SHOW(pread(out, back, sizeof(back), 0));
	IS(!memcmp(back, big + 10, 50000) && !memcmp(back + 50000, big + 90000, 10000));
	pipe(p);
	off = 0;
	SHOW(sendfile(p[1], in, &off, 3000));
	SHOW(read(p[0], back, 5000));
	IS(!memcmp(back, big, 3000));
	SHOW(sendfile(p[1], p[0], NULL, 10));
	SHOW(sendfile(open("out", O_RDONLY), in, NULL, 10));
	SHOW(sendfile(out, open("in", O_WRONLY), NULL, 10));
	SHOW(sendfile(99, in, NULL, 10));
	SHOW(sendfile(open("out", O_WRONLY | O_APPEND), in, NULL, 10));
	off = -1;
	SHOW(sendfile(out, in, &off, 10));
	off = 0;
	lseek(out, 0, SEEK_SET);
	SHOW(copy_file_range(in, &off, out, NULL, 99999, 0));
	SAY(off);
	SHOW(copy_file_range(in, NULL, out, NULL, 10, 1));
	off_t a = 0, b = 50;
	SHOW(copy_file_range(in, &a, in, &b, 100, 0));
	SHOW(copy_file_range(in, &a, in, &b, 50, 0));
	SHOW(copy_file_range(open(".", O_RDONLY), NULL, out, NULL, 10, 0));
	SHOW(copy_file_range(in, NULL, p[1], NULL, 10, 0));
	return 0;
}
