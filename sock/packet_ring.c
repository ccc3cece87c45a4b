/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/packet_ring.c: PACKET_RX_RING in its second version (packet(7); the kernel's documentation of packet_mmap):
 * frames of a fixed size in memory that the program maps.  A frame's status word says whose it is; nothing else
 * that lies there is ever read, so that the program may write what it likes.
 *
 *   [I] set once   [a] atomic   [k] the socket's lock
 */
#include "kern/clock.h"
#include "kern/page.h"
#include "kern/slab.h"
#include "kern/vm.h"
#include "lib/mem.h"
#include "sock/packet_int.h"

enum { HDRLEN = 32 + sizeof(struct linux_sockaddr_ll) /* TPACKET2_HDRLEN */ };

struct packet_ring {
	struct vm_object obj;
	_Atomic uint32_t refs;		    /* [a] the socket's, and one each area */
	uint32_t npages;		    /* [I] */
	uint32_t block_size, frame_size;    /* [I] */
	uint32_t frames_per_block, nframes; /* [I] */
	uint32_t reserve;		    /* [I] */
	uint32_t head;			    /* [k] the next frame */
	bool losing;			    /* [k] some were lost since the last one */
	struct packet_ring *next;	    /* of the socket's retired ones */
	bool shown;			    /* mmap(2) was told of it */
	struct page *page[];		    /* [I] */
};

static struct packet_ring *ring_of(struct vm_object *o)
{
	return container_of(o, struct packet_ring, obj);
}

/* --- the mapping -------------------------------------------------------------------------------------- */

static struct page *peek_page(struct vm_object *o, uint64_t index)
{
	struct packet_ring *r = ring_of(o);

	if (index >= r->npages)
		return NULL;
	page_get(r->page[index]);
	return r->page[index];
}

static err_t get_page(struct vm_object *o, uint64_t index, bool write, struct page **out)
{
	(void)write;
	*out = peek_page(o, index);
	return *out ? 0 : -ENXIO;
}

static void get_object(struct vm_object *o)
{
	atomic_fetch_add_explicit(&ring_of(o)->refs, 1, memory_order_relaxed); /* one is held */
}

static void put_object(struct vm_object *o)
{
	packet_ring_put(ring_of(o));
}

static void ident(struct vm_object *o, uint64_t *dev, uint64_t *ino)
{
	(void)o;
	*dev = *ino = 0;
}

static const struct vm_object_ops ring_ops = {
	.get_page = get_page,
	.peek_page = peek_page,
	.get = get_object,
	.put = put_object,
	.ident = ident,
};

void packet_ring_retire(struct psock *k, struct packet_ring *r)
{
	if (!r->shown) {
		packet_ring_put(r);
		return;
	}
	r->next = k->retired;
	k->retired = r;
}

void packet_ring_put_all(struct packet_ring *r)
{
	struct packet_ring *next;

	for (; r; r = next) {
		next = r->next;
		packet_ring_put(r);
	}
}

void packet_ring_put(struct packet_ring *r)
{
	/* Acquire and release: the last one sees what the others did. Pairs with itself. */
	if (atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (uint32_t i = 0; i < r->npages; i++)
		page_put(r->page[i]);
	kfree(r);
}

bool packet_ring_mapped(struct packet_ring *r)
{
	return atomic_load_explicit(&r->refs, memory_order_relaxed) >
	       1; /* a count, nothing ordered */
}

err_t packet_mmap(struct sock *s, uint64_t offset, struct vm_object **out)
{
	struct psock *k = psock_of(s);
	err_t err = -EINVAL;

	mutex_lock(&k->mtx);
	if (!offset && k->ring) {
		*out = &k->ring->obj;
		k->ring->shown = true;
		err = 0;
	}
	mutex_unlock(&k->mtx);
	return err;
}

/* --- making it ---------------------------------------------------------------------------------------- */

static err_t check_request(const struct linux_tpacket_req *q, uint32_t reserve)
{
	uint32_t per_block = q->frame_size ? q->block_size / q->frame_size : 0;

	if ((int32_t)q->block_size <= 0 || q->block_size % PAGE_SIZE ||
	    q->frame_size < HDRLEN + reserve || q->frame_size % LX_TPACKET_ALIGNMENT || !per_block)
		return -EINVAL;
	if ((uint64_t)q->block_size * q->block_nr > UINT32_MAX ||
	    (uint64_t)per_block * q->block_nr != q->frame_nr)
		return -EINVAL;
	return 0;
}

static err_t fill(struct packet_ring *r, uint32_t npages)
{
	for (; r->npages < npages; r->npages++) {
		struct page *p = page_alloc(0, PAGE_ZERO | PAGE_USER);

		if (!p)
			return -ENOMEM;
		p->owner = &r->obj;
		p->index = r->npages;
		r->page[r->npages] = p;
	}
	return 0;
}

err_t packet_ring_new(const struct linux_tpacket_req *q, uint32_t reserve, struct packet_ring **out)
{
	uint32_t npages = (uint32_t)((uint64_t)q->block_size * q->block_nr / PAGE_SIZE);
	struct packet_ring *r;
	err_t err = check_request(q, reserve);

	if (err)
		return err;
	r = kzalloc(sizeof(*r) + npages * sizeof(r->page[0]));
	if (!r)
		return -ENOMEM;
	vm_object_init(&r->obj, &ring_ops);
	r->obj.always_dirty = true;
	r->refs = 1;
	r->block_size = q->block_size;
	r->frame_size = q->frame_size;
	r->frames_per_block = q->block_size / q->frame_size;
	r->nframes = q->frame_nr;
	r->reserve = reserve;
	err = fill(r, npages);
	if (err)
		packet_ring_put(r);
	else
		*out = r;
	return err;
}

/* --- frames in ------------------------------------------------------------------------------------------ */

static uint32_t frame_at(const struct packet_ring *r, uint32_t frame)
{
	return frame / r->frames_per_block * r->block_size +
	       frame % r->frames_per_block * r->frame_size;
}

static uint8_t *byte_at(const struct packet_ring *r, uint32_t at)
{
	return (uint8_t *)page_va(r->page[at / PAGE_SIZE]) + at % PAGE_SIZE;
}

static void put_bytes(const struct packet_ring *r, uint32_t at, const void *data, uint32_t n)
{
	const uint8_t *from = data;

	while (n) {
		uint32_t part = MIN(n, (uint32_t)PAGE_SIZE - at % (uint32_t)PAGE_SIZE);

		memcpy(byte_at(r, at), from, part);
		at += part;
		from += part;
		n -= part;
	}
}

static void put_packet(const struct packet_ring *r, uint32_t at, const struct pkt *p, uint32_t off,
		       uint32_t n)
{
	while (n) {
		uint32_t part = MIN(n, (uint32_t)PAGE_SIZE - at % (uint32_t)PAGE_SIZE);

		pkt_copy_out(p, off, byte_at(r, at), part);
		at += part;
		off += part;
		n -= part;
	}
}

/* Frames begin on multiples of 16, so the word is in one page. */
static _Atomic uint32_t *status_of(const struct packet_ring *r, uint32_t frame)
{
	return (_Atomic uint32_t *)(void *)byte_at(r, frame_at(r, frame));
}

bool packet_ring_readable(struct packet_ring *r)
{
	uint32_t last = r->head ? r->head - 1 : r->nframes - 1;

	/* Relaxed: only whether; the program orders its own reads. */
	return atomic_load_explicit(status_of(r, last), memory_order_relaxed) !=
	       LX_TP_STATUS_KERNEL;
}

/* Where the packet and its network header go in a frame. */
static void place(const struct psock *k, struct linux_tpacket2_hdr *h)
{
	if (k->s.type == LX_SOCK_DGRAM) {
		h->mac = h->net =
			(uint16_t)(ALIGN_UP((uint32_t)HDRLEN, 16u) + 16 + k->ring->reserve);
	} else {
		h->net = (uint16_t)(ALIGN_UP((uint32_t)HDRLEN + 16, 16u) + k->ring->reserve);
		h->mac = (uint16_t)(h->net - 14);
	}
}

bool packet_ring_frame(struct psock *k, const struct pkt *p, const struct tap_rx *rx)
{
	struct packet_ring *r = k->ring;
	uint32_t base = packet_base(k), at = frame_at(r, r->head);
	uint64_t stamp = p->stamp_ns ? p->stamp_ns : clock_mono_ns();
	uint64_t real = stamp + clock_real_offset_ns();
	struct linux_tpacket2_hdr h = { .len = p->len - base,
					.sec = (uint32_t)(real / 1000000000),
					.nsec = (uint32_t)(real % 1000000000) };
	struct linux_sockaddr_ll ll;
	uint32_t room;

	/* B: pairs with the program's release of a frame: it has finished reading. */
	if (atomic_load_explicit(status_of(r, r->head), memory_order_acquire) !=
	    LX_TP_STATUS_KERNEL) {
		r->losing = true;
		return false;
	}
	place(k, &h);
	room = r->frame_size > h.mac ? r->frame_size - h.mac : 0;
	h.snaplen = MIN(MIN(h.len, rx->want), room);
	packet_from(p, rx, &ll);
	put_bytes(r, at + 4, (const uint8_t *)&h + 4, sizeof(h) - 4);
	put_bytes(r, at + sizeof(h), &ll, sizeof(ll));
	put_packet(r, at + h.mac, p, base, h.snaplen);
	h.status = LX_TP_STATUS_USER | (r->losing ? LX_TP_STATUS_LOSING : 0);
	r->losing = false;
	/* A: pairs with the program's acquire of the status. */
	atomic_store_explicit(status_of(r, r->head), h.status, memory_order_release);
	r->head = r->head + 1 == r->nframes ? 0 : r->head + 1;
	return true;
}
