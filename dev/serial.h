/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/serial.h: COM1, a 16550A: the kernel's log out, and a chardev ("ttyS0") both ways.
 *
 * serial_early() needs nothing: it is the first step of the boot, before memory and interrupts, and writes
 * by polling.  serial_start() needs the heap and interrupts, and turns the same port into a buffered
 * one with input.  A machine without the port is fine with both.
 */
#pragma once

#include "iface/chardev.h"

void serial_early(void);
err_t serial_start(void) must_check;  /* -ENODEV: no port; -ENOMEM */
struct chardev *serial_chardev(void); /* after serial_start(); NULL: no port */
