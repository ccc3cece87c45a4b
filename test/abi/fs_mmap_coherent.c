/* SPDX-License-Identifier: Apache-2.0 */
/* read, write, truncate and shared mappings see one file. */
#include "fs.h"
#include <setjmp.h>
#include <sys/mman.h>

static sigjmp_buf out;

static void on_bus(int s, siginfo_t *i, void *c)
{
	siglongjmp(out, s == SIGBUS ? 1 : 2);
}

static void run(bool zeroes)
{
	struct sigaction sa = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };
	char b[16] = "";
	int fd = make_file("f", "");
	char *m, *p;

	sigaction(SIGBUS, &sa, NULL);
	ftruncate(fd, 8192);
	m = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	IS(m != MAP_FAILED);
	strcpy(m + 100, "mapped");
	SHOW(pread(fd, b, 6, 100));
	printf("%s\n", b);
	SHOW(pwrite(fd, "written", 7, 4096));
	printf("%.7s\n", m + 4096);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	p[100] = 'M';
	printf("%.6s %.6s\n", p + 100, m + 100);
	m[101] = 'A';
	printf("%.6s\n", p + 100);
	SHOW(msync(m, 8192, MS_SYNC));
	SHOW(ftruncate(fd, 4096));
	if (sigsetjmp(out, 1) == 0) {
		printf("%c\n", m[4096]);
		printf("no signal\n");
	} else {
		printf("SIGBUS\n");
	}
	SHOW(ftruncate(fd, 8192));
	printf("%d\n", m[4096]);
	if (sigsetjmp(out, 1) == 0) {
		m[8192] = 1;
		printf("no signal\n");
	} else {
		printf("SIGBUS\n");
	}
	/* What a mapping leaves behind the end does not come back. */
	ftruncate(fd, 10);
	m[20] = 'x';
	ftruncate(fd, 100);
	SHOW(pread(fd, b, 1, 20));
	if (zeroes) /* Linux's tmpfs alone lets it be seen */
		printf("%d\n", b[0]);
	close(fd);
	unlink("f");
	printf("%c\n", m[100] ? m[100] : '0');
	munmap(m, 12288);
	munmap(p, 8192);
}

int main(void)
{
	own_dir(".");
	run(true);
	own_dir("/dev/shm");
	run(false);
	int ro = open("x", O_CREAT | O_RDONLY, 0600), wo = open("x", O_WRONLY);
	WORKS(mmap(NULL, 4096, PROT_READ, MAP_SHARED, ro, 0));
	SHOW(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0));
	WORKS(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0));
	SHOW(mmap(NULL, 4096, PROT_READ, MAP_SHARED, wo, 0));
	SHOW(mmap(NULL, 4096, PROT_READ, MAP_SHARED, open(".", O_RDONLY), 0));
	SHOW(mmap(NULL, 4096, PROT_READ, MAP_SHARED, 99, 0));
	SHOW(mmap(NULL, 4096, PROT_READ, MAP_SHARED, ro, 1));
	return 0;
}
