/* SPDX-License-Identifier: Apache-2.0 */
/* Appends from many threads and descriptions never overlap. */
#include "fs.h"
#include <pthread.h>

enum { THREADS = 4, LINES = 300 };

static void *writer(void *arg)
{
	int fd = open("log", O_WRONLY | O_APPEND);
	char line[32];

	for (int i = 0; i < LINES; i++) {
		int n = snprintf(line, sizeof(line), "%ld:%06d.\n", (long)arg, i);

		if (write(fd, line, n) != n)
			printf("short\n");
	}
	close(fd);
	return NULL;
}

int main(void)
{
	int next[THREADS] = { 0 }, bad = 0, total = 0, who, nr;
	pthread_t t[THREADS];
	FILE *f;

	own_dir(".");
	int fd = make_file("log", "");
	for (long i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, writer, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	f = fopen("log", "r");
	while (fscanf(f, "%d:%d.\n", &who, &nr) == 2) {
		bad += next[who] != nr;
		next[who] = nr + 1;
		total++;
	}
	printf("lines %d out of order %d\n", total, bad);
	close(fd);
	fd = open("a", O_CREAT | O_RDWR | O_APPEND, 0600);
	write(fd, "abc", 3);
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(write(fd, "d", 1));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(pwrite(fd, "E", 1, 0)); /* Linux appends all the same */
	say_content("a");
	SHOW(fcntl(fd, F_SETFL, 0));
	SHOW(pwrite(fd, "Z", 1, 0));
	say_content("a");
	return 0;
}
