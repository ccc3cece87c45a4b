/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/unix_name.c: names of AF_UNIX sockets: paths (a socket file is made; who is bound to it is found by
 * its inode) and abstract names (bytes after a leading NUL).  unix(7).
 */
#include "lib/fmt.h"
#include "lib/mem.h"
#include "sock/unix_int.h"
#include "vfs/inode.h"
#include "vfs/vfs.h"

static struct list unix_bound =
	LIST_INIT(unix_bound); /* unix_lock: those that took a name themselves */

enum { FAMILY_BYTES = 2, S_IFSOCK_MODE = 0140777 };

static bool is_abstract(const struct sock_addr *a)
{
	return a->len > FAMILY_BYTES && a->un.path[0] == 0;
}

/* -EINVAL: not an address of this family, or too long, or empty. */
static err_t check(const struct sock_addr *a)
{
	if (a->len <= FAMILY_BYTES || a->len > sizeof(a->un))
		return -EINVAL;
	return a->family == LX_AF_UNIX ? 0 : -EINVAL;
}

/* The path, terminated; its length with the family and the NUL is how Linux returns it. */
static uint32_t path_of(const struct sock_addr *a, char path[LX_UNIX_PATH_MAX + 1])
{
	size_t n = strnlen(a->un.path, a->len - FAMILY_BYTES);

	memcpy(path, a->un.path, n);
	path[n] = 0;
	return (uint32_t)(FAMILY_BYTES + n + 1);
}

static bool same_name(const struct sock_addr *a, const struct sock_addr *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* unix_lock held. */
static struct usock *find_abstract(const struct sock_addr *a)
{
	struct usock *u;

	list_for_each_entry (u, &unix_bound, bound)
		if (is_abstract(&u->name) && same_name(&u->name, a))
			return u;
	return NULL;
}

/* unix_lock held. */
static void set_name(struct usock *u, const struct sock_addr *a)
{
	u->name = *a;
	list_add_tail(&unix_bound, &u->bound);
}

static err_t take_abstract(struct usock *u, const struct sock_addr *a)
{
	err_t err = 0;

	spin_lock(&unix_lock);
	if (u->name.len)
		err = -EINVAL;
	else if (find_abstract(a))
		err = -EADDRINUSE;
	else
		set_name(u, a);
	spin_unlock(&unix_lock);
	return err;
}

static err_t take_path(struct usock *u, const struct sock_addr *a)
{
	char path[LX_UNIX_PATH_MAX + 1];
	struct dentry *d;
	uint32_t len = path_of(a, path);
	err_t err = u->name.len ? -EINVAL : vfs_mknod(NULL, path, S_IFSOCK_MODE, 0);

	if (err == -EEXIST)
		return -EADDRINUSE;
	if (err)
		return err;
	err = path_lookup(NULL, path, 0, &d);
	if (err)
		return err;
	spin_lock(&unix_lock);
	if (u->name.len) {
		err = -EINVAL; /* two binds raced */
	} else {
		set_name(u, a);
		u->name.len = len;
		memcpy(u->name.un.path, path,
		       MIN((size_t)len - FAMILY_BYTES, sizeof(u->name.un.path)));
		u->at = d;
	}
	spin_unlock(&unix_lock);
	if (err)
		dentry_put(d);
	return err;
}

err_t unix_bind(struct sock *s, const struct sock_addr *a)
{
	struct usock *u = usock_of(s);
	err_t err;

	if (a->len == FAMILY_BYTES && a->family == LX_AF_UNIX)
		return u->name.len ? -EINVAL : unix_autobind(u);
	err = check(a);
	if (err)
		return err;
	return is_abstract(a) ? take_abstract(u, a) : take_path(u, a);
}

/* unix(7), "Autobind": five hexadecimal digits in the abstract space. */
err_t unix_autobind(struct usock *u)
{
	static _Atomic uint32_t next;
	struct sock_addr a = { .len = FAMILY_BYTES + 6 };
	err_t err;

	if (u->name.len)
		return 0;
	a.family = LX_AF_UNIX;
	for (unsigned tries = 0; tries < 1u << 20; tries++) {
		fmt(a.un.path + 1, 6, "%05x", next++ & 0xfffff);
		err = take_abstract(u, &a);
		if (err != -EADDRINUSE)
			return err;
	}
	return -ENOSPC;
}

static err_t find_path(const struct sock_addr *a, struct usock **out)
{
	char path[LX_UNIX_PATH_MAX + 1];
	struct usock *u, *found = NULL;
	struct dentry *d;
	err_t err;

	path_of(a, path);
	err = path_lookup(NULL, path, WALK_FOLLOW, &d);
	if (err)
		return err;
	spin_lock(&unix_lock);
	list_for_each_entry (u, &unix_bound, bound)
		if (u->at && u->at->inode == d->inode && !found)
			found = u;
	if (found)
		unix_get(found);
	spin_unlock(&unix_lock);
	dentry_put(d);
	*out = found;
	return found ? 0 : -ECONNREFUSED;
}

err_t unix_find(const struct sock_addr *a, struct usock **out)
{
	err_t err = check(a);

	if (err)
		return err;
	if (!is_abstract(a))
		return find_path(a, out);
	spin_lock(&unix_lock);
	*out = find_abstract(a);
	if (*out)
		unix_get(*out);
	spin_unlock(&unix_lock);
	return *out ? 0 : -ECONNREFUSED;
}

void unix_unbind(struct usock *u)
{
	struct dentry *d;

	spin_lock(&unix_lock);
	d = u->at;
	u->at = NULL;
	u->name.len = 0;
	list_del(&u->bound);
	spin_unlock(&unix_lock);
	if (d)
		dentry_put(d);
}

err_t unix_getname(struct sock *s, bool peer, struct sock_addr *out)
{
	struct usock *u = usock_of(s), *of;
	err_t err = 0;

	spin_lock(&unix_lock);
	of = peer ? u->peer : u;
	if (!of) {
		err = -ENOTCONN;
	} else if (of->name.len) {
		*out = of->name;
	} else {
		out->len = FAMILY_BYTES;
		out->family = LX_AF_UNIX;
	}
	spin_unlock(&unix_lock);
	return err;
}
