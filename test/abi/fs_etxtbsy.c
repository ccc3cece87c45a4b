/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

int main(int argc, char **argv)
{
	SHOW(open("/proc/self/exe", O_WRONLY));
	SHOW(open("/proc/self/exe", O_RDWR | O_TRUNC));
	SHOW(truncate("/proc/self/exe", 0));
	IS(open("/proc/self/exe", O_RDONLY) >= 0);
	return 0;
}
