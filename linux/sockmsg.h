/* SPDX-License-Identifier: Apache-2.0 */
/* linux/sockmsg.h: shared by the two files of socket calls, socket.c and sockmsg.c. */
#pragma once

#include "sock/sock.h"

void socket_init(void); /* families that need no device */
/* The file (a reference) and its socket. -EBADF, -ENOTSOCK. */
err_t socket_get(int fd, struct file **f, struct sock **s) must_check;
err_t socket_addr_read(struct sock_addr *out, uaddr_t addr, int len) must_check;
err_t socket_addr_write(const struct sock_addr *a, uaddr_t addr, uaddr_t lenp) must_check;
