# SPDX-License-Identifier: Apache-2.0
vfs-y :=
vfs-y += vfs/file.c
vfs-y += vfs/fdtable.c
vfs-y += vfs/poll.c
vfs-y += vfs/epoll.c
vfs-y += vfs/pipe.c
vfs-y += vfs/eventfd.c
vfs-y += vfs/timerfd.c
