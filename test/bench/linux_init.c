/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/bench/linux_init.c: /init of the Linux guest that Coracle is measured against.  It mounts what programs
 * expect, loads the modules that are there (/bench.module.N), gives eth0 its address (/bench.address), makes
 * the console a plain pipe, and becomes the program of /bench.argv.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

enum { ARGS_MAX = 64 };

static void mount_at(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) < 0)
		warn("mount %s", where);
}

/* A file's content and a zero byte; -1 if there is no such file. */
static ssize_t slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n >= 0)
		buf[n] = 0;
	return n;
}

static void load_modules(void)
{
	for (int i = 0;; i++) {
		char name[32];
		int fd;

		snprintf(name, sizeof(name), "/bench.module.%d", i);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		if (syscall(SYS_finit_module, fd, "", 0) < 0)
			warn("%s", name);
		close(fd);
		unlink(name); /* its pages are free again */
	}
}

static void set_flags(int fd, const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_UP | IFF_RUNNING };

	strncpy(r.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCSIFFLAGS, &r) < 0)
		warn("%s up", name);
}

static void set_addr(int fd, unsigned long request, const char *text)
{
	struct ifreq r = { .ifr_name = "eth0" };
	struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;

	a->sin_family = AF_INET;
	if (inet_pton(AF_INET, text, &a->sin_addr) != 1 || ioctl(fd, request, &r) < 0)
		warn("eth0: %s", text);
}

static void set_network(void)
{
	char address[64];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	set_flags(fd, "lo");
	if (slurp("/bench.address", address, sizeof(address)) > 0) {
		set_addr(fd, SIOCSIFADDR, address);
		set_addr(fd, SIOCSIFNETMASK, "255.255.255.0");
		set_flags(fd, "eth0");
	}
	close(fd);
}

/* No echo, no line editing, no signals: bytes in, bytes out. */
static void plain_console(void)
{
	struct termios t;

	if (tcgetattr(0, &t) < 0)
		return;
	cfmakeraw(&t);
	tcsetattr(0, TCSANOW, &t);
}

static void raise_limits(void)
{
	struct rlimit files = { 1 << 20, 1 << 20 };

	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		warn("setrlimit");
}

int main(void)
{
	static char text[4096];
	char *argv[ARGS_MAX] = { 0 };
	ssize_t n;
	int argc = 0;

	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("devtmpfs", "/dev");
	mount_at("tmpfs", "/tmp");
	load_modules();
	set_network();
	plain_console();
	raise_limits();
	n = slurp("/bench.argv", text, sizeof(text));
	for (char *a = text; a < text + n && argc < ARGS_MAX - 1; a += strlen(a) + 1)
		argv[argc++] = a;
	if (argc > 0)
		execv(argv[0], argv);
	err(1, "/bench.argv");
}
