/* SPDX-License-Identifier: Apache-2.0 */
/* file_pressure.c MB: a file larger than memory: written, read, changed through a mapping, read again. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned char b[65536];

static unsigned char at(long i)
{
	return (unsigned char)(i * 31 + (i >> 8) * 17 + (i >> 16));
}

int main(int argc, char **argv)
{
	long size = atol(argv[1]) << 20, bad = 0;
	int fd = open("big", O_CREAT | O_RDWR, 0644);

	for (long o = 0; o < size; o += sizeof(b)) {
		for (long k = 0; k < (long)sizeof(b); k++)
			b[k] = at(o + k);
		if (write(fd, b, sizeof(b)) != sizeof(b))
			return perror("write"), 1;
	}
	if (fsync(fd))
		return perror("fsync"), 1;
	for (long o = 0; o < size; o += sizeof(b)) {
		if (pread(fd, b, sizeof(b), o) != sizeof(b))
			return perror("read"), 1;
		for (long k = 0; k < (long)sizeof(b); k += 61)
			bad += b[k] != at(o + k);
	}
	unsigned char *m = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (long o = 0; o < size; o += 4096) {
		bad += m[o] != at(o);
		m[o + 1] ^= 0x55;
	}
	munmap(m, size);
	for (long o = 0; o < size; o += 4096) {
		pread(fd, b, 2, o);
		bad += b[0] != at(o) || b[1] != (at(o + 1) ^ 0x55);
	}
	printf("bad %ld\n", bad);
	return bad != 0;
}
