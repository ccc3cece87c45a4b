/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init/net.c: see net.h.  Each interface has a tuple in the manifest, `en1` for the first, whose keys may also
 * stand at the root for the first; without ipaddr it asks by DHCP.  `ip=` on the command line, in the form
 * that Linux takes (Documentation/admin-guide/nfs/nfsroot.rst), wins over both.
 */
#include "init/net.h"

#include "arch/boot.h"
#include "dev/netifs.h"
#include "init/config.h"
#include "init/root.h"
#include "kern/clock.h"
#include "kern/klog.h"
#include "kern/panic.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "linux/system.h"
#include "sock/inet.h"
#include "sock/netconf.h"
#include "sock/netlink.h"
#include "sock/packet.h"
#include "sock/proc_net.h"
#include "sock/shard.h"

/* A setting of interface n (from 1): in its tuple, or for the first at the root. */
static const char *setting(unsigned n, const char *key)
{
	const struct value *tuple;
	char name[8];
	size_t len;
	const char *text = NULL;

	fmt(name, sizeof(name), "en%u", n);
	tuple = config_get(name);
	if (tuple && tuple->type == VALUE_TUPLE)
		text = value_text(tuple_get(tuple->t, key), &len);
	return text || n != 1 ? text : config_text(key);
}

static struct ip_addr address(unsigned n, const char *key, const char *text)
{
	struct ip_addr a;

	if (ip_addr_parse(text, &a) < 0)
		vm_fail("manifest: en%u %s \"%s\" is not an internet address", n, key, text);
	return a;
}

/* A netmask's prefix length; a mask with holes ends the boot. */
static unsigned mask_bits(struct ip_addr mask, const char *text)
{
	uint32_t m = ip4_num(mask), bits = (uint32_t)__builtin_popcount(m);

	if (m != (bits ? ~0u << (32 - bits) : 0))
		vm_fail("netmask %s: the ones must come first", text);
	return bits;
}

static unsigned number(unsigned n, const char *key, const char *text)
{
	unsigned v = 0;

	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || v > 100000)
			vm_fail("manifest: en%u %s \"%s\" is not a number", n, key, text);
		v = v * 10 + (unsigned)(*p - '0');
	}
	return v;
}

/* "ADDRESS/BITS" in place: the bits, or `dflt` without a slash. */
static unsigned split_bits(unsigned n, const char *key, char *text, unsigned dflt)
{
	char *slash = strchr(text, '/');

	if (!slash)
		return dflt;
	*slash = 0;
	return number(n, key, slash + 1);
}

static void from_manifest(unsigned n, struct netconf *c)
{
	const char *ip = setting(n, "ipaddr"), *mask = setting(n, "netmask");
	const char *gw = setting(n, "gateway"), *ip6 = setting(n, "ip6addr");
	const char *mtu = setting(n, "mtu"), *host = config_text("hostname");
	char text[64];

	if (ip) {
		c->has_ip4 = true;
		c->ip4 = address(n, "ipaddr", ip);
		c->ip4_bits = mask ? mask_bits(address(n, "netmask", mask), mask) : 24;
	}
	if (gw)
		c->gateway = address(n, "gateway", gw);
	if (ip6) {
		fmt(text, sizeof(text), "%s", ip6);
		c->has_ip6 = true;
		c->ip6_bits = split_bits(n, "ip6addr", text, 64);
		c->ip6 = address(n, "ip6addr", text);
	}
	if (mtu)
		c->mtu = number(n, "mtu", mtu);
	if (host)
		fmt(c->hostname, sizeof(c->hostname), "%s", host);
}

enum {
	IP_CLIENT,
	IP_SERVER,
	IP_GATEWAY,
	IP_MASK,
	IP_HOST,
	IP_DEVICE,
	IP_AUTO,
	IP_DNS0,
	IP_DNS1,
	IP_FIELDS
};

/* ip=client:server:gateway:netmask:hostname:device:autoconf:dns0:dns1; "dhcp" and "on" alone mean DHCP. */
static bool from_command_line(const char *dev, struct netconf *c)
{
	char text[256], *field[IP_FIELDS] = { NULL }, *at = text;
	struct ip_addr mask;

	if (!boot_option("ip", text, sizeof(text)))
		return false;
	for (unsigned k = 0; k < IP_FIELDS && at; k++) {
		char *colon = strchr(at, ':');

		if (colon)
			*colon++ = 0;
		field[k] = *at ? at : NULL;
		at = colon;
	}
	if (field[IP_DEVICE] && strcmp(field[IP_DEVICE], dev) != 0)
		return false;
	if (!field[IP_CLIENT] || ip_addr_parse(field[IP_CLIENT], &c->ip4) < 0)
		return true; /* dhcp, on, any */
	c->has_ip4 = true;
	c->ip4_bits = 24;
	if (field[IP_MASK] && ip_addr_parse(field[IP_MASK], &mask) == 0)
		c->ip4_bits = mask_bits(mask, field[IP_MASK]);
	if (field[IP_GATEWAY] && ip_addr_parse(field[IP_GATEWAY], &c->gateway) < 0)
		klog_warn("ip=: gateway %s is not an address", field[IP_GATEWAY]);
	if (field[IP_HOST]) {
		fmt(c->hostname, sizeof(c->hostname), "%s", field[IP_HOST]);
		system_offer_hostname(field[IP_HOST]);
	}
	for (unsigned k = 0; k < 2; k++)
		if (field[IP_DNS0 + k] && ip_addr_parse(field[IP_DNS0 + k], &c->dns[k]) < 0)
			klog_warn("ip=: name server %s is not an address", field[IP_DNS0 + k]);
	return true;
}

static err_t start_one(struct netif *nif, unsigned n)
{
	struct netconf c = { .gateway = ip4(0), .dns = { ip4(0), ip4(0) } };
	err_t err = shard_add_if(nif);

	if (err)
		return err;
	/* The same at each boot of an image, and no two machines have both the same disk and the same MAC. */
	memcpy(c.ip6_secret, root_uuid(), sizeof(c.ip6_secret));
	if (!from_command_line(nif->name, &c))
		from_manifest(n, &c);
	return netconf_start(nif->index, &c);
}

static void wait_for(unsigned n, bool v6)
{
	const char *key = v6 ? "exec_wait_for_ip6_secs" : "exec_wait_for_ip4_secs";
	const char *text = setting(n, key);
	uint64_t secs;

	if (!text)
		return;
	secs = number(n, key, text);
	if (!netconf_wait(v6, clock_mono_ns() + secs * 1000000000))
		klog_warn("net: no IPv%d address after %lu s; the program starts without",
			  v6 ? 6 : 4, secs);
}

err_t net_start(void)
{
	unsigned n = 0;
	err_t err = shard_init();

	if (!err)
		err = inet_init();
	if (!err)
		err = netconf_loopback();
	netconf_on_hostname(system_offer_hostname);
	netlink_init();
	packet_init();
	if (!err)
		err = proc_net_init();
	if (!err)
		err = proc_sock_init();
	for (struct netif *nif = netif_next(NULL); nif && !err; nif = netif_next(nif))
		err = start_one(nif, ++n);
	if (!err)
		err = sys_net_init();
	if (!err && n) {
		wait_for(1, false);
		wait_for(1, true);
	}
	return err;
}
