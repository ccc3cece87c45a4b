/* SPDX-License-Identifier: Apache-2.0 */
/* test/pkt/pktscript.h: the interpreter of segment scripts as a function; see pktscript.c. */
#pragma once

int pktscript_main(int argc, char **argv);
