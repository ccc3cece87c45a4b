/* SPDX-License-Identifier: Apache-2.0 */
/* lib/value_get.c: typed reading of values, whichever form their writer chose. */
#include "lib/mem.h"
#include "lib/value.h"

const char *value_text(const struct value *v, size_t *len)
{
	if (!v || (v->type != VALUE_STRING && v->type != VALUE_BUFFER))
		return NULL;
	if (len)
		*len = v->len;
	return v->s;
}

bool value_is(const struct value *v, const char *text)
{
	size_t len;
	const char *s = value_text(v, &len);

	return s && strlen(text) == len && memcmp(s, text, len) == 0;
}

static err_t push_digit(uint64_t *n, char c)
{
	if (c < '0' || c > '9')
		return -EINVAL;
	if (__builtin_mul_overflow(*n, 10u, n) ||
	    __builtin_add_overflow(*n, (uint64_t)(c - '0'), n))
		return -ERANGE;
	return 0;
}

static err_t parse_u64(const char *s, size_t len, uint64_t *out)
{
	uint64_t n = 0;
	err_t err = len ? 0 : -EINVAL;

	for (size_t i = 0; i < len && !err; i++)
		err = push_digit(&n, s[i]);
	if (!err)
		*out = n;
	return err;
}

static err_t no_text(const struct value *v)
{
	return !v || v->type == VALUE_NONE ? -ENOENT : -EINVAL;
}

err_t value_get_u64(const struct value *v, uint64_t *out)
{
	size_t len;
	const char *s = value_text(v, &len);

	if (s)
		return parse_u64(s, len, out);
	if (!v || v->type != VALUE_INT)
		return no_text(v);
	if (v->neg && v->u)
		return -ERANGE;
	*out = v->u;
	return 0;
}

err_t value_get_i64(const struct value *v, int64_t *out)
{
	size_t len;
	const char *s = value_text(v, &len);
	bool neg = s ? len && s[0] == '-' : v && v->neg;
	uint64_t u = v && v->type == VALUE_INT ? v->u : 0;
	err_t err = 0;

	if (s)
		err = parse_u64(s + neg, len - neg, &u);
	else if (!v || v->type != VALUE_INT)
		err = no_text(v);
	if (err)
		return err;
	if (u > (uint64_t)INT64_MAX + neg)
		return -ERANGE;
	*out = neg ? (int64_t)(0 - u) : (int64_t)u;
	return 0;
}

static unsigned size_shift(char c)
{
	switch (c | 0x20) {
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	case 't':
		return 40;
	default:
		return 0;
	}
}

err_t value_get_size(const struct value *v, uint64_t *out)
{
	size_t len;
	const char *s = value_text(v, &len);
	unsigned shift = s && len ? size_shift(s[len - 1]) : 0;
	uint64_t n;
	err_t err;

	if (!shift)
		return value_get_u64(v, out);
	err = parse_u64(s, len - 1, &n);
	if (err)
		return err;
	if (n > UINT64_MAX >> shift)
		return -ERANGE;
	*out = n << shift;
	return 0;
}

bool value_get_flag(const struct value *v)
{
	static const char *const no[] = { "f", "false", "no", "off", "0" };

	if (!v || v->type == VALUE_NONE)
		return false;
	if (v->type == VALUE_INT)
		return v->u != 0;
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (value_is(v, no[i]))
			return false;
	return true;
}

uint32_t value_count(const struct value *v)
{
	if (!v || (v->type != VALUE_VECTOR && v->type != VALUE_TUPLE))
		return 0;
	return v->t->live;
}

static const struct value *vector_at(const struct tuple *t, uint32_t i)
{
	const struct entry *e;
	uint32_t slot = 0;

	if (t->used == t->live)
		return i < t->used ? &t->e[i].v : NULL;
	do
		e = tuple_next(t, &slot);
	while (e && i--);
	return e ? &e->v : NULL;
}

const struct value *value_at(const struct value *v, uint32_t i)
{
	char key[12], *p = key + sizeof(key);

	if (!v || (v->type != VALUE_VECTOR && v->type != VALUE_TUPLE))
		return NULL;
	if (v->type == VALUE_VECTOR)
		return vector_at(v->t, i);
	do
		*--p = (char)('0' + i % 10);
	while ((i /= 10) != 0);
	return tuple_getn(v->t, p, (size_t)(key + sizeof(key) - p));
}
