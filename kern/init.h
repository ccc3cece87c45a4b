/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/init.h: the initialisers that init/main.c calls, in its order.  Each runs once, on the boot CPU;
 * err is fatal and vm_fail() names the step.
 */
#pragma once

#include "lib/err.h"

err_t klog_init(void) must_check; /* early serial, before anything can fail */
err_t page_init(void) must_check; /* from boot_info: the first chunk only, the rest on demand */
err_t slab_init(void) must_check;
err_t vm_init(void) must_check; /* kernel map final (W^X), user address space */
err_t irq_init(void) must_check;
err_t sched_init(void) must_check;     /* threads exist; steps below may sleep */
err_t timer_init_cpu(void) must_check; /* per CPU */
err_t rand_init(void) must_check;
err_t smp_init(void) must_check; /* all CPUs up and in their idle loop */
