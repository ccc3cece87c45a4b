# SPDX-License-Identifier: Apache-2.0
sock-y :=
sock-y += sock/sock.c
sock-y += sock/unix.c
sock-y += sock/unix_msg.c
sock-y += sock/unix_name.c
sock-y += sock/unix_rights.c
sock-y += sock/inet.c
sock-y += sock/inet_cmsg.c
sock-y += sock/inet_copy.c
sock-y += sock/inet_ioctl.c
sock-y += sock/inet_opt.c
sock-y += sock/inet_raw.c
sock-y += sock/inet_tcp.c
sock-y += sock/inet_udp.c
sock-y += sock/shard.c
sock-y += sock/netconf.c
