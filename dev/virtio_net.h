/* SPDX-License-Identifier: Apache-2.0 */
/* dev/virtio_net.h: the driver of virtio network devices. */
#pragma once

#include "dev/virtio.h"

extern const struct vdev_driver virtio_net_driver;
