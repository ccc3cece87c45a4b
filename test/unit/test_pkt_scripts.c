/* SPDX-License-Identifier: Apache-2.0 */
/* test/unit/test_pkt_scripts.c: every script of test/pkt/scripts, or those named on the command line. */
#include <glob.h>
#include <stddef.h>

#include "test/pkt/pktscript.h"

enum { MOST = 100 };

int main(int argc, char **argv)
{
	char *args[MOST + 1] = { argv[0] };
	glob_t g;
	int code, n = 1;

	if (argc > 1)
		return pktscript_main(argc, argv);
	if (glob("test/pkt/scripts/*.pkt", 0, NULL, &g) != 0)
		return 2;
	for (size_t i = 0; i < g.gl_pathc && n < MOST; i++)
		args[n++] = g.gl_pathv[i];
	code = pktscript_main(n, args);
	globfree(&g);
	return code;
}
