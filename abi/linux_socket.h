/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/linux_socket.h: socket(7) numbers and layouts of Linux on x86-64.  Prefixed where libc has macros
 * of the same name, so that host code can include both.
 */
#pragma once

#include <stdint.h>

enum {
	LX_AF_UNSPEC = 0,
	LX_AF_UNIX = 1,
	LX_AF_INET = 2,
	LX_AF_INET6 = 10,
	LX_AF_NETLINK = 16,
	LX_AF_PACKET = 17,
	LX_AF_VSOCK = 40,
	LX_AF_MAX = 46,
};

enum {
	LX_SOCK_STREAM = 1,
	LX_SOCK_DGRAM = 2,
	LX_SOCK_RAW = 3,
	LX_SOCK_RDM = 4,
	LX_SOCK_SEQPACKET = 5,
	LX_SOCK_TYPE_MASK = 0xf,
	LX_SOCK_NONBLOCK = 04000,
	LX_SOCK_CLOEXEC = 02000000,
};

enum {
	LX_MSG_OOB = 1,
	LX_MSG_PEEK = 2,
	LX_MSG_DONTROUTE = 4,
	LX_MSG_CTRUNC = 8,
	LX_MSG_TRUNC = 0x20,
	LX_MSG_DONTWAIT = 0x40,
	LX_MSG_EOR = 0x80,
	LX_MSG_WAITALL = 0x100,
	LX_MSG_CONFIRM = 0x800,
	LX_MSG_ERRQUEUE = 0x2000,
	LX_MSG_NOSIGNAL = 0x4000,
	LX_MSG_MORE = 0x8000,
	LX_MSG_WAITFORONE = 0x10000,
	LX_MSG_ZEROCOPY = 0x4000000, /* with SO_ZEROCOPY */
	LX_MSG_FASTOPEN = 0x20000000,
	LX_MSG_CMSG_CLOEXEC = 0x40000000,
};

enum { LX_SHUT_RD = 0, LX_SHUT_WR = 1, LX_SHUT_RDWR = 2 };
enum { LX_SCM_RIGHTS = 1, LX_SCM_CREDENTIALS = 2 };

enum {
	LX_SOL_SOCKET = 1,
	LX_SO_DEBUG = 1,
	LX_SO_REUSEADDR = 2,
	LX_SO_TYPE = 3,
	LX_SO_ERROR = 4,
	LX_SO_DONTROUTE = 5,
	LX_SO_BROADCAST = 6,
	LX_SO_SNDBUF = 7,
	LX_SO_RCVBUF = 8,
	LX_SO_KEEPALIVE = 9,
	LX_SO_OOBINLINE = 10,
	LX_SO_NO_CHECK = 11,
	LX_SO_PRIORITY = 12,
	LX_SO_LINGER = 13,
	LX_SO_REUSEPORT = 15,
	LX_SO_PASSCRED = 16,
	LX_SO_PEERCRED = 17,
	LX_SO_RCVLOWAT = 18,
	LX_SO_SNDLOWAT = 19,
	LX_SO_RCVTIMEO = 20,
	LX_SO_SNDTIMEO = 21,
	LX_SO_BINDTODEVICE = 25,
	LX_SO_ATTACH_FILTER = 26,
	LX_SO_DETACH_FILTER = 27,
	LX_SO_TIMESTAMP = 29,
	LX_SO_ACCEPTCONN = 30,
	LX_SO_PEERSEC = 31,
	LX_SO_SNDBUFFORCE = 32,
	LX_SO_RCVBUFFORCE = 33,
	LX_SO_TIMESTAMPNS = 35,
	LX_SO_MARK = 36,
	LX_SO_PROTOCOL = 38,
	LX_SO_DOMAIN = 39,
	LX_SO_RXQ_OVFL = 40,
	LX_SO_LOCK_FILTER = 44,
	LX_SO_BUSY_POLL = 46,
	LX_SO_MAX_PACING_RATE = 47,
	LX_SO_INCOMING_CPU = 49,
	LX_SO_COOKIE = 57,
	LX_SO_ZEROCOPY = 60,
	LX_SO_PEERGROUPS = 59,
};

/* struct ucred. */
struct linux_ucred {
	int32_t pid;
	uint32_t uid, gid;
};

#define LX_UNIX_PATH_MAX 108
struct linux_sockaddr_un {
	uint16_t family;
	char path[LX_UNIX_PATH_MAX];
};
_Static_assert(sizeof(struct linux_sockaddr_un) == 110, "struct sockaddr_un of the uapi");

struct linux_sockaddr_in {
	uint16_t family;
	uint8_t port[2]; /* network order */
	uint8_t addr[4];
	uint8_t zero[8];
};
_Static_assert(sizeof(struct linux_sockaddr_in) == 16, "struct sockaddr_in of the uapi");

struct linux_sockaddr_in6 {
	uint16_t family;
	uint8_t port[2]; /* network order */
	uint32_t flowinfo;
	uint8_t addr[16];
	uint32_t scope_id;
};
_Static_assert(sizeof(struct linux_sockaddr_in6) == 28, "struct sockaddr_in6 of the uapi");

struct linux_msghdr {
	uint64_t name;
	int32_t namelen;
	uint32_t pad;
	uint64_t iov, iovlen;
	uint64_t control, controllen;
	uint32_t flags, pad2;
};
_Static_assert(sizeof(struct linux_msghdr) == 56, "struct user_msghdr of the uapi");

struct linux_mmsghdr {
	struct linux_msghdr hdr;
	uint32_t len, pad;
};
_Static_assert(sizeof(struct linux_mmsghdr) == 64, "struct mmsghdr of the uapi");

/* Followed by len - 16 bytes; the next one is at the next multiple of 8. */
struct linux_cmsghdr {
	uint64_t len;
	int32_t level, type;
};
