/* SPDX-License-Identifier: Apache-2.0 */
/* test/unit/test_pkt_scripts.c: every script of test/pkt/scripts, or those named on the command line. */
#include <glob.h>
#include <stddef.h>

#include "test/pkt/pktscript.h"

int main(int argc, char **argv)
{
	glob_t g = { .gl_offs = 1 };
	int code;

	if (argc > 1)
		return pktscript_main(argc, argv);
	if (glob("test/pkt/scripts/*.pkt", GLOB_DOOFFS, NULL, &g) != 0)
		return 2;
	g.gl_pathv[0] = argv[0];
	code = pktscript_main((int)g.gl_pathc + 1, g.gl_pathv);
	g.gl_pathv[0] = NULL;
	globfree(&g);
	return code;
}
