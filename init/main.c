/* SPDX-License-Identifier: Apache-2.0 */
/* init/main.c: what comes up, in order. */
#include "arch/boot.h"
#include "dev/bus.h"
#include "init/app.h"
#include "init/config.h"
#include "init/net.h"
#include "init/root.h"
#include "init/stdio.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/init.h"
#include "kern/klog.h"
#include "kern/page.h"
#include "kern/panic.h"
#include "kern/thread.h"
#include "kern/trace.h"
#include "lib/fmt.h"
#include "vfs/vfs.h"
#include "init/selftest.h"

static err_t trace_init(void)
{
	char names[64];

	if (boot_option("trace", names, sizeof(names)) && !trace_enable(names))
		klog_warn("trace=%s: unknown name in it", names);
	if (trace_mask & (1u << TRACE_BOOT))
		klog_set_level(KLOG_INFO);
	return 0;
}

#ifdef CORACLE_DEBUG
static err_t selftest(void)
{
	char name[32];

	return boot_option("selftest", name, sizeof(name)) ? selftest_run(name) : 0;
}

static err_t devtest(void)
{
	char name[32];
	err_t err;

	if (!boot_option("devtest", name, sizeof(name)))
		return 0;
	err = selftest_dev(name);
	if (err == 0)
		vm_exit(0);
	return err;
}
#endif

static err_t self_check(void)
{
	struct page_stats mem;

	page_stats(&mem);
	klog_info("%u CPUs, %lu KB of memory, %lu KB used, entered by %s", ncpus,
		  mem.total_bytes >> 10, (mem.total_bytes - mem.free_bytes) >> 10,
		  boot_info.protocol);
	return 0;
}

/* A step may use everything above it and nothing below it. */
static const struct step {
	const char *name;
	err_t (*run)(void);
} steps[] = {
	{ "console", klog_init },			    /* lines reach somebody from here on */
	{ "trace", trace_init },   { "memory", page_init }, /* pages */
	{ "heap", slab_init },				    /* kmalloc() */
	{ "vm", vm_init },				    /* the kernel's own pages are sealed */
	{ "irq", irq_init },	 /* the machine's tables and interrupt controllers */
	{ "rand", rand_init },	 /* random bytes, of full strength where the CPU has a source */
	{ "sched", sched_init }, /* threads: steps below may sleep */
	{ "cpus", smp_init },	 /* all of them, in their idle loops */
#ifdef CORACLE_DEBUG
	{ "selftest", selftest }, /* selftest=NAME: the kernel tries itself, then goes on */
#endif
	{ "config", config_init }, /* the boot module's settings */
	{ "bus", bus_init },	   /* devices: drivers attach */
#ifdef CORACLE_DEBUG
	{ "devtest", devtest }, /* devtest=NAME: the drivers are tried, and that is all */
#endif
	{ "vfs", vfs_init },	   /* files can be had */
	{ "root", root_mount },	   /* paths can be walked; the image's settings */
	{ "linux", app_settings }, /* the process, without a program */
	{ "net", net_start },	   /* interfaces have addresses, or ask for them */
	{ "stdio", stdio_init },   /* descriptors 0, 1, 2 */
	{ "check", self_check },   { "app", app_start }, /* the program is runnable */
};

/* The time line, when the boot module asked for it: it was read after most of the steps were taken. */
static void say_steps(const uint64_t ns[ARRAY_LEN(steps)])
{
	char line[64];

	if (!config_names("trace", "boot") && !config_names("trace", "all"))
		return;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		klog_raw(line, fmt(line, sizeof(line), "init: %-8s %6lu us\n", steps[i].name,
				   ns[i] / 1000));
}

_Noreturn void kernel_main(void)
{
	uint64_t took[ARRAY_LEN(steps)];

	arch_cpu_early();
	cpu_boot_init();
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		uint64_t start = clock_mono_ns();
		err_t err = steps[i].run();

		took[i] = clock_mono_ns() - start;
		if (err)
			vm_fail("%s: error %d", steps[i].name, -err);
		if (trace_mask & (1u << TRACE_BOOT))
			klog_info("init: %-8s %6lu us", steps[i].name, took[i] / 1000);
	}
	say_steps(took);
	thread_exit(); /* the program goes on; its end is the machine's */
}
