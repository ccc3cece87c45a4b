/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_disk.h: disks that outlive a run: volumes, and roots kept by --keep.  Files in
 * $XDG_DATA_HOME/coracle, one per name; one run at a time holds one.
 */
#pragma once

#include "tools/coracle_util.h"

/* A volume's file, made when it is not there; held until the process ends. */
char *disk_volume(const char *name);
/* A kept root's file, a copy of `image` when it is not there; held until the process ends. */
char *disk_kept(const char *name, const char *image);
