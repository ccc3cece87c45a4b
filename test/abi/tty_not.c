/* SPDX-License-Identifier: Apache-2.0 */
/* What the terminal calls say of what is no terminal. */
#include "fs.h"
#include <sys/ioctl.h>
#include <termios.h>

int main(void)
{
	struct termios t;
	struct winsize w;
	int p[2], n, fd;

	own_dir("/tmp");
	setsid(); /* a host's shell may have given us a terminal */
	SHOW(open("/dev/tty", O_RDWR | O_CREAT, 0600));
	pipe(p);
	fd = make_file("f", "12345");
	SHOW(isatty(p[0]));
	SHOW(isatty(fd));
	SHOW(tcgetattr(p[0], &t));
	SHOW(tcgetattr(fd, &t));
	SHOW(ioctl(fd, TIOCGWINSZ, &w));
	SHOW(tcgetpgrp(fd));
	SHOW(tcsetpgrp(fd, 1));
	SHOW(isatty(99));
	SHOW(ttyname_r(p[0], (char[64]){ 0 }, 64));
	SHOW(ioctl(p[0], FIONREAD, &n));
	SAY(n);
	write(p[1], "abc", 3);
	SHOW(ioctl(p[0], FIONREAD, &n));
	SAY(n);
	lseek(fd, 2, SEEK_SET);
	SHOW(ioctl(fd, FIONREAD, &n));
	SAY(n);
	SHOW(ioctl(fd, FIOCLEX));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(ioctl(fd, FIONCLEX));
	n = 1;
	SHOW(ioctl(fd, FIONBIO, &n));
	IS(fcntl(fd, F_GETFL) & O_NONBLOCK);
	SHOW(ioctl(fd, 0x12345678, &n));
	SHOW(ioctl(99, FIONBIO, &n));
	return 0;
}
