/* SPDX-License-Identifier: Apache-2.0 */
/* Directories with the set-group-id bit hand it and their group down. */
#include "fs.h"

int main(void)
{
	for (int pass = 0; pass < 2; pass++) {
		struct stat st;

		own_dir(pass ? "/tmp" : ".");
		mkdir("d", 0755);
		chown("d", 0, 77);
		chmod("d", 02775);
		mkdir("d/sub", 0755);
		close(make_file("d/f", ""));
		stat("d/sub", &st);
		printf("%o gid %d\n", st.st_mode & 07777, st.st_gid);
		stat("d/f", &st);
		printf("%o gid %d\n", st.st_mode & 07777, st.st_gid);
	}
	return 0;
}
