/* SPDX-License-Identifier: Apache-2.0 */
/* sock/inet_udp.c: UDP sockets. */
#include "abi/linux_ioctl.h"
#include "sock/inet_int.h"

static err_t connect_locked(struct isock *i, const struct sock_addr *a)
{
	struct ip_addr ip;
	uint16_t port;
	uint32_t scope;
	err_t err;

	if (a->len >= 2 && a->family == LX_AF_UNSPEC) {
		i->connected = false;
		inet_autobind_undo(i);
		return udp_connect(i->udp, ip4(0), 0);
	}
	err = inet_addr_parse(i, a, &ip, &port, &scope);
	if (err)
		return err;
	if (ip_is_any(ip))
		ip = ip_is_v4(ip) ? ip4(0x7f000001) : (struct ip_addr){ .b = { [15] = 1 } };
	err = inet_autobind(i);
	if (!err)
		err = udp_connect(i->udp, ip, port);
	if (!err)
		i->connected = true;
	return err;
}

static err_t udp_sock_connect(struct sock *s, const struct sock_addr *a, bool nonblock)
{
	struct isock *i = isock_of(s);
	bool on = inet_lock(i);
	err_t err = connect_locked(i, a);

	(void)nonblock;
	inet_unlock(i, on);
	return err;
}

static err_t udp_sock_getname(struct sock *s, bool peer, struct sock_addr *out)
{
	struct isock *i = isock_of(s);
	struct net_flow f;
	bool on = inet_look(i);
	err_t err;

	udp_addr(i->udp, &f);
	err = peer && (!i->connected || !f.rport) ? -ENOTCONN : 0;
	if (!peer && !i->connected)
		f.local = i->bound;
	if (!err)
		inet_addr_make(i, peer ? f.remote : f.local, peer ? f.rport : i->lport, i->ifindex,
			       out);
	inet_looked(i, on);
	return err;
}

/* --- sending -------------------------------------------------------------------------------------------- */

/* An address without a family is an IPv4 one, as Linux has it. */
static err_t parse_target(const struct isock *i, struct sock_addr a, struct udp_tx *tx,
			  uint32_t *scope)
{
	if (!i->v6 && a.len >= sizeof(a.in) && a.family == LX_AF_UNSPEC)
		a.family = LX_AF_INET;
	return inet_addr_parse(i, &a, &tx->dst, &tx->dport, scope);
}

static err_t send_target(struct isock *i, const struct sock_msg *m, struct udp_tx *tx)
{
	uint32_t scope = 0;
	err_t err = 0;

	*tx = (struct udp_tx){
		.ttl = -1, .tos = -1, .gso_size = i->gso_size, .more = m->flags & LX_MSG_MORE
	};
	if (m->addr && m->addr->len)
		err = parse_target(i, *m->addr, tx, &scope);
	else if (!i->connected)
		err = -EDESTADDRREQ;
	if (!err && m->addr && m->addr->len && !tx->dport)
		err = -EINVAL;
	if (!err && (scope || i->ifindex))
		tx->ifc = shard_if(i->shard, scope ? scope : i->ifindex);
	if (!err && i->shut_wr)
		err = -EPIPE;
	return err ? err : inet_ctl_take(i, m, tx);
}

static long send_turn(struct isock *i, struct sock_msg *m, uint64_t deadline_ns)
{
	struct udp_tx tx;
	struct net_iov v;
	bool on = inet_lock(i);
	long n = send_target(i, m, &tx);

	if (!n && !i->port) {
		n = inet_autobind(
			i); /* which may move it: what was found belongs to its old shard */
		if (!n)
			n = send_target(i, m, &tx);
	}
	inet_iov_in(&v, m->uio);
	while (!n) {
		err_t err;

		n = udp_send(i->udp, &tx, &v, m->uio->left, i->shard->now);
		if (n != -EAGAIN)
			break;
		err = inet_wait(i, deadline_ns);
		n = err ? sock_wait_error(err, i->s.snd_timeout_ns) : 0;
	}
	inet_unlock(i, on);
	return n;
}

static long udp_sock_send(struct sock *s, struct sock_msg *m)
{
	struct isock *i = isock_of(s);
	uint64_t deadline = sock_snd_deadline(s, m->flags);
	struct uio again = *m->uio;
	long n;

	if (m->flags & LX_MSG_OOB)
		return -EOPNOTSUPP;
	for (unsigned tries = 0;; tries++) {
		n = send_turn(i, m, deadline);
		if (n >= 0 && unlikely(m->flags & LX_MSG_ZEROCOPY))
			inet_zerocopy_sent(i);
		if (n != -EFAULT || tries == 3 || !inet_fault_in_all(&again))
			return n;
		*m->uio = again;
	}
}

/* --- receiving -------------------------------------------------------------------------------------------- */

/* A datagram off the queue (or, peeked at, a copy that shares its bytes) with what is known of it. */
static err_t take(struct isock *i, uint32_t flags, uint64_t deadline_ns, struct pkt **out,
		  struct udp_rx *rx, bool *shut)
{
	bool on = inet_lock(i);
	struct pkt *p;
	err_t err = 0;

	*shut = false;
	while (!(p = udp_rx_peek(i->udp, rx)) && !err) {
		err = -net_ep_error(udp_net_ep(i->udp));
		if (!err && i->shut_rd && deadline_ns) {
			*shut = true;
			break;
		}
		if (!err)
			err = sock_wait_error(inet_wait(i, deadline_ns), i->s.rcv_timeout_ns);
	}
	if (p) {
		*out = flags & LX_MSG_PEEK ? pkt_clone(net_pool(i->shard->st), p)
					   : udp_rx_pop(i->udp);
		err = *out ? 0 : -ENOMEM;
	}
	inet_unlock(i, on);
	return err;
}

static void give_back(struct isock *i, struct pkt *p)
{
	bool on = inet_look(i);

	pkt_free(p);
	inet_looked(i, on);
}

static long udp_sock_recv(struct sock *s, struct sock_msg *m)
{
	struct isock *i = isock_of(s);
	struct udp_rx rx;
	struct pkt *p = NULL;
	bool shut = false;
	size_t len, n;
	long r;

	if (m->flags & LX_MSG_OOB)
		return -EOPNOTSUPP;
	if (m->flags & LX_MSG_ERRQUEUE)
		return inet_recv_error(i, m);
	r = take(i, m->flags, sock_rcv_deadline(s, m->flags), &p, &rx, &shut);
	if (r || shut)
		return r;
	len = p->len;
	n = MIN(len, m->uio->left);
	r = inet_pkt_out(p, n, m->uio);
	if (r >= 0) {
		const struct inet_info info = {
			.src = rx.src,
			.dst = rx.dst,
			.ifindex = rx.ifindex,
			.ttl = rx.ttl,
			.tos = rx.tos,
			.gso_size = p->gso_size,
			.stamp_ns = p->stamp_ns,
		};

		if (m->addr)
			inet_addr_make(i, rx.src, rx.sport, rx.ifindex, m->addr);
		inet_ctl_give(i, &info, m);
		if (n < len)
			m->out_flags |= LX_MSG_TRUNC;
		if (m->flags & LX_MSG_TRUNC)
			r = (long)len;
	}
	give_back(i, p);
	return r;
}

static uint32_t udp_sock_poll(struct sock *s)
{
	struct isock *i = isock_of(s);
	bool on = inet_look(i);
	uint32_t mask = inet_poll_mask(udp_level(i->udp) | inet_shut_level(i));

	inet_looked(i, on);
	return mask | POLL_WRBAND | inet_zerocopy_poll(i);
}

static err_t udp_sock_shutdown(struct sock *s, int how)
{
	struct isock *i = isock_of(s);
	bool on = inet_lock(i);
	err_t err = i->connected ? 0 : -ENOTCONN;

	if (how != LX_SHUT_WR)
		i->shut_rd = true;
	if (how != LX_SHUT_RD)
		i->shut_wr = true;
	waitq_wake(&i->wq, UINT32_MAX);
	inet_unlock(i, on);
	poll_notify(&s->source, POLL_IN | POLL_RDHUP | POLL_HUP);
	return err;
}

static void udp_sock_release(struct sock *s)
{
	struct isock *i = isock_of(s);
	bool on = inet_lock(i);

	udp_close(i->udp);
	inet_unlock(i, on);
	inet_free(i);
}

static long udp_sock_ioctl(struct sock *s, unsigned cmd, uint64_t arg)
{
	struct isock *i = isock_of(s);
	bool on;
	int v;

	if (cmd != LX_FIONREAD)
		return -ENOTTY;
	on = inet_look(i);
	v = (int)udp_readable(i->udp);
	inet_looked(i, on);
	return user_write(arg, &v, sizeof(v));
}

#define UDP_SOCK_OPS(fam)                                                                        \
	{                                                                                        \
		.family = (fam), .bind = inet_bind, .connect = udp_sock_connect,                 \
		.getname = udp_sock_getname, .sendmsg = udp_sock_send, .recvmsg = udp_sock_recv, \
		.shutdown = udp_sock_shutdown, .setopt = inet_setopt, .getopt = inet_getopt,     \
		.ioctl = udp_sock_ioctl, .poll = udp_sock_poll, .release = udp_sock_release,     \
	}

const struct sock_ops inet_udp_ops[2] = { UDP_SOCK_OPS(LX_AF_INET), UDP_SOCK_OPS(LX_AF_INET6) };
