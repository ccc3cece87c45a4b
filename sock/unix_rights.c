/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/unix_rights.c: SCM_RIGHTS and SCM_CREDENTIALS (unix(7), cmsg(3)).
 *
 * Descriptors in flight are references.  A socket that is in flight only inside its own queue is a cycle that
 * nobody frees before the program ends; Linux collects these, one program has no use for it.
 */
#include "kern/slab.h"
#include "lib/mem.h"
#include "sock/unix_int.h"
#include "vfs/fdtable.h"

enum { RIGHTS_MAX = 253 }; /* SCM_MAX_FD */

/* Several SCM_RIGHTS messages of one call are one list, as on Linux. */
static err_t take_files(struct unix_msg *to, const int32_t *fds, size_t n)
{
	struct file **more;

	if (n > RIGHTS_MAX - (size_t)to->nfiles)
		return -EINVAL;
	if (!n)
		return 0;
	more = krealloc(to->files, (to->nfiles + n) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	to->files = more;
	for (size_t i = 0; i < n; i++) {
		struct file *f = fd_get(fds[i]);

		if (!f)
			return -EBADF; /* unix_msg_free() gives back what was taken */
		to->files[to->nfiles++] = f;
	}
	return 0;
}

/* A process may only speak for itself, unless it is root; ours is all there is. */
static err_t take_cred(struct unix_msg *to, const void *data, size_t len)
{
	struct linux_ucred self = unix_cred_self();

	if (len != sizeof(to->cred))
		return -EINVAL;
	memcpy(&to->cred, data, sizeof(to->cred));
	to->has_cred = true;
	if (to->cred.pid != self.pid)
		return -ESRCH;
	return self.uid && (to->cred.uid != self.uid || to->cred.gid != self.gid) ? -EPERM : 0;
}

err_t unix_ctl_take(struct unix_msg *to, const struct sock_msg *m)
{
	const struct linux_cmsghdr *h;
	size_t at = 0, len;
	err_t err = 0;

	while (!err && (h = sock_ctl_next(m, &at, &len)) != NULL) {
		if (h->level != LX_SOL_SOCKET)
			continue;
		if (h->type == LX_SCM_RIGHTS)
			err = take_files(to, (const void *)(h + 1), len / sizeof(int32_t));
		else if (h->type == LX_SCM_CREDENTIALS)
			err = take_cred(to, h + 1, len);
		else
			err = -EINVAL;
	}
	return err;
}

/* Descriptors for as many as fit; the rest are closed and MSG_CTRUNC says so. */
static void give_files(struct unix_msg *from, struct sock_msg *m)
{
	bool cloexec = m->flags & LX_MSG_CMSG_CLOEXEC;
	unsigned n = 0, fit = 0;
	int32_t *fds = kmalloc(from->nfiles * sizeof(*fds));

	if (m->ctl_out && fds)
		fit = (unsigned)MIN(sock_ctl_room(m->ctl_out) / sizeof(int32_t),
				    (size_t)from->nfiles);
	while (n < fit) {
		long fd;

		file_get(from->files[n]);
		fd = fd_install(from->files[n], 0, cloexec);
		if (fd < 0) {
			file_put(from->files[n]);
			break;
		}
		fds[n++] = (int32_t)fd;
	}
	if (n)
		sock_ctl_put(m->ctl_out, LX_SOL_SOCKET, LX_SCM_RIGHTS, fds, n * sizeof(fds[0]));
	if (n < from->nfiles)
		m->out_flags |= LX_MSG_CTRUNC;
	kfree(fds);
}

static void drop_files(struct unix_msg *from)
{
	for (unsigned i = 0; i < from->nfiles; i++)
		file_put(from->files[i]);
	kfree(from->files);
	from->files = NULL;
	from->nfiles = 0;
}

void unix_cred_give(struct usock *u, struct unix_msg *from, struct sock_msg *m)
{
	if (u->s.passcred && m->ctl_out &&
	    !sock_ctl_put(m->ctl_out, LX_SOL_SOCKET, LX_SCM_CREDENTIALS, &from->cred,
			  sizeof(from->cred)))
		m->out_flags |= LX_MSG_CTRUNC;
}

void unix_rights_give(struct unix_msg *from, struct sock_msg *m, bool peek)
{
	if (!from->nfiles)
		return;
	give_files(from, m);
	if (!peek)
		drop_files(from);
}
