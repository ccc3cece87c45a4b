/* SPDX-License-Identifier: Apache-2.0 */
/* kern/exit_int.h: the last thing that both ends, orderly and not, do. */
#pragma once

_Noreturn void exit_machine(unsigned status); /* flush the log, status line, stop */
