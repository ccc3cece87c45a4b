/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/bus.h: finding all devices.  One call of init/main.c; what was found is asked of dev/blks.h,
 * dev/chardevs.h and dev/netifs.h.  A device that is missing is the affair of who needs it.
 */
#pragma once

#include "lib/err.h"

err_t bus_init(void) must_check; /* after the heap, interrupts and threads */
