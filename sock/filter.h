/* SPDX-License-Identifier: Apache-2.0 */
/* sock/filter.h: programs of SO_ATTACH_FILTER, from the program's memory. */
#pragma once

#include "kern/uio.h"
#include "lib/bpf.h"

/* Copied and checked; kfree() it. -EINVAL, -EFAULT, -ENOMEM. Threads, no lock held. */
err_t filter_read(struct uio *val, struct bpf_prog **out) must_check;
