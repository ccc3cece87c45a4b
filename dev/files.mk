# SPDX-License-Identifier: Apache-2.0
dev-y :=
dev-y += dev/virtqueue.c
dev-y += dev/virtio.c
dev-y += dev/virtio_mmio.c
dev-y += dev/virtio_mmio_arg.c
dev-y += dev/pci.c
dev-y += dev/pci_cap.c
dev-y += dev/virtio_pci.c
dev-y += dev/virtio_pci_cap.c
dev-y += dev/virtio_blk.c
dev-y += dev/virtio_console.c
dev-y += dev/virtio_rng.c
dev-y += dev/serial.c
dev-y += dev/blks.c
dev-y += dev/bus.c
