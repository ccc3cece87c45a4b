/* SPDX-License-Identifier: Apache-2.0 */
/* RLIMIT_FSIZE: writes are cut, then refused with SIGXFSZ; so are truncation and allocation. */
#include "abi.h"
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static volatile int hits;
static char buf[8192];

static void handler(int sig, siginfo_t *si, void *uc)
{
	hits++;
	printf("SIGXFSZ code %d\n", si->si_code);
}

int main(void)
{
	struct rlimit r = { 5000, RLIM_INFINITY };
	struct iovec v[2] = { { buf, 3000 }, { buf, 3000 } };
	int f = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600),
	    g = open("g", O_RDWR | O_CREAT | O_TRUNC, 0600), p[2];
	off_t off = 0;

	(void)!pipe(p);
	(void)!write(g, buf, sizeof(buf));
	setvbuf(stdout, NULL, _IONBF, 0);
	sigaction(SIGXFSZ, &(struct sigaction){ .sa_sigaction = handler, .sa_flags = SA_SIGINFO },
		  NULL);
	SHOW(setrlimit(RLIMIT_FSIZE, &r));
	SHOW(write(f, buf, 4000));
	SHOW(write(f, buf, 4000));
	SHOW(write(f, buf, 4000));
	SHOW(write(f, buf, 0));
	SHOW(pwrite(f, buf, 10, 4995));
	SHOW(pwrite(f, buf, 10, 5000));
	SHOW(pwrite(f, buf, 10, 100));
	SHOW(pwrite(f, buf, 10, 6000));
	SHOW(lseek(f, 0, SEEK_SET));
	SHOW(writev(f, v, 2));
	SHOW(writev(f, v, 2));
	SHOW(ftruncate(f, 5000));
	SHOW(ftruncate(f, 5001));
	SHOW(truncate("f", 6000));
	SHOW(ftruncate(f, 10));
	SHOW(fallocate(f, 0, 0, 5000));
	SHOW(fallocate(f, 0, 0, 5001));
	SHOW(fallocate(f, FALLOC_FL_KEEP_SIZE, 0, 6000));
	SHOW(lseek(f, 0, SEEK_SET));
	SHOW(sendfile(f, g, &off, 5000));
	SHOW(sendfile(f, g, &off, 8000));
	off = 0;
	SHOW(copy_file_range(g, &off, f, &(off_t){ 4000 }, 3000, 0));
	SHOW(copy_file_range(g, &off, f, &(off_t){ 5000 }, 3000, 0));
	SHOW(write(p[1], buf, 6000)); /* no file */
	SHOW(write(g, buf, 10));      /* beyond already */
	SHOW(pwrite(g, buf, 10, 0));
	SAY(hits);
	signal(SIGXFSZ, SIG_IGN);
	SHOW(pwrite(f, buf, 10, 5000));
	signal(SIGXFSZ, SIG_DFL);
	SHOW(pwrite(f, buf, 10, 5000));
	return 0;
}
