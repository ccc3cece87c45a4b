/* SPDX-License-Identifier: Apache-2.0 */
/* sock/packet.c: AF_PACKET sockets: packet(7). */
#include "sock/packet.h"

#include "abi/linux_ioctl.h"
#include "abi/wire_ip.h"
#include "kern/clock.h"
#include "kern/slab.h"
#include "lib/mem.h"
#include "sock/inet_int.h"
#include "sock/packet_int.h"

enum {
	BUFFER = 212992,
	FRAME_MOST = 65535 + 18,
	TURN_BYTES = 2 << 20, /* of frames that one turn may bring */
};

static uint16_t proto_get(const uint8_t b[2])
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static void proto_put(uint8_t b[2], uint16_t proto)
{
	b[0] = (uint8_t)(proto >> 8);
	b[1] = (uint8_t)proto;
}

static struct spinlock all_lock = SPINLOCK_INIT(RANK_REGISTRY);
static struct list all = LIST_INIT(all); /* all_lock */

/* --- addresses -------------------------------------------------------------------------------------- */

void packet_from(const struct pkt *p, const struct tap_rx *rx, struct linux_sockaddr_ll *out)
{
	const struct wire_eth *h = (const struct wire_eth *)p->data;

	*out = (struct linux_sockaddr_ll){ .family = LX_AF_PACKET,
					   .ifindex = (int32_t)rx->ifindex,
					   .hatype = rx->hatype,
					   .pkttype = (uint8_t)rx->pkttype,
					   .halen = 6 };
	memcpy(out->protocol, h->type.b, 2);
	memcpy(out->addr, h->src, 6);
}

static err_t read_addr(const struct sock_addr *a, struct linux_sockaddr_ll *ll)
{
	if (a->len < sizeof(*ll))
		return -EINVAL;
	memcpy(ll, a->bytes, sizeof(*ll));
	return 0;
}

void packet_tell_taps(struct psock *k)
{
	for (unsigned i = 0; i < shard_count(); i++) {
		struct shard *s = shard_at(i);
		bool on = shard_lock(s);

		tap_bind(k->tap[i].tap, k->proto, k->ifindex ? shard_if(s, k->ifindex) : NULL);
		tap_set_filter(k->tap[i].tap, k->filter, packet_base(k));
		tap_set_ignore_outgoing(k->tap[i].tap, k->ignore_outgoing);
		shard_unlock(s, on);
	}
}

/* What a link is called, by its hardware; false: there is no such link. 0: all of them. */
static bool link_of(uint32_t ifindex, struct linux_sockaddr_ll *ll)
{
	struct shard *s = shard_primary();
	bool on = shard_look(s);
	struct net_if *ifc = shard_if(s, ifindex);

	if (ifc) {
		bool lo = net_if_dev(ifc)->features & NETIF_LOOPBACK;

		ll->hatype = lo ? LX_ARPHRD_LOOPBACK : LX_ARPHRD_ETHER;
		ll->halen = 6;
		memcpy(ll->addr, net_if_dev(ifc)->mac, 6);
	}
	shard_looked(s, on);
	return ifc || !ifindex;
}

static err_t packet_bind(struct sock *s, const struct sock_addr *a)
{
	struct psock *k = psock_of(s);
	struct linux_sockaddr_ll ll;
	err_t err = read_addr(a, &ll);

	if (err || ll.family != LX_AF_PACKET)
		return -EINVAL;
	if (!link_of((uint32_t)ll.ifindex, &ll))
		return -ENODEV;
	mutex_lock(&k->mtx);
	if (proto_get(ll.protocol))
		k->proto = proto_get(ll.protocol);
	k->ifindex = (uint32_t)ll.ifindex;
	packet_tell_taps(k);
	mutex_unlock(&k->mtx);
	return 0;
}

static err_t packet_getname(struct sock *s, bool peer, struct sock_addr *out)
{
	struct psock *k = psock_of(s);
	struct linux_sockaddr_ll ll = { .family = LX_AF_PACKET };

	if (peer)
		return -EOPNOTSUPP;
	ll.ifindex = (int32_t)k->ifindex;
	proto_put(ll.protocol, k->proto);
	(void)link_of(k->ifindex, &ll);
	memcpy(out->bytes, &ll, sizeof(ll));
	out->len = (uint32_t)offsetof(struct linux_sockaddr_ll, addr) + ll.halen;
	return 0;
}

/* --- sending ------------------------------------------------------------------------------------------ */

/* Where a frame goes: of the message's address, or as bound. Shard locked. */
static err_t send_target(struct psock *k, struct shard *s, const struct sock_msg *m,
			 struct linux_sockaddr_ll *ll, struct net_if **ifc)
{
	bool named = m->addr && m->addr->len;
	err_t err = named ? read_addr(m->addr, ll) : 0;

	if (err)
		return err;
	if (!named) {
		*ll = (struct linux_sockaddr_ll){ .ifindex = (int32_t)k->ifindex };
		proto_put(ll->protocol, k->proto);
	}
	*ifc = ll->ifindex > 0 ? shard_if(s, (uint32_t)ll->ifindex) : NULL;
	if (!*ifc)
		return -ENXIO;
	if (!net_if_is_up(*ifc))
		return -ENETDOWN;
	/* A header needs a station to name, but for the loopback. */
	return !named && k->s.type == LX_SOCK_DGRAM &&
			       !(net_if_dev(*ifc)->features & NETIF_LOOPBACK)
		       ? -EINVAL
		       : 0;
}

static err_t send_bytes(struct psock *k, struct shard *s, const struct sock_msg *m,
			const void *data, uint32_t n)
{
	struct linux_sockaddr_ll ll;
	struct net_if *ifc;
	struct pkt *p;
	err_t err = send_target(k, s, m, &ll, &ifc);

	if (err)
		return err;
	p = pkt_alloc(net_pool(s->st));
	if (!p)
		return -ENOBUFS;
	if (k->s.type == LX_SOCK_DGRAM) {
		struct wire_eth h;

		memcpy(h.dst, ll.addr, 6);
		memcpy(h.src, net_if_dev(ifc)->mac, 6);
		memcpy(h.type.b, ll.protocol, 2);
		memcpy(pkt_put(p, sizeof(h)), &h, sizeof(h));
	}
	if (!pkt_append(p, data, n)) {
		pkt_free(p);
		return -ENOBUFS;
	}
	return tap_send(k->tap[s->index].tap, ifc, p);
}

static long packet_send(struct sock *s, struct sock_msg *m)
{
	struct psock *k = psock_of(s);
	struct shard *here = shard_here();
	size_t n = m->uio->left;
	uint8_t *buf;
	err_t err = 0;
	bool on;

	if (n > FRAME_MOST)
		return -EMSGSIZE;
	buf = kmalloc(MAX(n, 1ul));
	if (!buf)
		return -ENOBUFS;
	if (n && uio_read(m->uio, buf, n) != (long)n)
		err = -EFAULT;
	if (!err) {
		on = shard_lock(here);
		err = send_bytes(k, here, m, buf, (uint32_t)n);
		shard_unlock(here, on);
	}
	kfree(buf);
	return err ? err : (long)n;
}

/* --- receiving ------------------------------------------------------------------------------------------ */

static bool queue_frame(struct psock *k, const struct pkt *p, const struct tap_rx *rx)
{
	uint32_t base = packet_base(k), n = MIN(p->len - base, rx->want);
	struct pframe *f;

	if (k->queued + n > k->rcvbuf)
		return false;
	f = kmalloc(sizeof(*f) + n);
	if (!f)
		return false;
	f->whole = p->len - base;
	f->len = n;
	f->stamp_ns = p->stamp_ns;
	packet_from(p, rx, &f->from);
	pkt_copy_out(p, base, f->data, n);
	list_add_tail(&k->queue, &f->link);
	k->queued += sizeof(*f) + n;
	return true;
}

/* A tap has frames; its shard is locked. */
static void packet_event(struct shard_owner *o, unsigned events)
{
	struct ptap *t = container_of(o, struct ptap, owner);
	struct psock *k = t->k;
	bool on = spin_lock_irq(&k->lock);
	struct tap_rx rx;
	struct pkt *p;

	while ((p = tap_rx_peek(t->tap, &rx)) != NULL) {
		if (!(k->ring ? packet_ring_frame(k, p, &rx) : queue_frame(k, p, &rx)))
			k->drops++;
		pkt_free(tap_rx_pop(t->tap));
	}
	waitq_wake(&k->wq, UINT32_MAX);
	spin_unlock_irq(&k->lock, on);
	poll_notify(&k->s.source, inet_poll_mask(events));
}

/* The first frame, off the queue, or a copy of it; waits for it. */
static err_t take(struct psock *k, uint32_t flags, uint64_t deadline_ns, struct pframe **out)
{
	bool on = spin_lock_irq(&k->lock), peek = flags & LX_MSG_PEEK;
	struct pframe *f;
	err_t err = 0;

	while (list_empty(&k->queue) && !err)
		err = deadline_ns ? waitq_wait(&k->wq, deadline_ns) : -EAGAIN;
	f = list_first(&k->queue, struct pframe, link);
	*out = f;
	if (f && peek) {
		*out = kmalloc(sizeof(*f) + f->len);
		if (*out)
			memcpy(*out, f, sizeof(*f) + f->len);
	} else if (f) {
		list_del(&f->link);
		k->queued -= sizeof(*f) + f->len;
	}
	spin_unlock_irq(&k->lock, on);
	if (f)
		return *out ? 0 : -ENOMEM;
	return sock_wait_error(err, k->s.rcv_timeout_ns);
}

static void give_auxdata(const struct psock *k, const struct pframe *f, struct sock_msg *m)
{
	struct linux_tpacket_auxdata a = { .status = LX_TP_STATUS_USER,
					   .len = f->whole,
					   .snaplen = f->len,
					   .net = (uint16_t)(14 - packet_base(k)) };

	if (k->auxdata && m->ctl_out)
		sock_ctl_put(m->ctl_out, LX_SOL_PACKET, LX_PACKET_AUXDATA, &a, sizeof(a));
}

/* The frame's bytes and what is known of it, to the program. */
static long give(struct psock *k, const struct pframe *f, struct sock_msg *m)
{
	size_t n = MIN((size_t)f->len, m->uio->left);

	if (n && uio_write(m->uio, f->data, n) != (long)n)
		return -EFAULT;
	if (m->addr) {
		memcpy(m->addr->bytes, &f->from, sizeof(f->from));
		m->addr->len = sizeof(f->from);
	}
	sock_ctl_time(&k->s, f->stamp_ns, m);
	give_auxdata(k, f, m);
	if (n < f->len)
		m->out_flags |= LX_MSG_TRUNC;
	return m->flags & LX_MSG_TRUNC ? (long)f->len : (long)n;
}

static long packet_recv(struct sock *s, struct sock_msg *m)
{
	struct psock *k = psock_of(s);
	struct pframe *f;
	long r;

	if (m->flags & LX_MSG_OOB)
		return -EINVAL;
	if (m->flags & LX_MSG_ERRQUEUE)
		return -EAGAIN;
	r = take(k, m->flags, sock_rcv_deadline(s, m->flags), &f);
	if (r)
		return r;
	r = give(k, f, m);
	kfree(f);
	return r;
}

static uint32_t packet_poll(struct sock *s)
{
	struct psock *k = psock_of(s);
	bool on = spin_lock_irq(&k->lock);
	bool in = !list_empty(&k->queue) || (k->ring && packet_ring_readable(k->ring));

	spin_unlock_irq(&k->lock, on);
	return POLL_OUT | POLL_WRNORM | POLL_WRBAND | (in ? POLL_IN | POLL_RDNORM : 0);
}

static long packet_ioctl(struct sock *s, unsigned cmd, uint64_t arg)
{
	struct psock *k = psock_of(s);
	const struct pframe *f;
	uint32_t n = 0;
	bool on;

	if (cmd != LX_FIONREAD && cmd != LX_TIOCOUTQ)
		return -ENOTTY;
	on = spin_lock_irq(&k->lock);
	f = list_first(&k->queue, struct pframe, link);
	if (f && cmd == LX_FIONREAD)
		n = f->len;
	spin_unlock_irq(&k->lock, on);
	return user_store32(arg, n);
}

/* --- making and ending -------------------------------------------------------------------------------------- */

static err_t packet_connect(struct sock *s, const struct sock_addr *a, bool nonblock)
{
	(void)s;
	(void)a;
	(void)nonblock;
	return -EOPNOTSUPP;
}

static err_t packet_shutdown(struct sock *s, int how)
{
	(void)s;
	(void)how;
	return -EOPNOTSUPP;
}

static void close_taps(struct psock *k)
{
	for (unsigned i = 0; i < shard_count() && k->tap[i].tap; i++) {
		bool on = shard_lock(shard_at(i));

		tap_close(k->tap[i].tap);
		shard_unlock(shard_at(i), on);
	}
}

static void packet_release(struct sock *s)
{
	struct psock *k = psock_of(s);
	struct pframe *f, *tmp;

	spin_lock(&all_lock);
	list_del(&k->all);
	spin_unlock(&all_lock);
	close_taps(k);
	list_for_each_entry_safe (f, tmp, &k->queue, link)
		kfree(f);
	packet_members_free(k);
	packet_ring_put_all(k->ring);
	packet_ring_put_all(k->retired);
	kfree(k->filter);
	kfree(k);
}

static const struct sock_ops packet_ops = {
	.family = LX_AF_PACKET,
	.bind = packet_bind,
	.connect = packet_connect,
	.getname = packet_getname,
	.sendmsg = packet_send,
	.recvmsg = packet_recv,
	.shutdown = packet_shutdown,
	.setopt = packet_setopt,
	.getopt = packet_getopt,
	.ioctl = packet_ioctl,
	.poll = packet_poll,
	.mmap = packet_mmap,
	.release = packet_release,
};

static err_t open_taps(struct psock *k)
{
	err_t err = 0;

	for (unsigned i = 0; i < shard_count() && !err; i++) {
		struct ptap *t = &k->tap[i];
		bool on = shard_lock(shard_at(i));

		t->k = k;
		t->owner.event = packet_event;
		err = tap_new(shard_at(i)->st, k->proto, NULL, &t->owner, &t->tap);
		if (!err)
			tap_set_rcvbuf(t->tap, TURN_BYTES);
		shard_unlock(shard_at(i), on);
	}
	return err;
}

static err_t packet_new(int type, int protocol, struct sock **out)
{
	uint8_t wire[2] = { (uint8_t)protocol,
			    (uint8_t)(protocol >> 8) }; /* given in network order */
	struct psock *k;
	err_t err;

	if (type != LX_SOCK_RAW && type != LX_SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	k = kzalloc(sizeof(*k) + shard_count() * sizeof(k->tap[0]));
	if (!k)
		return -ENOBUFS;
	sock_init(&k->s, &packet_ops, type, protocol);
	mutex_init(&k->mtx);
	spin_init(&k->lock, RANK_WAITQ);
	waitq_init(&k->wq, &k->lock);
	list_init(&k->queue);
	list_init(&k->members);
	k->proto = proto_get(wire);
	k->rcvbuf = k->sndbuf = BUFFER;
	spin_lock(&all_lock);
	list_add_tail(&all, &k->all);
	spin_unlock(&all_lock);
	err = open_taps(k);
	if (err)
		packet_release(&k->s);
	else
		*out = &k->s;
	return err;
}

void packet_each(void (*line)(void *ctx, const struct packet_row *r), void *ctx)
{
	struct psock *k;

	spin_lock(&all_lock);
	list_for_each_entry (k, &all, all) {
		const struct packet_row r = { k->s.ino, k->s.type, k->proto, k->ifindex,
					      k->queued };

		line(ctx, &r);
	}
	spin_unlock(&all_lock);
}

void packet_init(void)
{
	static struct sock_family family = { .family = LX_AF_PACKET, .new = packet_new };

	sock_family_add(&family);
}
