/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"
#include <poll.h>
#include <pthread.h>

static void *reader(void *arg)
{
	char b[16] = "";
	int fd = open("fifo", O_RDONLY);
	int n = read(fd, b, sizeof(b));

	printf("read %d %s\n", n, b);
	printf("end %zd\n", read(fd, b, sizeof(b)));
	close(fd);
	return NULL;
}

int main(void)
{
	pthread_t t;
	char b[4];
	int r, w;

	signal(SIGPIPE, SIG_IGN);
	own_dir("/tmp");
	SHOW(mkfifo("fifo", 0600));
	SHOW(mkfifo("fifo", 0600));
	say_lstat("fifo");
	SHOW(open("fifo", O_WRONLY | O_NONBLOCK));
	r = SHOW(open("fifo", O_RDONLY | O_NONBLOCK));
	SHOW(read(r, b, 1));
	w = SHOW(open("fifo", O_WRONLY | O_NONBLOCK));
	SHOW(read(r, b, 1));
	SHOW(write(w, "hi", 2));
	SHOW(read(r, b, 4));
	close(w);
	SHOW(read(r, b, 4));
	w = open("fifo", O_WRONLY);
	close(r);
	SHOW(write(w, "x", 1));
	close(w);
	pthread_create(&t, NULL, reader, NULL);
	w = open("fifo", O_WRONLY);
	write(w, "hello", 5);
	close(w);
	pthread_join(t, NULL);
	SHOW(lseek(open("fifo", O_RDWR), 0, SEEK_SET));
	unlink("fifo");
	return 0;
}
