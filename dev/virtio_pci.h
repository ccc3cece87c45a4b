/* SPDX-License-Identifier: Apache-2.0 */
/* dev/virtio_pci.h: the driver of PCI functions that are virtio devices. */
#pragma once

#include "dev/pci.h"

extern const struct pci_driver virtio_pci_driver;
