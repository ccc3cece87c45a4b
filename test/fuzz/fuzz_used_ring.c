/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_used_ring.c: a device that writes anything anywhere in the memory it shares with the driver, between any
 * two calls.  Whatever it does, the driver's books stay right: each descriptor is free once or in one chain,
 * a token comes back once, and no length is more than the chain's room.
 */
#include <stdlib.h>
#include <string.h>

#include "dev/virtqueue.h"
#include "lib/assert.h"

enum { SIZE = 8, TABLES = 2, TABLE_LEN = 8, TOKENS = 256 };

static uint32_t room[TOKENS]; /* of the chain with this token; 0: not in flight */

static void check_books(const struct vq *q)
{
	unsigned used = 0, tables = 0, i = q->free_head;
	bool seen[SIZE] = { false };

	for (unsigned n = 0; n < q->nfree; n++, i = q->slot[i].next) {
		ASSERT(i < SIZE && !seen[i] && !q->slot[i].token);
		seen[i] = true;
	}
	for (i = 0; i < SIZE; i++)
		if (q->slot[i].token) {
			used += q->slot[i].ndesc;
			tables += q->slot[i].table != 0;
		}
	ASSERT(used + q->nfree == SIZE);
	for (i = q->table_free; i; i = q->table_next[i - 1])
		ASSERT(++tables <= TABLES);
	ASSERT(tables == TABLES);
}

static void add(struct vq *q, uint8_t arg)
{
	struct vq_seg seg[16];
	unsigned nout = arg & 7, nin = arg >> 3 & 7, token;
	uint32_t bytes = 0;

	if (nout + nin == 0)
		return;
	for (token = 1; token < TOKENS && room[token]; token++)
		;
	for (unsigned k = 0; k < nout + nin; k++) {
		seg[k] = (struct vq_seg){ 0x1000u * k, 10u + k };
		bytes += k >= nout ? seg[k].len : 0;
	}
	if (vq_add(q, seg, nout, nin, &room[token]) == 0)
		room[token] = bytes + 1;
}

static void came_back(void *token, uint32_t len)
{
	uint32_t *r = token;

	ASSERT(r > room && r < room + TOKENS && *r);
	ASSERT(len < *r);
	*r = 0;
}

static void step(struct vq *q, uint8_t *ring, const uint8_t op[4])
{
	uint32_t len = 0;
	void *token;
	size_t at;

	switch (op[0] % 8) {
	case 0:
	case 1:
		add(q, op[1]);
		break;
	case 2:
		(void)!vq_publish(q);
		break;
	case 3:
		while ((token = vq_take(q, &len)))
			came_back(token, len);
		break;
	case 4:
		(void)!vq_irq_enable(q, op[1] % 4);
		break;
	case 5: /* a used entry that may be true, and the index moved on */
		q->used->ring[q->used->idx % SIZE] =
			(struct vring_used_elem){ op[1] % 10, op[2] % 64 };
		q->used->idx++;
		break;
	case 6: /* anything, anywhere */
		at = (size_t)(op[1] | op[2] << 8) % vq_ring_bytes(SIZE);
		ring[at] = op[3];
		break;
	case 7:
		vq_irq_disable(q);
		(void)vq_pending(q);
		break;
	}
	check_books(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vq_mem m = {
		.size = SIZE,
		.ring = calloc(1, vq_ring_bytes(SIZE)),
		.slot = calloc(SIZE, sizeof(struct vq_slot)),
		.table = calloc(TABLES * TABLE_LEN, sizeof(struct vring_desc)),
		.table_next = calloc(TABLES, sizeof(uint16_t)),
		.ntables = TABLES,
		.table_len = TABLE_LEN,
		.event_idx = size && data[0] & 1,
	};
	struct vq q;
	void *token;

	memset(room, 0, sizeof(room));
	vq_init(&q, &m);
	for (size_t i = 1; i + 4 <= size; i += 4)
		step(&q, m.ring, data + i);
	while ((token = vq_drain(&q)))
		came_back(token, 0);
	ASSERT(q.nfree == SIZE && q.inflight == 0);
	for (unsigned i = 0; i < TOKENS; i++)
		ASSERT(room[i] == 0);
	free(m.ring);
	free(m.slot);
	free(m.table);
	free(m.table_next);
	return 0;
}
