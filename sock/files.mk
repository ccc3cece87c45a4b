# SPDX-License-Identifier: Apache-2.0
sock-y :=
sock-y += sock/sock.c
sock-y += sock/unix.c
sock-y += sock/unix_msg.c
sock-y += sock/unix_name.c
sock-y += sock/unix_rights.c
