/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/packet_opt.c: options of AF_PACKET sockets.  Memberships are kept and checked but change nothing at the device:
 * it hands over every frame, and taps see those of other stations and groups without asking.
 */
#include "kern/slab.h"
#include "lib/mem.h"
#include "sock/filter.h"
#include "sock/packet_int.h"

struct member {
	struct list link;
	struct linux_packet_mreq r;
	unsigned count;
};

void packet_members_free(struct psock *k)
{
	struct member *m, *tmp;

	list_for_each_entry_safe (m, tmp, &k->members, link)
		kfree(m);
}

static struct member *find_member(struct psock *k, const struct linux_packet_mreq *r)
{
	struct member *m;

	list_for_each_entry (m, &k->members, link)
		if (m->r.ifindex == r->ifindex && m->r.type == r->type && m->r.alen == r->alen &&
		    memcmp(m->r.address, r->address, r->alen) == 0)
			return m;
	return NULL;
}

static bool link_there(uint32_t ifindex)
{
	struct shard *s = shard_primary();
	bool on = shard_look(s), there = shard_if(s, ifindex) != NULL;

	shard_looked(s, on);
	return there;
}

static err_t join(struct psock *k, const struct linux_packet_mreq *r)
{
	struct member *m = find_member(k, r);

	if (!link_there((uint32_t)r->ifindex))
		return -ENODEV;
	if (r->alen > 6 || r->type > LX_PACKET_MR_UNICAST)
		return -EINVAL;
	if (!m) {
		m = kzalloc(sizeof(*m));
		if (!m)
			return -ENOBUFS;
		m->r = *r;
		list_add_tail(&k->members, &m->link);
	}
	m->count++;
	return 0;
}

/* To leave what was never joined is no error. */
static void leave(struct psock *k, const struct linux_packet_mreq *r)
{
	struct member *m = find_member(k, r);

	if (m && --m->count == 0) {
		list_del(&m->link);
		kfree(m);
	}
}

static err_t set_membership(struct psock *k, bool add, struct uio *val)
{
	struct linux_packet_mreq r;

	if (val->left < sizeof(r))
		return -EINVAL;
	if (uio_read(val, &r, sizeof(r)) != (long)sizeof(r))
		return -EFAULT;
	if (r.alen > sizeof(r.address))
		return -EINVAL;
	if (add)
		return join(k, &r);
	leave(k, &r);
	return 0;
}

/* packet(7) PACKET_RX_RING: made, or taken away by a request for nothing. */
static err_t set_ring(struct psock *k, struct uio *val)
{
	struct packet_ring *new = NULL, *old = NULL;
	struct linux_tpacket_req req;
	err_t err = 0;
	bool on;

	if (val->left < sizeof(req))
		return -EINVAL;
	if (uio_read(val, &req, sizeof(req)) != (long)sizeof(req))
		return -EFAULT;
	if (k->version != LX_TPACKET_V2)
		return -EINVAL;
	if (req.block_nr)
		err = packet_ring_new(&req, k->reserve, &new);
	else if (req.frame_nr)
		err = -EINVAL;
	if (err)
		return err;
	on = spin_lock_irq(&k->lock);
	if (k->ring && (new || packet_ring_mapped(k->ring))) {
		err = -EBUSY;
		old = new;
	} else {
		old = k->ring;
		k->ring = new;
	}
	spin_unlock_irq(&k->lock, on);
	if (old)
		packet_ring_retire(k, old);
	return err;
}

static err_t set_number(struct psock *k, int name, int v)
{
	switch (name) {
	case LX_PACKET_AUXDATA:
		k->auxdata = v;
		return 0;
	case LX_PACKET_IGNORE_OUTGOING:
		if (v < 0 || v > 1)
			return -EINVAL;
		k->ignore_outgoing = v;
		packet_tell_taps(k);
		return 0;
	case LX_PACKET_VERSION: /* the third is refused: programs fall back to the second */
		if (v != LX_TPACKET_V1 && v != LX_TPACKET_V2)
			return -EINVAL;
		if (k->ring)
			return -EBUSY;
		k->version = (uint32_t)v;
		return 0;
	case LX_PACKET_RESERVE:
		if (v < 0 || v > 65535)
			return -EINVAL;
		if (k->ring)
			return -EBUSY;
		k->reserve = (uint32_t)v;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static err_t set_packet_level(struct psock *k, int name, struct uio *val)
{
	err_t err;
	int v;

	if (name == LX_PACKET_ADD_MEMBERSHIP || name == LX_PACKET_DROP_MEMBERSHIP)
		return set_membership(k, name == LX_PACKET_ADD_MEMBERSHIP, val);
	if (name == LX_PACKET_RX_RING)
		return set_ring(k, val);
	if (name != LX_PACKET_AUXDATA && name != LX_PACKET_IGNORE_OUTGOING &&
	    name != LX_PACKET_VERSION && name != LX_PACKET_RESERVE)
		return -ENOPROTOOPT;
	err = sock_opt_int(val, &v);
	return err ? err : set_number(k, name, v);
}

/* --- filters ------------------------------------------------------------------------------------------ */

static err_t install(struct psock *k, struct bpf_prog *prog)
{
	struct bpf_prog *old = prog;
	err_t err = 0;

	if (k->filter_locked) {
		err = -EPERM;
	} else if (!prog && !k->filter) {
		err = -ENOENT;
	} else {
		old = k->filter;
		k->filter = prog;
		packet_tell_taps(k);
	}
	kfree(old); /* no tap looks at it any more */
	return err;
}

static err_t set_buffer(struct psock *k, bool snd, struct uio *val)
{
	bool on;
	int v;
	err_t err = sock_opt_int(val, &v);

	if (err)
		return err;
	on = spin_lock_irq(&k->lock);
	*(snd ? &k->sndbuf : &k->rcvbuf) = sock_buffer_size(v, snd);
	spin_unlock_irq(&k->lock, on);
	return 0;
}

static err_t set_socket_level(struct psock *k, int name, struct uio *val)
{
	struct bpf_prog *prog = NULL;
	err_t err;
	int v;

	if (val->left < sizeof(v))
		return -EINVAL;
	switch (name) {
	case LX_SO_ATTACH_FILTER:
		err = filter_read(val, &prog);
		return err ? err : install(k, prog);
	case LX_SO_DETACH_FILTER:
		return install(k, NULL);
	case LX_SO_LOCK_FILTER:
		err = sock_opt_int(val, &v);
		if (!err && k->filter_locked && !v)
			err = -EPERM;
		if (!err)
			k->filter_locked = v;
		return err;
	case LX_SO_RCVBUF:
	case LX_SO_RCVBUFFORCE:
		return set_buffer(k, false, val);
	case LX_SO_SNDBUF:
	case LX_SO_SNDBUFFORCE:
		return set_buffer(k, true, val);
	default:
		return -ENOPROTOOPT;
	}
}

err_t packet_setopt(struct sock *s, int level, int name, struct uio *val)
{
	struct psock *k = psock_of(s);
	err_t err = -ENOPROTOOPT;

	mutex_lock(&k->mtx);
	if (level == LX_SOL_SOCKET)
		err = set_socket_level(k, name, val);
	else if (level == LX_SOL_PACKET)
		err = set_packet_level(k, name, val);
	mutex_unlock(&k->mtx);
	return err;
}

/* --- getting -------------------------------------------------------------------------------------------- */

static void get_statistics(struct psock *k, void *val, uint32_t *len)
{
	struct linux_tpacket_stats sum = { 0 }, one;
	bool on;

	for (unsigned i = 0; i < shard_count(); i++) {
		on = shard_lock(shard_at(i));
		tap_stats(k->tap[i].tap, &one.packets, &one.drops);
		shard_unlock(shard_at(i), on);
		sum.packets += one.packets;
		sum.drops += one.drops;
	}
	on = spin_lock_irq(&k->lock);
	sum.drops += k->drops;
	k->drops = 0;
	spin_unlock_irq(&k->lock, on);
	sock_opt_put(val, len, &sum, sizeof(sum));
}

/* PACKET_HDRLEN: of the version that the value names. */
static err_t header_length(const void *val, uint32_t len, int *v)
{
	if (len < sizeof(*v))
		return -EINVAL;
	memcpy(v, val, sizeof(*v));
	if (*v != LX_TPACKET_V2)
		return -EINVAL;
	*v = sizeof(struct linux_tpacket2_hdr);
	return 0;
}

static err_t get_number(struct psock *k, int name, const void *val, uint32_t len, int *v)
{
	switch (name) {
	case LX_PACKET_AUXDATA:
		*v = k->auxdata;
		return 0;
	case LX_PACKET_IGNORE_OUTGOING:
		*v = k->ignore_outgoing;
		return 0;
	case LX_PACKET_VERSION:
		*v = (int)k->version;
		return 0;
	case LX_PACKET_RESERVE:
		*v = (int)k->reserve;
		return 0;
	case LX_PACKET_HDRLEN:
		return header_length(val, len, v);
	default:
		return -ENOPROTOOPT;
	}
}

static err_t get_socket_level(struct psock *k, int name, int *v)
{
	switch (name) {
	case LX_SO_RCVBUF:
		*v = (int)k->rcvbuf;
		return 0;
	case LX_SO_SNDBUF:
		*v = (int)k->sndbuf;
		return 0;
	case LX_SO_LOCK_FILTER:
		*v = k->filter_locked;
		return 0;
	case LX_SO_ERROR:
		*v = 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

err_t packet_getopt(struct sock *s, int level, int name, void *val, uint32_t *len)
{
	struct psock *k = psock_of(s);
	err_t err;
	int v;

	if (level == LX_SOL_PACKET && name == LX_PACKET_STATISTICS) {
		get_statistics(k, val, len);
		return 0;
	}
	if (level == LX_SOL_SOCKET)
		err = get_socket_level(k, name, &v);
	else
		err = level == LX_SOL_PACKET ? get_number(k, name, val, *len, &v) : -ENOPROTOOPT;
	if (!err)
		sock_opt_put(val, len, &v, sizeof(v));
	return err;
}
