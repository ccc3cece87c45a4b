/* SPDX-License-Identifier: Apache-2.0 */
/* sock/netdev.h: interfaces by ioctl(2), on a socket of any family. */
#pragma once

#include <stdint.h>

/* -ENOTTY: not such a request. Threads, no lock held. */
long netdev_ioctl(unsigned cmd, uint64_t arg);
