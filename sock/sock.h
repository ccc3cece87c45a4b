/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/sock.h: sockets of every family.  A struct sock is what a socket file's `data` points to; a family
 * answers struct sock_ops.  What is the same for all of them (file operations, SOL_SOCKET options that
 * only set a number, timeouts, waiting) is in sock/sock.c; addresses and messages come from linux/socket.c as
 * kernel copies, message bytes as a uio.
 *
 * Context: threads.  Each family has its own locks; nothing here is locked but by its words.
 *
 *   [I] set once   [a] atomic   [f] the family's lock
 */
#pragma once

#include "abi/linux_socket.h"
#include "vfs/file.h"

#define SOCK_ADDR_MAX 128

struct sock_addr {
	union {
		uint16_t family;
		struct linux_sockaddr_un un;
		struct linux_sockaddr_in in;
		struct linux_sockaddr_in6 in6;
		uint8_t bytes[SOCK_ADDR_MAX];
	};
	uint32_t len; /* as given, or as it is; 0: none */
};

/* Control messages on their way out to the program: what does not fit is cut and says MSG_CTRUNC. */
struct sock_ctl {
	uint8_t *buf;
	size_t size, used;
	bool truncated;
};

struct sock_msg {
	struct uio *uio;
	uint32_t flags; /* in: LX_MSG_*; DONTWAIT also stands for O_NONBLOCK */
	struct sock_addr
		*addr; /* send: NULL or the destination; receive: NULL or where the source goes */
	const uint8_t *ctl; /* send: control messages, ctl_len bytes, headers checked */
	size_t ctl_len;
	struct sock_ctl *ctl_out; /* receive: NULL: not wanted */
	uint32_t out_flags;	  /* receive: MSG_TRUNC, MSG_CTRUNC, MSG_EOR, MSG_OOB */
};

struct sock;
struct vm_object;

struct sock_ops {
	int family;
	err_t (*bind)(struct sock *s, const struct sock_addr *a);
	err_t (*listen)(struct sock *s, int backlog); /* NULL: -EOPNOTSUPP */
	/* Wait for a connection unless `nonblock`; *out is a socket without a file. NULL: -EOPNOTSUPP */
	err_t (*accept)(struct sock *s, bool nonblock, struct sock **out);
	err_t (*connect)(struct sock *s, const struct sock_addr *a, bool nonblock);
	err_t (*getname)(struct sock *s, bool peer, struct sock_addr *out); /* -ENOTCONN */
	long (*sendmsg)(struct sock *s, struct sock_msg *m); /* -EPIPE: SIGPIPE follows */
	long (*recvmsg)(struct sock *s, struct sock_msg *m);
	err_t (*shutdown)(struct sock *s, int how);
	/* Both see every level, SOL_SOCKET too, before the generic code; -ENOPROTOOPT: not mine. */
	err_t (*setopt)(struct sock *s, int level, int name, struct uio *val);
	/* Write the value; *len: room in, length out. What the program has there comes along in `val`. */
	err_t (*getopt)(struct sock *s, int level, int name, void *val, uint32_t *len);
	long (*ioctl)(struct sock *s, unsigned cmd, uint64_t arg); /* -ENOTTY, NULL: not mine */
	uint32_t (*poll)(struct sock *s);
	/* What a mapping at `offset` shows, without a reference; -EINVAL. NULL: -ENODEV. */
	err_t (*mmap)(struct sock *s, uint64_t offset, struct vm_object **out);
	err_t (*socketpair)(struct sock *a, struct sock *b); /* NULL: -EOPNOTSUPP */
	void (*release)(struct sock *s);		     /* frees s */
	size_t (*describe)(struct sock *s, char *buf,
			   size_t size); /* for crash reports and traces */
};

struct sock {
	const struct sock_ops *ops; /* [I] */
	int type, protocol;	    /* [I] */
	struct poll_source source;
	uint64_t ino;				 /* [I] "socket:[ino]" */
	uint64_t rcv_timeout_ns, snd_timeout_ns; /* [a] SO_RCVTIMEO, SO_SNDTIMEO; 0: none */
	uint32_t priority, mark;		 /* [a] */
	uint32_t busy_poll_us;			 /* [a] a wish only: an idle CPU polls anyway */
	bool passcred, timestamp, timestampns;	 /* [a] */
};

/* A family makes its sockets; -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -ENOMEM. Called by socket(2). */
struct sock_family {
	int family;
	err_t (*new)(int type, int protocol, struct sock **out);
	struct sock_family *next;
};
void sock_family_add(struct sock_family *f); /* static storage; at boot */
err_t sock_new(int family, int type, int protocol, struct sock **out) must_check;
/* By the family, for the part that is common to all. */
void sock_init(struct sock *s, const struct sock_ops *ops, int type, int protocol);
/* A socket gets its open file; on failure it is released. */
err_t sock_file(struct sock *s, uint32_t flags, struct file **out) must_check;
struct sock *sock_of(const struct file *f); /* NULL: not a socket */

err_t sock_setopt(struct sock *s, int level, int name, struct uio *val) must_check;
err_t sock_getopt(struct sock *s, int level, int name, void *val, uint32_t *len) must_check;
/* An int option's value; -EINVAL when shorter. */
err_t sock_opt_int(struct uio *val, int *out) must_check;
/* A value of getsockopt(2), cut to the room that there is. */
void sock_opt_put(void *val, uint32_t *len, const void *data, size_t n);

/* When a blocking operation must give up: WAIT_FOREVER, or 0 for non-blocking. */
uint64_t sock_rcv_deadline(const struct sock *s, uint32_t flags);
uint64_t sock_snd_deadline(const struct sock *s, uint32_t flags);
/* What a wait's end means to the caller: -EAGAIN for a timeout; -ERESTARTSYS or, with a timeout, -EINTR. */
err_t sock_wait_error(err_t wait, uint64_t timeout_ns);

/* SO_SNDBUF, SO_RCVBUF: doubled, and within reason: socket(7). */
uint32_t sock_buffer_size(int v, bool snd);

/* SO_TIMESTAMP or SO_TIMESTAMPNS, if asked for; stamp 0: now. */
void sock_ctl_time(const struct sock *s, uint64_t stamp_ns, struct sock_msg *m);
/* Add a control message; false: it did not fit whole. */
bool sock_ctl_put(struct sock_ctl *c, int level, int type, const void *data, size_t len);
size_t sock_ctl_room(const struct sock_ctl *c); /* payload bytes of one more message */
/* Walk control messages of a send; *at starts at 0. NULL: no more. */
const struct linux_cmsghdr *sock_ctl_next(const struct sock_msg *m, size_t *at, size_t *len);
