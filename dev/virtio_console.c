/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/virtio_console.c: the ports of a virtio console with F_MULTIPORT (VIRTIO 1.2, 5.3) as chardevs: the
 * program's standard input, output and error (doc/run.md, 1.3).
 *
 * Output: a ring of bytes per port.  One chain is with the device at a time, of all that the ring held when it
 * was posted; the next is posted when it is back.  A chain that is back was taken by the host.  An
 * interrupt is asked for only while bytes or somebody wait behind the chain: a program that
 * prints now and then costs one notification a write and no interrupt.
 *
 * Input: a few buffers.  One whose bytes the user has not all taken is kept, which holds the host back.
 * The end of input is told after the last byte (doc/run.md says how it is recognised).
 *
 *   [I] set by attach   [t] tx->lock   [r] rx->lock   [c] lock of the control queues   [d] its turn
 */
#include "dev/virtio_console.h"

#include "abi/virtio_console.h"
#include "dev/chardevs.h"
#include "dev/virtio.h"
#include "kern/clock.h"
#include "kern/klog.h"
#include "kern/slab.h"
#include "kern/waitq.h"
#include "lib/mem.h"
#include "lib/turn.h"

#define PORTS	       4u /* 0 is QEMU's own, 1 to 3 are ours */
#define CTL_BUFS       32u /* QEMU drops messages that find no buffer: enough for all it says at once */
#define CTL_BYTES      64u
#define RX_BUFS	       4u
#define RX_BYTES       2048u
#define PANIC_FLUSH_NS 500000000ull /* a reader that sleeps for ever cannot be waited for */

struct port_out {
	struct vqueue *q;     /* [I] NULL: the port has no output */
	uint8_t *ring;	      /* [I] */
	uint64_t bus;	      /* [I] */
	uint32_t size;	      /* [I] a power of two */
	uint32_t head;	      /* [t] free-running: written by the program */
	uint32_t posted;      /* [t] given to the device; tail..posted is with it */
	uint32_t tail;	      /* [t] taken by the host */
	bool short_write;     /* [t] the user wants to hear of room */
	bool gone;	      /* [t] nobody reads at the host's end any more */
	struct waitq drained; /* [t] */
};

struct port_in {
	struct vqueue *q; /* [I] NULL: the port has no input */
	uint8_t *buf;	  /* [I] RX_BUFS of RX_BYTES */
	uint64_t bus;	  /* [I] */
	struct turn turn;
	uint8_t *cur;	    /* [d] buffer being offered */
	uint32_t pos, len;  /* [d] */
	bool eof_told;	    /* [d] */
	_Atomic bool ended; /* [a] the host has closed its side */
};

enum { NEWS_OPENED = 1, NEWS_ENDED = 2, NEWS_CLOSED = 4, NEWS_WINDOW = 8 };

struct port {
	struct chardev cd;
	struct console *con; /* [I] */
	unsigned id;	     /* [I] */
	struct port_out out;
	struct port_in in;
	bool added, host_open;		     /* [c] the host said PORT_ADD; PORT_OPEN 1 */
	bool want_open, open_sent;	     /* [c] the user opened it; we told the host */
	unsigned news;			     /* [c] NEWS_* that the user has not been told */
	struct virtio_console_resize window; /* [c] */
	bool shaken; /* [c] all that the host has to say to PORT_READY has arrived */
};

/* Messages to the host, each sent at most once, so each has its own memory. */
enum {
	MSG_DEVICE_READY,
	MSG_PORT_READY,
	MSG_PORT_OPEN = MSG_PORT_READY + PORTS,
	MSGS = MSG_PORT_OPEN + PORTS
};

struct console {
	struct vdev *vd;		    /* [I] */
	struct vqueue *crx, *ctx;	    /* [I] both guarded by crx->lock */
	uint8_t *ctl_buf;		    /* [I] CTL_BUFS of CTL_BYTES */
	uint64_t ctl_bus;		    /* [I] */
	struct virtio_console_control *msg; /* [I] MSGS of them */
	uint64_t msg_bus;		    /* [I] */
	struct log_sink sink;		    /* [I] for its flush() */
	struct port port[PORTS];	    /* [0] unused */
};

static bool dead(const struct console *c)
{
	return vdev_failed(c->vd);
}

/* --- output --------------------------------------------------------------------------------------- */

/* Take back the chain, if the host has taken it. True: something moved. */
static bool reap_out(struct port_out *o)
{
	uint32_t len;

	if (!vq_take(&o->q->ring, &len))
		return false;
	o->tail = o->posted;
	return true;
}

static void post_out(struct port_out *o)
{
	uint32_t from = o->posted & (o->size - 1), n = o->head - o->posted;
	uint32_t first = MIN(n, o->size - from);
	struct vq_seg seg[2] = { { o->bus + from, first }, { o->bus, n - first } };

	if (n == 0 || o->posted != o->tail)
		return;
	if (vq_add(&o->q->ring, seg, n > first ? 2 : 1, 0, o))
		return;
	o->posted = o->head;
	vqueue_kick(o->q);
}

/* Bring the ring on as far as it goes, and ask for an interrupt if something waits for more. */
static void run_out(struct port_out *o)
{
	for (;;) {
		reap_out(o);
		post_out(o);
		if (o->posted == o->tail)
			break;
		if (o->head == o->posted && !o->short_write && waitq_empty(&o->drained)) {
			vq_irq_disable(&o->q->ring);
			break;
		}
		if (!vq_irq_enable(&o->q->ring, 0))
			break;
		if (o->q->ring.error)
			break;
	}
	if (o->posted == o->tail)
		waitq_wake(&o->drained, UINT32_MAX);
}

/* The device is gone: what it has not taken is lost, and nobody shall wait for it. */
static void lose_out(struct port_out *o)
{
	o->tail = o->posted = o->head;
	waitq_wake(&o->drained, UINT32_MAX);
}

/*
 * The host's end was closed.  QEMU forgets the chain that its reader was slow to take, without returning it
 * (discard_throttle_data() of hw/char/virtio-serial-bus.c), so what is with the device is not waited for.
 */
static void close_out(struct port_out *o)
{
	bool on = spin_lock_irq(&o->q->lock);

	o->gone = true;
	o->short_write = false;
	lose_out(o);
	spin_unlock_irq(&o->q->lock, on);
}

static bool want_writable(struct port_out *o)
{
	bool room = o->short_write && o->head - o->tail <= o->size / 2;

	if (room)
		o->short_write = false;
	return room;
}

static void check_out(struct port *p)
{
	if (p->out.q->ring.error)
		vdev_fail(p->con->vd, "port %u: %s", p->id, p->out.q->ring.error);
	if (dead(p->con))
		lose_out(&p->out);
}

static void out_irq(struct vqueue *q)
{
	struct port *p = q->owner;
	bool tell, on = spin_lock_irq(&q->lock);

	run_out(&p->out);
	check_out(p);
	tell = want_writable(&p->out);
	spin_unlock_irq(&q->lock, on);
	if (tell && p->cd.up && p->cd.up->writable)
		p->cd.up->writable(p->cd.ctx);
}

static size_t ring_put(struct port_out *o, const uint8_t *buf, size_t n)
{
	uint32_t take = (uint32_t)MIN(n, (size_t)(o->size - (o->head - o->tail)));
	uint32_t at = o->head & (o->size - 1), first = MIN(take, o->size - at);

	memcpy(o->ring + at, buf, first);
	memcpy(o->ring, buf + first, take - first);
	o->head += take;
	return take;
}

static size_t port_write(struct chardev *cd, const void *buf, size_t n)
{
	struct port *p = container_of(cd, struct port, cd);
	struct port_out *o = &p->out;
	size_t done = 0;
	bool on;

	if (!o->q || dead(p->con))
		return n;
	on = spin_lock_irq(&o->q->lock);
	if (o->gone) {
		spin_unlock_irq(&o->q->lock, on);
		return n;
	}
	/* A host that takes bytes while we look makes room and sends no interrupt for it. */
	do {
		reap_out(o);
		done += ring_put(o, (const uint8_t *)buf + done, n - done);
		o->short_write = done < n;
		run_out(o);
		check_out(p);
	} while (done < n && o->head - o->tail < o->size);
	spin_unlock_irq(&o->q->lock, on);
	return done;
}

static void port_drain(struct chardev *cd)
{
	struct port *p = container_of(cd, struct port, cd);
	struct port_out *o = &p->out;
	bool on;

	if (!o->q)
		return;
	on = spin_lock_irq(&o->q->lock);
	while (!dead(p->con)) {
		struct vq *r = &o->q->ring;

		run_out(o);
		check_out(p);
		if (o->tail == o->head)
			break;
		/* The interrupt that run_out() did not ask for: it saw nobody waiting. */
		if (vq_irq_enable(r, 0) || !waitq_wait_deaf(&o->drained, WAIT_FOREVER))
			continue;
		/* The program ends, and sleep with it; its output is owed all the same. */
		spin_unlock_irq(&o->q->lock, on);
		cpu_relax();
		on = spin_lock_irq(&o->q->lock);
	}
	spin_unlock_irq(&o->q->lock, on);
}

static size_t port_pending(struct chardev *cd)
{
	const struct port_out *o = &container_of(cd, struct port, cd)->out;

	return o->head - o->tail;
}

/* --- input ---------------------------------------------------------------------------------------- */

static err_t give_rx(struct port_in *in, uint8_t *buf)
{
	struct vq_seg seg = { in->bus + (uint64_t)(buf - in->buf), RX_BYTES };

	return vq_add(&in->q->ring, &seg, 0, 1, buf);
}

/* The next filled buffer, the finished one given back. False: none now. */
static bool next_rx(struct port *p)
{
	struct port_in *in = &p->in;
	bool on = spin_lock_irq(&in->q->lock);

	do {
		if (in->cur && give_rx(in, in->cur) == 0)
			vqueue_kick(in->q);
		in->pos = in->len = 0;
		in->cur = vq_take(&in->q->ring, &in->len);
	} while ((in->cur && in->len == 0) ||
		 (!in->cur && vq_irq_enable(&in->q->ring, 0) && !in->q->ring.error));
	spin_unlock_irq(&in->q->lock, on);
	if (in->q->ring.error)
		vdev_fail(p->con->vd, "port %u: %s", p->id, in->q->ring.error);
	return in->cur != NULL;
}

static void deliver_all(struct port *p)
{
	struct port_in *in = &p->in;

	for (;;) {
		/* Before the look at the queue: the host closes after its last byte. Pairs with end_input(). */
		bool ended = atomic_load_explicit(&in->ended, memory_order_acquire) || dead(p->con);

		if (in->pos == in->len && !next_rx(p)) {
			if (ended && !in->eof_told) {
				in->eof_told = true;
				p->cd.up->eof(p->cd.ctx);
			}
			return;
		}
		in->pos +=
			(uint32_t)p->cd.up->input(p->cd.ctx, in->cur + in->pos, in->len - in->pos);
		if (in->pos < in->len)
			return; /* until resume() */
	}
}

static void deliver(struct port *p)
{
	if (p->in.q && p->cd.up && turn_take(&p->in.turn))
		do
			deliver_all(p);
		while (turn_again(&p->in.turn));
}

/*
 * Show the device the buffers, once PORT_OPEN was sent: that notification is what makes QEMU look whether the
 * host has bytes for us; one that comes before PORT_OPEN is ignored.
 */
static void start_input(struct port *p)
{
	bool on;

	if (!p->in.q)
		return;
	on = spin_lock_irq(&p->in.q->lock);
	vqueue_kick(p->in.q);
	spin_unlock_irq(&p->in.q->lock, on);
}

static void in_irq(struct vqueue *q)
{
	deliver(q->owner);
}

static void end_input(struct port *p)
{
	/* Pairs with the load in deliver_all(). */
	atomic_store_explicit(&p->in.ended, true, memory_order_release);
	deliver(p);
}

static void port_resume(struct chardev *cd)
{
	deliver(container_of(cd, struct port, cd));
}

/* --- control -------------------------------------------------------------------------------------- */

/* [c] Messages are acted on when they return: PORT_READY marks the end of the handshake. */
static void send_ctl(struct console *c, unsigned slot, unsigned port, unsigned event)
{
	struct virtio_console_control *m = &c->msg[slot];
	struct vq_seg seg = { c->msg_bus + slot * sizeof(*m), sizeof(*m) };

	*m = (struct virtio_console_control){ port, (uint16_t)event, 1 };
	if (vq_add(&c->ctx->ring, &seg, 1, 0, m) == 0)
		vqueue_kick(c->ctx);
}

static void maybe_open(struct console *c, struct port *p)
{
	if (!p->added || !p->want_open || p->open_sent)
		return;
	p->open_sent = true;
	send_ctl(c, MSG_PORT_OPEN + p->id, p->id, VIRTIO_CONSOLE_PORT_OPEN);
}

static void on_port_message(struct console *c, struct port *p,
			    const struct virtio_console_control *m)
{
	switch (m->event) {
	case VIRTIO_CONSOLE_DEVICE_ADD:
		if (p->added)
			break;
		p->added = true;
		send_ctl(c, MSG_PORT_READY + p->id, p->id, VIRTIO_CONSOLE_PORT_READY);
		maybe_open(c, p);
		break;
	case VIRTIO_CONSOLE_DEVICE_REMOVE:
		p->host_open = false;
		p->shaken = true;
		break;
	case VIRTIO_CONSOLE_PORT_OPEN:
		if (p->host_open && !m->value)
			p->news |= NEWS_CLOSED;
		p->host_open = m->value != 0;
		break;
	default: /* CONSOLE_PORT, PORT_NAME: said otherwise in doc/run.md */
		break;
	}
}

static void on_resize(struct port *p, const uint8_t *buf, uint32_t len)
{
	if (len < sizeof(p->window))
		return;
	memcpy(&p->window, buf, sizeof(p->window));
	p->news |= NEWS_WINDOW;
}

static void on_message(struct console *c, const uint8_t *buf, uint32_t len)
{
	struct virtio_console_control m;

	if (len < sizeof(m))
		return;
	memcpy(&m, buf, sizeof(m));
	if (m.id < 1 || m.id >= PORTS)
		return;
	if (m.event == VIRTIO_CONSOLE_RESIZE)
		on_resize(&c->port[m.id], buf + sizeof(m), len - (uint32_t)sizeof(m));
	else
		on_port_message(c, &c->port[m.id], &m);
}

static err_t give_ctl(struct console *c, uint8_t *buf)
{
	struct vq_seg seg = { c->ctl_bus + (uint64_t)(buf - c->ctl_buf), CTL_BYTES };

	return vq_add(&c->crx->ring, &seg, 0, 1, buf);
}

/* [c] Messages from the host. */
static void take_messages(struct console *c)
{
	uint8_t *buf;
	uint32_t len;

	do {
		while ((buf = vq_take(&c->crx->ring, &len))) {
			on_message(c, buf, len);
			if (give_ctl(c, buf))
				break;
		}
		vqueue_kick(c->crx);
	} while (vq_irq_enable(&c->crx->ring, 0) && !c->crx->ring.error);
}

/*
 * [c] Our messages come back.  The host answers a message before it returns it: once PORT_READY is back,
 * everything that it has to say about the port is in the queue of messages.
 */
static void take_returned(struct console *c)
{
	struct virtio_console_control *m;
	uint32_t len, shaken = 0;

	do {
		while ((m = vq_take(&c->ctx->ring, &len))) {
			size_t slot = (size_t)(m - c->msg);

			if (slot >= MSG_PORT_READY && slot < MSG_PORT_OPEN)
				shaken |= 1u << (slot - MSG_PORT_READY);
		}
	} while (vq_irq_enable(&c->ctx->ring, 0) && !c->ctx->ring.error);
	if (!shaken)
		return;
	take_messages(c);
	for (unsigned i = 1; i < PORTS; i++)
		if (shaken & 1u << i)
			c->port[i].shaken = true;
}

/* The device failed: nobody waits for output, and input is at its end. */
static void on_failed(struct vdev *vd)
{
	struct console *c = vd->priv;

	for (unsigned i = 1; i < PORTS; i++) {
		struct port_out *o = &c->port[i].out;

		if (o->q) {
			bool on = spin_lock_irq(&o->q->lock);

			lose_out(o);
			spin_unlock_irq(&o->q->lock, on);
		}
		end_input(&c->port[i]);
	}
}

/* [c] What the user is to hear of this port, once the lock is dropped. */
static unsigned take_news(struct port *p)
{
	unsigned news = p->news;

	p->news = 0;
	if (p->shaken && !p->host_open)
		news |= NEWS_ENDED;
	if (p->open_sent)
		news |= NEWS_OPENED;
	return news;
}

static void tell(struct port *p, unsigned news)
{
	const struct chardev_up *up = p->cd.up;

	if (news & NEWS_OPENED)
		start_input(p);
	if (news & NEWS_ENDED)
		end_input(p);
	/* doc/run.md, 1.3: the host's end of an output port was closed, as a pipe's by its reader. */
	if (news & NEWS_CLOSED && p->out.q)
		close_out(&p->out);
	if (news & NEWS_CLOSED && p->out.q && up && up->eof)
		up->eof(p->cd.ctx);
	if (news & NEWS_WINDOW && up && up->winsize)
		up->winsize(p->cd.ctx, p->window.rows, p->window.cols);
}

static void ctl_irq(struct vqueue *q)
{
	struct console *c = q->owner;
	bool on = spin_lock_irq(&c->crx->lock);
	unsigned news[PORTS];

	take_messages(c);
	take_returned(c);
	for (unsigned i = 1; i < PORTS; i++)
		news[i] = take_news(&c->port[i]);
	if (c->crx->ring.error || c->ctx->ring.error)
		vdev_fail(c->vd, "control queue: %s",
			  c->crx->ring.error ? c->crx->ring.error : c->ctx->ring.error);
	spin_unlock_irq(&c->crx->lock, on);
	for (unsigned i = 1; i < PORTS; i++)
		tell(&c->port[i], news[i]);
	if (vdev_failed(c->vd))
		on_failed(c->vd);
}

static void port_open(struct chardev *cd)
{
	struct port *p = container_of(cd, struct port, cd);
	struct console *c = p->con;
	bool sent, on = spin_lock_irq(&c->crx->lock);

	p->want_open = true;
	maybe_open(c, p);
	sent = p->open_sent;
	spin_unlock_irq(&c->crx->lock, on);
	if (sent)
		start_input(p);
	deliver(p);
}

/* --- bringing it up ------------------------------------------------------------------------------- */

/* At a panic: what the program wrote goes out, if the device still takes it; the lock's holder may be gone. */
static no_lock_analysis void panic_flush(struct log_sink *s)
{
	struct console *c = container_of(s, struct console, sink);
	uint64_t end = clock_mono_ns() + PANIC_FLUSH_NS;

	for (unsigned i = 1; i < PORTS; i++) {
		struct port_out *o = &c->port[i].out;
		bool on, locked;

		if (!o->q)
			continue;
		on = irq_save();
		locked = spin_trylock(&o->q->lock);
		while (locked && clock_mono_ns() < end && !dead(c) && o->tail != o->head) {
			reap_out(o);
			post_out(o);
			cpu_relax();
		}
		if (locked)
			spin_unlock(&o->q->lock);
		irq_restore(on);
	}
}

static void no_log(struct log_sink *s, const char *buf, size_t len)
{
	(void)s, (void)buf, (void)len; /* the log goes to COM1 */
}

static const struct chardev_ops port_ops = {
	.write = port_write,
	.open = port_open,
	.resume = port_resume,
	.drain = port_drain,
	.pending = port_pending,
};

static err_t make_out(struct port *p, uint32_t size)
{
	struct vqueue_want w = {
		.index = VIRTIO_CONSOLE_Q_TX(p->id), .size_max = 4, .irq = out_irq, .owner = p
	};
	struct port_out *o = &p->out;
	err_t err;

	o->size = size;
	o->ring = vdev_alloc(p->con->vd, size, &o->bus);
	if (!o->ring)
		return -ENOMEM;
	err = vqueue_new(p->con->vd, &w, &o->q);
	if (err)
		return err;
	waitq_init(&o->drained, &o->q->lock);
	return 0;
}

static err_t make_in(struct port *p)
{
	struct vqueue_want w = {
		.index = VIRTIO_CONSOLE_Q_RX(p->id), .size_max = RX_BUFS, .irq = in_irq, .owner = p
	};
	struct port_in *in = &p->in;
	err_t err;

	in->buf = vdev_alloc(p->con->vd, RX_BUFS * RX_BYTES, &in->bus);
	if (!in->buf)
		return -ENOMEM;
	err = vqueue_new(p->con->vd, &w, &in->q);
	for (unsigned i = 0; !err && i < in->q->ring.size; i++)
		err = give_rx(in, in->buf + i * RX_BYTES);
	return err;
}

static err_t make_control(struct console *c)
{
	struct vqueue_want rx = {
		.index = VIRTIO_CONSOLE_Q_CTRL_RX, .size_max = CTL_BUFS, .irq = ctl_irq, .owner = c
	};
	struct vqueue_want tx = {
		.index = VIRTIO_CONSOLE_Q_CTRL_TX, .size_max = 16, .irq = ctl_irq, .owner = c
	};
	err_t err;

	c->ctl_buf = vdev_alloc(c->vd, CTL_BUFS * CTL_BYTES, &c->ctl_bus);
	c->msg = vdev_alloc(c->vd, MSGS * sizeof(*c->msg), &c->msg_bus);
	if (!c->ctl_buf || !c->msg)
		return -ENOMEM;
	err = vqueue_new(c->vd, &rx, &c->crx);
	if (!err)
		err = vqueue_new(c->vd, &tx, &c->ctx);
	for (unsigned i = 0; !err && i < c->crx->ring.size; i++)
		err = give_ctl(c, c->ctl_buf + i * CTL_BYTES);
	return err;
}

/* Ports 1 to 3 as doc/run.md fixes them. */
static err_t make_ports(struct console *c)
{
	static const char *const name[PORTS] = { NULL, "coracle.stdin", "coracle.stdout",
						 "coracle.stderr" };
	err_t err;

	for (unsigned i = 1; i < PORTS; i++) {
		struct port *p = &c->port[i];

		p->id = i;
		p->con = c;
		p->cd.name = name[i];
		p->cd.ops = &port_ops;
	}
	err = make_in(&c->port[1]);
	if (!err)
		err = make_out(&c->port[2], 16384);
	return err ?: make_out(&c->port[3], 4096);
}

static void start(struct console *c)
{
	bool on = spin_lock_irq(&c->crx->lock);

	vqueue_kick(c->crx);
	send_ctl(c, MSG_DEVICE_READY, 0, VIRTIO_CONSOLE_DEVICE_READY);
	spin_unlock_irq(&c->crx->lock, on);
	for (unsigned i = 1; i < PORTS; i++)
		chardev_register(&c->port[i].cd);
	c->sink.write = no_log;
	c->sink.flush = panic_flush;
	klog_add_sink(&c->sink);
}

static err_t attach(struct vdev *vd)
{
	struct console *c;
	err_t err;

	if (vdev_config32(vd, offsetof(struct virtio_console_config, max_nr_ports)) < PORTS) {
		klog_warn("%s: console has fewer than %u ports: not used\n", vd->name, PORTS);
		return -ENODEV;
	}
	c = kzalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->vd = vd;
	vd->priv = c;
	err = make_control(c);
	if (!err)
		err = make_ports(c);
	if (err) {
		kfree(c);
		return err;
	}
	vdev_ready(vd);
	start(c);
	return 0;
}

const struct vdev_driver virtio_console_driver = {
	.name = "virtio-console",
	.type = VIRTIO_ID_CONSOLE,
	.required = VIRTIO_CONSOLE_F_MULTIPORT,
	.attach = attach,
	.failed = on_failed,
};
