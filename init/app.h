/* SPDX-License-Identifier: Apache-2.0 */
/* init/app.h: from the settings to the running program. */
#pragma once

#include "lib/err.h"

err_t app_settings(void) must_check; /* what the manifest says of the layer below the program */
err_t app_start(void)
	must_check; /* the program is runnable; a line and an exit status when it cannot be */
