/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/serial.c: COM1.
 *
 * Output goes through a ring: as much as the UART's FIFO takes is written at once, and the rest when the
 * UART says that it is empty.  So a log line costs what its bytes cost and waits for nobody, and what the
 * host does not take stays in the ring.  The log and the chardev share the ring; when the log finds it
 * full it polls (a kernel message is not lost), when a program does, write() is short.
 *
 * Input is read by the interrupt handler into a small buffer from which the user takes; while the user
 * takes none the receive interrupt is off and the bytes wait in the FIFO and on the host.
 */
#include "dev/serial.h"

#include "abi/uart.h"
#include "arch/io.h"
#include "kern/irq.h"
#include "kern/klog.h"
#include "kern/slab.h"
#include "kern/waitq.h"
#include "lib/turn.h"

#define OUT_BYTES  4096u /* a power of two */
#define IN_BYTES   64u
#define LOCK_TRIES 1000000u

static struct serial {
	struct spinlock lock; /* RANK_UART: the log writes under any other lock */
	bool started;	      /* [I] */
	uint8_t *out;	      /* [I] the ring */
	uint32_t head, tail;  /* [lock] free-running: put in, taken out */
	bool short_write;     /* [lock] somebody wants to hear of room */
	uint8_t ier;	      /* [lock] as last written */
	struct turn delivering;
	uint8_t in[IN_BYTES];	 /* whose turn it is */
	uint32_t in_pos, in_len; /* the same */
	struct chardev cd;
} com1 = { .lock = SPINLOCK_INIT(RANK_UART) };

static uint8_t reg_in(enum uart_reg r)
{
	return io_in8((uint16_t)(UART_COM1 + r));
}

static void reg_out(enum uart_reg r, uint8_t v)
{
	io_out8((uint16_t)(UART_COM1 + r), v);
}

static void set_ier(struct serial *s, uint8_t bit, bool on)
{
	uint8_t ier = on ? s->ier | bit : s->ier & (uint8_t)~bit;

	if (ier == s->ier)
		return;
	s->ier = ier;
	reg_out(UART_IER, ier);
}

/* Move from the ring to the UART what it takes now. */
static void push_out(struct serial *s)
{
	while (s->tail != s->head && reg_in(UART_LSR) & UART_LSR_THRE)
		for (unsigned i = 0; i < UART_FIFO && s->tail != s->head; i++)
			reg_out(UART_DATA, s->out[s->tail++ & (OUT_BYTES - 1)]);
	set_ier(s, UART_IER_TX, s->tail != s->head);
}

static size_t ring_put(struct serial *s, const char *buf, size_t n)
{
	size_t room = OUT_BYTES - (s->head - s->tail), take = MIN(n, room);

	for (size_t i = 0; i < take; i++)
		s->out[s->head++ & (OUT_BYTES - 1)] = (uint8_t)buf[i];
	return take;
}

static void empty_polling(struct serial *s)
{
	while (s->tail != s->head)
		push_out(s);
}

/* --- the log -------------------------------------------------------------------------------------- */

/* At a panic the lock's owner may be stopped: after a while go on without. Returns: got it. */
static no_lock_analysis bool lock_or_not(struct serial *s)
{
	for (unsigned tries = 0; tries < LOCK_TRIES; tries++) {
		if (spin_trylock(&s->lock))
			return true;
		cpu_relax();
	}
	return false;
}

static no_lock_analysis void sink_write(struct log_sink *sink, const char *buf, size_t len)
{
	struct serial *s = &com1;
	bool on = irq_save(), locked = lock_or_not(s);
	size_t done;

	(void)sink;
	while ((done = ring_put(s, buf, len)) < len) {
		empty_polling(s);
		buf += done;
		len -= done;
	}
	push_out(s);
	if (locked)
		spin_unlock(&s->lock);
	irq_restore(on);
}

static no_lock_analysis void sink_flush(struct log_sink *sink)
{
	struct serial *s = &com1;
	bool on = irq_save(), locked = lock_or_not(s);

	(void)sink;
	empty_polling(s);
	while (!(reg_in(UART_LSR) & UART_LSR_IDLE))
		cpu_relax();
	if (locked)
		spin_unlock(&s->lock);
	irq_restore(on);
}

static struct log_sink sink = { .write = sink_write, .flush = sink_flush };

/* PC16550D 8.1 to 8.6: 115200 8N1, FIFOs on, no interrupts. */
static void set_up(void)
{
	reg_out(UART_IER, 0);
	reg_out(UART_LCR, UART_LCR_DLAB);
	reg_out(UART_DATA, 1);
	reg_out(UART_IER, 0);
	reg_out(UART_LCR, UART_LCR_8N1);
	reg_out(UART_IIR_FCR, UART_FCR_FIFO);
	reg_out(UART_MCR, UART_MCR_IRQ);
}

/* --- the chardev ---------------------------------------------------------------------------------- */

static size_t cd_write(struct chardev *cd, const void *buf, size_t n)
{
	struct serial *s = container_of(cd, struct serial, cd);
	bool on = spin_lock_irq(&s->lock);
	size_t done = 0;

	/* A UART that takes bytes while we look makes room and sends no interrupt for it. */
	do {
		done += ring_put(s, (const char *)buf + done, n - done);
		push_out(s);
	} while (done < n && s->head - s->tail < OUT_BYTES);
	s->short_write |= done < n;
	spin_unlock_irq(&s->lock, on);
	return done;
}

static size_t fifo_read(struct serial *s)
{
	bool on = spin_lock_irq(&s->lock);
	size_t n = 0;

	while (n < IN_BYTES && reg_in(UART_LSR) & UART_LSR_DATA)
		s->in[n++] = reg_in(UART_DATA);
	spin_unlock_irq(&s->lock, on);
	return n;
}

static void rx_irq(struct serial *s, bool want)
{
	bool on = spin_lock_irq(&s->lock);

	set_ier(s, UART_IER_RX, want);
	spin_unlock_irq(&s->lock, on);
}

/* Offer input until the user takes no more or there is none. */
static void deliver_all(struct serial *s)
{
	for (;;) {
		if (s->in_pos == s->in_len) {
			s->in_pos = 0;
			s->in_len = (uint32_t)fifo_read(s);
			if (s->in_len == 0) {
				rx_irq(s, true);
				return;
			}
		}
		s->in_pos += (uint32_t)s->cd.up->input(s->cd.ctx, s->in + s->in_pos,
						       s->in_len - s->in_pos);
		if (s->in_pos < s->in_len) {
			rx_irq(s, false); /* until resume() */
			return;
		}
	}
}

static void deliver(struct serial *s)
{
	if (s->cd.up && turn_take(&s->delivering))
		do
			deliver_all(s);
		while (turn_again(&s->delivering));
}

static void on_irq(void *arg)
{
	struct serial *s = arg;
	bool room, on = spin_lock_irq(&s->lock);

	push_out(s);
	room = s->short_write && s->head - s->tail <= OUT_BYTES / 2;
	if (room)
		s->short_write = false;
	spin_unlock_irq(&s->lock, on);
	if (room && s->cd.up && s->cd.up->writable)
		s->cd.up->writable(s->cd.ctx);
	if (s->ier & UART_IER_RX)
		deliver(s);
}

static void cd_open(struct chardev *cd)
{
	deliver(container_of(cd, struct serial, cd));
}

static void cd_drain(struct chardev *cd)
{
	(void)cd;
	sink_flush(&sink);
}

static size_t cd_pending(struct chardev *cd)
{
	struct serial *s = container_of(cd, struct serial, cd);

	return s->head - s->tail;
}

static const struct chardev_ops serial_ops = {
	.write = cd_write,
	.open = cd_open,
	.resume = cd_open,
	.drain = cd_drain,
	.pending = cd_pending,
};

err_t serial_start(void)
{
	struct serial *s = &com1;
	unsigned irq;
	err_t err;

	if (reg_in(UART_LSR) == 0xff)
		return -ENODEV; /* nobody answers at this address */
	s->out = kmalloc(OUT_BYTES);
	if (!s->out)
		return -ENOMEM;
	while (!(reg_in(UART_LSR) & UART_LSR_IDLE))
		cpu_relax(); /* the early console's last bytes */
	set_up();
	err = irq_new_line("ttyS0", UART_COM1_GSI, false, false, on_irq, s, &irq);
	if (err) {
		kfree(s->out);
		return err;
	}
	s->cd.name = "ttyS0";
	s->cd.ops = &serial_ops;
	s->started = true;
	klog_add_sink(&sink);
	return 0;
}

struct chardev *serial_chardev(void)
{
	return com1.started ? &com1.cd : NULL;
}
