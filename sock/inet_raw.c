/* SPDX-License-Identifier: Apache-2.0 */
/* sock/inet_raw.c: raw IP sockets and ping sockets: raw(7), icmp(7). */
#include "abi/linux_inet.h"
#include "abi/linux_ioctl.h"
#include "sock/inet_int.h"

static err_t raw_sock_connect(struct sock *s, const struct sock_addr *a, bool nonblock)
{
	struct isock *i = isock_of(s);
	struct ip_addr ip;
	uint16_t port;
	uint32_t scope;
	bool on;
	err_t err = inet_addr_parse(i, a, &ip, &port, &scope);

	(void)nonblock;
	if (err)
		return err;
	on = inet_lock(i);
	err = raw_connect(i->raw, ip);
	if (!err) {
		i->connected = true;
		i->peer = ip;
	}
	inet_unlock(i, on);
	return err;
}

static err_t raw_sock_getname(struct sock *s, bool peer, struct sock_addr *out)
{
	struct isock *i = isock_of(s);

	if (peer && !i->connected)
		return -ENOTCONN;
	inet_addr_make(i, peer ? i->peer : i->bound, peer ? 0 : i->lport, i->ifindex, out);
	return 0;
}

/* The socket's own time to live; -1: the system's. */
static int16_t hops(const struct isock *i, struct ip_addr dst)
{
	if (ip_is_multicast(dst))
		return i->raw_opt[RAW_OPT_MCAST_TTL];
	return i->raw_opt[RAW_OPT_TTL] ? i->raw_opt[RAW_OPT_TTL] : -1;
}

static err_t send_target(struct isock *i, const struct sock_msg *m, struct raw_tx *tx)
{
	struct udp_tx ctl = { .ttl = -1, .tos = -1 };
	uint32_t scope = 0;
	uint16_t port;
	err_t err = 0;

	*tx = (struct raw_tx){ .ttl = -1, .tos = -1 };
	if (i->shut_wr)
		return -EPIPE;
	if (m->addr && m->addr->len)
		err = inet_addr_parse(i, m->addr, &tx->dst, &port, &scope);
	else if (!i->connected)
		err = -EDESTADDRREQ;
	if (err)
		return err;
	err = inet_ctl_take(i, m, &ctl);
	tx->src = ctl.src;
	tx->ttl = ctl.ttl >= 0
			  ? ctl.ttl
			  : hops(i, i->connected && !(m->addr && m->addr->len) ? i->peer : tx->dst);
	tx->tos = ctl.tos >= 0 ? ctl.tos : i->raw_opt[RAW_OPT_TOS];
	tx->ifc = scope ? shard_if(i->shard, scope) : ctl.ifc;
	return err;
}

static long raw_sock_send(struct sock *s, struct sock_msg *m)
{
	struct isock *i = isock_of(s);
	struct uio again = *m->uio;
	struct raw_tx tx;
	struct net_iov v;
	bool on;
	long n;

	if (m->flags & LX_MSG_OOB)
		return -EOPNOTSUPP;
	for (unsigned tries = 0;; tries++) {
		inet_iov_in(&v, m->uio);
		on = inet_lock(i);
		n = send_target(i, m, &tx);
		if (!n)
			n = raw_send(i->raw, &tx, &v, m->uio->left, i->shard->now);
		inet_unlock(i, on);
		if (n != -EFAULT || tries == 3 || !inet_fault_in_all(&again))
			return n;
		*m->uio = again;
	}
}

static err_t take(struct isock *i, uint32_t flags, uint64_t deadline_ns, struct pkt **out,
		  struct raw_rx *rx)
{
	bool on = inet_lock(i);
	struct pkt *p;
	err_t err = 0;

	while (!(p = raw_rx_peek(i->raw, rx)) && !err && !i->shut_rd) {
		err = -net_ep_error(raw_net_ep(i->raw));
		if (!err)
			err = sock_wait_error(inet_wait(i, deadline_ns), i->s.rcv_timeout_ns);
	}
	*out = p;
	if (p) {
		*out = flags & LX_MSG_PEEK ? pkt_clone(net_pool(i->shard->st), p)
					   : raw_rx_pop(i->raw);
		err = *out ? 0 : -ENOMEM;
	}
	inet_unlock(i, on);
	return err;
}

static long raw_sock_recv(struct sock *s, struct sock_msg *m)
{
	struct isock *i = isock_of(s);
	struct raw_rx rx;
	struct pkt *p;
	size_t n;
	bool on;
	long r;

	if (m->flags & (LX_MSG_OOB | LX_MSG_ERRQUEUE))
		return m->flags & LX_MSG_OOB ? -EOPNOTSUPP : -EAGAIN;
	r = take(i, m->flags, sock_rcv_deadline(s, m->flags), &p, &rx);
	if (r || !p)
		return r;
	n = MIN((size_t)p->len, m->uio->left);
	r = inet_pkt_out(p, n, m->uio);
	if (r >= 0) {
		const struct inet_info info = { .src = rx.src,
						.dst = rx.dst,
						.ifindex = rx.ifindex,
						.ttl = rx.ttl,
						.tos = rx.tos,
						.stamp_ns = p->stamp_ns };

		if (m->addr)
			inet_addr_make(i, rx.src, 0, rx.ifindex, m->addr);
		inet_ctl_give(i, &info, m);
		if (n < p->len)
			m->out_flags |= LX_MSG_TRUNC;
		if (m->flags & LX_MSG_TRUNC)
			r = (long)p->len;
	}
	on = inet_look(i);
	pkt_free(p);
	inet_looked(i, on);
	return r;
}

static uint32_t raw_sock_poll(struct sock *s)
{
	struct isock *i = isock_of(s);
	bool on = inet_look(i);
	uint32_t mask = inet_poll_mask(raw_level(i->raw) | inet_shut_level(i)) | POLL_WRBAND;

	inet_looked(i, on);
	return mask;
}

static err_t raw_sock_shutdown(struct sock *s, int how)
{
	struct isock *i = isock_of(s);
	bool on = inet_lock(i);

	if (how != LX_SHUT_WR)
		i->shut_rd = true;
	if (how != LX_SHUT_RD)
		i->shut_wr = true;
	waitq_wake(&i->wq, UINT32_MAX);
	inet_unlock(i, on);
	return i->connected ? 0 : -ENOTCONN;
}

static void raw_sock_release(struct sock *s)
{
	struct isock *i = isock_of(s);
	bool on = inet_lock(i);

	inet_group_leave_all(i);
	raw_close(i->raw);
	inet_unlock(i, on);
	inet_free(i);
}

#define RAW_SOCK_OPS(fam)                                                                        \
	{                                                                                        \
		.family = (fam), .bind = inet_bind, .connect = raw_sock_connect,                 \
		.getname = raw_sock_getname, .sendmsg = raw_sock_send, .recvmsg = raw_sock_recv, \
		.shutdown = raw_sock_shutdown, .setopt = inet_setopt, .getopt = inet_getopt,     \
		.poll = raw_sock_poll, .release = raw_sock_release,                              \
	}

const struct sock_ops inet_raw_ops[2] = { RAW_SOCK_OPS(LX_AF_INET), RAW_SOCK_OPS(LX_AF_INET6) };
