/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/fmt.c: printf for freestanding code (ISO C17 7.21.6.1, without floating point, wide characters
 * and %n).  An unknown conversion is copied as it stands.
 */
#include "lib/fmt.h"
#include "lib/mem.h"

struct out {
	char *buf;
	size_t size;
	size_t len; /* of the whole text, whether it fits or not */
};

struct spec {
	bool left, zero, alt, plus, space, upper, negative;
	unsigned width;
	int precision; /* -1: not given */
	unsigned base;
};

static void put(struct out *o, char c)
{
	if (o->len < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_n(struct out *o, const char *s, size_t n)
{
	if (o->len < o->size)
		memcpy(o->buf + o->len, s, MIN(n, o->size - o->len));
	o->len += n;
}

static void pad(struct out *o, char c, size_t n)
{
	while (n--)
		put(o, c);
}

/* Digits of v, last first, at the end of `end`; returns the first. */
static char *digits(char *end, uint64_t v, const struct spec *s)
{
	const char *set = s->upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (; v; v /= s->base)
		*--end = set[v % s->base];
	return end;
}

static const char *prefix_of(const struct spec *s, uint64_t v)
{
	if (s->negative)
		return "-";
	if (s->plus)
		return "+";
	if (s->space)
		return " ";
	if (s->alt && s->base == 16 && v)
		return s->upper ? "0X" : "0x";
	return "";
}

static void put_number(struct out *o, const struct spec *s, uint64_t v)
{
	char text[24]; /* 2^64 - 1 has 22 octal digits */
	char *end = text + sizeof(text), *first = digits(end, v, s);
	size_t n = (size_t)(end - first);
	size_t want = s->precision >= 0 ? (size_t)s->precision : 1;
	const char *prefix = prefix_of(s, v);
	size_t nprefix = strlen(prefix), zeros, total;

	if (s->alt && s->base == 8 && want <= n)
		want = n + 1;
	zeros = want > n ? want - n : 0;
	total = nprefix + zeros + n;
	if (s->zero && !s->left && s->precision < 0 && s->width > total) {
		zeros += s->width - total;
		total = s->width;
	}
	if (!s->left && s->width > total)
		pad(o, ' ', s->width - total);
	put_n(o, prefix, nprefix);
	pad(o, '0', zeros);
	put_n(o, first, n);
	if (s->left && s->width > total)
		pad(o, ' ', s->width - total);
}

static void put_string(struct out *o, const struct spec *s, const char *str)
{
	size_t n;

	if (!str)
		str = "(null)";
	n = s->precision >= 0 ? strnlen(str, (size_t)s->precision) : strlen(str);
	if (!s->left && s->width > n)
		pad(o, ' ', s->width - n);
	put_n(o, str, n);
	if (s->left && s->width > n)
		pad(o, ' ', s->width - n);
}

static bool take_flag(struct spec *s, char c)
{
	switch (c) {
	case '-':
		return s->left = true;
	case '0':
		return s->zero = true;
	case '#':
		return s->alt = true;
	case '+':
		return s->plus = true;
	case ' ':
		return s->space = true;
	default:
		return false;
	}
}

static const char *take_uint(const char *f, unsigned *v)
{
	for (*v = 0; *f >= '0' && *f <= '9'; f++)
		if (*v < 100000)
			*v = *v * 10 + (unsigned)(*f - '0');
	return f;
}

/* The bytes of the argument's type after the length modifier; unmodified is int. */
static const char *take_length(const char *f, size_t *bytes)
{
	*bytes = sizeof(int);
	switch (*f) {
	case 'h':
		*bytes = f[1] == 'h' ? sizeof(char) : sizeof(short);
		return f + (f[1] == 'h' ? 2 : 1);
	case 'l':
		*bytes = sizeof(long);
		return f + (f[1] == 'l' ? 2 : 1);
	case 'z':
	case 'j':
	case 't':
		*bytes = sizeof(long);
		return f + 1;
	default:
		return f;
	}
}

/* An argument narrower than long was promoted: cut it back to what was written. */
static uint64_t cut(uint64_t v, size_t bytes)
{
	return bytes < 8 ? v & ((1ull << (bytes * 8)) - 1) : v;
}

static int64_t cut_signed(int64_t v, size_t bytes)
{
	unsigned shift = 64 - (unsigned)bytes * 8;

	return (int64_t)((uint64_t)v << shift) >> shift;
}

struct args {
	va_list ap; /* in a struct: an array type on some ABIs, which cannot be passed by address */
};

static void put_signed(struct out *o, struct spec *s, size_t bytes, struct args *a)
{
	int64_t v = bytes == 8 ? va_arg(a->ap, long) : va_arg(a->ap, int);

	v = cut_signed(v, bytes);
	s->base = 10;
	s->negative = v < 0;
	put_number(o, s, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

static void put_unsigned(struct out *o, struct spec *s, unsigned base, size_t bytes, struct args *a)
{
	uint64_t v = bytes == 8 ? va_arg(a->ap, unsigned long) : va_arg(a->ap, unsigned);

	s->base = base;
	s->plus = s->space = false;
	put_number(o, s, cut(v, bytes));
}

static void put_pointer(struct out *o, struct spec *s, struct args *a)
{
	uintptr_t v = (uintptr_t)va_arg(a->ap, void *);

	s->base = 16;
	s->alt = true;
	put_number(o, s, v);
}

/* One conversion; false: unknown, nothing was taken. */
static bool convert(struct out *o, struct spec *s, char c, size_t bytes, struct args *a)
{
	char ch[2] = { 0, 0 };

	switch (c) {
	case 'd':
	case 'i':
		put_signed(o, s, bytes, a);
		return true;
	case 'u':
		put_unsigned(o, s, 10, bytes, a);
		return true;
	case 'o':
		put_unsigned(o, s, 8, bytes, a);
		return true;
	case 'X':
		s->upper = true;
		put_unsigned(o, s, 16, bytes, a);
		return true;
	case 'x':
		put_unsigned(o, s, 16, bytes, a);
		return true;
	case 'p':
		put_pointer(o, s, a);
		return true;
	case 's':
		put_string(o, s, va_arg(a->ap, const char *));
		return true;
	case 'c':
		ch[0] = (char)va_arg(a->ap, int);
		s->precision = 1;
		if (ch[0]) {
			put_string(o, s, ch);
		} else { /* a NUL character is text too */
			pad(o, ' ', !s->left && s->width > 1 ? s->width - 1 : 0);
			put(o, 0);
			pad(o, ' ', s->left && s->width > 1 ? s->width - 1 : 0);
		}
		return true;
	default:
		return false;
	}
}

static const char *take_width(const char *f, struct spec *s, struct args *a)
{
	int v;

	if (*f != '*')
		return take_uint(f, &s->width);
	v = va_arg(a->ap, int);
	s->left |= v < 0;
	s->width = v < 0 ? -(unsigned)v : (unsigned)v;
	return f + 1;
}

static const char *take_precision(const char *f, struct spec *s, struct args *a)
{
	unsigned v;

	if (*f != '.')
		return f;
	if (f[1] == '*') {
		s->precision = MAX(va_arg(a->ap, int), -1);
		return f + 2;
	}
	f = take_uint(f + 1, &v);
	s->precision = (int)v;
	return f;
}

/* f is after the '%'; returns what follows the conversion. */
static const char *take_spec(struct out *o, const char *f, struct args *a)
{
	struct spec s = { .precision = -1 };
	const char *start = f;
	size_t bytes;

	while (take_flag(&s, *f))
		f++;
	f = take_width(f, &s, a);
	f = take_precision(f, &s, a);
	f = take_length(f, &bytes);
	if (*f == '%') {
		put(o, '%');
		return f + 1;
	}
	if (*f && convert(o, &s, *f, bytes, a))
		return f + 1;
	put(o, '%');
	return start;
}

size_t fmt_v(char *buf, size_t size, const char *f, va_list ap)
{
	struct out o = { buf, size ? size - 1 : 0, 0 };
	struct args a;

	va_copy(a.ap, ap);
	while (*f) {
		if (*f == '%')
			f = take_spec(&o, f + 1, &a);
		else
			put(&o, *f++);
	}
	va_end(a.ap);
	if (size)
		buf[MIN(o.len, o.size)] = 0;
	return o.len;
}

size_t fmt(char *buf, size_t size, const char *f, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, f);
	n = fmt_v(buf, size, f, ap);
	va_end(ap);
	return n;
}
