/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/pipe.h: pipes, and what a FIFO is once it is open.  Bytes in a ring of pages; writes of up to
 * PIPE_ATOMIC bytes are not mixed with others'.  A write with no reader is -EPIPE: the system call sends
 * SIGPIPE.
 *
 * Context: threads.
 */
#pragma once

#include "vfs/file.h"

enum { PIPE_ATOMIC = 4096, PIPE_DEFAULT = 65536 };

struct pipe;

/* Both ends at once; flags: O_NONBLOCK, and O_DIRECT for packets. */
err_t pipe_open_pair(uint32_t flags, struct file **rd, struct file **wr) must_check;
/*
 * A FIFO's pipe, shared by its openers: new with no end open; an end per open by mode (FILE_READ,
 * FILE_WRITE). Opening blocks until the other end is there, as fifo(7) says; -ENXIO, -ERESTARTSYS.
 */
err_t pipe_new(struct pipe **out) must_check;
err_t pipe_open(struct pipe *p, uint32_t mode, uint32_t flags, struct file **out) must_check;
void pipe_put(struct pipe *p);
bool pipe_is(const struct file *f);

/*
 * splice(2), tee(2): what one call moves: up to len bytes, fewer when there are no more at once. `pos`: where in the
 * other file, and advanced; NULL: at its own position. The pipe's bytes stay in place while the other side takes or
 * gives them. -EAGAIN when `nowait`; -EPIPE: SIGPIPE follows.
 */
long pipe_splice_in(struct file *pipe, struct file *from, uint64_t *pos, size_t len, bool nowait);
long pipe_splice_out(struct file *pipe, struct file *to, uint64_t *pos, size_t len, bool nowait);
/* Between two pipes; `keep`: the bytes stay in the first one, too. -EINVAL: they are the same. */
long pipe_tee(struct file *from, struct file *to, size_t len, bool nowait, bool keep);
