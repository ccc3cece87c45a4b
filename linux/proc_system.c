/* SPDX-License-Identifier: Apache-2.0 */
/* linux/proc_system.c: files of /proc about the machine and the kernel that linux/ and arch/ answer. */
#include "arch/arch.h"
#include "arch/boot.h"
#include "kern/cpu.h"
#include "kern/slab.h"
#include "linux/proc.h"
#include "linux/proc_int.h"
#include "linux/system.h"
#include "vfs/proc.h"

typedef const struct proc_ctx ctx;

static void version(struct text *t, ctx *c)
{
	struct utsname u;

	(void)c;
	system_uname(&u);
	text_printf(t, "%s version %s (coracle) %s\n", u.sysname, u.release, u.version);
}

#define UTS_FILE(field)                           \
	static void field(struct text *t, ctx *c) \
	{                                         \
		struct utsname u;                 \
		(void)c;                          \
		system_uname(&u);                 \
		text_printf(t, "%s\n", u.field);  \
	}
UTS_FILE(sysname)
UTS_FILE(release)
UTS_FILE(nodename)
UTS_FILE(domainname)

static void uts_version(struct text *t, ctx *c)
{
	struct utsname u;

	(void)c;
	system_uname(&u);
	text_printf(t, "%s\n", u.version);
}

static void kernel_cmdline(struct text *t, ctx *c)
{
	(void)c;
	text_printf(t, "%s\n", boot_info.cmdline);
}

static void cpuinfo(struct text *t, ctx *c)
{
	enum { CPU_BYTES = 2560 };
	char *buf = kmalloc(CPU_BYTES);

	(void)c;
	t->failed |= !buf;
	for (unsigned i = 0; i < ncpus && buf; i++)
		text_write(t, buf, arch_cpu_describe(&cpus[i]->arch, ncpus, buf, CPU_BYTES));
	kfree(buf);
}

static const struct proc_row rows[] = {
	{ .path = "cmdline", .mode = 0444, .show = kernel_cmdline },
	{ .path = "cpuinfo", .mode = 0444, .show = cpuinfo },
	{ .path = "version", .mode = 0444, .show = version },
	{ .path = "sys/kernel/ostype", .mode = 0444, .show = sysname },
	{ .path = "sys/kernel/osrelease", .mode = 0444, .show = release },
	{ .path = "sys/kernel/version", .mode = 0444, .show = uts_version },
	{ .path = "sys/kernel/hostname", .mode = 0444, .show = nodename },
	{ .path = "sys/kernel/domainname", .mode = 0444, .show = domainname },
};

err_t linux_proc_init(void)
{
	err_t err = proc_add(rows, ARRAY_LEN(rows));

	return err ? err : proc_add(proc_self_rows, proc_self_nrows);
}
