/* SPDX-License-Identifier: Apache-2.0 */
/* dev/virtio_blk.h: the driver of virtio blk devices. */
#pragma once

#include "dev/virtio.h"

extern const struct vdev_driver virtio_blk_driver;
