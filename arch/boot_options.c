/* SPDX-License-Identifier: Apache-2.0 */
/* arch/boot_options.c: words of the kernel command line, `key` or `key=value`, split at blanks. */
#include "arch/boot.h"
#include "lib/mem.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static size_t word_len(const char *s)
{
	size_t n = 0;

	while (s[n] && !is_blank(s[n]))
		n++;
	return n;
}

/* The value of the word at s, if the word is key or key=value. */
static const char *value_of(const char *s, size_t len, const char *key, size_t *vlen)
{
	size_t klen = strlen(key);

	if (len < klen || memcmp(s, key, klen) != 0)
		return NULL;
	if (len == klen) {
		*vlen = 0;
		return s + klen;
	}
	*vlen = len - klen - 1;
	return s[klen] == '=' ? s + klen + 1 : NULL;
}

static void copy_cut(char *val, size_t size, const char *v, size_t len)
{
	if (!size)
		return;
	len = MIN(len, size - 1);
	memcpy(val, v, len);
	val[len] = 0;
}

bool boot_option_next(const char *key, size_t *pos, char *val, size_t size)
{
	const char *line = boot_info.cmdline, *s = line + *pos, *v;
	size_t len, vlen;

	for (; *s; s += len) {
		while (is_blank(*s))
			s++;
		len = word_len(s);
		v = value_of(s, len, key, &vlen);
		if (!len || !v)
			continue;
		copy_cut(val, size, v, vlen);
		*pos = (size_t)(s + len - line);
		return true;
	}
	*pos = (size_t)(s - line);
	return false;
}

bool boot_option(const char *key, char *val, size_t size)
{
	size_t pos = 0;

	return boot_option_next(key, &pos, val, size);
}
