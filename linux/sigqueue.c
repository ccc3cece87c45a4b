/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/sigqueue.c: pending signals.  Entries are in order of arrival, so that occurrences of a real-time signal come
 * out as they went in (signal(7), "Real-time signals").
 */
#include "linux/sigqueue.h"

static struct sigentry *find(const struct sigqueue *q, int signo)
{
	struct sigentry *e;

	list_for_each_entry (e, &q->entries, link)
		if (e->info.signo == signo)
			return e;
	return NULL;
}

void sigqueue_init(struct sigqueue *q)
{
	q->pending = 0;
	list_init(&q->entries);
}

void sigqueue_add(struct sigqueue *q, int signo, struct sigentry *e)
{
	q->pending |= LSIG_BIT(signo);
	if (e)
		list_add_tail(&q->entries, &e->link);
}

int sigset_first(linux_sigset_t set)
{
	if (set & SIGSET_SYNC)
		set &= SIGSET_SYNC;
	return set ? __builtin_ctzll(set) + 1 : 0;
}

struct sigentry *sigqueue_take(struct sigqueue *q, int signo, struct linux_siginfo *out)
{
	struct sigentry *e = find(q, signo);

	if (e) {
		list_del(&e->link);
		*out = e->info;
	} else {
		*out = (struct linux_siginfo){ .signo = signo, .code = LSI_USER };
	}
	if (!find(q, signo))
		q->pending &= ~LSIG_BIT(signo);
	return e;
}

struct sigentry *sigqueue_drop(struct sigqueue *q, linux_sigset_t set)
{
	struct sigentry *e;

	q->pending &= ~set;
	list_for_each_entry (e, &q->entries, link) {
		if (set & LSIG_BIT(e->info.signo)) {
			list_del(&e->link);
			return e;
		}
	}
	return NULL;
}

void sigqueue_remove(struct sigqueue *q, struct sigentry *e)
{
	list_del(&e->link);
	if (!find(q, e->info.signo))
		q->pending &= ~LSIG_BIT(e->info.signo);
}
