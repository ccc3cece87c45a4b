/* SPDX-License-Identifier: Apache-2.0 */
/* sock/inet_tcp.c: TCP sockets. */
#include "abi/linux_ioctl.h"
#include "kern/clock.h"
#include "sock/inet_int.h"

/* --- connecting --------------------------------------------------------------------------------------- */

static err_t wait_connected(struct isock *i, uint64_t deadline_ns)
{
	err_t err = 0;

	while (!tcp_lazy(i->tcp) && (tcp_conn_state(i->tcp) == TCP_SYN_SENT ||
				     tcp_conn_state(i->tcp) == TCP_SYN_RECEIVED)) {
		if (!deadline_ns)
			return -EINPROGRESS;
		err = inet_wait(i, deadline_ns);
		if (err)
			return err == -ETIMEDOUT ? -EINPROGRESS
						 : sock_wait_error(err, i->s.snd_timeout_ns);
	}
	i->connecting = false;
	err = net_ep_error(tcp_ep(i->tcp));
	if (err)
		return -err;
	i->connected = tcp_conn_state(i->tcp) != TCP_CLOSED;
	return i->connected ? 0 : -ECONNABORTED;
}

static err_t start_connect(struct isock *i, struct ip_addr ip, uint16_t port, uint32_t scope,
			   bool fast)
{
	uint32_t index = scope ? scope : i->ifindex;
	struct tcp_conn_addr a = {
		.local = i->bound,
		.remote = ip,
		.lport = i->lport,
		.rport = port,
		.ifc = index ? shard_if(i->shard, index) : NULL,
	};
	err_t err = 0;

	if (ip_is_any(ip)) /* connect(2) to the any-address means this host */
		a.remote = ip_is_v4(ip) ? ip4(0x7f000001) : (struct ip_addr){ .b = { [15] = 1 } };
	if (ip_is_any(a.local))
		a.local = ip_is_v4(a.remote) ? ip4(0) : (struct ip_addr){ .q = { 0, 0 } };
	if (a.lport) { /* else a port is chosen so that the flow belongs here */
		err = inet_move_to_flow(i, &a);
		a.ifc = index ? shard_if(i->shard, index) : NULL;
	}
	if (!err)
		err = fast ? tcp_connect_fast(i->tcp, &a, i->shard->now)
			   : tcp_connect(i->tcp, &a, i->shard->now);
	if (!err)
		i->connecting = true;
	return err;
}

static err_t connect_locked(struct isock *i, const struct sock_addr *a, uint64_t deadline_ns,
			    bool fast)
{
	struct ip_addr ip;
	uint16_t port;
	uint32_t scope;
	err_t err;

	if (i->kind == INET_LISTEN)
		return -EISCONN;
	if (a->len >= 2 && a->family == LX_AF_UNSPEC) {
		tcp_disconnect(i->tcp, i->shard->now);
		i->connecting = i->connected = false;
		return 0;
	}
	if (i->connected)
		return -EISCONN;
	if (!i->connecting) {
		err = inet_addr_parse(i, a, &ip, &port, &scope);
		if (!err)
			err = start_connect(i, ip, port, scope, fast);
		if (err)
			return err;
	} else if (!deadline_ns && tcp_conn_state(i->tcp) == TCP_SYN_SENT) {
		return -EALREADY;
	}
	return wait_connected(i, deadline_ns);
}

static err_t tcp_sock_connect(struct sock *s, const struct sock_addr *a, bool nonblock)
{
	struct isock *i = isock_of(s);
	bool on = inet_lock(i);
	err_t err =
		connect_locked(i, a, sock_snd_deadline(s, nonblock ? LX_MSG_DONTWAIT : 0), false);

	inet_unlock(i, on);
	return err;
}

/* --- listening ------------------------------------------------------------------------------------------ */

enum { SOMAXCONN = 4096 };

static err_t tcp_sock_listen(struct sock *s, int backlog)
{
	return inet_listen(isock_of(s),
			   (unsigned)backlog > SOMAXCONN ? SOMAXCONN : (unsigned)backlog);
}

static err_t tcp_sock_accept(struct sock *s, bool nonblock, struct sock **out)
{
	struct isock *l = isock_of(s), *new = inet_alloc(s->ops, l->v6, s->type, s->protocol);
	err_t err;

	if (!new)
		return -ENOBUFS;
	new->kind = INET_TCP;
	new->connected = true;
	new->linger = l->linger;
	new->linger_s = l->linger_s;
	new->want = l->want;
	new->s.rcv_timeout_ns = s->rcv_timeout_ns;
	new->s.snd_timeout_ns = s->snd_timeout_ns;
	new->s.priority = s->priority;
	new->s.mark = s->mark;
	new->sndbuf = l->sndbuf;
	new->rcvbuf = l->rcvbuf;
	new->rcvlowat = l->rcvlowat;
	err = inet_accept(l, sock_rcv_deadline(s, nonblock ? LX_MSG_DONTWAIT : 0), new);
	if (err)
		inet_free(new);
	else
		*out = &new->s;
	return err;
}

static err_t tcp_sock_getname(struct sock *s, bool peer, struct sock_addr *out)
{
	struct isock *i = isock_of(s);
	struct tcp_conn_addr a = { .local = i->bound, .lport = i->lport };
	bool on = inet_look(i);
	err_t err = 0;

	if (i->kind == INET_LISTEN) {
		err = peer ? -ENOTCONN : 0;
	} else if (tcp_conn_state(i->tcp) != TCP_CLOSED || peer) {
		tcp_conn_addr(i->tcp, &a);
		if (peer && (!a.rport || tcp_conn_state(i->tcp) == TCP_SYN_SENT ||
			     tcp_conn_state(i->tcp) == TCP_CLOSED))
			err = -ENOTCONN;
		if (!peer && !a.lport) {
			a.local = i->bound;
			a.lport = i->lport;
		}
	}
	if (!err)
		inet_addr_make(i, peer ? a.remote : a.local, peer ? a.rport : a.lport, i->ifindex,
			       out);
	inet_looked(i, on);
	return err;
}

/* --- data ------------------------------------------------------------------------------------------------ */

static unsigned send_flags(uint32_t flags)
{
	if (likely(!(flags & (LX_MSG_MORE | LX_MSG_OOB))))
		return 0;
	return (flags & LX_MSG_MORE ? TCP_MSG_MORE : 0u) | (flags & LX_MSG_OOB ? TCP_MSG_OOB : 0u);
}

/* One turn of sending: a count, or an error; -EFAULT: the next user page is to be brought in first. */
static long send_turn(struct isock *i, struct sock_msg *m, uint64_t deadline_ns)
{
	struct net_iov v;
	bool on = inet_lock(i);
	err_t err = 0;
	long n;

	inet_iov_in(&v, m->uio);
	for (;;) {
		if (i->kind == INET_LISTEN)
			n = -EPIPE;
		else
			n = tcp_send(i->tcp, &v, m->uio->left, send_flags(m->flags), i->shard->now);
		if (n == -ENOTCONN && tcp_conn_state(i->tcp) == TCP_CLOSED)
			n = -EPIPE;
		if (n == -ENOTCONN && i->connecting)
			n = -EAGAIN;
		if (n != -EAGAIN)
			break;
		err = inet_wait(i, deadline_ns);
		if (err) {
			n = sock_wait_error(err, i->s.snd_timeout_ns);
			break;
		}
	}
	inet_unlock(i, on);
	return n;
}

/* MSG_FASTOPEN: connect and write in one; without a cookie the write waits for the connection. */
static err_t send_connects(struct isock *i, const struct sock_msg *m, uint64_t deadline_ns)
{
	bool on = inet_lock(i);
	err_t err;

	if (i->connecting)
		err = -EALREADY;
	else if (!m->addr)
		err = tcp_conn_state(i->tcp) == TCP_CLOSED ? -EDESTADDRREQ : -EISCONN;
	else if (m->addr->len >= 2 && m->addr->family == LX_AF_UNSPEC)
		err = -EOPNOTSUPP;
	else
		err = connect_locked(i, m->addr, deadline_ns, true);
	inet_unlock(i, on);
	return err;
}

/* The data is on its way with the SYN; a refusal is this call's to tell, if it may wait for it. */
static err_t send_refused(struct isock *i, uint64_t deadline_ns)
{
	bool on = inet_lock(i);
	err_t err = wait_connected(i, deadline_ns);

	if (tcp_conn_state(i->tcp) != TCP_CLOSED)
		err = 0;
	inet_unlock(i, on);
	return err;
}

static long tcp_sock_send(struct sock *s, struct sock_msg *m)
{
	struct isock *i = isock_of(s);
	uint64_t deadline = sock_snd_deadline(s, m->flags);
	long done = 0, n;

	if (m->flags & LX_MSG_FASTOPEN) {
		n = send_connects(i, m, deadline);
		if (n)
			return n;
	}
	do {
		n = send_turn(i, m, deadline);
		if (n > 0)
			done += n;
		else if (n == -EFAULT && inet_fault_in(m->uio, false))
			continue;
		else
			break;
	} while (m->uio->left);
	if (likely(!(m->flags & (LX_MSG_ZEROCOPY | LX_MSG_FASTOPEN))))
		return done ? done : n;
	if ((m->flags & LX_MSG_ZEROCOPY) && done)
		inet_zerocopy_sent(i);
	if (done && (m->flags & LX_MSG_FASTOPEN)) {
		err_t err = send_refused(i, deadline);

		if (err)
			return err;
	}
	return done ? done : n;
}

static unsigned recv_flags(uint32_t flags)
{
	return (flags & LX_MSG_OOB ? TCP_MSG_OOB : 0u) | (flags & LX_MSG_PEEK ? TCP_MSG_PEEK : 0u) |
	       (flags & LX_MSG_TRUNC ? TCP_MSG_TRUNC : 0u);
}

static bool enough(const struct isock *i, size_t want)
{
	return i->rcvlowat <= 1 || tcp_readable(i->tcp) >= MIN(want, (size_t)i->rcvlowat) ||
	       (tcp_level(i->tcp) & (NET_RDHUP | NET_ERR | NET_HUP));
}

static long recv_turn(struct isock *i, struct sock_msg *m, size_t want, uint64_t deadline_ns)
{
	struct net_iov v;
	bool on = inet_lock(i);
	err_t err;
	long n;

	inet_iov_out(&v, m->uio);
	for (;;) {
		if (i->kind == INET_LISTEN)
			n = -ENOTCONN;
		else if (!deadline_ns || enough(i, want))
			n = tcp_recv(i->tcp, &v, want, recv_flags(m->flags), i->shard->now);
		else
			n = -EAGAIN;
		if (n != -EAGAIN || (m->flags & LX_MSG_OOB))
			break;
		err = inet_wait(i, deadline_ns);
		if (err) {
			n = tcp_recv(i->tcp, &v, want, recv_flags(m->flags), i->shard->now);
			if (n <= 0) /* nor less than SO_RCVLOWAT came */
				n = sock_wait_error(err, i->s.rcv_timeout_ns);
			break;
		}
	}
	inet_unlock(i, on);
	return n;
}

static long tcp_sock_recv(struct sock *s, struct sock_msg *m)
{
	struct isock *i = isock_of(s);
	uint64_t deadline = sock_rcv_deadline(s, m->flags);
	size_t want = m->uio->left;
	bool all = (m->flags & LX_MSG_WAITALL) && !(m->flags & LX_MSG_PEEK);
	long done = 0, n;

	if (m->flags & LX_MSG_ERRQUEUE)
		return inet_recv_zerocopy(i, m);
	do {
		n = recv_turn(i, m, want - (size_t)done, deadline);
		if (n > 0)
			done += n;
		else if (n == -EFAULT && inet_fault_in(m->uio, true))
			continue;
		else
			break;
	} while ((n < 0 || all) && (size_t)done < want);
	if (m->addr)
		m->addr->len = 0;
	return done ? done : n;
}

static uint32_t tcp_sock_poll(struct sock *s)
{
	struct isock *i = isock_of(s);
	bool on = inet_look(i);
	uint32_t mask;

	if (i->kind == INET_LISTEN)
		mask = inet_listen_pending(i) ? POLL_IN | POLL_RDNORM : 0;
	else
		mask = inet_poll_mask(tcp_level(i->tcp)) | inet_zerocopy_poll(i);
	inet_looked(i, on);
	return mask;
}

/* --- closing ----------------------------------------------------------------------------------------------- */

static err_t tcp_sock_shutdown(struct sock *s, int how)
{
	struct isock *i = isock_of(s);
	unsigned what =
		(how != LX_SHUT_WR ? TCP_SHUT_RD : 0u) | (how != LX_SHUT_RD ? TCP_SHUT_WR : 0u);
	bool on = inet_lock(i), listening = i->kind == INET_LISTEN;
	err_t err = listening ? 0 : tcp_shutdown(i->tcp, what, i->shard->now);

	waitq_wake(&i->wq, UINT32_MAX);
	inet_unlock(i, on);
	if (listening)
		err = what & TCP_SHUT_RD ? inet_unlisten(i) : 0;
	if (!err)
		poll_notify(&s->source, POLL_IN | POLL_OUT | POLL_HUP | POLL_RDHUP);
	return err;
}

/* SO_LINGER with a time: close(2) waits until all is acknowledged, or as long as that. */
static void linger(struct isock *i)
{
	uint64_t deadline = i->shard->now + (uint64_t)i->linger_s * 1000000000;

	if (tcp_shutdown(i->tcp, TCP_SHUT_WR, i->shard->now) < 0)
		return;
	while (tcp_unacked(i->tcp) && !(tcp_level(i->tcp) & NET_HUP))
		if (inet_wait(i, deadline))
			return;
}

static void tcp_sock_release(struct sock *s)
{
	struct isock *i = isock_of(s);
	bool on = inet_lock(i);

	if (i->kind == INET_LISTEN) {
		/* its listeners end one by one, below */
	} else if (i->linger && !i->linger_s) {
		tcp_abort(i->tcp, i->shard->now);
	} else {
		if (i->linger)
			linger(i);
		tcp_close(i->tcp, i->shard->now);
	}
	inet_unlock(i, on);
	inet_listen_free(i);
	inet_free(i);
}

enum { SIOCOUTQNSD = 0x894b, SIOCATMARK = 0x8905 };

static long tcp_sock_ioctl(struct sock *s, unsigned cmd, uint64_t arg)
{
	struct isock *i = isock_of(s);
	bool on, listening;
	int v = 0;

	if (cmd != LX_FIONREAD && cmd != LX_TIOCOUTQ && cmd != SIOCOUTQNSD && cmd != SIOCATMARK)
		return -ENOTTY;
	on = inet_look(i);
	listening = i->kind == INET_LISTEN;
	if (listening)
		v = 0;
	else if (cmd == LX_FIONREAD)
		v = (int)tcp_readable(i->tcp);
	else if (cmd == LX_TIOCOUTQ)
		v = (int)tcp_unacked(i->tcp);
	else if (cmd == SIOCOUTQNSD)
		v = (int)tcp_unsent(i->tcp);
	else
		v = tcp_at_mark(i->tcp);
	inet_looked(i, on);
	return listening ? -EINVAL : user_write(arg, &v, sizeof(v));
}

#define TCP_SOCK_OPS(fam)                                                                        \
	{                                                                                        \
		.family = (fam), .bind = inet_bind, .listen = tcp_sock_listen,                   \
		.accept = tcp_sock_accept, .connect = tcp_sock_connect,                          \
		.getname = tcp_sock_getname, .sendmsg = tcp_sock_send, .recvmsg = tcp_sock_recv, \
		.shutdown = tcp_sock_shutdown, .setopt = inet_setopt, .getopt = inet_getopt,     \
		.ioctl = tcp_sock_ioctl, .poll = tcp_sock_poll, .release = tcp_sock_release,     \
	}

const struct sock_ops inet_tcp_ops[2] = { TCP_SOCK_OPS(LX_AF_INET), TCP_SOCK_OPS(LX_AF_INET6) };
