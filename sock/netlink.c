/* SPDX-License-Identifier: Apache-2.0 */
/* sock/netlink.c: AF_NETLINK sockets: netlink(7).  Requests are answered while they are sent. */
#include "sock/netlink.h"

#include "kern/slab.h"
#include "lib/mem.h"
#include "sock/netlink_int.h"

enum { DATAGRAM = 8192, REQUEST_MAX = 65536 };

static _Atomic uint32_t last_pid;
static struct spinlock all_lock = SPINLOCK_INIT(RANK_REGISTRY);
static struct list all = LIST_INIT(all); /* all_lock */

static struct nlsock *nlsock_of(struct sock *s)
{
	return container_of(s, struct nlsock, s);
}

/* --- building answers ---------------------------------------------------------------------------------- */

static void hand_on(struct nl_answer *a)
{
	if (a->m)
		list_add_tail(&a->done, &a->m->link);
	a->m = NULL;
}

static bool make_room(struct nl_answer *a, size_t need)
{
	if (a->m && a->m->room - a->m->len >= need)
		return true;
	hand_on(a);
	a->m = kmalloc(sizeof(*a->m) + MAX((size_t)DATAGRAM, need));
	if (!a->m) {
		a->failed = true;
		return false;
	}
	a->m->len = a->m->group = 0;
	a->m->room = MAX((size_t)DATAGRAM, need);
	return true;
}

enum { MESSAGE_MOST = 512 }; /* any one message with its attributes */

void *nl_begin(struct nl_answer *a, uint16_t type, uint16_t flags, size_t payload)
{
	struct linux_nlmsghdr h = { .type = (uint16_t)(type + a->del),
				    .flags = flags,
				    .seq = a->seq,
				    .pid = a->to ? a->to->pid : 0 };
	uint8_t *at;

	if (!make_room(a, MESSAGE_MOST + payload))
		return NULL;
	a->at = a->m->len;
	at = a->m->data + a->at;
	memcpy(at, &h, sizeof(h));
	memset(at + sizeof(h), 0, ALIGN_UP(payload, 4ul));
	a->m->len += sizeof(h) + ALIGN_UP(payload, 4ul);
	return at + sizeof(h);
}

void nl_attr(struct nl_answer *a, uint16_t type, const void *data, size_t len)
{
	struct linux_rtattr r = { .len = (uint16_t)(sizeof(r) + len), .type = type };
	uint8_t *at;

	if (!a->m || a->m->room - a->m->len < ALIGN_UP(sizeof(r) + len, 4ul))
		return;
	at = a->m->data + a->m->len;
	memset(at, 0, ALIGN_UP(sizeof(r) + len, 4ul));
	memcpy(at, &r, sizeof(r));
	memcpy(at + sizeof(r), data, len);
	a->m->len += ALIGN_UP(sizeof(r) + len, 4ul);
}

void nl_end(struct nl_answer *a)
{
	uint32_t len;

	if (!a->m)
		return;
	len = (uint32_t)(a->m->len - a->at);
	memcpy(a->m->data + a->at, &len, sizeof(len));
}

/* NLMSG_ERROR: 0 (an acknowledgement) and the request's header, or an error and the request. */
static void put_error(struct nl_answer *a, const struct linux_nlmsghdr *h, err_t err)
{
	bool capped = !err || a->to->cap_ack;
	size_t quoted = capped ? sizeof(*h) : h->len;
	int32_t error = err;
	uint8_t *at =
		nl_begin(a, LX_NLMSG_ERROR, capped ? LX_NLM_F_CAPPED : 0, sizeof(error) + quoted);

	if (at) {
		memcpy(at, &error, sizeof(error));
		memcpy(at + sizeof(error), h, quoted);
	}
	nl_end(a);
}

static void put_done(struct nl_answer *a)
{
	nl_begin(a, LX_NLMSG_DONE, LX_NLM_F_MULTI, sizeof(int32_t));
	nl_end(a);
}

static void free_all(struct list *msgs)
{
	struct nl_msg *m, *tmp;

	list_for_each_entry_safe (m, tmp, msgs, link)
		kfree(m);
	list_init(msgs);
}

/* One answer may be longer than the buffer, but who does not read gets no more (netlink(7), ENOBUFS). */
static void deliver(struct nl_answer *a)
{
	struct nlsock *n = a->to;
	struct nl_msg *m;

	hand_on(a);
	spin_lock(&n->lock);
	if (n->queued > n->rcvbuf) {
		n->overrun = true;
		free_all(&a->done);
	}
	list_for_each_entry (m, &a->done, link)
		n->queued += m->len;
	n->overrun |= a->failed;
	list_splice_tail(&n->queue, &a->done);
	waitq_wake(&n->rd, UINT32_MAX);
	spin_unlock(&n->lock);
	poll_notify(&n->s.source, POLL_IN | POLL_RDNORM);
}

/* A copy for one of those who listen; an overrun is told once (netlink(7), ENOBUFS). */
static void copy_to(struct nlsock *n, const struct nl_msg *m)
{
	struct nl_msg *copy = NULL;

	spin_lock(&n->lock);
	if (n->queued + m->len <= n->rcvbuf)
		copy = kmalloc(sizeof(*copy) + m->len);
	if (copy) {
		memcpy(copy, m, sizeof(*copy) + m->len);
		list_add_tail(&n->queue, &copy->link);
		n->queued += m->len;
	} else {
		n->overrun = true;
	}
	waitq_wake(&n->rd, UINT32_MAX);
	spin_unlock(&n->lock);
	poll_notify(&n->s.source, POLL_IN | POLL_RDNORM);
}

void nl_multicast(struct nl_answer *a, unsigned group)
{
	struct nl_msg *m, *tmp;
	struct nlsock *n;

	hand_on(a);
	list_for_each_entry_safe (m, tmp, &a->done, link) {
		m->group = group;
		spin_lock(&all_lock);
		list_for_each_entry (n, &all, all)
			if (n->groups & 1u << (group - 1))
				copy_to(n, m);
		spin_unlock(&all_lock);
		kfree(m);
	}
}

static void answer_one(struct nlsock *n, const struct linux_nlmsghdr *h)
{
	struct nl_answer a = { .to = n, .seq = h->seq };
	bool dump = (h->flags & LX_NLM_F_DUMP) == LX_NLM_F_DUMP;
	err_t err = 0;

	list_init(&a.done);
	if (h->type >= LX_RTM_NEWLINK && (h->flags & LX_NLM_F_REQUEST))
		err = netlink_route(&a, h, h->len);
	else if (h->type >= LX_RTM_NEWLINK)
		return;
	if (err)
		put_error(&a, h, err);
	else if (dump)
		put_done(&a);
	else if (h->flags & LX_NLM_F_ACK)
		put_error(&a, h, 0);
	if (!err && !dump &&
	    h->type % 4 < 2) /* RTM_NEW*, RTM_DEL*: told of before it is acknowledged */
		nl_notify();
	deliver(&a);
}

/* --- the socket ------------------------------------------------------------------------------------------ */

static void set_pid(struct nlsock *n, uint32_t pid)
{
	spin_lock(&n->lock);
	if (!n->pid)
		n->pid = pid ? pid : ++last_pid; /* the first gets 1, the process's own number */
	spin_unlock(&n->lock);
}

bool nl_set_groups(struct nlsock *n, uint32_t groups)
{
	struct nlsock *o;
	bool any = false;

	spin_lock(&all_lock);
	n->groups = groups;
	list_for_each_entry (o, &all, all)
		any |= o->groups != 0;
	spin_unlock(&all_lock);
	return any;
}

static err_t nl_bind(struct sock *s, const struct sock_addr *a)
{
	struct nlsock *n = nlsock_of(s);
	struct linux_sockaddr_nl nl;

	if (a->len < sizeof(nl))
		return -EINVAL;
	memcpy(&nl, a->bytes, sizeof(nl));
	if (nl.family != LX_AF_NETLINK)
		return -EINVAL;
	set_pid(n, nl.pid);
	nl_join(n, nl.groups);
	return 0;
}

static err_t nl_connect(struct sock *s, const struct sock_addr *a, bool nonblock)
{
	(void)nonblock;
	if (a->len < sizeof(uint16_t) || a->family != LX_AF_NETLINK)
		return -EINVAL;
	set_pid(nlsock_of(s), 0);
	return 0;
}

static void kernel_addr(struct sock_addr *out, uint32_t pid, uint32_t groups)
{
	struct linux_sockaddr_nl nl = { .family = LX_AF_NETLINK, .pid = pid, .groups = groups };

	memcpy(out->bytes, &nl, sizeof(nl));
	out->len = sizeof(nl);
}

static err_t nl_getname(struct sock *s, bool peer, struct sock_addr *out)
{
	struct nlsock *n = nlsock_of(s);

	kernel_addr(out, peer ? 0 : n->pid, peer ? 0 : n->groups);
	return 0;
}

static long nl_send(struct sock *s, struct sock_msg *m)
{
	struct nlsock *n = nlsock_of(s);
	size_t len = m->uio->left, at = 0;
	struct linux_nlmsghdr *h;
	uint8_t *buf;
	long r = (long)len;

	if (len > REQUEST_MAX)
		return -EMSGSIZE;
	buf = kzalloc(MAX(len, sizeof(*h)) + 8);
	if (!buf)
		return -ENOBUFS;
	set_pid(n, 0);
	if (len && uio_read(m->uio, buf, len) != (long)len)
		r = -EFAULT;
	while (r >= 0 && len - at >= sizeof(*h)) {
		h = (void *)(buf + at);
		if (h->len < sizeof(*h) || h->len > len - at)
			break; /* a damaged rest is ignored, as Linux does */
		answer_one(n, h);
		at += MIN(ALIGN_UP((size_t)h->len, 4ul), len - at);
	}
	kfree(buf);
	return r;
}

/* A message that is only looked at stays, and another reader may free it: a copy. */
static err_t copy_of(const struct nl_msg *m, struct nl_msg **out)
{
	*out = kmalloc(sizeof(*m) + m->len);
	if (!*out)
		return -ENOBUFS;
	memcpy(*out, m, sizeof(*m) + m->len);
	return 0;
}

/* The first datagram, off the queue, or a copy of it; waits for it. */
static err_t take(struct nlsock *n, bool peek, uint64_t deadline_ns, struct nl_msg **out)
{
	err_t err = 0;

	spin_lock(&n->lock);
	while (list_empty(&n->queue) && !n->overrun && !err)
		err = deadline_ns ? waitq_wait(&n->rd, deadline_ns) : -EAGAIN;
	*out = list_first(&n->queue, struct nl_msg, link);
	if (*out) {
		err = peek ? copy_of(*out, out) : 0;
		if (!peek) {
			list_del(&(*out)->link);
			n->queued -= (*out)->len;
		}
	} else if (n->overrun) {
		n->overrun = false;
		err = -ENOBUFS;
	}
	spin_unlock(&n->lock);
	return sock_wait_error(err, n->s.rcv_timeout_ns);
}

static long nl_recv(struct sock *s, struct sock_msg *m)
{
	struct nlsock *n = nlsock_of(s);
	bool peek = m->flags & LX_MSG_PEEK;
	struct nl_msg *msg;
	size_t part;
	long r;

	if (m->flags & LX_MSG_OOB)
		return -EOPNOTSUPP;
	r = take(n, peek, sock_rcv_deadline(s, m->flags), &msg);
	if (r)
		return r;
	part = MIN(msg->len, m->uio->left);
	r = part ? uio_write(m->uio, msg->data, part) : 0;
	if (r >= 0 && part < msg->len)
		m->out_flags |= LX_MSG_TRUNC;
	if (r >= 0 && (m->flags & LX_MSG_TRUNC))
		r = (long)msg->len;
	if (m->addr)
		kernel_addr(m->addr, 0, msg->group ? 1u << (msg->group - 1) : 0);
	kfree(msg);
	return r;
}

static uint32_t nl_poll(struct sock *s)
{
	return POLL_OUT | POLL_WRNORM | POLL_WRBAND |
	       (list_empty(&nlsock_of(s)->queue) ? 0 : POLL_IN | POLL_RDNORM);
}

static err_t nl_shutdown(struct sock *s, int how)
{
	(void)s;
	(void)how;
	return -EOPNOTSUPP;
}

enum {
	NETLINK_ADD_MEMBERSHIP = 1,
	NETLINK_DROP_MEMBERSHIP = 2,
	NETLINK_CAP_ACK = 10,
	NETLINK_GET_STRICT_CHK = 12
};

static err_t nl_setopt(struct sock *s, int level, int name, struct uio *val)
{
	struct nlsock *n = nlsock_of(s);
	err_t err;
	int v;

	if (level == LX_SOL_SOCKET && name != LX_SO_RCVBUF && name != LX_SO_SNDBUF &&
	    name != LX_SO_RCVBUFFORCE && name != LX_SO_SNDBUFFORCE)
		return -ENOPROTOOPT;
	if (level != LX_SOL_SOCKET && level != LX_SOL_NETLINK)
		return -ENOPROTOOPT;
	err = sock_opt_int(val, &v);
	if (err)
		return err;
	if (level == LX_SOL_SOCKET) {
		n->rcvbuf = (uint32_t)(v < 0 ? 0 : v) * 2;
		return 0;
	}
	if (name < NETLINK_ADD_MEMBERSHIP || name > NETLINK_GET_STRICT_CHK)
		return -ENOPROTOOPT;
	if (name == NETLINK_CAP_ACK)
		n->cap_ack = v;
	if (name == NETLINK_ADD_MEMBERSHIP && v >= 1 && v <= 32)
		nl_join(n, n->groups | 1u << (v - 1));
	else if (name == NETLINK_DROP_MEMBERSHIP && v >= 1 && v <= 32)
		nl_join(n, n->groups & ~(1u << (v - 1)));
	return 0;
}

static err_t nl_getopt(struct sock *s, int level, int name, void *val, uint32_t *len)
{
	int v = (int)nlsock_of(s)->rcvbuf;

	if (level != LX_SOL_SOCKET)
		return -ENOPROTOOPT;
	if (name == LX_SO_ERROR || name == LX_SO_ACCEPTCONN)
		v = 0;
	else if (name != LX_SO_RCVBUF && name != LX_SO_SNDBUF)
		return -ENOPROTOOPT;
	sock_opt_put(val, len, &v, sizeof(v));
	return 0;
}

static void nl_release(struct sock *s)
{
	struct nlsock *n = nlsock_of(s);

	nl_join(n, 0);
	spin_lock(&all_lock);
	list_del(&n->all);
	spin_unlock(&all_lock);
	free_all(&n->queue);
	kfree(n);
}

static const struct sock_ops netlink_ops = {
	.family = LX_AF_NETLINK,
	.bind = nl_bind,
	.connect = nl_connect,
	.getname = nl_getname,
	.sendmsg = nl_send,
	.recvmsg = nl_recv,
	.shutdown = nl_shutdown,
	.setopt = nl_setopt,
	.getopt = nl_getopt,
	.poll = nl_poll,
	.release = nl_release,
};

static err_t netlink_new(int type, int protocol, struct sock **out)
{
	struct nlsock *n;

	if (type != LX_SOCK_RAW && type != LX_SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol != LX_NETLINK_ROUTE)
		return -EPROTONOSUPPORT;
	n = kzalloc(sizeof(*n));
	if (!n)
		return -ENOBUFS;
	sock_init(&n->s, &netlink_ops, type, protocol);
	spin_init(&n->lock, RANK_FILE);
	waitq_init(&n->rd, &n->lock);
	list_init(&n->queue);
	n->rcvbuf = 212992;
	spin_lock(&all_lock);
	list_add_tail(&all, &n->all);
	spin_unlock(&all_lock);
	*out = &n->s;
	return 0;
}

static void something_changed(unsigned what)
{
	(void)what;
	nl_notify();
}

void netlink_init(void)
{
	static struct sock_family family = { .family = LX_AF_NETLINK, .new = netlink_new };

	sock_family_add(&family);
	nl_notify_init();
	shard_on_change(something_changed);
}
