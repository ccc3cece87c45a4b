/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/cred.h: who the caller is, for SCM_CREDENTIALS and SO_PEERCRED.  Credentials belong to linux/, which
 * this floor does not know: it registers the answer.
 */
#pragma once

#include "abi/linux_socket.h"

extern void (*sock_cred)(struct linux_ucred *out);
