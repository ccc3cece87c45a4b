/* SPDX-License-Identifier: Apache-2.0 */
/* abi: vm-only-status 0 */
/*
 * prctl(PR_SET_VMA): names for anonymous memory, in /proc/self/maps; PR_SET_MM is refused.  Linux has the former only if
 * built so, so what is right (prctl(2), mm/madvise.c) stands here.
 */
#include "abi.h"
#include <sys/mman.h>
#include <sys/prctl.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA	     0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

static void show(char *at)
{
	char line[512], *name;
	FILE *f = fopen("/proc/self/maps", "r");
	uintptr_t from, to;

	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "%lx-%lx", &from, &to);
		if (to <= (uintptr_t)at || from >= (uintptr_t)at + 16 * 4096)
			continue;
		name = strchr(line, '[');
		printf("  %ld pages at %ld: %s", (long)(to - from) / 4096,
		       (long)(from - (uintptr_t)at) / 4096, name ? name : "\n");
	}
	fclose(f);
}

static long name(void *at, size_t len, const char *s)
{
	return prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, at, len, s);
}

static const char expected[] = "name(m, 16 * 4096, \"heap of mine\") = 0\n"
			       "  16 pages at 0: [anon:heap of mine]\n"
			       "name(m + 4 * 4096, 4 * 4096, \"inner\") = 0\n"
			       "  4 pages at 0: [anon:heap of mine]\n"
			       "  4 pages at 4: [anon:inner]\n"
			       "  8 pages at 8: [anon:heap of mine]\n"
			       "name(m + 4 * 4096, 4 * 4096, \"heap of mine\") = 0\n"
			       "  16 pages at 0: [anon:heap of mine]\n"
			       "name(m, 16 * 4096, NULL) = 0\n"
			       "  16 pages at 0: \n"
			       "name(m, 4096, \"a[b\") = EINVAL\n"
			       "name(m, 4096, \"a\\\\b\") = EINVAL\n"
			       "name(m, 4096, \"a$b\") = EINVAL\n"
			       "name(m, 4096, \"a`b\") = EINVAL\n"
			       "name(m, 4096, \"a\\nb\") = EINVAL\n"
			       "name(m, 4096, \"\") = 0\n"
			       "  1 pages at 0: [anon:]\n"
			       "  15 pages at 1: \n"
			       "name(m, 4096, longest) = EINVAL\n"
			       "name(m, 4096, longest) = 0\n"
			       "name(m + 1, 4096, \"odd\") = EINVAL\n"
			       "name(m, 0, \"none\") = 0\n"
			       "name(m, 1, \"one\") = 0\n"
			       "name(m, 4096, NOT_MAPPED) = EFAULT\n"
			       "prctl(PR_SET_VMA, 1, m, 4096, \"x\") = EINVAL\n"
			       "name(m, 16 * 4096, \"holes\") = ENOMEM\n"
			       "  8 pages at 0: [anon:holes]\n"
			       "  7 pages at 9: [anon:holes]\n"
			       "name(m + 8 * 4096, 4096, \"file\") = EBADF\n"
			       "prctl(PR_SET_MM, 99, 0, 0, 0) = EPERM\n"
			       "prctl(PR_SET_MM, PR_SET_MM_BRK, 1, 0, 0) = EPERM\n"
			       "prctl(PR_SET_MM, PR_SET_MM_START_CODE, 0x10, 0, 0) = EPERM\n"
			       "prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, 99, 0, 0) = EPERM\n";

int main(void)
{
	char *said;
	size_t size;
	FILE *out = stdout;
	char *guard = mmap(NULL, 20 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *m = mmap(guard + 2 * 4096, 16 * 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	char longest[90];
	int fd = open("/proc/self/exe", O_RDONLY);

	m[0] = 1;
	stdout = open_memstream(&said, &size);
	SHOW(name(m, 16 * 4096, "heap of mine"));
	show(m);
	SHOW(name(m + 4 * 4096, 4 * 4096, "inner"));
	show(m);
	SHOW(name(m + 4 * 4096, 4 * 4096, "heap of mine"));
	show(m);
	SHOW(name(m, 16 * 4096, NULL));
	show(m);
	SHOW(name(m, 4096, "a[b"));
	SHOW(name(m, 4096, "a\\b"));
	SHOW(name(m, 4096, "a$b"));
	SHOW(name(m, 4096, "a`b"));
	SHOW(name(m, 4096, "a\nb"));
	SHOW(name(m, 4096, ""));
	show(m);
	memset(longest, 'x', sizeof(longest));
	longest[80] = 0;
	SHOW(name(m, 4096, longest));
	longest[79] = 0;
	SHOW(name(m, 4096, longest));
	SHOW(name(m + 1, 4096, "odd"));
	SHOW(name(m, 0, "none"));
	SHOW(name(m, 1, "one"));
	SHOW(name(m, 4096, NOT_MAPPED));
	SHOW(prctl(PR_SET_VMA, 1, m, 4096, "x"));
	munmap(m + 8 * 4096, 4096);
	SHOW(name(m, 16 * 4096, "holes"));
	show(m);
	mmap(m + 8 * 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	SHOW(name(m + 8 * 4096, 4096, "file"));
	SHOW(prctl(PR_SET_MM, 99, 0, 0, 0));
	SHOW(prctl(PR_SET_MM, PR_SET_MM_BRK, 1, 0, 0));
	SHOW(prctl(PR_SET_MM, PR_SET_MM_START_CODE, 0x10, 0, 0));
	SHOW(prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, 99, 0, 0));
	fclose(stdout);
	stdout = out;
	if (strcmp(said, expected) == 0)
		return 0;
	puts(said);
	return 1;
}
