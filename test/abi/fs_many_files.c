/* SPDX-License-Identifier: Apache-2.0 */
/* Deep and wide trees, and names that were missing a moment ago. */
#include "fs.h"

int main(void)
{
	char name[64];
	struct stat st;
	int bad = 0, depth = 0;

	own_dir(".");
	for (int i = 0; i < 1500; i++) {
		snprintf(name, sizeof(name), "file-with-a-rather-long-name-%06d-and-an-end", i);
		bad += stat(name, &st) == 0;
		int fd = open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
		bad += fd < 0 || write(fd, name, 5) != 5;
		close(fd);
		bad += stat(name, &st) != 0 || st.st_size != 5;
	}
	SAY(bad);
	for (int i = 0; i < 1500; i++) {
		snprintf(name, sizeof(name), "file-with-a-rather-long-name-%06d-and-an-end", i);
		bad += unlink(name) != 0;
		bad += stat(name, &st) == 0 || errno != ENOENT;
	}
	SAY(bad);
	while (depth < 100 && mkdir("deep", 0755) == 0 && chdir("deep") == 0)
		depth++;
	SAY(depth);
	close(make_file("bottom", "x"));
	char path[1024] = "";
	for (int i = 0; i < depth; i++)
		strcat(path, "../");
	strcat(path, "deep/deep/deep");
	SHOW(stat(path, &st));
	unlink("bottom");
	for (; depth; depth--) {
		chdir("..");
		bad += rmdir("deep") != 0;
	}
	SAY(bad);
	return 0;
}
