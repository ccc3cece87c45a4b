/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/netconf.c: see netconf.h.  resolv.conf and the host's name follow the lease, unless the image came with
 * a resolv.conf that names a server: that is the user's word.
 */
#include "sock/netconf.h"

#include "abi/linux_fcntl.h"
#include "kern/clock.h"
#include "kern/klog.h"
#include "kern/uio.h"
#include "kern/waitq.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "sock/shard.h"
#include "vfs/vfs.h"

static const char resolv_conf[] = "/etc/resolv.conf";
static struct ip_addr static_dns[2];
static bool image_names_servers; /* [I] after the first start */

static struct spinlock wait_lock = SPINLOCK_INIT(RANK_WAITQ);
static struct waitq wait_wq;

/* --- resolv.conf ---------------------------------------------------------------------------------------- */

static noinline bool has_servers(void)
{
	const struct open_how how = { .flags = LX_O_RDONLY };
	char text[512] = "";
	struct file *f;
	struct uio u;
	bool found = false;

	if (vfs_open(NULL, resolv_conf, &how, &f) < 0)
		return false;
	uio_kernel(&u, text, sizeof(text) - 1);
	if (file_read(f, &u) > 0)
		for (const char *line = text; line && !found; line = strchr(line, '\n')) {
			line += *line == '\n';
			found = strncmp(line, "nameserver", 10) == 0;
		}
	file_put(f);
	return found;
}

static size_t server_line(char *buf, size_t size, struct ip_addr a)
{
	char text[IP_ADDR_TEXT];

	return ip_is_any(a) ? 0 : fmt(buf, size, "nameserver %s\n", ip_addr_text(text, a));
}

static size_t lease_lines(char *buf, size_t size, const struct net_lease *l)
{
	size_t n = 0;

	if (l->domain[0])
		n += fmt(buf + n, size - n, "search %s\n", l->domain);
	for (unsigned k = 0; k < l->ndns && n < size; k++)
		n += server_line(buf + n, size - n, l->dns[k]);
	return n;
}

static size_t compose(char *buf, size_t size)
{
	struct shard *s = shard_primary();
	struct net_if *ifc = NULL;
	size_t n = 0;
	bool on = shard_lock(s);

	for (unsigned k = 0; k < ARRAY_LEN(static_dns); k++)
		n += server_line(buf + n, size - n, static_dns[k]);
	while ((ifc = net_if_next(s->st, ifc)) != NULL && n < size) {
		const struct net_lease *l = net_if_lease(ifc);

		if (l)
			n += lease_lines(buf + n, size - n, l);
	}
	shard_unlock(s, on);
	return MIN(n, size);
}

static noinline void write_resolv_conf(void)
{
	const struct open_how how = { .flags = LX_O_WRONLY | LX_O_CREAT | LX_O_TRUNC,
				      .mode = 0644 };
	char text[512];
	size_t n = compose(text, sizeof(text));
	struct file *f;
	struct uio u;
	err_t err;

	if (!n || image_names_servers)
		return;
	err = vfs_mkdir(NULL, "/etc", 0755);
	if (!err || err == -EEXIST)
		err = vfs_open(NULL, resolv_conf, &how, &f);
	if (err) {
		klog_warn("%s: cannot be written (error %d)", resolv_conf, -err);
		return;
	}
	uio_kernel(&u, text, n);
	if (file_write(f, &u) != (long)n)
		klog_warn("%s: cannot be written whole", resolv_conf);
	file_put(f);
}

/* --- the host's name ---------------------------------------------------------------------------------------- */

static void (*hostname_told)(const char *name); /* [I] before the first lease */

void netconf_on_hostname(void (*f)(const char *name))
{
	hostname_told = f;
}

static void tell_hostname(void)
{
	char name[sizeof(((struct net_lease *)0)->hostname)] = "";
	struct shard *s = shard_primary();
	struct net_if *ifc = NULL;
	bool on = shard_lock(s);

	while (!name[0] && (ifc = net_if_next(s->st, ifc)) != NULL)
		memcpy(name, net_if_lease(ifc)->hostname, sizeof(name));
	shard_unlock(s, on);
	if (name[0] && hostname_told)
		hostname_told(name);
}

/* --- changes ----------------------------------------------------------------------------------------------- */

static void changed(unsigned what)
{
	bool on;

	if (what & NET_CHG_DNS) {
		write_resolv_conf();
		tell_hostname();
	}
	on = spin_lock_irq(&wait_lock);
	waitq_wake(&wait_wq, UINT32_MAX);
	spin_unlock_irq(&wait_lock, on);
}

static bool counts(const struct net_ifaddr *a, bool v6)
{
	if (ip_is_v4(a->addr) == v6)
		return false;
	return !v6 || (!ip6_is_link_local(a->addr) && !(a->flags & NET_ADDR_TENTATIVE));
}

static bool has_address(bool v6)
{
	struct shard *s = shard_primary();
	struct net_if *ifc = NULL;
	struct net_ifaddr a;
	bool found = false, on = shard_lock(s);

	while (!found && (ifc = net_if_next(s->st, ifc)) != NULL) {
		if (net_if_dev(ifc)->features & NETIF_LOOPBACK)
			continue;
		for (unsigned k = 0; !found && net_addr_at(ifc, k, &a); k++)
			found = counts(&a, v6);
	}
	shard_unlock(s, on);
	return found;
}

bool netconf_wait(bool v6, uint64_t deadline_ns)
{
	const uint64_t look_again_ns = 50000000;
	bool on, there;

	/* The look takes the shard's lock, so it is made outside wait_lock; the short sleep covers the gap. */
	while (!(there = has_address(v6)) && clock_mono_ns() < deadline_ns) {
		on = spin_lock_irq(&wait_lock);
		(void)!waitq_wait_deaf(&wait_wq, MIN(deadline_ns, clock_mono_ns() + look_again_ns));
		spin_unlock_irq(&wait_lock, on);
	}
	return there;
}

/* --- starting ------------------------------------------------------------------------------------------------ */

static err_t add_addr(struct shard *s, struct net_if *ifc, struct ip_addr a, unsigned bits)
{
	const struct net_ifaddr na = {
		.addr = a,
		.bits = (uint8_t)bits,
		.origin = NET_ADDR_STATIC,
		.preferred_ns = UINT64_MAX,
		.valid_ns = UINT64_MAX,
	};

	return net_addr_add(ifc, &na, s->now);
}

err_t netconf_loopback(void)
{
	struct shard *s = shard_primary();
	bool on = shard_lock(s);
	struct net_if *lo = net_if_by_name(s->st, "lo");
	err_t err;

	waitq_init(&wait_wq, &wait_lock);
	net_if_up(lo, true, s->now);
	err = add_addr(s, lo, ip4(0x7f000001), 8);
	if (!err)
		err = add_addr(s, lo, (struct ip_addr){ .b = { [15] = 1 } }, 128);
	shard_unlock(s, on);
	shard_sync();
	shard_on_change(changed);
	return err;
}

static err_t add_gateway(struct shard *s, struct net_if *ifc, struct ip_addr gw)
{
	enum { RTPROT_STATIC = 4 };
	const struct net_route r = {
		.dst = ip4(0),
		.gateway = gw,
		.ifc = ifc,
		.proto = RTPROT_STATIC,
		.expires_ns = UINT64_MAX,
	};

	return net_route_add(s->st, &r);
}

static err_t start_ip4(struct shard *s, struct net_if *ifc, const struct netconf *c)
{
	err_t err;

	if (!c->has_ip4)
		return net_dhcp4_start(ifc, c->hostname[0] ? c->hostname : NULL, s->now);
	err = add_addr(s, ifc, c->ip4, c->ip4_bits);
	if (!err && !ip_is_any(c->gateway))
		err = add_gateway(s, ifc, c->gateway);
	return err;
}

err_t netconf_start(uint32_t ifindex, const struct netconf *c)
{
	struct shard *s = shard_primary();
	struct net_if *ifc;
	err_t err = 0, auto6 = 0;
	bool on;

	image_names_servers = has_servers();
	memcpy(static_dns, c->dns, sizeof(static_dns));
	on = shard_lock(s);
	ifc = shard_if(s, ifindex);
	if (c->mtu)
		err = net_if_set_mtu(ifc, c->mtu);
	if (!err) {
		net_if_up(ifc, true, s->now);
		err = start_ip4(s, ifc, c);
	}
	if (!err) {
		auto6 = net_auto6_start(ifc, c->ip6_secret, true, s->now);
		if (c->has_ip6)
			err = add_addr(s, ifc, c->ip6, c->ip6_bits);
	}
	shard_unlock(s, on);
	shard_sync();
	if (auto6)
		klog_warn("net: no IPv6 autoconfiguration (error %d)", -auto6);
	if (!err)
		write_resolv_conf();
	return err;
}
