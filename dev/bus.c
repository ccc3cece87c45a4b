/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/bus.c: the drivers there are, and the order in which buses are looked at.
 *
 * Devices named on the command line need no search, so PCI is walked only if there are none or if the
 * firmware's tables name a host bridge.
 */
#include "dev/bus.h"

#include "dev/chardevs.h"
#include "dev/pci.h"
#include "dev/serial.h"
#include "dev/virtio_blk.h"
#include "dev/virtio_console.h"
#include "dev/virtio_mmio.h"
#include "dev/virtio_net.h"
#include "dev/virtio_pci.h"
#include "dev/virtio_rng.h"
#include "kern/klog.h"
#include "kern/panic.h"
#include "lib/mem.h"

const struct vdev_driver *const vdev_drivers[] = {
	&virtio_blk_driver, &virtio_console_driver, &virtio_net_driver, &virtio_rng_driver, NULL,
};

const struct pci_driver *const pci_drivers[] = {
	&virtio_pci_driver,
	NULL,
};

static struct list chardevs = LIST_INIT(chardevs); /* [I] grows at boot only */

void chardev_register(struct chardev *cd)
{
	list_add_tail(&chardevs, &cd->link);
}

struct chardev *chardev_find(const char *name)
{
	struct chardev *cd;

	list_for_each_entry (cd, &chardevs, link)
		if (strcmp(cd->name, name) == 0)
			return cd;
	return NULL;
}

/* doc/run.md 1.5, first: every byte that the program wrote is the host's. */
static void drain_all(unsigned status)
{
	struct chardev *cd;

	(void)status;
	list_for_each_entry (cd, &chardevs, link)
		if (cd->ops->drain)
			cd->ops->drain(cd);
}

err_t bus_init(void)
{
	static struct exit_step step = { .fn = drain_all, .order = EXIT_PROGRAM };
	err_t err = serial_start();
	unsigned n;

	if (err == 0)
		chardev_register(serial_chardev());
	else if (err != -ENODEV)
		klog_warn("ttyS0: no input and no buffer (error %d)\n", -err);
	exit_add_step(&step);
	n = virtio_mmio_scan();
	if (n == 0 || pci_has_ecam())
		pci_scan();
	return 0;
}
