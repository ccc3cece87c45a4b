/* SPDX-License-Identifier: Apache-2.0 */
/* sock/netdev.c: netdevice(7): the SIOCGIF* and SIOCSIF* requests that sockets of every family answer. */
#include "sock/netdev.h"

#include "kern/uio.h"
#include "lib/mem.h"
#include "sock/shard.h"
#include "sock/sock.h"

enum {
	SIOCGIFNAME = 0x8910,
	SIOCGIFCONF = 0x8912,
	SIOCGIFFLAGS = 0x8913,
	SIOCSIFFLAGS = 0x8914,
	SIOCGIFADDR = 0x8915,
	SIOCSIFADDR = 0x8916,
	SIOCGIFBRDADDR = 0x8919,
	SIOCGIFNETMASK = 0x891b,
	SIOCGIFMETRIC = 0x891d,
	SIOCGIFMTU = 0x8921,
	SIOCSIFMTU = 0x8922,
	SIOCGIFHWADDR = 0x8927,
	SIOCGIFINDEX = 0x8933,
	SIOCGIFTXQLEN = 0x8942,
	SIOCETHTOOL = 0x8946,
};

enum {
	FLAG_UP = 1,
	FLAG_BROADCAST = 2,
	FLAG_LOOPBACK = 8,
	FLAG_RUNNING = 0x40,
	FLAG_MULTICAST = 0x1000
};
enum { ARPHRD_ETHER = 1, ARPHRD_LOOPBACK = 772 };

struct ifreq { /* struct ifreq of the uapi */
	char name[16];
	union {
		struct linux_sockaddr_in addr;
		struct {
			uint16_t family;
			uint8_t data[14];
		} hw;
		int16_t flags;
		int32_t number;
		uint8_t bytes[24];
	};
};
_Static_assert(sizeof(struct ifreq) == 40, "struct ifreq of the uapi");

struct ifconf {
	int32_t len, pad;
	uint64_t buf;
};

static bool first_v4(const struct net_if *ifc, struct net_ifaddr *a)
{
	for (unsigned k = 0; net_addr_at(ifc, k, a); k++)
		if (ip_is_v4(a->addr))
			return true;
	return false;
}

static void put_addr(struct ifreq *r, uint32_t v4)
{
	be32 w = be32_of(v4);

	memset(&r->addr, 0, sizeof(r->addr));
	r->addr.family = LX_AF_INET;
	memcpy(r->addr.addr, w.b, 4);
}

static uint32_t mask_of(unsigned bits)
{
	return bits ? ~0u << (32 - bits) : 0;
}

static err_t get_addr(const struct net_if *ifc, unsigned cmd, struct ifreq *r)
{
	struct net_ifaddr a;

	if (!first_v4(ifc, &a))
		return -EADDRNOTAVAIL;
	if (cmd == SIOCGIFADDR)
		put_addr(r, ip4_num(a.addr));
	else if (cmd == SIOCGIFNETMASK)
		put_addr(r, mask_of(a.bits));
	else
		put_addr(r, ip4_num(a.addr) | ~mask_of(a.bits));
	return 0;
}

static int16_t flags_of(struct net_if *ifc)
{
	struct netif *nif = net_if_dev(ifc);
	bool lo = nif->features & NETIF_LOOPBACK;

	return (int16_t)((net_if_is_up(ifc) ? FLAG_UP : 0) | (nif->link_up ? FLAG_RUNNING : 0) |
			 (lo ? FLAG_LOOPBACK : FLAG_BROADCAST | FLAG_MULTICAST));
}

static err_t set_addr(struct shard *s, struct net_if *ifc, const struct ifreq *r)
{
	struct net_ifaddr a, old;
	const uint8_t *b = r->addr.addr;

	if (r->addr.family != LX_AF_INET)
		return -EINVAL;
	if (first_v4(ifc, &old)) {
		err_t err = net_addr_del(ifc, old.addr, s->now);

		if (err)
			return err;
	}
	a = (struct net_ifaddr){ .addr = ip4((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
					     (uint32_t)b[2] << 8 | b[3]),
				 .bits = b[0] < 128   ? 8
					 : b[0] < 192 ? 16
						      : 24, /* classful, as Linux */
				 .preferred_ns = UINT64_MAX,
				 .valid_ns = UINT64_MAX };
	return net_addr_add(ifc, &a, s->now);
}

static err_t one(struct shard *s, struct net_if *ifc, unsigned cmd, struct ifreq *r)
{
	struct netif *nif = net_if_dev(ifc);

	switch (cmd) {
	case SIOCGIFFLAGS:
		r->flags = flags_of(ifc);
		return 0;
	case SIOCSIFFLAGS:
		net_if_up(ifc, r->flags & FLAG_UP, s->now);
		return 0;
	case SIOCGIFADDR:
	case SIOCGIFNETMASK:
	case SIOCGIFBRDADDR:
		return get_addr(ifc, cmd, r);
	case SIOCSIFADDR:
		return set_addr(s, ifc, r);
	case SIOCGIFMTU:
		r->number = (int32_t)net_if_mtu(ifc);
		return 0;
	case SIOCSIFMTU:
		return net_if_set_mtu(ifc, (uint32_t)r->number);
	case SIOCGIFHWADDR:
		memset(&r->hw, 0, sizeof(r->hw));
		r->hw.family = nif->features & NETIF_LOOPBACK ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
		memcpy(r->hw.data, nif->mac, 6);
		return 0;
	case SIOCGIFINDEX:
		r->number = (int32_t)nif->index;
		return 0;
	case SIOCGIFMETRIC:
		r->number = 0;
		return 0;
	case SIOCGIFTXQLEN:
		r->number = 1000;
		return 0;
	case SIOCETHTOOL:
		return -EOPNOTSUPP; /* of every command, as a driver that offers none */
	default:
		return -ENOTTY;
	}
}

static bool is_change(unsigned cmd)
{
	return cmd == SIOCSIFFLAGS || cmd == SIOCSIFADDR || cmd == SIOCSIFMTU;
}

static long by_name(unsigned cmd, uaddr_t arg)
{
	struct shard *s = shard_primary();
	struct net_if *ifc;
	struct ifreq r;
	bool on;
	err_t err = user_read(&r, arg, sizeof(r));

	if (err)
		return err;
	r.name[sizeof(r.name) - 1] = 0;
	on = shard_lock(s);
	if (cmd == SIOCGIFNAME)
		ifc = shard_if(s, (uint32_t)r.number);
	else
		ifc = net_if_by_name(s->st, r.name);
	if (!ifc)
		err = -ENODEV;
	else if (cmd == SIOCGIFNAME)
		memcpy(r.name, net_if_dev(ifc)->name, sizeof(r.name));
	else
		err = one(s, ifc, cmd, &r);
	shard_unlock(s, on);
	if (!err && is_change(cmd))
		shard_sync();
	return err ? err : user_write(arg, &r, sizeof(r));
}

/* The interfaces that have an IPv4 address. */
static unsigned list_v4(struct shard *s, struct ifreq *out, unsigned max)
{
	struct net_if *ifc = NULL;
	struct net_ifaddr a;
	unsigned n = 0;
	bool on = shard_look(s);

	while (n < max && (ifc = net_if_next(s->st, ifc)) != NULL) {
		if (!first_v4(ifc, &a))
			continue;
		memset(&out[n], 0, sizeof(out[n]));
		memcpy(out[n].name, net_if_dev(ifc)->name, sizeof(out[n].name));
		put_addr(&out[n++], ip4_num(a.addr));
	}
	shard_looked(s, on);
	return n;
}

static noinline long conf(struct shard *s, uaddr_t arg)
{
	struct ifreq list[8];
	struct ifconf c;
	unsigned n;
	err_t err = user_read(&c, arg, sizeof(c));

	if (err)
		return err;
	n = list_v4(s, list, ARRAY_LEN(list));
	if (c.buf) {
		n = MIN(n, (unsigned)MAX(c.len, 0) / (unsigned)sizeof(list[0]));
		err = user_write(c.buf, list, n * sizeof(list[0]));
	}
	return err ? err : user_store32(arg, n * (uint32_t)sizeof(list[0]));
}

long netdev_ioctl(unsigned cmd, uint64_t arg)
{
	struct shard *s = shard_primary();

	if (cmd == SIOCGIFCONF)
		return conf(s, arg);
	return cmd >= SIOCGIFNAME && cmd <= SIOCETHTOOL ? by_name(cmd, arg) : -ENOTTY;
}
