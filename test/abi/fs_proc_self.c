/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of /proc that do not depend on the machine. */
#include "fs.h"
#include <dirent.h>
#include <pthread.h>

static char *slurp(const char *path)
{
	static char b[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, b, sizeof(b) - 1);

	if (n < 0)
		printf("%s: %s\n", path, strerrorname_np(errno));
	b[n < 0 ? 0 : n] = 0;
	close(fd);
	return b;
}

static void has(const char *path, const char *what)
{
	printf("%s has %s: %s\n", path, what, strstr(slurp(path), what) ? "yes" : "no");
}

static void *thread(void *arg)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", (int)syscall(SYS_gettid));
	int fd = open(path, O_RDWR);
	SHOW(write(fd, "worker\n", 7));
	printf("%s", slurp(path));
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	char b[256];
	pthread_t t;
	int fd, n = 0;

	b[readlink("/proc/self/exe", b, sizeof(b))] = 0;
	printf("%s\n", strrchr(b, '/'));
	IS(open("/proc/self/exe", O_RDONLY) >= 0);
	SHOW(open("/proc/self/exe", O_RDWR));
	IS(!strcmp(slurp("/proc/self/cmdline"), argv[0]));
	IS(atoi(slurp("/proc/self/stat")) == getpid());
	IS(strstr(slurp("/proc/self/status"), "Threads:\t1") != NULL);
	has("/proc/self/status", "VmRSS:");
	has("/proc/self/status", "SigCgt:");
	has("/proc/self/status", "Cpus_allowed_list:");
	has("/proc/self/maps", "[stack]");
	has("/proc/self/maps", "[vdso]");
	has("/proc/self/maps", "[heap]");
	has("/proc/self/smaps", "Rss:");
	has("/proc/self/limits", "Max open files");
	has("/proc/meminfo", "MemAvailable:");
	has("/proc/cpuinfo", "processor\t: 0");
	has("/proc/cpuinfo", "flags\t\t: fpu ");
	has("/proc/stat", "cpu0 ");
	has("/proc/stat", "btime ");
	has("/proc/filesystems", "nodev\tproc");
	has("/proc/mounts", " /proc proc ");
	has("/proc/self/mountinfo", " - proc ");
	has("/proc/version", "version");
	int a, c, e, g, h;
	IS(sscanf(slurp("/proc/self/statm"), "%d %d %d %d", &a, &c, &e, &g) == 4 && c <= a);
	float x, y, z;
	IS(sscanf(slurp("/proc/loadavg"), "%f %f %f %d/%d %d", &x, &y, &z, &a, &c, &e) == 6);
	IS(sscanf(slurp("/proc/uptime"), "%f %f", &x, &y) == 2 && x > 0);
	IS(strlen(slurp("/proc/sys/kernel/random/uuid")) == 37);
	IS(atoi(slurp("/proc/sys/kernel/pid_max")) > 1000);
	IS(atol(slurp("/proc/sys/fs/nr_open")) > 1000);
	IS(slurp("/sys/devices/system/cpu/online")[0] == '0');
	IS(slurp("/proc/self/auxv")[0] != 0);
	SHOW(open("/proc/self/none", O_RDONLY));
	SHOW(open("/proc/999999", O_RDONLY));
	SHOW(mkdir("/proc/x", 0755) < 0);
	SHOW(open("/proc/self/fd/99", O_RDONLY));
	SHOW(access("/proc/self/task", R_OK));
	pthread_create(&t, NULL, thread, NULL);
	pthread_join(t, NULL);
	fd = open("/proc/self/status", O_RDONLY);
	SHOW(read(fd, b, 5));
	printf("%.5s\n", b);
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(pread(fd, b, 4, 1));
	printf("%.4s\n", b);
	close(fd);
	DIR *d = opendir("/proc/self/fd");
	struct dirent *de;
	while ((de = readdir(d)))
		n += de->d_name[0] != '.';
	IS(n >= 5);
	IS(readlink("/proc/self", b, sizeof(b)) > 0 && atoi(b) == getpid());
	IS(readlink("/proc/self/cwd", b, sizeof(b)) > 0);
	chdir("/tmp");
	b[readlink("/proc/self/cwd", b, sizeof(b))] = 0;
	puts(b);
	struct stat s1, s2;
	stat("/proc/self/cwd", &s1);
	stat("/tmp", &s2);
	IS(s1.st_ino == s2.st_ino);
	return 0;
}
