/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init/selftest.h: promises of kern/ that need a machine to be tried on. Debug builds only, named on the command
 * line (selftest=NAME); test/vm runs them. Each logs a line and panics at the first broken promise.
 */
#pragma once

#include "lib/err.h"

err_t selftest_run(const char *name) must_check; /* -EINVAL: no such test */
err_t selftest_dev(const char *name) must_check; /* devtest=NAME, after the devices; -EINVAL */
