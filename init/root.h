/* SPDX-License-Identifier: Apache-2.0 */
/* init/root.h: the file systems that are there when the program starts. */
#pragma once

#include "lib/err.h"

const uint8_t *root_uuid(void); /* 16 bytes: the root file system's */
err_t root_mount(void)
	must_check; /* the first disk's; a missing or unsuitable one ends the boot with a line */
