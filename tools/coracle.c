/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coracle: run one Linux program in a virtual machine of its own.  The table of subcommands, and the usage that is
 * printed from it.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tools/coracle_cmds.h"
#include "tools/coracle_opt.h"
#include "tools/coracle_paths.h"

static const char version[] = "0.1.0";

static int cmd_help(int argc, char **argv);

static const struct cmd {
	const char *name, *args, *help;
	int (*run)(int argc, char **argv);
} cmds[] = {
	{ "run", "[options] PROGRAM [arguments...]",
	  "run a program of this host in a virtual machine", cmd_run },
	{ "build", "[options] -o IMAGE PROGRAM [arguments...]",
	  "make the disk image that run would use", cmd_build },
	{ "volume", "create NAME [-s SIZE] | list | rm NAME...",
	  "disks that outlive a run, for run --volume NAME:/path", cmd_volume },
	{ "disk", "list | rm NAME...", "disks that run --keep NAME left", cmd_disk },
	{ "kernel-path", "", "print where the kernel is", cmd_kernel_path },
	{ "help", "[COMMAND]", "print this, or a command's options", cmd_help },
};

static void usage(FILE *f)
{
	fprintf(f, "usage: coracle COMMAND ...\n\n");
	for (size_t i = 0; i < ARRAY_LEN(cmds); i++)
		fprintf(f, "  coracle %s%s%s\n\t%s\n", cmds[i].name, *cmds[i].args ? " " : "",
			cmds[i].args, cmds[i].help);
	fprintf(f, "\n  coracle run python3 app.py\n"
		   "  coracle run -p 8080:80 nginx -g 'daemon off;'\n\n"
		   "Exit status: the program's; 2 if the command line is wrong, 125 if coracle "
		   "failed.\n");
}

static const struct cmd *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(cmds); i++)
		if (strcmp(cmds[i].name, name) == 0)
			return &cmds[i];
	return NULL;
}

static int cmd_help(int argc, char **argv)
{
	const struct cmd *c = argc > 1 ? find(argv[1]) : NULL;

	if (argc > 2 || (argc == 2 && !c))
		die(EXIT_MISUSE, "help: no such command: %s", argv[argc - 1]);
	if (!c) {
		usage(stdout);
		return 0;
	}
	printf("usage: coracle %s %s\n\n%s\n", c->name, c->args, c->help);
	if (c->run == cmd_run || c->run == cmd_build) {
		printf("\n");
		opts_help(c->name, stdout);
	}
	return 0;
}

int cmd_kernel_path(int argc, char **argv maybe_unused)
{
	if (argc > 1)
		die(EXIT_MISUSE, "kernel-path takes no arguments");
	puts(paths_kernel(NULL));
	return 0;
}

int main(int argc, char **argv)
{
	const struct cmd *c;

	opterr = 0;
	if (argc < 2) {
		usage(stderr);
		return EXIT_MISUSE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("coracle %s\n", version);
		return 0;
	}
	c = find(argv[1]);
	if (!c)
		die(EXIT_MISUSE, "no such command: %s; see 'coracle --help'", argv[1]);
	return c->run(argc - 1, argv + 1);
}
