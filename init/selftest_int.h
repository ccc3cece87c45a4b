/* SPDX-License-Identifier: Apache-2.0 */
/* init/selftest_int.h: the tests that stand in other files than selftest.c. */
#pragma once

void selftest_wx(void);
void selftest_memory(void);
void selftest_copies(void);
