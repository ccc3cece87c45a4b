/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that the checker lets pass read nothing but their packet, whatever they are and whatever it is. */
#include "lib/bpf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A linear part of its own and a fragment, each of exactly its size. */
static void run(const struct bpf_prog *prog, const uint8_t *bytes, uint32_t n)
{
	uint32_t lin = n / 2;
	uint8_t *a = malloc(lin + 1), *b = malloc(n - lin + 1);
	struct pbuf buf = { .base = b, .size = n - lin, .refs = 1 };
	struct pkt p = { .data = a, .len = n, .lin = (uint16_t)lin, .nfrags = 1 };
	struct bpf_view v = { .p = &p, .base = n & 1 ? 14 : 0, .net = 14, .ifindex = n };

	a = realloc(a, lin ? lin : 1);
	b = realloc(b, n - lin ? n - lin : 1);
	memcpy(a, bytes, lin);
	memcpy(b, bytes + lin, n - lin);
	p.data = a;
	buf.base = b;
	p.frag[0] = (struct pkt_frag){ &buf, 0, n - lin };
	(void)bpf_run(prog, &v);
	free(a);
	free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned n = size ? data[0] % 64 : 0;
	struct bpf_prog *prog;
	uint16_t *scratch;

	if (n == 0 || size - 1 < n * sizeof(prog->insn[0]))
		return 0;
	prog = malloc(sizeof(*prog) + n * sizeof(prog->insn[0]));
	scratch = malloc(n * sizeof(*scratch));
	prog->n = n;
	memcpy(prog->insn, data + 1, n * sizeof(prog->insn[0]));
	if (bpf_check(prog->insn, n, scratch) == 0)
		run(prog, data + 1 + n * sizeof(prog->insn[0]),
		    (uint32_t)(size - 1 - n * sizeof(prog->insn[0])));
	free(scratch);
	free(prog);
	return 0;
}
