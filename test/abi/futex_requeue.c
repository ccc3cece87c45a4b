/* SPDX-License-Identifier: Apache-2.0 */
/* FUTEX_REQUEUE, CMP_REQUEUE, WAKE_OP: who is woken, who is moved, what is computed, every comparison, errors. */
#include "futex.h"

static volatile uint32_t a, b;
static volatile int woken;

static void *waiter(void *arg)
{
	futex(arg, FUTEX_WAIT_PRIVATE, *(volatile uint32_t *)arg, NULL, NULL, 0);
	__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static pthread_t t[6];

static void start(int n, volatile uint32_t *at)
{
	woken = 0;
	for (int i = 0; i < n; i++)
		pthread_create(&t[i], NULL, waiter, (void *)at);
	let_sleep();
}

static void finish(int n)
{
	let_sleep();
	SAY(woken);
	SHOW(futex(&a, FUTEX_WAKE_PRIVATE, 99, NULL, NULL, 0));
	SHOW(futex(&b, FUTEX_WAKE_PRIVATE, 99, NULL, NULL, 0));
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

#define N(x) ((void *)(long)(x))

static void requeues(void)
{
	start(5, &a);
	SHOW(futex(&a, FUTEX_REQUEUE_PRIVATE, 1, N(2), &b, 0));
	finish(5);
	start(5, &a);
	SHOW(futex(&a, FUTEX_CMP_REQUEUE_PRIVATE, 1, N(2), &b, a));
	finish(5);
	start(5, &a);
	SHOW(futex(&a, FUTEX_CMP_REQUEUE_PRIVATE, 1, N(2), &b, a + 1));
	SHOW(futex(&a, FUTEX_CMP_REQUEUE_PRIVATE, 0, N(0), &b, a));
	SHOW(futex(&a, FUTEX_CMP_REQUEUE_PRIVATE, 0, N(INT_MAX), &b, a));
	finish(5);
	start(3, &a);
	SHOW(futex(&a, FUTEX_CMP_REQUEUE_PRIVATE, 1, N(5), &a, a)); /* onto itself */
	finish(3);
	SHOW(futex(&a, FUTEX_CMP_REQUEUE_PRIVATE, -1, N(2), &b, a));
	SHOW(futex(&a, FUTEX_CMP_REQUEUE_PRIVATE, 1, N(-2), &b, a));
	SHOW(futex(&a, FUTEX_REQUEUE_PRIVATE, 1, N(-2), &b, a));
	SHOW(futex(&a, FUTEX_CMP_REQUEUE_PRIVATE, 1, N(2), (char *)&b + 1, a));
	SHOW(futex((char *)&a + 2, FUTEX_CMP_REQUEUE_PRIVATE, 1, N(2), &b, a));
	SHOW(futex(&a, FUTEX_CMP_REQUEUE, 1, N(2), NULL, a));
	SHOW(futex(NULL, FUTEX_CMP_REQUEUE_PRIVATE, 1, N(2), &b, a));
}

static void op(const char *name, uint32_t start_b, int op, int arg, int cmp, int cmparg)
{
	long r;

	b = start_b;
	errno = 0;
	r = futex(&a, FUTEX_WAKE_OP_PRIVATE, 1, N(1), &b, FUTEX_OP(op, arg, cmp, cmparg));
	printf("%s: %ld %s, b %d\n", name, r, r < 0 ? strerrorname_np(errno) : "", (int)b);
}

static void wake_ops(void)
{
	op("set", 5, FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 0);
	op("add", 5, FUTEX_OP_ADD, 7, FUTEX_OP_CMP_EQ, 0);
	op("add -1", 5, FUTEX_OP_ADD, 0xfff, FUTEX_OP_CMP_EQ, 0);
	op("or", 5, FUTEX_OP_OR, 0x12, FUTEX_OP_CMP_EQ, 0);
	op("andn", 0xff, FUTEX_OP_ANDN, 0xf, FUTEX_OP_CMP_EQ, 0);
	op("xor", 0xff, FUTEX_OP_XOR, 0x3c, FUTEX_OP_CMP_EQ, 0);
	op("shift", 0, FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT, 12, FUTEX_OP_CMP_EQ, 0);
	op("shift 31", 0, FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 31, FUTEX_OP_CMP_EQ, 0);
	op("bad op", 1, 6, 1, FUTEX_OP_CMP_EQ, 0);
	op("bad cmp", 1, FUTEX_OP_SET, 1, 7, 0);
	for (int cmp = 0; cmp < 6; cmp++)
		for (int v = -1; v <= 1; v++) {
			start(2, &b);
			printf("cmp %d %d: ", cmp, v);
			op("", v, FUTEX_OP_SET, 0, cmp, 0);
			let_sleep();
			int w = woken;

			printf("woken %d, left %ld\n", w,
			       futex(&b, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
			pthread_join(t[0], NULL);
			pthread_join(t[1], NULL);
		}
	start(3, &a);
	b = 4;
	SHOW(futex(&a, FUTEX_WAKE_OP_PRIVATE, 2, N(1), &b,
		   FUTEX_OP(FUTEX_OP_SET, 9, FUTEX_OP_CMP_EQ, 4)));
	finish(3);
	SAY(b);
	SHOW(futex(&a, FUTEX_WAKE_OP_PRIVATE, 1, N(1), NULL, 0));
	SHOW(futex(&a, FUTEX_WAKE_OP_PRIVATE, 1, N(1), (char *)&b + 1, 0));
}

int main(void)
{
	requeues();
	wake_ops();
	return 0;
}
