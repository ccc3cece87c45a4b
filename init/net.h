/* SPDX-License-Identifier: Apache-2.0 */
/* init/net.h: the boot step "net": stack, interfaces, addresses by manifest and command line. */
#pragma once

#include "lib/err.h"

err_t net_start(void) must_check;
