/* SPDX-License-Identifier: Apache-2.0 */
/* dev/netifs.c: the list of network devices. */
#include "dev/netifs.h"

#include "kern/slab.h"
#include "lib/fmt.h"

/* One to sixteen cards are usual, and the interface numbers of a VM are few: slots by index. */
static struct netif **nifs; /* [I] grows at boot only */
static unsigned count;

void netif_register(struct netif *nif)
{
	struct netif **more = krealloc(nifs, (count + 1) * sizeof(*nifs));

	if (!more)
		return; /* a card less */
	nifs = more;
	fmt(nif->name, sizeof(nif->name), "eth%u", count);
	nif->index = count + 2;
	nifs[count++] = nif;
}

struct netif *netif_next(const struct netif *after)
{
	unsigned i = after ? after->index - 1 : 0;

	return i < count ? nifs[i] : NULL;
}
