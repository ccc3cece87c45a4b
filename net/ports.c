/* SPDX-License-Identifier: Apache-2.0 */
/* net/ports.c: see ports.h.  A binding stands in the bucket of its port; two of them conflict or not. */
#include "net/ports.h"

#include "lib/mem.h"

enum { EPHEMERAL_LOW = 32768, EPHEMERAL_HIGH = 60999 };

void ports_init(struct port_table *t, struct page_src *src)
{
	for (unsigned i = 0; i < PORTS_BUCKETS; i++)
		list_init(&t->bucket[i]);
	objcache_init(&t->entries, src, sizeof(struct port_bind));
	t->low = EPHEMERAL_LOW;
	t->high = EPHEMERAL_HIGH;
}

static struct list *bucket(struct port_table *t, uint16_t port)
{
	return &t->bucket[port % PORTS_BUCKETS];
}

/* Can one packet be for both?  :: without V6ONLY covers IPv4 too. */
static bool overlap(const struct port_bind *a, const struct port_bind *b)
{
	bool any_a = ip_is_any(a->addr), any_b = ip_is_any(b->addr);
	bool v4_a = any_a ? !(a->flags & PORT_V6) : ip_is_v4(a->addr);
	bool v4_b = any_b ? !(b->flags & PORT_V6) : ip_is_v4(b->addr);

	if (a->ifindex && b->ifindex && a->ifindex != b->ifindex)
		return false;
	if (v4_a != v4_b) {
		const struct port_bind *v6 = v4_a ? b : a;

		/* Only the dual-stack any-address meets an IPv4 one. */
		return ip_is_any(v6->addr) && !(v6->flags & PORT_V6ONLY);
	}
	return any_a || any_b || ip_eq(a->addr, b->addr);
}

/* Does `a`, which is there, keep `b` out? */
static bool conflict(const struct port_bind *a, const struct port_bind *b)
{
	uint8_t both = a->flags & b->flags;

	if (a->proto != b->proto || a->port != b->port || !overlap(a, b))
		return false;
	if (both & PORT_REUSEPORT)
		return false;
	/* SO_REUSEADDR on both: yes, unless the one that is there listens. */
	return !((both & PORT_REUSEADDR) && !(a->flags & PORT_LISTENING));
}

static bool free_for(struct port_table *t, const struct port_bind *want)
{
	const struct port_bind *b;

	list_for_each_entry (b, bucket(t, want->port), link)
		if (conflict(b, want))
			return false;
	return true;
}

static bool pick(struct port_table *t, struct port_bind *want, uint32_t random)
{
	uint32_t span = (uint32_t)t->high - t->low + 1;

	for (uint32_t i = 0; i < span; i++) {
		want->port = (uint16_t)(t->low + (random + i) % span);
		/* Asked for any port nobody wants to share one. */
		if (ports_free(t, want->proto, want->port))
			return true;
	}
	for (uint32_t i = 0; i < span; i++) {
		want->port = (uint16_t)(t->low + (random + i) % span);
		if (free_for(t, want))
			return true;
	}
	return false;
}

err_t ports_bind(struct port_table *t, const struct port_bind *want, uint32_t random,
		 struct port_bind **out)
{
	struct port_bind b = *want, *e;

	if (b.port ? !free_for(t, &b) : !pick(t, &b, random))
		return -EADDRINUSE;
	e = objcache_alloc(&t->entries);
	if (!e)
		return -ENOMEM;
	*e = b;
	list_add(bucket(t, e->port), &e->link);
	*out = e;
	return 0;
}

void ports_release(struct port_table *t, struct port_bind *b)
{
	list_del(&b->link);
	objcache_free(&t->entries, b);
}

err_t ports_listen(struct port_table *t, struct port_bind *b)
{
	const struct port_bind *o;

	list_for_each_entry (o, bucket(t, b->port), link)
		if (o != b && conflict(o, b))
			return -EADDRINUSE;
	b->flags |= PORT_LISTENING;
	return 0;
}

bool ports_free(const struct port_table *t, uint8_t proto, uint16_t port)
{
	const struct list *head = &t->bucket[port % PORTS_BUCKETS];
	const struct port_bind *b;

	list_for_each_entry (b, head, link)
		if (b->proto == proto && b->port == port)
			return false;
	return true;
}
