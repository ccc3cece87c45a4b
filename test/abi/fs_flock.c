/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"
#include <pthread.h>
#include <sys/file.h>

static int a, b;

static void *waiter(void *arg)
{
	printf("waits\n");
	SHOW(flock(b, LOCK_EX));
	return NULL;
}

int main(void)
{
	pthread_t t;
	int c;

	own_dir(".");
	a = make_file("f", "x");
	b = open("f", O_RDONLY);
	c = dup(a);
	SHOW(flock(a, LOCK_SH));
	SHOW(flock(b, LOCK_SH | LOCK_NB));
	SHOW(flock(b, LOCK_EX | LOCK_NB));
	SHOW(flock(a, LOCK_UN));
	SHOW(flock(b, LOCK_EX | LOCK_NB));
	SHOW(flock(c, LOCK_SH | LOCK_NB));
	SHOW(flock(b, LOCK_UN));
	SHOW(flock(c, LOCK_EX | LOCK_NB));
	SHOW(flock(a, LOCK_EX | LOCK_NB)); /* the same description */
	close(a);
	SHOW(flock(b, LOCK_EX | LOCK_NB)); /* c still has it */
	pthread_create(&t, NULL, waiter, NULL);
	usleep(50000);
	printf("closing\n");
	close(c);
	pthread_join(t, NULL);
	SHOW(flock(b, 0));
	SHOW(flock(99, LOCK_SH));
	return 0;
}
