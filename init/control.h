/* SPDX-License-Identifier: Apache-2.0 */
/* init/control.h: what `coracle` says to a running guest on COM1 (doc/run.md 1.4). */
#pragma once

#include "iface/chardev.h"

void control_start(struct chardev *com1);
