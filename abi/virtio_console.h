/* SPDX-License-Identifier: Apache-2.0 */
/* abi/virtio_console.h: console device.  VIRTIO 1.2, 5.3. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 5.3.3 */
#define VIRTIO_CONSOLE_F_SIZE	     (1ull << 0)
#define VIRTIO_CONSOLE_F_MULTIPORT   (1ull << 1)
#define VIRTIO_CONSOLE_F_EMERG_WRITE (1ull << 2)

/* 5.3.4 */
struct virtio_console_config {
	uint16_t cols, rows;   /* if F_SIZE; else of RESIZE messages */
	uint32_t max_nr_ports; /* if F_MULTIPORT */
	uint32_t emerg_wr;
};
_Static_assert(sizeof(struct virtio_console_config) == 12, "5.3.4");

/* 5.3.6.2: a message on the control queues; some carry more bytes after it. */
struct virtio_console_control {
	uint32_t id; /* port */
	uint16_t event;
	uint16_t value;
};
_Static_assert(sizeof(struct virtio_console_control) == 8, "5.3.6.2");

enum virtio_console_event {
	VIRTIO_CONSOLE_DEVICE_READY = 0,
	VIRTIO_CONSOLE_DEVICE_ADD = 1,
	VIRTIO_CONSOLE_DEVICE_REMOVE = 2,
	VIRTIO_CONSOLE_PORT_READY = 3,
	VIRTIO_CONSOLE_CONSOLE_PORT = 4,
	VIRTIO_CONSOLE_RESIZE = 5, /* followed by struct virtio_console_resize */
	VIRTIO_CONSOLE_PORT_OPEN = 6,
	VIRTIO_CONSOLE_PORT_NAME = 7, /* followed by the name, no terminator */
};

struct virtio_console_resize {
	uint16_t cols, rows;
};
_Static_assert(sizeof(struct virtio_console_resize) == 4, "5.3.6.2");

/* 5.3.2: queue numbers. */
#define VIRTIO_CONSOLE_Q_CTRL_RX  2
#define VIRTIO_CONSOLE_Q_CTRL_TX  3
#define VIRTIO_CONSOLE_Q_RX(port) ((port) == 0 ? 0 : 2 * (port) + 2)
#define VIRTIO_CONSOLE_Q_TX(port) (VIRTIO_CONSOLE_Q_RX(port) + 1)
