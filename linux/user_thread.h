/* SPDX-License-Identifier: Apache-2.0 */
/* linux/user_thread.h: the making of struct user_thread. */
#pragma once

#include "linux/process.h"

/* For t, which does not run yet. `parent`: whose mask and scheduling it inherits; NULL: the first thread. -ENOMEM. */
err_t user_thread_new(struct thread *t, const struct user_thread *parent) must_check;
