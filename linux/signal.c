/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/signal.c: who gets which signal.  A signal goes onto a thread's queue or the shared one, and a thread that
 * can take it is told by THREAD_SIGNAL.  What a program sees of it is in sigdeliver.c, the calls are in sigcalls.c.
 *
 * Invariant, under sig.lock: THREAD_SIGNAL is set on a thread if signal_deliverable_locked() is not empty for it and the
 * signal is private, or it is the one thread chosen for a shared signal.  A thread that stops being able to take a
 * shared signal (it blocks it, or ends) passes it on.
 */
#include "linux/signal.h"

#include "kern/slab.h"
#include "kern/thread.h"
#include "lib/assert.h"
#include "linux/signal_int.h"

struct signals sig;

void signal_init(void)
{
	spin_init(&sig.lock, RANK_SIGNAL);
	sigqueue_init(&sig.shared);
	list_init(&sig.threads);
	waitq_init(&sig.wq, &sig.lock);
	poll_source_init(&sig.poll);
}

void sigentry_init(struct sigentry *e,
		   void (*owner_done)(struct sigentry *, struct linux_siginfo *))
{
	*e = (struct sigentry){ .owner_done = owner_done };
	list_init(&e->link);
}

/* --- what is pending for whom ------------------------------------------------------------------ */

linux_sigset_t signal_deliverable_locked(const struct user_thread *u)
{
	return (u->queue.pending | sig.shared.pending) & ~u->mask;
}

/* Also true for what rt_sigtimedwait waits for, though it is blocked. */
static bool wants(const struct user_thread *u, int signo)
{
	return !(u->mask & ~u->waiting & LSIG_BIT(signo));
}

void signal_recalc_locked(struct user_thread *u)
{
	assert_held(&sig.lock);
	if (signal_deliverable_locked(u) || sig.stopped)
		atomic_fetch_or(&u->thread->flags, THREAD_SIGNAL);
	else
		atomic_fetch_and(&u->thread->flags, ~(uint32_t)THREAD_SIGNAL);
}

/* Tell one thread that wants it; an idle one before one that is on its way to a handler already. */
static void choose_thread(int signo)
{
	struct user_thread *u, *busy = NULL;

	list_for_each_entry (u, &sig.threads, link) {
		if (!wants(u, signo))
			continue;
		if (!(atomic_load(&u->thread->flags) & THREAD_SIGNAL)) {
			thread_notify(u->thread, THREAD_SIGNAL);
			return;
		}
		busy = busy ? busy : u;
	}
	if (busy)
		thread_notify(busy->thread, THREAD_SIGNAL);
}

/* `u` no longer takes these: somebody else shall. */
static void pass_on(const struct user_thread *u, linux_sigset_t set)
{
	set &= sig.shared.pending;
	for (; set; set &= set - 1) {
		struct user_thread *o;

		list_for_each_entry (o, &sig.threads, link) {
			if (o != u && wants(o, __builtin_ctzll(set) + 1)) {
				thread_notify(o->thread, THREAD_SIGNAL);
				break;
			}
		}
	}
}

void signal_set_mask_locked(struct user_thread *u, linux_sigset_t mask)
{
	linux_sigset_t newly = mask & ~u->mask;

	assert_held(&sig.lock);
	u->mask = mask & ~SIGSET_UNMASKABLE;
	if (newly & sig.shared.pending)
		pass_on(u, newly);
	signal_recalc_locked(u);
}

bool signal_ignored_locked(int signo)
{
	uint64_t h = sig.action[signo - 1].handler;

	return h == LSIG_IGN || (h == LSIG_DFL && (SIGSET_IGNORE & LSIG_BIT(signo)));
}

/* Blocked somewhere: kept even if it is ignored, since the disposition may change first, or signalfd read it. */
static bool blocked_by(const struct user_thread *only, int signo)
{
	struct user_thread *u;

	if (only)
		return only->mask & LSIG_BIT(signo);
	list_for_each_entry (u, &sig.threads, link)
		if (u->mask & LSIG_BIT(signo))
			return true;
	return false;
}

/* --- entries ----------------------------------------------------------------------------------- */

static struct sigentry *entry_new(const struct linux_siginfo *info)
{
	struct sigentry *e = kmalloc(sizeof(*e));

	if (!e)
		return NULL;
	sigentry_init(e, NULL);
	e->info = *info;
	return e;
}

static void entry_done(struct sigentry *e, struct linux_siginfo *out)
{
	if (!e)
		return;
	if (e->owner_done) {
		e->owner_done(e, out);
		return;
	}
	sig.nqueued--;
	kfree(e);
}

static void drop_all(struct sigqueue *q, linux_sigset_t set)
{
	struct sigentry *e;

	while ((e = sigqueue_drop(q, set)))
		entry_done(e, NULL);
}

void signal_discard_locked(linux_sigset_t set)
{
	struct user_thread *u;

	assert_held(&sig.lock);
	drop_all(&sig.shared, set);
	list_for_each_entry (u, &sig.threads, link) {
		drop_all(&u->queue, set);
		signal_recalc_locked(u);
	}
}

int signal_take_locked(struct user_thread *u, linux_sigset_t set, struct linux_siginfo *out)
{
	struct sigqueue *q = &u->queue;
	int signo = sigset_first(q->pending & set);

	assert_held(&sig.lock);
	if (!signo) {
		q = &sig.shared;
		signo = sigset_first(q->pending & set);
	}
	if (signo)
		entry_done(sigqueue_take(q, signo, out), out);
	return signo;
}

/* --- sending ----------------------------------------------------------------------------------- */

static void wake_stopped(void)
{
	struct user_thread *u;

	sig.stopped = false;
	waitq_wake(&sig.wq, UINT32_MAX);
	list_for_each_entry (u, &sig.threads, link)
		signal_recalc_locked(u);
}

/* SIGCONT undoes pending stops and the other way round, whatever their dispositions (signal(7)). */
static void stop_or_continue(int signo)
{
	if (SIGSET_STOP & LSIG_BIT(signo))
		signal_discard_locked(LSIG_BIT(LSIGCONT));
	if (signo == LSIGCONT)
		signal_discard_locked(SIGSET_STOP);
	if ((signo == LSIGCONT || signo == LSIGKILL) && sig.stopped)
		wake_stopped();
}

/* Nothing to be queued: ignored, or a standard signal that is pending already. */
static bool superfluous(struct sigqueue *q, struct user_thread *u, int signo)
{
	if (signal_ignored_locked(signo) && !blocked_by(u, signo))
		return true;
	return signo < LSIGRTMIN && (q->pending & LSIG_BIT(signo));
}

/*
 * An entry for it, within the limit.  Standard signals that a kernel or kill(2) sends may go over the limit, as on
 * Linux, so that a program can always be told to end.
 */
static struct sigentry *entry_within_limit(int signo, const struct linux_siginfo *info)
{
	bool over = signo < LSIGRTMIN && info->code >= 0;
	struct sigentry *e = NULL;

	if (over || sig.nqueued < process_rlimit(RLIM_SIGPENDING))
		e = entry_new(info);
	if (e)
		sig.nqueued++;
	return e;
}

static void queue_and_tell(struct sigqueue *q, struct user_thread *u, int signo, struct sigentry *e)
{
	sigqueue_add(q, signo, e);
	if (!u)
		choose_thread(signo);
	else if (wants(u, signo))
		thread_notify(u->thread, THREAD_SIGNAL);
	waitq_wake(&sig.wq, UINT32_MAX); /* readers of signalfd, who block what they read */
	poll_notify(&sig.poll, POLL_IN);
}

static err_t send_locked(struct user_thread *u, int signo, const struct linux_siginfo *info)
{
	struct sigqueue *q = u ? &u->queue : &sig.shared;
	struct sigentry *e;

	stop_or_continue(signo);
	if (superfluous(q, u, signo))
		return 0;
	e = entry_within_limit(signo, info);
	if (!e && signo >= LSIGRTMIN && info->code != LSI_USER)
		return -EAGAIN;
	queue_and_tell(q, u, signo, e);
	return 0;
}

static err_t send(struct thread *t, int signo, const struct linux_siginfo *info)
{
	const struct linux_siginfo kernel = { .signo = signo, .code = LSI_KERNEL };
	err_t err = 0;
	bool on;

	on = spin_lock_irq(&sig.lock);
	if (!t || t->user)
		err = send_locked(t ? t->user : NULL, signo, info ? info : &kernel);
	spin_unlock_irq(&sig.lock, on);
	return err;
}

err_t signal_send_process(int signo, const struct linux_siginfo *info)
{
	return send(NULL, signo, info);
}

err_t signal_send_thread(struct thread *t, int signo, const struct linux_siginfo *info)
{
	return send(t, signo, info);
}

bool signal_send_entry(struct thread *t, struct sigentry *e)
{
	struct user_thread *u;
	bool sent = false, on;

	on = spin_lock_irq(&sig.lock);
	u = t ? t->user : NULL;
	if (list_empty(&e->link) && (!t || u)) {
		struct sigqueue *q = u ? &u->queue : &sig.shared;

		stop_or_continue(e->info.signo);
		sent = true;
		if (signal_ignored_locked(e->info.signo) && !blocked_by(u, e->info.signo))
			e->owner_done(e, NULL);
		else
			queue_and_tell(q, u, e->info.signo, e);
	}
	spin_unlock_irq(&sig.lock, on);
	return sent;
}

void signal_cancel_entry(struct sigentry *e)
{
	struct user_thread *u;
	struct sigqueue *q = &sig.shared;
	struct sigentry *i;
	bool on;

	on = spin_lock_irq(&sig.lock);
	if (!list_empty(&e->link)) {
		list_for_each_entry (u, &sig.threads, link)
			list_for_each_entry (i, &u->queue.entries, link)
				if (i == e)
					q = &u->queue;
		sigqueue_remove(q, e);
	}
	spin_unlock_irq(&sig.lock, on);
}

void signal_send_self(int signo)
{
	const struct linux_siginfo info = {
		.signo = signo,
		.code = LSI_USER,
		.rt = { .pid = (int32_t)PROCESS_PID, .uid = process.creds.uid },
	};

	/* A queue that is full holds one of this kind already, or the signal goes without its words. */
	(void)!signal_send_thread(thread_self(), signo, &info);
}

/* As Linux's force_sig_info(): a fault that the program has shut its eyes to ends it. */
void signal_force(int signo, const struct linux_siginfo *info)
{
	struct user_thread *u = thread_self()->user;
	struct linux_sigaction *act = &sig.action[signo - 1];
	bool on;

	on = spin_lock_irq(&sig.lock);
	if ((u->mask & LSIG_BIT(signo)) || act->handler == LSIG_IGN) {
		act->handler = LSIG_DFL;
		u->mask &= ~LSIG_BIT(signo);
	}
	if (!(u->queue.pending & LSIG_BIT(signo)))
		queue_and_tell(&u->queue, u, signo, entry_within_limit(signo, info));
	spin_unlock_irq(&sig.lock, on);
}

/* --- threads come and go ------------------------------------------------------------------------- */

void signal_thread_add(struct user_thread *u)
{
	bool on = spin_lock_irq(&sig.lock);

	list_add_tail(&sig.threads, &u->link);
	signal_recalc_locked(u);
	spin_unlock_irq(&sig.lock, on);
}

void signal_thread_del(struct user_thread *u)
{
	bool on = spin_lock_irq(&sig.lock);

	list_del(&u->link);
	drop_all(&u->queue, UINT64_MAX);
	pass_on(u, ~u->mask);
	u->thread->user = NULL;
	spin_unlock_irq(&sig.lock, on);
}

/* --- for the rest of the layer ------------------------------------------------------------------- */

linux_sigset_t signal_mask(void)
{
	return thread_self()->user->mask;
}

void signal_set_mask(linux_sigset_t mask)
{
	bool on = spin_lock_irq(&sig.lock);

	signal_set_mask_locked(thread_self()->user, mask);
	spin_unlock_irq(&sig.lock, on);
}

void signal_set_mask_for_call(linux_sigset_t mask)
{
	struct user_thread *u = thread_self()->user;

	u->saved_mask = u->mask;
	u->has_saved_mask = true;
	atomic_fetch_or(&u->thread->flags, THREAD_WORK);
	signal_set_mask(mask);
}

linux_sigset_t signal_pending_set(void)
{
	struct user_thread *u = thread_self()->user;

	return u->queue.pending | sig.shared.pending;
}

bool signal_take(linux_sigset_t set, struct linux_siginfo *out)
{
	struct user_thread *u = thread_self()->user;
	bool on = spin_lock_irq(&sig.lock);
	int signo = signal_take_locked(u, set & ~SIGSET_UNMASKABLE, out);

	signal_recalc_locked(u);
	spin_unlock_irq(&sig.lock, on);
	return signo != 0;
}

struct poll_source *signal_poll_source(void)
{
	return &sig.poll;
}

bool signal_interrupted(void)
{
	return atomic_load(&thread_self()->flags) & (THREAD_SIGNAL | THREAD_KILL);
}

long restart_set(long (*fn)(struct thread *t, const uint64_t *words),
		 const uint64_t words[RESTART_WORDS])
{
	struct user_thread *u = thread_self()->user;

	u->restart_fn = fn;
	for (unsigned i = 0; i < RESTART_WORDS; i++)
		u->restart_words[i] = words[i];
	return -ERESTART_RESTARTBLOCK;
}
