/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/poll.c: readiness: sources and the watches that hang on them. */
#include "vfs/poll.h"

#include "lib/assert.h"

void poll_source_init(struct poll_source *s)
{
	spin_init(&s->lock, RANK_POLL);
	list_init(&s->watches);
}

void poll_watch_add(struct poll_source *s, struct poll_watch *w)
{
	bool on = spin_lock_irq(&s->lock);

	w->source = s;
	if (w->exclusive)
		list_add_tail(&s->watches, &w->link);
	else
		list_add(&s->watches, &w->link); /* newest first, as Linux tells them */
	spin_unlock_irq(&s->lock, on);
}

void poll_watch_del(struct poll_watch *w)
{
	struct poll_source *s = w->source;
	bool on;

	if (!s)
		return;
	on = spin_lock_irq(&s->lock);
	list_del(&w->link);
	w->source = NULL;
	spin_unlock_irq(&s->lock, on);
}

/* All plain watches, and exclusive ones until one of them wakes somebody; that one goes to the tail. */
void poll_notify_slow(struct poll_source *s, uint32_t mask)
{
	struct poll_watch *w, *tmp, *served = NULL;
	bool on = spin_lock_irq(&s->lock);

	list_for_each_entry_safe (w, tmp, &s->watches, link) {
		if (!(mask & (w->want | POLL_ERR | POLL_HUP)) || (w->exclusive && served))
			continue;
		if (w->fn(w, mask) && w->exclusive)
			served = w;
	}
	if (served) {
		list_del(&served->link);
		list_add_tail(&s->watches, &served->link);
	}
	spin_unlock_irq(&s->lock, on);
}

static bool sleeper_event(struct poll_watch *w, uint32_t mask)
{
	struct poll_sleeper *sl = container_of(w, struct poll_slot, watch)->sleeper;
	bool on = spin_lock_irq(&sl->lock);

	(void)mask;
	sl->fired = true;
	waitq_wake(&sl->wq, 1);
	spin_unlock_irq(&sl->lock, on);
	return true;
}

void poll_sleeper_init(struct poll_sleeper *sl)
{
	spin_init(&sl->lock, RANK_WAITQ);
	waitq_init(&sl->wq, &sl->lock);
	sl->fired = false;
}

void poll_slot_hang(struct poll_slot *slot, struct poll_sleeper *sl, struct poll_source *s,
		    uint32_t want)
{
	*slot = (struct poll_slot){ .sleeper = sl };
	slot->watch.fn = sleeper_event;
	slot->watch.want = want;
	if (s)
		poll_watch_add(s, &slot->watch);
}

err_t poll_sleep(struct poll_sleeper *sl, uint64_t deadline_ns)
{
	bool on = spin_lock_irq(&sl->lock);
	err_t err = 0;

	while (!sl->fired && !err)
		err = waitq_wait(&sl->wq, deadline_ns);
	sl->fired = false;
	spin_unlock_irq(&sl->lock, on);
	return err;
}
