/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/eventfd.h: eventfd(2): a counter that is read, written and waited for.  Context: threads. */
#pragma once

#include "vfs/file.h"

err_t eventfd_new(uint64_t count, bool semaphore, uint32_t flags, struct file **out) must_check;
