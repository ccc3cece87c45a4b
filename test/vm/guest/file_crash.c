/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_crash.c run|check DIR [ACKED]: append a record, replace a file by rename, make both durable, say so; for ever.
 * check: everything that was said is there, and nothing is half there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REC = 300 };
static char rec[REC];

static void make(long i)
{
	memset(rec, 'a' + i % 26, REC);
	snprintf(rec, REC, "%08ld", i);
}

static int replace_state(long i)
{
	int t = open("state.tmp", O_CREAT | O_TRUNC | O_RDWR, 0644), d = open(".", O_RDONLY);
	int bad = write(t, rec, REC) != REC || fsync(t) || rename("state.tmp", "state") || fsync(d);

	close(t);
	close(d);
	return bad;
}

static int run(void)
{
	int log = open("log", O_CREAT | O_RDWR | O_APPEND, 0644);
	struct stat st;

	fstat(log, &st);
	for (long i = st.st_size / REC;; i++) {
		make(i);
		if (write(log, rec, REC) != REC || fsync(log) || replace_state(i))
			return 1;
		printf("A%ld\n", i);
		fflush(stdout);
	}
}

static int check(long acked)
{
	char b[REC + 1] = "";
	struct stat st = { 0 };
	int log = open("log", O_RDONLY), state = open("state", O_RDONLY);
	long n;

	if (log >= 0)
		fstat(log, &st);
	n = st.st_size / REC;
	if (n <= acked)
		return printf("log has %ld of %ld\n", n, acked + 1), 1;
	for (long i = 0; i < n; i++) {
		make(i);
		if (pread(log, b, REC, i * REC) != REC || memcmp(b, rec, REC))
			return printf("record %ld is damaged\n", i), 1;
	}
	if (state < 0)
		return acked >= 0;
	read(state, b, REC);
	make(atol(b));
	if (memcmp(b, rec, REC) || atol(b) < acked)
		return printf("state %ld of %ld\n", atol(b), acked), 1;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3 || chdir(argv[2]))
		return 2;
	return strcmp(argv[1], "run") == 0 ? run() : check(atol(argv[3]));
}
