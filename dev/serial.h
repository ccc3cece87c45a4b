/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/serial.h: COM1, a 16550A: the kernel's log out, and a chardev ("ttyS0") both ways.
 *
 * Before serial_start() the log writes to the same port by polling (arch_console_write()).  A machine without
 * the port is fine.
 */
#pragma once

#include "iface/chardev.h"

err_t serial_start(void) must_check;  /* -ENODEV: no port; -ENOMEM */
struct chardev *serial_chardev(void); /* after serial_start(); NULL: no port */
