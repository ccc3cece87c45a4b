/* SPDX-License-Identifier: Apache-2.0 */
/* splice, tee, vmsplice and sendfile between files, pipes and sockets: what moves, what stays, what is refused. */
#include "sock.h"

#include <sys/sendfile.h>
#include <sys/uio.h>

static char buf[200000];

static void fill(int fd, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf[i] = (char)(i * 7 + i / 256);
	if (write(fd, buf, n) != (ssize_t)n)
		perror("fill");
}

static unsigned sum(const char *p, size_t n)
{
	unsigned s = 1;

	while (n--)
		s = s * 31 + (unsigned char)*p++;
	return s;
}

static void errors(int file, int p[2], int q[2], int s[2])
{
	loff_t off = 0, bad = -1;
	int ro = open("data", O_RDONLY), app = open("data", O_RDWR | O_APPEND),
	    dir = open(".", O_RDONLY);

	SHOW(splice(-1, NULL, p[1], NULL, 1, 0));
	SHOW(splice(file, NULL, -1, NULL, 1, 0));
	SHOW(splice(-1, NULL, -1, NULL, 0, 0));
	SHOW(splice(file, NULL, p[1], NULL, 1, 16));
	SHOW(splice(file, NULL, ro, NULL, 1, 0));
	SHOW(splice(file, NULL, s[0], NULL, 1, 0));
	SHOW(splice(p[1], NULL, q[1], NULL, 1, 0));
	SHOW(splice(p[0], NULL, q[0], NULL, 1, 0));
	SHOW(splice(p[0], &off, q[1], NULL, 1, 0));
	SHOW(splice(file, NULL, p[1], &off, 1, 0));
	SHOW(splice(s[0], &off, p[1], NULL, 1, 0));
	SHOW(splice(p[0], NULL, s[0], &off, 1, 0));
	SHOW(splice(file, &bad, p[1], NULL, 1, 0));
	SHOW(splice(file, (void *)16, p[1], NULL, 1, 0));
	SHOW(splice(p[0], NULL, app, NULL, 1, SPLICE_F_NONBLOCK));
	SHOW(splice(dir, NULL, p[1], NULL, 1, 0));
	SHOW(splice(p[0], NULL, p[1], NULL, 1, 0));
	SHOW(splice(p[0], NULL, file, NULL, 1, SPLICE_F_NONBLOCK));
	SHOW(splice(p[0], NULL, q[1], NULL, 1, SPLICE_F_NONBLOCK));
	SHOW(tee(p[0], q[1], 1, SPLICE_F_NONBLOCK));
	SHOW(tee(p[0], p[1], 1, 0));
	SHOW(tee(file, p[1], 1, 0));
	SHOW(tee(p[0], file, 1, 0));
	SHOW(tee(p[0], q[1], 0, 0));
	SHOW(tee(p[1], q[1], 1, 0));
	SHOW(vmsplice(file, &(struct iovec){ buf, 1 }, 1, 0));
	SHOW(vmsplice(p[1], &(struct iovec){ buf, 1 }, 2000, 0));
	SHOW(vmsplice(p[1], &(struct iovec){ buf, 1 }, 1, 32));
	SHOW(vmsplice(p[1], NULL, 0, 0));
	SHOW(vmsplice(p[0], &(struct iovec){ buf, 1 }, 1, SPLICE_F_NONBLOCK));
	close(ro);
	close(app);
	close(dir);
}

static void files(int file, int p[2])
{
	loff_t off = 100;
	int out = open("copied", O_CREAT | O_RDWR | O_TRUNC, 0600);

	lseek(file, 0, SEEK_SET);
	SHOW(splice(file, NULL, p[1], NULL, 1000, 0));
	SHOW(lseek(file, 0, SEEK_CUR));
	SHOW(splice(file, &off, p[1], NULL, 500, 0));
	SAY(off);
	SHOW(lseek(file, 0, SEEK_CUR));
	SHOW(read(p[0], buf, 1200));
	SAY(sum(buf, 1200));
	SHOW(splice(p[0], NULL, out, NULL, 1000, 0));
	off = 5000;
	SHOW(lseek(file, 0, SEEK_SET));
	SHOW(splice(file, NULL, p[1], NULL, 65536, SPLICE_F_NONBLOCK));
	SHOW(splice(file, NULL, p[1], NULL, 65536, SPLICE_F_NONBLOCK));
	SHOW(splice(p[0], NULL, out, &off, 70000, 0));
	SAY(off);
	SHOW(pread(out, buf, sizeof(buf), 0));
	SAY(sum(buf, 70000));
	lseek(file, 0, SEEK_END);
	SHOW(splice(file, NULL, p[1], NULL, 10, 0));
	SHOW(sendfile(p[1], file, &(off_t){ 20 }, 300));
	SHOW(read(p[0], buf, 1000));
	SAY(sum(buf, 300));
	close(out);
}

static void pipes(int p[2], int q[2])
{
	struct iovec v[3] = { { "one ", 4 }, { "two ", 4 }, { "three", 5 } };

	SHOW(vmsplice(p[1], v, 3, 0));
	SHOW(tee(p[0], q[1], 8, 0));
	SHOW(tee(p[0], q[1], 100, 0));
	SHOW(read(q[0], buf, 100));
	printf("%.21s\n", buf);
	SHOW(splice(p[0], NULL, q[1], NULL, 6, 0));
	SHOW(read(p[0], buf, 100));
	printf("%.7s\n", buf);
	SHOW(vmsplice(q[0], &(struct iovec){ buf, 100 }, 1, 0));
	printf("%.6s\n", buf);
}

static void sockets(int file, int p[2], int s[2])
{
	long moved = 0, n;

	lseek(file, 0, SEEK_SET);
	SHOW(splice(file, NULL, p[1], NULL, 3000, 0));
	SHOW(splice(p[0], NULL, s[0], NULL, 3000, SPLICE_F_MORE));
	SHOW(recv(s[1], buf, 3000, MSG_WAITALL));
	SAY(sum(buf, 3000));
	send(s[1], "to be spliced", 13, 0);
	usleep(10000);
	SHOW(splice(s[0], NULL, p[1], NULL, 100, 0));
	SHOW(read(p[0], buf, 100));
	fcntl(s[0], F_SETFL, O_NONBLOCK);
	SHOW(splice(s[0], NULL, p[1], NULL, 100, 0));
	SHOW(sendfile(s[1], file, &(off_t){ 0 }, 100000));
	while (moved < 100000 &&
	       ((n = recv(s[0], buf + moved, 100000 - moved, 0)) > 0 || usleep(1000) == 0))
		moved += n > 0 ? n : 0;
	SAY(sum(buf, 100000));
	shutdown(s[1], SHUT_WR);
	usleep(10000);
	SHOW(splice(s[0], NULL, p[1], NULL, 100, 0));
}

int main(void)
{
	int file = open("data", O_CREAT | O_RDWR | O_TRUNC, 0600), p[2], q[2], s[2];

	signal(SIGPIPE, SIG_IGN);
	fill(file, 150000);
	if (pipe(p) || pipe(q))
		return 1;
	tcp_pair(s);
	errors(file, p, q, s);
	files(file, p);
	pipes(p, q);
	sockets(file, p, s);
	close(p[0]);
	lseek(file, 0, SEEK_SET);
	SHOW(splice(file, NULL, p[1], NULL, 10, 0));
	SHOW(vmsplice(p[1], &(struct iovec){ buf, 1 }, 1, 0));
	SHOW(tee(q[0], p[1], 10, SPLICE_F_NONBLOCK));
	close(q[1]);
	SHOW(splice(q[0], NULL, file, NULL, 10, 0));
	return 0;
}
