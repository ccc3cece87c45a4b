/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

int main(void)
{
	char b[256];

	own_dir("/tmp");
	mkdir("jail", 0755);
	mkdir("jail/in", 0755);
	close(make_file("jail/f", "inside"));
	close(make_file("f", "outside"));
	symlink("/f", "jail/l");
	SHOW(chroot("jail/f"));
	SHOW(chroot("none"));
	SHOW(chroot("jail"));
	say_content("/f");
	say_content("/l");
	say_content("f");
	say_content("/../../f");
	SHOW(chdir("/in"));
	printf("%s\n", getcwd(b, sizeof(b)));
	say_content("../../../f");
	SHOW(access("/proc/self", F_OK));
	return 0;
}
