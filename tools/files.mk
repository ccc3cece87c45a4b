# SPDX-License-Identifier: Apache-2.0
# Each tool: its sources in NAME-y, its libraries in NAME-libs.
tools :=

tools += coracle
coracle-y += $(mkimage-y) tools/host_assert.c

coracle-y += tools/coracle.c
coracle-y += tools/coracle_accel.c
coracle-y += tools/coracle_booted.c
coracle-y += tools/coracle_cache.c
coracle-y += tools/coracle_closure.c
coracle-y += tools/coracle_console.c
coracle-y += tools/coracle_disk.c
coracle-y += tools/coracle_find.c
coracle-y += tools/coracle_host.c
coracle-y += tools/coracle_image.c
coracle-y += tools/coracle_ldcache.c
coracle-y += tools/coracle_manifest.c
coracle-y += tools/coracle_opt.c
coracle-y += tools/coracle_paths.c
coracle-y += tools/coracle_plan.c
coracle-y += tools/coracle_profile.c
coracle-y += tools/coracle_qemu.c
coracle-y += tools/coracle_run.c
coracle-y += tools/coracle_spec.c
coracle-y += tools/coracle_util.c
coracle-y += tools/coracle_values.c
coracle-y += tools/coracle_wanted.c

mkimage-y := tools/mkimage.c tools/mkimage_disk.c tools/mkimage_tree.c tools/fileblk.c

tools += mkfs
mkfs-y := tools/mkfs.c tools/host_assert.c $(mkimage-y)

tools += dump
dump-y := tools/dump.c tools/dump_extract.c tools/dump_list.c tools/fileblk.c tools/mkimage.c \
	tools/mkimage_disk.c tools/mkimage_tree.c tools/host_assert.c
