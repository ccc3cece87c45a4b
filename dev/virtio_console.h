/* SPDX-License-Identifier: Apache-2.0 */
/* dev/virtio_console.h: the driver of virtio consoles; its ports are found by dev/chardevs.h. */
#pragma once

#include "dev/virtio.h"

extern const struct vdev_driver virtio_console_driver;
