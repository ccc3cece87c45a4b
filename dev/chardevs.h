/* SPDX-License-Identifier: Apache-2.0 */
/* dev/chardevs.h: the character devices that drivers found, by name. Boot thread; constant afterwards. */
#pragma once

#include "iface/chardev.h"

void chardev_register(struct chardev *cd);
struct chardev *chardev_find(const char *name); /* NULL: there is none */
