/* SPDX-License-Identifier: Apache-2.0 */
/* Priority-inheritance futexes: the word, its errors, timeouts, hand-over by priority, owners that die, CMP_REQUEUE_PI. */
#include "futex.h"
#include <sched.h>

static volatile uint32_t word, cond;
static volatile int order[8], norder;

static uint32_t tid(void)
{
	return syscall(SYS_gettid);
}

static const char *show_word(void)
{
	static char s[80];
	uint32_t owner = word & FUTEX_TID_MASK;

	snprintf(s, sizeof(s), "%s%s%s",
		 !owner		  ? "free"
		 : owner == tid() ? "mine"
				  : "another's",
		 word & FUTEX_WAITERS ? " waiters" : "", word & FUTEX_OWNER_DIED ? " died" : "");
	return s;
}

#define WORD() printf("word: %s\n", show_word())

static void alone(void)
{
	struct timespec t = in_ms(CLOCK_REALTIME, 30);

	SHOW(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	WORD();
	SHOW(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	WORD();
	SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
	WORD();
	SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	word = 0x3ffffff0; /* no such thread */
	SHOW(futex(&word, FUTEX_LOCK_PI, 0, &t, NULL, 0));
	SHOW(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	word = FUTEX_OWNER_DIED;
	SHOW(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	WORD();
	SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	WORD();
	SHOW(futex((char *)&word + 1, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	SHOW(futex(NULL, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	SHOW(futex(NULL, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	t = (struct timespec){ 0, 1000000000 };
	SHOW(futex(&word, FUTEX_LOCK_PI, 0, &t, NULL, 0));
	SHOW(futex(&word, FUTEX_UNLOCK_PI | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0));
	word = 0;
}

static volatile int prios_seen[8];

/* The priority that the kernel runs thread t with, boosts included: field 18 of its stat. */
static int kernel_prio(int t)
{
	char path[64], buf[512], *p;
	int n, fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", t);
	fd = open(path, O_RDONLY);
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 999;
	buf[n] = 0;
	p = strrchr(buf, ')') + 2;
	for (int i = 3; i < 18; i++)
		p = strchr(p, ' ') + 1;
	return atoi(p);
}

static void *contender(void *arg)
{
	int at;

	if (arg)
		pthread_setschedparam(pthread_self(), SCHED_FIFO,
				      &(struct sched_param){ (int)(long)arg });
	if (futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0))
		order[7]++;
	at = norder++;
	order[at] = (int)(long)arg;
	prios_seen[at] = kernel_prio(tid());
	if ((word & FUTEX_TID_MASK) != tid() || !(word & FUTEX_WAITERS))
		order[7]++;
	if (futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0))
		order[7]++;
	return NULL;
}

static void contended(void)
{
	pthread_t t[4];
	int prio[4] = { 0, 10, 30, 20 };
	long r;

	SHOW(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	for (int i = 0; i < 4; i++) {
		pthread_create(&t[i], NULL, contender, (void *)(long)prio[i]);
		let_sleep();
		printf("boosted to %d\n", kernel_prio(tid()));
	}
	WORD();
	r = futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	SAY(r);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	printf("order %d %d %d %d, wrong %d\n", order[0], order[1], order[2], order[3], order[7]);
	printf("prios %d %d %d %d, main %d\n", prios_seen[0], prios_seen[1], prios_seen[2],
	       prios_seen[3], kernel_prio(tid()));
	WORD();
}

/* A chain: main owns `word`; `middle` owns `cond` and waits for `word`; a real-time thread waits for `cond`. */
static volatile int middle_tid;

static void *middle(void *arg)
{
	middle_tid = tid();
	futex(&cond, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	futex(&cond, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	return NULL;
}

static void *top(void *arg)
{
	struct timespec t = in_ms(CLOCK_MONOTONIC, 150);

	pthread_setschedparam(pthread_self(), SCHED_RR, &(struct sched_param){ 40 });
	if (arg)
		futex(&cond, FUTEX_LOCK_PI2, 0, &t, NULL, 0);
	else if (!futex(&cond, FUTEX_LOCK_PI, 0, NULL, NULL, 0))
		futex(&cond, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	return NULL;
}

static void chain(void)
{
	pthread_t t[2];
	long r;

	word = cond = 0;
	futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	pthread_create(&t[0], NULL, middle, NULL);
	let_sleep();
	SHOW(futex(&cond, FUTEX_LOCK_PI, 0, NULL, NULL, 0)); /* a circle */
	pthread_create(&t[1], NULL, top, "times out");
	let_sleep();
	printf("main %d, middle %d\n", kernel_prio(tid()), kernel_prio(middle_tid));
	pthread_join(t[1], NULL);
	printf("main %d, middle %d\n", kernel_prio(tid()), kernel_prio(middle_tid));
	pthread_create(&t[1], NULL, top, NULL);
	let_sleep();
	printf("main %d, middle %d\n", kernel_prio(tid()), kernel_prio(middle_tid));
	r = futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	SAY(r);
	printf("main %d\n", kernel_prio(tid()));
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	printf("words %#x %#x\n", word, cond);
}

static void *timed(void *arg)
{
	struct timespec mono = in_ms(CLOCK_MONOTONIC, 40), real = in_ms(CLOCK_REALTIME, 40);

	SHOW(futex(&word, FUTEX_LOCK_PI, 0, &real, NULL, 0));
	SHOW(futex(&word, FUTEX_LOCK_PI2, 0, &mono, NULL, 0));
	real = in_ms(CLOCK_REALTIME, 40);
	SHOW(futex(&word, FUTEX_LOCK_PI2 | FUTEX_CLOCK_REALTIME, 0, &real, NULL, 0));
	SHOW(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	WORD();
	return NULL;
}

static void *dies(void *arg)
{
	static struct {
		struct robust_list_head head;
		struct robust_list entry;
	} r;

	r.entry.next = &r.head.list;
	r.head.list.next = (void *)((char *)&r.entry + 1); /* bit 0: PI */
	r.head.futex_offset = (char *)&word - (char *)&r.entry;
	syscall(SYS_set_robust_list, &r.head, sizeof(r.head));
	SHOW(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	if (arg)
		usleep(150000);
	syscall(SYS_exit, 0);
	return NULL;
}

static void owner_dies(void)
{
	static char stack[65536];
	pthread_t t;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	word = 0;
	pthread_create(&t, &attr, dies, NULL);
	let_sleep();
	WORD();
	SHOW(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	WORD();
	SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	word = 0;
	pthread_create(&t, &attr, dies, "wait");
	let_sleep();
	SHOW(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	WORD();
	SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	word = 0;
}

int main(void)
{
	pthread_t t;

	alone();
	contended();
	futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	pthread_create(&t, NULL, timed, NULL);
	pthread_join(t, NULL);
	futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	owner_dies();
	chain();
	return 0;
}
