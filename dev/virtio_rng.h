/* SPDX-License-Identifier: Apache-2.0 */
/* dev/virtio_rng.h: the driver of virtio rng devices. */
#pragma once

#include "dev/virtio.h"

extern const struct vdev_driver virtio_rng_driver;
