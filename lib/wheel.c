/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wheel.c: a timer lives at the level of the highest group of 6 bits in which its tick differs from
 * the wheel's, in the slot that the group names.  So slots of level n all lie ahead of those of level
 * n - 1, a slot is reached when the wheel's group takes its value, and what it holds then goes down.
 */
#include "lib/wheel.h"

#include "lib/assert.h"

enum { FIRING = 0xffff }; /* timer.slot of one that was taken out to be fired */

void wheel_init(struct wheel *w, uint64_t now_ns)
{
	w->tick = now_ns >> WHEEL_TICK_SHIFT;
	w->sooner = false;
	for (int l = 0; l < WHEEL_LEVELS; l++) {
		w->map[l] = 0;
		for (int s = 0; s < WHEEL_SLOTS; s++)
			list_init(&w->slot[l][s]);
	}
}

void wheel_timer_init(struct wheel_timer *t, wheel_fn fn)
{
	list_init(&t->link);
	t->fn = fn;
	t->armed = false;
}

static void insert(struct wheel *w, struct wheel_timer *t)
{
	uint64_t diff = t->tick ^ w->tick;
	unsigned level = (unsigned)(63 - __builtin_clzll(diff | 1)) / WHEEL_BITS;
	unsigned slot = (unsigned)(t->tick >> (level * WHEEL_BITS)) % WHEEL_SLOTS;

	t->slot = (uint16_t)(level * WHEEL_SLOTS + slot);
	w->map[level] |= 1ULL << slot;
	list_add_tail(&w->slot[level][slot], &t->link);
}

void wheel_timer_cancel(struct wheel *w, struct wheel_timer *t)
{
	unsigned level = t->slot / WHEEL_SLOTS, slot = t->slot % WHEEL_SLOTS;

	if (!t->armed)
		return;
	t->armed = false;
	list_del(&t->link);
	if (t->slot != FIRING && list_empty(&w->slot[level][slot]))
		w->map[level] &= ~(1ULL << slot);
}

void wheel_timer_set(struct wheel *w, struct wheel_timer *t, uint64_t at_ns)
{
	const uint64_t last = (1ULL << (WHEEL_LEVELS * WHEEL_BITS)) - 1;
	uint64_t tick = (at_ns >> WHEEL_TICK_SHIFT) + 1;

	wheel_timer_cancel(w, t);
	t->tick = MIN(MAX(tick, w->tick + 1), last);
	t->armed = true;
	w->sooner = true;
	insert(w, t);
}

/* The first slot that is reached next: its level, and in *tick when.  Negative: the wheel is empty. */
static int first_slot(const struct wheel *w, uint64_t *tick)
{
	for (unsigned l = 0; l < WHEEL_LEVELS; l++) {
		unsigned shift = l * WHEEL_BITS;

		if (!w->map[l])
			continue;
		*tick = ((w->tick >> shift & ~(uint64_t)(WHEEL_SLOTS - 1)) |
			 (unsigned)__builtin_ctzll(w->map[l]))
			<< shift;
		return (int)l;
	}
	return -1;
}

static void fire_slot(struct wheel *w, unsigned level, struct list *due)
{
	unsigned slot = (unsigned)(w->tick >> (level * WHEEL_BITS)) % WHEEL_SLOTS;
	struct list work;

	list_init(&work);
	list_splice_tail(&work, &w->slot[level][slot]);
	w->map[level] &= ~(1ULL << slot);
	while (!list_empty(&work)) {
		struct wheel_timer *t = list_first(&work, struct wheel_timer, link);

		list_del(&t->link);
		if (t->tick > w->tick) {
			insert(w, t);
			continue;
		}
		t->slot = FIRING;
		list_add_tail(due, &t->link);
	}
}

void wheel_advance(struct wheel *w, uint64_t now_ns)
{
	uint64_t target = now_ns >> WHEEL_TICK_SHIFT, tick;
	struct list due;
	int level;

	if (target <= w->tick)
		return;
	list_init(&due);
	while ((level = first_slot(w, &tick)) >= 0 && tick <= target) {
		w->tick = tick;
		fire_slot(w, (unsigned)level, &due);
	}
	if (target > w->tick)
		w->tick = target;
	while (!list_empty(&due)) {
		struct wheel_timer *t = list_first(&due, struct wheel_timer, link);

		list_del(&t->link);
		t->armed = false;
		t->fn(t, now_ns);
	}
}

uint64_t wheel_next(const struct wheel *w)
{
	uint64_t tick;

	return first_slot(w, &tick) < 0 ? UINT64_MAX : tick << WHEEL_TICK_SHIFT;
}
