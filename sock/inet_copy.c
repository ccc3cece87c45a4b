/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/inet_copy.c: moving the program's bytes to and from the stack.  Under the shard's lock interrupts are
 * off, and a user page that is not there ends the copy early (arch/: a fault with interrupts off is never
 * served); the caller then brings it in without the lock and comes again.
 */
#include "kern/vm.h"
#include "sock/inet_int.h"

static size_t copy_in(void *ctx, void *buf, size_t n)
{
	long r = uio_read(ctx, buf, n);

	return r < 0 ? 0 : (size_t)r;
}

static size_t copy_out(void *ctx, void *buf, size_t n)
{
	long r = uio_write(ctx, buf, n);

	return r < 0 ? 0 : (size_t)r;
}

void inet_iov_in(struct net_iov *v, struct uio *u)
{
	*v = (struct net_iov){ copy_in, u };
}

void inet_iov_out(struct net_iov *v, struct uio *u)
{
	*v = (struct net_iov){ copy_out, u };
}

bool inet_fault_in(const struct uio *u, bool for_write)
{
	if (u->kernel || !u->left)
		return false;
	return vm_fault(u->vec->base + u->off, for_write, false, false).signo == 0;
}

bool inet_fault_in_all(const struct uio *u)
{
	struct uio walk = *u;

	while (walk.left) {
		size_t page_left = 4096 - ((walk.vec->base + walk.off) & 4095);

		if (walk.off < walk.vec->len && !inet_fault_in(&walk, false))
			return false;
		uio_advance(&walk,
			    MIN(walk.left, MIN(page_left, MAX(walk.vec->len - walk.off, 1ul))));
	}
	return true;
}

long inet_pkt_out(const struct pkt *p, size_t n, struct uio *u)
{
	size_t part = MIN(n, (size_t)p->lin);
	long done = part ? uio_write(u, p->data, part) : 0;

	if (done != (long)part)
		return -EFAULT;
	for (unsigned f = 0; f < p->nfrags && (size_t)done < n; f++) {
		part = MIN(n - (size_t)done, (size_t)p->frag[f].len);
		if (uio_write(u, p->frag[f].buf->base + p->frag[f].off, part) != (long)part)
			return -EFAULT;
		done += (long)part;
	}
	return done;
}
