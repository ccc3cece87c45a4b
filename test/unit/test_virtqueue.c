/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_virtqueue.c: the driver's side of a virtqueue against a device that keeps the rules (what was added
 * arrives, what was used comes back, nobody sleeps while there is work) and one that does not
 * (nothing is handed out, the books stay right).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dev/virtqueue.h"
#include "test/lib/vq_device.h"

enum { SIZE = 16, TABLES = 3, TABLE_LEN = 20, TABLE_BUS = 0x10000 };

struct rig {
	struct vq q;
	struct vq_device d;
	struct vq_mem m;
};

static struct rig *rig_new(bool event_idx, bool indirect)
{
	struct rig *r = calloc(1, sizeof(*r));

	r->m = (struct vq_mem){
		.size = SIZE,
		.ring = aligned_alloc(16, ALIGN_UP(vq_ring_bytes(SIZE), (size_t)16)),
		.slot = calloc(SIZE, sizeof(struct vq_slot)),
		.table = indirect ? calloc(TABLES * TABLE_LEN, sizeof(struct vring_desc)) : NULL,
		.table_bus = TABLE_BUS,
		.table_next = calloc(TABLES, sizeof(uint16_t)),
		.ntables = TABLES,
		.table_len = TABLE_LEN,
		.event_idx = event_idx,
	};
	memset(r->m.ring, 0, ALIGN_UP(vq_ring_bytes(SIZE), (size_t)16));
	vq_init(&r->q, &r->m);
	vqd_init(&r->d, &r->m);
	return r;
}

static void rig_free(struct rig *r)
{
	free(r->m.ring);
	free(r->m.slot);
	free(r->m.table);
	free(r->m.table_next);
	free(r);
}

/* Every descriptor is either on the free list, once, or in a chain that is in flight. */
static void check_books(const struct vq *q)
{
	bool seen[SIZE] = { false };
	unsigned used = 0, i = q->free_head, tables = 0;

	for (unsigned n = 0; n < q->nfree; n++, i = q->slot[i].next) {
		assert_true(i < SIZE && !seen[i] && !q->slot[i].token);
		seen[i] = true;
	}
	for (i = 0; i < SIZE; i++)
		if (q->slot[i].token) {
			used += q->slot[i].ndesc;
			tables += q->slot[i].table != 0;
		}
	assert_int_equal(used + q->nfree, SIZE);
	for (i = q->table_free; i; i = q->table_next[i - 1])
		tables++;
	assert_int_equal(tables, q->table_len ? TABLES : 0);
}

/* A request whose segments can be recognised by its number. */
static struct vq_seg seg_of(unsigned id, unsigned k)
{
	return (struct vq_seg){ ((uint64_t)id << 32) + k, id % 50 + k + 1 };
}

static err_t add(struct vq *q, unsigned id, unsigned nout, unsigned nin)
{
	struct vq_seg seg[VQD_SEGS];

	for (unsigned k = 0; k < nout + nin; k++)
		seg[k] = seg_of(id, k);
	return vq_add(q, seg, nout, nin, (void *)(uintptr_t)(id + 1));
}

static void check_chain(const struct vqd_chain *c, unsigned id, unsigned nout, unsigned nin)
{
	assert_int_equal(c->nout, nout);
	assert_int_equal(c->nin, nin);
	for (unsigned k = 0; k < nout + nin; k++) {
		assert_true(c->seg[k].addr == seg_of(id, k).addr);
		assert_int_equal(c->seg[k].len, seg_of(id, k).len);
	}
}

struct expected {
	unsigned id, nout, nin;
	uint16_t head;
};

/* Random chains, completed out of order, through several wraps of the 16-bit indices. */
static void exchange(bool event_idx, bool indirect)
{
	struct rig *r = rig_new(event_idx, indirect);
	struct expected sent[SIZE], held[SIZE];
	unsigned nsent = 0, nheld = 0, id = 0, back = 0;
	struct vqd_chain c;
	uint32_t len;
	void *token;

	srand(1);
	vqd_awake(&r->d);
	while (back < 150000) {
		unsigned nout = (unsigned)rand() % 4, nin = (unsigned)rand() % 4 + !nout;

		if (rand() % 3 && add(&r->q, id, nout, nin) == 0)
			sent[nsent++] = (struct expected){ id++, nout, nin, 0 };
		if (rand() % 2)
			assert_false(vq_publish(&r->q) && event_idx && nsent == 0);
		while (rand() % 2 && vqd_pop(&r->d, &c)) {
			check_chain(&c, sent[0].id, sent[0].nout, sent[0].nin);
			held[nheld] = sent[0];
			held[nheld++].head = c.head;
			memmove(sent, sent + 1, --nsent * sizeof(*sent));
		}
		while (nheld && rand() % 2) {
			unsigned pick = (unsigned)rand() % nheld;

			vqd_push(&r->d, held[pick].head,
				 held[pick].nin ? seg_of(held[pick].id, held[pick].nout).len : 0);
			/* taken at once, so that the order is known */
			token = vq_take(&r->q, &len);
			assert_int_equal((uintptr_t)token, held[pick].id + 1);
			held[pick] = held[--nheld];
			back++;
		}
		if (back % 64 == 0)
			check_books(&r->q);
	}
	assert_null(r->q.error);
	rig_free(r);
}

static void test_exchange(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		exchange(i & 1, i & 2);
}

/* The driver notifies when the device sleeps, and does not while it is awake. */
static void notifications(bool event_idx)
{
	struct rig *r = rig_new(event_idx, false);
	struct vqd_chain c;
	uint32_t len;

	for (unsigned id = 0; id < 70000; id++) {
		vqd_awake(&r->d);
		assert_int_equal(add(&r->q, id, 1, 0), 0);
		assert_false(vq_publish(&r->q));
		assert_false(vqd_sleep(&r->d)); /* it sees the chain by itself */
		assert_true(vqd_pop(&r->d, &c));
		assert_true(vqd_sleep(&r->d));
		assert_int_equal(add(&r->q, id, 1, 0), 0);
		assert_int_equal(add(&r->q, id, 1, 0), 0);
		assert_true(vq_publish(&r->q));
		assert_false(vq_publish(&r->q)); /* nothing new */
		vqd_push(&r->d, c.head, 0);
		while (vqd_pop(&r->d, &c))
			vqd_push(&r->d, c.head, 0);
		while (vq_take(&r->q, &len))
			;
	}
	assert_null(r->q.error);
	rig_free(r);
}

static void test_notifications(void **state)
{
	(void)state;
	notifications(false);
	notifications(true);
}

/* An interrupt comes for the chain that was asked for, and what is there already is told. */
static void interrupts(bool event_idx)
{
	struct rig *r = rig_new(event_idx, false);
	struct vqd_chain c[6];
	uint32_t len;

	for (unsigned round = 0; round < 20000; round++) {
		for (unsigned i = 0; i < 6; i++) {
			assert_int_equal(add(&r->q, i, 1, 0), 0);
			(void)!vq_publish(&r->q);
			assert_true(vqd_pop(&r->d, &c[i]));
		}
		vq_irq_disable(&r->q);
		assert_false(vqd_push(&r->d, c[0].head, 0));
		assert_true(vq_irq_enable(&r->q, 0));
		assert_non_null(vq_take(&r->q, &len));
		assert_false(vq_irq_enable(&r->q, 0));
		assert_true(vqd_push(&r->d, c[1].head, 0));
		assert_non_null(vq_take(&r->q, &len));
		assert_false(vq_irq_enable(&r->q, 3));
		assert_int_equal(vqd_push(&r->d, c[2].head, 0), !event_idx);
		assert_int_equal(vqd_push(&r->d, c[3].head, 0), !event_idx);
		assert_true(vqd_push(&r->d, c[4].head, 0));
		assert_true(vqd_push(&r->d, c[5].head, 0) || event_idx);
		for (unsigned i = 2; i < 6; i++)
			assert_non_null(vq_take(&r->q, &len));
		assert_null(vq_take(&r->q, &len));
	}
	rig_free(r);
}

static void test_interrupts(void **state)
{
	(void)state;
	interrupts(false);
	interrupts(true);
}

static void test_room(void **state)
{
	struct rig *r = rig_new(true, true);
	unsigned id = 0;

	(void)state;
	assert_int_equal(add(&r->q, 0, 30, 30), -EMSGSIZE);
	/* Three tables, then the ring itself: 16 - 3 = 13 descriptors, 3 chains of 4. */
	while (add(&r->q, id, 2, 2) == 0)
		id++;
	assert_int_equal(id, 6);
	assert_int_equal(add(&r->q, 0, 2, 2), -ENOSPC);
	assert_int_equal(add(&r->q, 0, 1, 0), 0);
	assert_int_equal(add(&r->q, 0, 1, 0), -ENOSPC);
	check_books(&r->q);
	for (id = 0; vq_drain(&r->q); id++)
		check_books(&r->q);
	assert_int_equal(id, 7);
	assert_int_equal(r->q.nfree, SIZE);
	rig_free(r);
}

/* Lies, each on a fresh queue with two chains in flight: [1 out], [1 out, 2 in]. */
enum lie {
	LIE_ID_RANGE,
	LIE_ID_FREE,
	LIE_ID_MIDDLE,
	LIE_TWICE,
	LIE_LENGTH,
	LIE_INDEX,
	LIE_INDEX_UNSEEN,
	LIES
};

static void tell(struct rig *r, enum lie lie)
{
	uint16_t head0 = r->d.avail->ring[0], head1 = r->d.avail->ring[1];

	switch (lie) {
	case LIE_ID_RANGE:
		vqd_push(&r->d, SIZE, 0);
		break;
	case LIE_ID_FREE:
		vqd_push(&r->d, SIZE - 1, 0);
		break;
	case LIE_ID_MIDDLE:
		vqd_push(&r->d, (uint16_t)(head1 + 1), 0);
		break;
	case LIE_TWICE:
		vqd_push(&r->d, head0, 0);
		vqd_push(&r->d, head0, 0);
		break;
	case LIE_LENGTH:
		vqd_push(&r->d, head1, seg_of(1, 1).len + seg_of(1, 2).len + 1);
		break;
	case LIE_INDEX:
		r->d.used->idx = 3;
		break;
	case LIE_INDEX_UNSEEN: /* a third was added and not published */
		assert_int_equal(add(&r->q, 2, 1, 0), 0);
		r->d.used->idx = 3;
		break;
	case LIES:
		break;
	}
}

static void test_lies(void **state)
{
	uint32_t len;

	(void)state;
	for (enum lie lie = 0; lie < LIES; lie++) {
		struct rig *r = rig_new(true, false);
		unsigned good = 0;

		assert_int_equal(add(&r->q, 0, 1, 0), 0);
		assert_int_equal(add(&r->q, 1, 1, 2), 0);
		(void)!vq_publish(&r->q);
		tell(r, lie);
		while (vq_take(&r->q, &len))
			good++;
		assert_non_null(r->q.error);
		assert_int_equal(good, lie == LIE_TWICE ? 1 : 0);
		assert_null(vq_take(&r->q, &len));
		assert_int_equal(add(&r->q, 5, 1, 0), -EIO);
		check_books(&r->q);
		while (vq_drain(&r->q))
			good++;
		assert_int_equal(good, lie == LIE_INDEX_UNSEEN ? 3 : 2);
		assert_int_equal(r->q.nfree, SIZE);
		rig_free(r);
	}
}

/* 2.7: sizes and offsets for a ring of 128 fill less than a page. */
static void test_layout(void **state)
{
	(void)state;
	assert_int_equal(vq_avail_offset(128), 2048);
	assert_int_equal(vq_used_offset(128), 2048 + 4 + 256 + 2 + 2);
	assert_int_equal(vq_ring_bytes(128), 2312 + 4 + 1024 + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),	      cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_notifications), cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_room),	      cmocka_unit_test(test_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
