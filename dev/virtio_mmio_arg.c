/* SPDX-License-Identifier: Apache-2.0 */
/* dev/virtio_mmio_arg.c: the text of virtio_mmio.device=, apart so that the host can test it. */
#include "dev/virtio_mmio.h"

#include "abi/virtio_mmio.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static err_t number(const char **s, uint64_t *out)
{
	unsigned base = (*s)[0] == '0' && ((*s)[1] | 0x20) == 'x' ? 16 : 10;
	const char *p = *s + (base == 16 ? 2 : 0), *start = p;
	uint64_t v = 0;

	for (int d; (d = digit(*p)) < (int)base; p++)
		if (__builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return -EINVAL;
	if (p == start)
		return -EINVAL;
	*s = p;
	*out = v;
	return 0;
}

static err_t size_number(const char **s, uint64_t *out)
{
	err_t err = number(s, out);
	unsigned shift = 0;

	if (err)
		return err;
	if ((**s | 0x20) == 'k')
		shift = 10;
	else if ((**s | 0x20) == 'm')
		shift = 20;
	if (shift)
		(*s)++;
	if (*out > UINT64_MAX >> shift)
		return -EINVAL;
	*out <<= shift;
	return 0;
}

static err_t expect(const char **s, char c)
{
	if (**s != c)
		return -EINVAL;
	(*s)++;
	return 0;
}

err_t virtio_mmio_parse(const char *s, struct virtio_mmio_arg *out)
{
	struct virtio_mmio_arg a;
	uint64_t gsi, id;

	if (size_number(&s, &a.size) || expect(&s, '@') || number(&s, &a.base) || expect(&s, ':') ||
	    number(&s, &gsi))
		return -EINVAL;
	if (*s == ':' && (expect(&s, ':') || number(&s, &id)))
		return -EINVAL;
	if (*s || gsi > UINT16_MAX || a.size < VIRTIO_MMIO_CONFIG || a.size > 1u << 20 ||
	    a.base > UINT64_MAX - a.size || !IS_ALIGNED(a.base, 4u))
		return -EINVAL;
	a.gsi = (unsigned)gsi;
	*out = a;
	return 0;
}
