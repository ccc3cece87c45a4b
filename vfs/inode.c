/* SPDX-License-Identifier: Apache-2.0 */
#include "vfs/inode.h"

#include "kern/clock.h"
#include "kern/vm.h"
#include "lib/assert.h"
#include "vfs/fs.h"
#include "vfs/lock.h"
#include "vfs/notify.h"
#include "vfs/pcache.h"
#include "vfs/pipe.h"
#include "vfs/writeback.h"

struct vfs_cred vfs_cred = { .override = true };

static struct spinlock attr_lock = SPINLOCK_INIT(RANK_FILE);

int64_t vfs_now(void)
{
	return (int64_t)clock_real_ns();
}

void inode_init(struct inode *i, struct fs *fs, const struct inode_ops *ops, uint32_t mode)
{
	*i = (struct inode){ .ops = ops, .fs = fs, .mode = mode, .refs = 1, .nlink = 1 };
	i->atime = i->mtime = i->ctime = i->btime = vfs_now();
	i->uid = vfs_cred.uid;
	i->gid = vfs_cred.gid;
	mutex_init(&i->lock);
}

void inode_fini(struct inode *i)
{
	if (i->pages)
		pcache_fini(i->pages);
	if (i->pipe)
		pipe_put(i->pipe);
	locks_free(i);
}

void inode_put(struct inode *i)
{
	uint32_t n;

	if (!i)
		return;
	/* relaxed: only the last reference frees, and put_last() takes a lock. */
	n = atomic_load_explicit(&i->refs, memory_order_relaxed); /* pairs with nothing */
	if (unlikely(n == 2 && i->nlink == 0 && i->pages)) {
		writeback_settle(i->pages); /* it may be the other one */
		n = atomic_load(&i->refs);
	}
	while (n > 1)
		if (atomic_compare_exchange_weak(&i->refs, &n, n - 1))
			return;
	i->ops->put_last(i);
}

/* --- rights ----------------------------------------------------------------------------------- */

static bool in_group(uint32_t gid, const struct vfs_cred *c)
{
	if (gid == c->gid)
		return true;
	for (unsigned n = 0; n < c->ngroups; n++)
		if (c->groups[n] == gid)
			return true;
	return false;
}

/* The three bits of the mode that are about this identity. */
static unsigned mode_for(const struct inode *i, const struct vfs_cred *c)
{
	if (i->uid == c->uid)
		return i->mode >> 6 & 7;
	if (in_group(i->gid, c))
		return i->mode >> 3 & 7;
	return i->mode & 7;
}

err_t inode_permission_as(const struct inode *i, unsigned may, const struct vfs_cred *c)
{
	uint32_t type = i->mode & MODE_FMT;

	if (may & MAY_WRITE && (type == MODE_REG || type == MODE_DIR || type == MODE_LNK)) {
		if (i->fs->flags & FS_RDONLY)
			return -EROFS;
		if (i->flags & INODE_READONLY)
			return -EACCES;
		/* What may be run is not written. */
		if (i->flags & INODE_EXEC && vm_policy.exec_protection)
			return -EACCES;
	}
	if (may & MAY_EXEC && type == MODE_REG && i->fs->flags & FS_NOEXEC)
		return -EACCES;
	if ((mode_for(i, c) & may) == may)
		return 0;
	if (!c->override)
		return -EACCES;
	/* CAP_DAC_OVERRIDE: all but running what nobody may run. */
	if (may & MAY_EXEC && type != MODE_DIR && !(i->mode & 0111))
		return -EACCES;
	return 0;
}

err_t inode_permission(const struct inode *i, unsigned may)
{
	return inode_permission_as(i, may, &vfs_cred);
}

bool inode_owner(const struct inode *i)
{
	return i->uid == vfs_cred.uid || vfs_cred.override;
}

/* --- attributes ------------------------------------------------------------------------------- */

static void apply(struct inode *i, const struct inode_attr *a)
{
	spin_lock(&attr_lock);
	if (a->set & ATTR_MODE)
		i->mode = (i->mode & MODE_FMT) | (a->mode & MODE_PERM);
	if (a->set & ATTR_UID)
		i->uid = a->uid;
	if (a->set & ATTR_GID)
		i->gid = a->gid;
	if (a->set & ATTR_ATIME)
		i->atime = a->atime;
	if (a->set & ATTR_MTIME)
		i->mtime = a->mtime;
	if (a->set & ATTR_CTIME)
		i->ctime = a->ctime;
	spin_unlock(&attr_lock);
}

err_t inode_setattr(struct inode *i, const struct inode_attr *a)
{
	if (i->ops->setattr) {
		err_t err = i->ops->setattr(i, a);

		if (err)
			return err;
	}
	apply(i, a);
	return 0;
}

void inode_touch(struct inode *i, unsigned set)
{
	int64_t now = vfs_now();
	struct inode_attr a = { .set = set, .atime = now, .mtime = now, .ctime = now };

	if (i->fs->flags & FS_RDONLY)
		return;
	if (inode_setattr(i, &a))
		apply(i, &a); /* the file system could not note it: true until the end at least */
}

/* --- writers against executors (ETXTBSY) --------------------------------------------------------- */

static err_t step_unless(struct inode *i, int32_t step, bool (*refuse)(int32_t))
{
	int32_t n = atomic_load(&i->writers);

	do {
		if (refuse(n))
			return -ETXTBSY;
	} while (!atomic_compare_exchange_weak(&i->writers, &n, n + step));
	return 0;
}

static bool is_negative(int32_t n)
{
	return n < 0;
}

static bool is_positive(int32_t n)
{
	return n > 0;
}

err_t inode_get_write(struct inode *i)
{
	return step_unless(i, 1, is_negative);
}

void inode_put_write(struct inode *i)
{
	atomic_fetch_sub(&i->writers, 1);
}

err_t inode_deny_write(struct inode *i)
{
	return step_unless(i, -1, is_positive);
}

void inode_allow_write(struct inode *i)
{
	atomic_fetch_add(&i->writers, 1);
}

err_t inode_truncate(struct inode *i, uint64_t size)
{
	err_t err;

	if (inode_is_dir(i))
		return -EISDIR;
	if (!i->pages || !i->ops->truncate)
		return -EINVAL;
	mutex_lock(&i->lock);
	err = pcache_truncate(i->pages, size);
	if (!err)
		inode_touch(i, ATTR_MTIME | ATTR_CTIME);
	mutex_unlock(&i->lock);
	if (!err)
		notify_inode(i, NOTIFY_MODIFY);
	return err;
}
