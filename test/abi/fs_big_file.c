/* SPDX-License-Identifier: Apache-2.0 */
/* More than one batch of anything, written and read in odd pieces, through the disk and back. */
#include "fs.h"

static unsigned char at(long i)
{
	return (unsigned char)(i * 31 + (i >> 8) * 17 + (i >> 16));
}

int main(void)
{
	enum { SIZE = 5000000, PIECE = 12345 };
	static unsigned char b[PIECE];
	long bad = 0, n;
	int fd;

	own_dir(".");
	fd = open("big", O_CREAT | O_RDWR, 0600);
	for (long i = 0; i < SIZE; i += n) {
		n = SIZE - i < PIECE ? SIZE - i : PIECE;
		for (long k = 0; k < n; k++)
			b[k] = at(i + k);
		if (write(fd, b, n) != n)
			printf("short write at %ld\n", i);
	}
	SHOW(fsync(fd));
	SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	SHOW(lseek(fd, 0, SEEK_SET));
	for (long i = 0; i < SIZE; i += n) {
		n = read(fd, b, 7777);
		if (n <= 0) {
			printf("read %ld at %ld\n", n, i);
			break;
		}
		for (long k = 0; k < n; k++)
			bad += b[k] != at(i + k);
	}
	SAY(bad);
	SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	for (long i = SIZE - 1; i > 0; i -= 99991) {
		pread(fd, b, 1, i);
		bad += b[0] != at(i);
	}
	SAY(bad);
	for (long i = 0; i < SIZE; i += 50000)
		pwrite(fd, "ab", 2, i + 4095);
	SHOW(fdatasync(fd));
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	for (long i = 0; i < SIZE; i += 50000) {
		pread(fd, b, 4, i + 4094);
		bad += b[0] != at(i + 4094) || b[1] != 'a' || b[2] != 'b' || b[3] != at(i + 4097);
	}
	SAY(bad);
	say_lstat("big");
	SHOW(syncfs(fd));
	sync();
	return 0;
}
