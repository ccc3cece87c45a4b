/* SPDX-License-Identifier: Apache-2.0 */
/* net/addr.c: classes of addresses, and their text. */
#include "net/addr.h"

#include "lib/err.h"
#include "lib/fmt.h"
#include "lib/mem.h"

bool ip_is_loopback(struct ip_addr a)
{
	const struct ip_addr one = { .b = { [15] = 1 } };

	return ip_is_v4(a) ? a.b[12] == 127 : ip_eq(a, one);
}

bool ip_is_unicast(struct ip_addr a)
{
	/* RFC 1122 3.2.1.3: 0/8 is "this network", 224/4 groups, 240/4 reserved and broadcast. */
	if (ip_is_v4(a))
		return a.b[12] != 0 && a.b[12] < 224;
	return !ip_is_any(a) && !ip_is_multicast(a);
}

bool ip_prefix_eq(struct ip_addr a, struct ip_addr b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (memcmp(a.b, b.b, bytes) != 0)
		return false;
	return rest == 0 || ((a.b[bytes] ^ b.b[bytes]) & (0xff00 >> rest) & 0xff) == 0;
}

/* RFC 5952 4.2: the longest run of two or more zero groups, the first of equals. */
static int zero_run(const uint8_t *b, int *len)
{
	int best = -1, best_len = 1;

	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && b[2 * (i + n)] == 0 && b[2 * (i + n) + 1] == 0)
			n++;
		if (n > best_len) {
			best = i;
			best_len = n;
		}
		i += n;
	}
	*len = best_len;
	return best;
}

char *ip_addr_text(char *buf, struct ip_addr a)
{
	size_t n = 0;
	int run, len;

	if (ip_is_v4(a)) {
		fmt(buf, IP_ADDR_TEXT, "%u.%u.%u.%u", a.b[12], a.b[13], a.b[14], a.b[15]);
		return buf;
	}
	run = zero_run(a.b, &len);
	for (int i = 0; i < 8; i++) {
		if (i == run) {
			n += fmt(buf + n, IP_ADDR_TEXT - n, "::");
			i += len - 1;
			continue;
		}
		n += fmt(buf + n, IP_ADDR_TEXT - n, "%s%x", i && i != run + len ? ":" : "",
			 a.b[2 * i] << 8 | a.b[2 * i + 1]);
	}
	return buf;
}

static const char *parse_v4(const char *s, uint8_t out[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned v = 0, digits = 0;

		for (; *s >= '0' && *s <= '9' && digits < 3; s++, digits++)
			v = v * 10 + (unsigned)(*s - '0');
		if (digits == 0 || v > 255)
			return NULL;
		out[i] = (uint8_t)v;
		if (i < 3 && *s++ != '.')
			return NULL;
	}
	return s;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 4291 2.2: groups, one "::", perhaps a dotted quad at the end. */
static int parse_v6(const char *s, uint8_t out[16])
{
	uint8_t b[16] = { 0 };
	int at = 0, gap = -1;

	if (s[0] == ':' && s[1] != ':')
		return -EINVAL;
	while (*s) {
		unsigned v = 0, digits = 0;
		const char *group = s;

		if (s[0] == ':' && s[1] == ':') {
			if (gap >= 0)
				return -EINVAL;
			gap = at;
			s += 2;
			if (*s == ':')
				return -EINVAL;
			continue;
		}
		if (*s == ':' && (s[1] == '\0' || at == 0))
			return -EINVAL;
		if (*s == ':')
			group = ++s;
		for (; hex_value(*s) >= 0 && digits < 4; s++, digits++)
			v = v << 4 | (unsigned)hex_value(*s);
		if (*s == '.') {
			if (at > 12 || !(s = parse_v4(group, b + at)) || *s)
				return -EINVAL;
			at += 4;
			break;
		}
		if (digits == 0 || at > 14 || (*s && *s != ':'))
			return -EINVAL;
		b[at++] = (uint8_t)(v >> 8);
		b[at++] = (uint8_t)v;
	}
	if (gap < 0 ? at != 16 : at > 14)
		return -EINVAL;
	if (gap >= 0) {
		memmove(b + 16 - (at - gap), b + gap, (size_t)(at - gap));
		memset(b + gap, 0, (size_t)(16 - at));
	}
	memcpy(out, b, 16);
	return 0;
}

int ip_addr_parse(const char *s, struct ip_addr *out)
{
	struct ip_addr a = IP_ADDR_V4_HEAD;
	const char *end = parse_v4(s, &a.b[12]);

	if (end && !*end) {
		*out = a;
		return 0;
	}
	return parse_v6(s, out->b);
}
