/* SPDX-License-Identifier: Apache-2.0 */
/* lib/bpf.c: see bpf.h.  The machine is that of McCanne and Jacobson, "The BSD Packet Filter", 1993, section 3. */
#include "lib/bpf.h"

#include "abi/endian.h"
#include "lib/mem.h"

/* The parts of a code. */
enum {
	CLASS = 0x07,
	LD = 0,
	LDX = 1,
	ST = 2,
	STX = 3,
	ALU = 4,
	JMP = 5,
	RET = 6,
	MISC = 7,
	SIZE = 0x18,
	W = 0x00,
	H = 0x08,
	B = 0x10,
	MODE = 0xe0,
	IMM = 0x00,
	ABS = 0x20,
	IND = 0x40,
	MEM = 0x60,
	LEN = 0x80,
	MSH = 0xa0,
	OP = 0xf0,
	ADD = 0x00,
	SUB = 0x10,
	MUL = 0x20,
	DIV = 0x30,
	OR = 0x40,
	AND = 0x50,
	LSH = 0x60,
	RSH = 0x70,
	NEG = 0x80,
	MOD = 0x90,
	XOR = 0xa0,
	JA = 0x00,
	JEQ = 0x10,
	JGT = 0x20,
	JGE = 0x30,
	JSET = 0x40,
	X = 0x08,
	A = 0x10,
	TAX = 0x00,
	TXA = 0x80,
};

/* --- the checker ------------------------------------------------------------------------------------ */

static bool load_known(uint16_t code)
{
	switch (code & MODE) {
	case ABS:
	case IND:
		return (code & CLASS) == LD && (code & SIZE) != (H | B);
	case IMM:
	case MEM:
	case LEN:
		return (code & SIZE) == W;
	case MSH:
		return code == (LDX | B | MSH);
	default:
		return false;
	}
}

static bool known(uint16_t code)
{
	if (code > 0xff)
		return false;
	switch (code & CLASS) {
	case LD:
	case LDX:
		return load_known(code);
	case ST:
	case STX:
		return !(code & ~CLASS);
	case ALU:
		return (code & OP) <= XOR && code != (ALU | NEG | X);
	case JMP:
		return code == (JMP | JA) || ((code & OP) >= JEQ && (code & OP) <= JSET);
	case RET:
		return code == RET || code == (RET | A);
	default:
		return code == (MISC | TAX) || code == (MISC | TXA);
	}
}

/* Ancillary loads that are answered; other addresses outside the packet only find nothing. */
static bool extension_known(uint32_t k)
{
	uint32_t at = k - (uint32_t)LX_SKF_AD_OFF;

	if (k < (uint32_t)LX_SKF_AD_OFF)
		return true;
	return at % 4 == 0 && at <= LX_SKF_AD_VLAN_TPID && at != 12 && at != 16 && at != 52;
}

static bool operand_fine(const struct linux_sock_filter *f)
{
	switch (f->code) {
	case ALU | DIV:
	case ALU | MOD:
		return f->k != 0;
	case ALU | LSH:
	case ALU | RSH:
		return f->k < 32;
	case LD | MEM:
	case LDX | MEM:
	case ST:
	case STX:
		return f->k < BPF_WORDS;
	case LD | W | ABS:
	case LD | H | ABS:
	case LD | B | ABS:
		return extension_known(f->k);
	default:
		return true;
	}
}

/* A jump at `at` stays inside; it can only go forward. */
static bool jump_inside(const struct linux_sock_filter *f, unsigned at, unsigned n)
{
	unsigned left = n - at - 1; /* instructions behind it */

	if ((f->code & CLASS) != JMP)
		return true;
	if (f->code == (JMP | JA))
		return f->k < left;
	return f->jt < left && f->jf < left;
}

/* Words that are written on every way to an instruction: what comes here meets what comes by jumps. */
static bool words_written(const struct linux_sock_filter *insn, unsigned n, uint16_t *scratch)
{
	uint16_t have = 0;

	memset(scratch, 0xff, n * sizeof(*scratch));
	for (unsigned i = 0; i < n; i++) {
		const struct linux_sock_filter *f = &insn[i];

		have &= scratch[i];
		if (f->code == ST || f->code == STX) {
			have |= (uint16_t)(1u << f->k);
		} else if (f->code == (LD | MEM) || f->code == (LDX | MEM)) {
			if (!(have & 1u << f->k))
				return false;
		} else if (f->code == (JMP | JA)) {
			scratch[i + 1 + f->k] &= have;
			have = 0xffff;
		} else if ((f->code & CLASS) == JMP) {
			scratch[i + 1 + f->jt] &= have;
			scratch[i + 1 + f->jf] &= have;
			have = 0xffff;
		}
	}
	return true;
}

err_t bpf_check(const struct linux_sock_filter *insn, unsigned n, uint16_t *scratch)
{
	if (n == 0 || n > BPF_MAX_INSNS)
		return -EINVAL;
	for (unsigned i = 0; i < n; i++)
		if (!known(insn[i].code) || !operand_fine(&insn[i]) || !jump_inside(&insn[i], i, n))
			return -EINVAL;
	if (insn[n - 1].code != RET && insn[n - 1].code != (RET | A))
		return -EINVAL;
	return words_written(insn, n, scratch) ? 0 : -EINVAL;
}

/* --- the machine ------------------------------------------------------------------------------------ */

struct machine {
	const struct bpf_view *v;
	uint32_t a, x;
	uint32_t m[BPF_WORDS];
};

/* `size` bytes at `at` from p->data, in network order; false: not there. */
static bool fetch(const struct bpf_view *v, int64_t at, unsigned size, uint32_t *out)
{
	uint8_t b[4] = { 0 };

	if (at < -(int64_t)v->before || at + size > (int64_t)v->p->len)
		return false;
	if (at + size <= (int64_t)v->p->lin)
		memcpy(b + 4 - size, v->p->data + at, size);
	else if (at >= 0)
		pkt_copy_out(v->p, (uint32_t)at, b + 4 - size, size);
	else
		return false;
	*out = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	return true;
}

static bool extension(struct machine *s, uint32_t which)
{
	const struct bpf_view *v = s->v;

	switch (which) {
	case LX_SKF_AD_PROTOCOL:
		s->a = v->protocol;
		return true;
	case LX_SKF_AD_PKTTYPE:
		s->a = v->pkttype;
		return true;
	case LX_SKF_AD_IFINDEX:
		s->a = v->ifindex;
		return v->ifindex != 0;
	case LX_SKF_AD_QUEUE:
		s->a = v->queue;
		return true;
	case LX_SKF_AD_HATYPE:
		s->a = v->hatype;
		return true;
	case LX_SKF_AD_CPU:
		s->a = v->cpu;
		return true;
	case LX_SKF_AD_ALU_XOR_X:
		s->a ^= s->x;
		return true;
	case LX_SKF_AD_RANDOM:
		s->a = v->random;
		return true;
	case LX_SKF_AD_VLAN_TAG: /* a tag is in the bytes still */
	case LX_SKF_AD_VLAN_TAG_PRESENT:
	case LX_SKF_AD_VLAN_TPID:
	case LX_SKF_AD_MARK:
	case LX_SKF_AD_RXHASH:
		s->a = 0;
		return true;
	default:
		return false;
	}
}

static bool load_packet(struct machine *s, uint32_t k, unsigned size, uint32_t *out)
{
	int32_t at = (int32_t)k;

	if (at >= 0)
		return fetch(s->v, (int64_t)at + s->v->base, size, out);
	if (at >= LX_SKF_AD_OFF)
		return false;
	if (at >= LX_SKF_NET_OFF)
		return fetch(s->v, (int64_t)at - LX_SKF_NET_OFF + s->v->net, size, out);
	if (at >= LX_SKF_LL_OFF)
		return fetch(s->v, (int64_t)at - LX_SKF_LL_OFF + s->v->link, size, out);
	return false;
}

/* False: there is no such byte, the packet is not wanted. */
static bool load(struct machine *s, const struct linux_sock_filter *f)
{
	static const uint8_t sizes[] = { 4, 2, 1 };
	uint32_t *to = (f->code & CLASS) == LD ? &s->a : &s->x;
	unsigned size = sizes[(f->code & SIZE) >> 3];

	switch (f->code & MODE) {
	case IMM:
		*to = f->k;
		return true;
	case ABS:
		if (f->k >= (uint32_t)LX_SKF_AD_OFF)
			return extension(s, f->k - (uint32_t)LX_SKF_AD_OFF);
		return load_packet(s, f->k, size, to);
	case IND:
		return load_packet(s, f->k + s->x, size, to);
	case MEM:
		*to = s->m[f->k];
		return true;
	case LEN:
		*to = (uint32_t)((int64_t)s->v->p->len - s->v->base);
		return true;
	default: /* MSH: four times the low half of a byte, an IPv4 header's length */
		if (!load_packet(s, f->k, 1, to))
			return false;
		*to = (*to & 0xf) * 4;
		return true;
	}
}

/* False: a division by zero. */
static bool compute(struct machine *s, const struct linux_sock_filter *f)
{
	uint32_t v = f->code & X ? s->x : f->k;

	switch (f->code & OP) {
	case ADD:
		s->a += v;
		return true;
	case SUB:
		s->a -= v;
		return true;
	case MUL:
		s->a *= v;
		return true;
	case DIV:
		s->a = v ? s->a / v : 0;
		return v != 0;
	case MOD:
		s->a = v ? s->a % v : 0;
		return v != 0;
	case OR:
		s->a |= v;
		return true;
	case AND:
		s->a &= v;
		return true;
	case XOR:
		s->a ^= v;
		return true;
	case LSH:
		s->a <<= v & 31;
		return true;
	case RSH:
		s->a >>= v & 31;
		return true;
	default:
		s->a = 0 - s->a;
		return true;
	}
}

static uint32_t jump(const struct machine *s, const struct linux_sock_filter *f)
{
	uint32_t v = f->code & X ? s->x : f->k;
	bool yes;

	switch (f->code & OP) {
	case JA:
		return f->k;
	case JEQ:
		yes = s->a == v;
		break;
	case JGT:
		yes = s->a > v;
		break;
	case JGE:
		yes = s->a >= v;
		break;
	default:
		yes = s->a & v;
	}
	return yes ? f->jt : f->jf;
}

uint32_t bpf_run(const struct bpf_prog *prog, const struct bpf_view *v)
{
	struct machine s = { .v = v };

	for (const struct linux_sock_filter *f = prog->insn;; f++) {
		switch (f->code & CLASS) {
		case LD:
		case LDX:
			if (!load(&s, f))
				return 0;
			break;
		case ST:
			s.m[f->k] = s.a;
			break;
		case STX:
			s.m[f->k] = s.x;
			break;
		case ALU:
			if (!compute(&s, f))
				return 0;
			break;
		case JMP:
			f += jump(&s, f);
			break;
		case RET:
			return f->code & A ? s.a : f->k;
		default:
			if (f->code & TXA)
				s.a = s.x;
			else
				s.x = s.a;
		}
	}
}
