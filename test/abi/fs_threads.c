/* SPDX-License-Identifier: Apache-2.0 */
/* Names and contents under several threads at once. */
#include "fs.h"
#include <pthread.h>

static int bad;

static void *worker(void *arg)
{
	long me = (long)arg;
	char a[32], b[32], buf[16];

	for (int i = 0; i < 200; i++) {
		snprintf(a, sizeof(a), "t%ld-%d", me, i % 7);
		snprintf(b, sizeof(b), "shared-%d", i % 5);
		int fd = open(a, O_CREAT | O_RDWR | O_TRUNC, 0600);
		if (fd < 0 || write(fd, "data", 4) != 4 || pread(fd, buf, 4, 0) != 4)
			__sync_fetch_and_add(&bad, 1);
		close(fd);
		if (rename(a, b))
			__sync_fetch_and_add(&bad, 1);
		mkdir("dir", 0755);
		fd = open(b, O_RDONLY);
		if (fd >= 0) {
			ssize_t n = read(fd, buf, 16);
			if (n != 4 && n != 0)
				__sync_fetch_and_add(&bad, 1);
			close(fd);
		}
		rmdir("dir");
		if (i % 3 == 0)
			unlink(b);
	}
	return NULL;
}

int main(void)
{
	pthread_t t[4];

	for (int pass = 0; pass < 2; pass++) {
		own_dir(pass ? "/tmp" : ".");
		for (long i = 0; i < 4; i++)
			pthread_create(&t[i], NULL, worker, (void *)i);
		for (int i = 0; i < 4; i++)
			pthread_join(t[i], NULL);
		SAY(bad);
	}
	return 0;
}
