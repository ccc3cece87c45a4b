# SPDX-License-Identifier: Apache-2.0
fs-y :=
fs-y += fs/check.c
fs-y += fs/decode.c
fs-y += fs/dict.c
fs-y += fs/dir.c
fs-y += fs/edit.c
fs-y += fs/encode.c
fs-y += fs/extent.c
fs-y += fs/file.c
fs-y += fs/inode.c
fs-y += fs/log.c
fs-y += fs/log5.c
fs-y += fs/log6.c
fs-y += fs/mount.c
fs-y += fs/rename.c
fs-y += fs/space.c
fs-y += fs/xattr.c
