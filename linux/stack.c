/* SPDX-License-Identifier: Apache-2.0 */
/* linux/stack.c: the first stack, built from the top down.  Sizes first, then one pass that writes. */
#include "linux/stack.h"

#include "abi/linux_auxv.h"
#include "lib/assert.h"
#include "lib/mem.h"

#define END_MARKER 8 /* Linux leaves a null pointer at the very top */

static err_t add_strings(const struct stack_strings *s, size_t *total)
{
	for (uint32_t i = 0; i < s->n; i++) {
		size_t n = strnlen(s->s[i], STACK_STRING_MAX);

		if (n == STACK_STRING_MAX)
			return -E2BIG;
		*total += n + 1;
	}
	return 0;
}

/* Words from the argument count up to and with AT_NULL. */
static size_t words(const struct stack_input *in)
{
	return 1 + (size_t)in->args.n + 1 + in->env.n + 1 + ((size_t)in->nauxv + 1) * 2;
}

err_t stack_layout(const struct stack_input *in, uint64_t top, size_t limit,
		   struct stack_layout *out)
{
	size_t args = 0, env = 0, path = strlen(in->path) + 1;
	uint64_t at;

	if (add_strings(&in->args, &args) || add_strings(&in->env, &env))
		return -E2BIG;
	if (path > limit || args + env > limit || words(in) * 8 > limit ||
	    args + env + words(in) * 8 + path > limit)
		return -E2BIG;
	at = top - END_MARKER - path;
	out->env_end = at;
	out->env_start = out->arg_end = at - env;
	out->arg_start = out->arg_end - args;
	at = out->arg_start - (strlen(in->platform) + 1) - STACK_RANDOM;
	at = ALIGN_DOWN(at, 16) - words(in) * 8;
	out->sp = ALIGN_DOWN(at, 16);
	out->bytes = top - out->sp;
	return 0;
}

/* Writes at user addresses into the image. */
struct cursor {
	char *buf;
	uint64_t base; /* address of buf[0] */
};

static void put(const struct cursor *c, uint64_t at, const void *p, size_t n)
{
	memcpy(c->buf + (at - c->base), p, n);
}

static void put_word(const struct cursor *c, uint64_t *at, uint64_t v)
{
	put(c, *at, &v, sizeof(v));
	*at += sizeof(v);
}

/* The strings go to *text on, pointers to them to *at on. */
static void put_strings(const struct cursor *c, const struct stack_strings *s, uint64_t *text,
			uint64_t *at)
{
	for (uint32_t i = 0; i < s->n; i++) {
		size_t n = strlen(s->s[i]) + 1;

		put(c, *text, s->s[i], n);
		put_word(c, at, *text);
		*text += n;
	}
	put_word(c, at, 0);
}

static void set_aux(const struct stack_input *in, uint64_t type, uint64_t value)
{
	for (uint32_t i = 0; i < in->nauxv; i++)
		if (in->auxv[2 * i] == type)
			in->auxv[2 * i + 1] = value;
}

/* The strings that only the auxiliary vector knows. */
static void put_aux_data(const struct cursor *c, const struct stack_input *in, uint64_t top,
			 const struct stack_layout *l)
{
	uint64_t path = top - END_MARKER - (strlen(in->path) + 1);
	uint64_t platform = l->arg_start - (strlen(in->platform) + 1);

	put(c, path, in->path, strlen(in->path) + 1);
	put(c, platform, in->platform, strlen(in->platform) + 1);
	put(c, platform - STACK_RANDOM, in->random, STACK_RANDOM);
	set_aux(in, LAT_EXECFN, path);
	set_aux(in, LAT_PLATFORM, platform);
	set_aux(in, LAT_RANDOM, platform - STACK_RANDOM);
}

void stack_fill(void *buf, const struct stack_input *in, uint64_t top, const struct stack_layout *l)
{
	struct cursor c = { .buf = buf, .base = l->sp };
	uint64_t at = l->sp, text = l->arg_start;

	memset(buf, 0, l->bytes);
	put_aux_data(&c, in, top, l);
	put_word(&c, &at, in->args.n);
	put_strings(&c, &in->args, &text, &at);
	put_strings(&c, &in->env, &text, &at);
	for (uint32_t i = 0; i < 2 * in->nauxv; i++)
		put_word(&c, &at, in->auxv[i]);
	put_word(&c, &at, LAT_NULL);
	put_word(&c, &at, 0);
	ASSERT(at <= l->arg_start && text == l->env_end);
}
