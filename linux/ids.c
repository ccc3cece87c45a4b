/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/ids.c: who the process is.  Numbers of process, group and session; users, groups and capabilities with the rules of
 * credentials(7) and capabilities(7): what a program gives up it does not get back, and what it asks is what it was told.
 */
#include "kern/slab.h"
#include "kern/thread.h"
#include "kern/uio.h"
#include "lib/mem.h"
#include "linux/process.h"
#include "linux/syscall.h"
#include "vfs/inode.h"

enum { CAP_DAC_OVERRIDE = 1, CAP_SETGID = 6, CAP_SETUID = 7, CAP_SETPCAP = 8 };
enum { SECBIT_NO_SETUID_FIXUP = 1 << 2, SECBIT_KEEP_CAPS = 1 << 4 };
#define NGROUPS_MAX 65536
#define UNCHANGED   UINT32_MAX

static struct creds *const creds = &process.creds;

/* --- process, group, session ------------------------------------------------------------------------- */

long sys_getpid(struct thread *t, const struct sysargs *a)
{
	(void)t;
	(void)a;
	return PROCESS_PID;
}

long sys_getppid(struct thread *t, const struct sysargs *a)
{
	(void)t;
	(void)a;
	return 0;
}

long sys_getpgrp(struct thread *t, const struct sysargs *a)
{
	(void)t;
	(void)a;
	return process.pgid;
}

static bool is_self(int pid)
{
	return pid == 0 || pid == (int)PROCESS_PID;
}

long sys_getpgid(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return is_self((int)a->v[0]) ? (long)process.pgid : -ESRCH;
}

long sys_getsid(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return is_self((int)a->v[0]) ? (long)process.sid : -ESRCH;
}

/* The process leads its session: neither leaves its group nor begins another session (setpgid(2), setsid(2)). */
long sys_setpgid(struct thread *t, const struct sysargs *a)
{
	(void)t;
	if ((int)a->v[1] < 0)
		return -EINVAL;
	return is_self((int)a->v[0]) ? -EPERM : -ESRCH;
}

long sys_setsid(struct thread *t, const struct sysargs *a)
{
	(void)t;
	(void)a;
	return -EPERM;
}

/* --- users and groups --------------------------------------------------------------------------------- */

#define GETTER(call, member)                                       \
	long sys_##call(struct thread *t, const struct sysargs *a) \
	{                                                          \
		(void)t;                                           \
		(void)a;                                           \
		return creds->member;                              \
	}
GETTER(getuid, uid)
GETTER(geteuid, euid)
GETTER(getgid, gid)
GETTER(getegid, egid)
#undef GETTER

/* Whose rights count where files are opened. process.lock held. */
static void tell_files(void)
{
	bool fs_is_user = creds->fsuid && creds->fsuid != creds->euid;

	vfs_cred.uid = creds->fsuid;
	vfs_cred.gid = creds->fsgid;
	vfs_cred.ngroups = MIN(creds->ngroups, (uint32_t)ARRAY_LEN(vfs_cred.groups));
	memcpy(vfs_cred.groups, creds->groups, vfs_cred.ngroups * sizeof(vfs_cred.groups[0]));
	vfs_cred.override = creds->cap_effective >> CAP_DAC_OVERRIDE & 1 && !fs_is_user;
}

/* capabilities(7), "Effect of user ID changes on capabilities". */
static void fix_caps(uint32_t old_uid, uint32_t old_euid, uint32_t old_suid)
{
	bool was_root = !old_uid || !old_euid || !old_suid;
	bool is_root = !creds->uid || !creds->euid || !creds->suid;

	if (creds->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (was_root && !is_root) {
		if (!(creds->securebits & SECBIT_KEEP_CAPS))
			creds->cap_permitted = creds->cap_effective = 0;
		creds->cap_ambient = 0;
	}
	if (!old_euid && creds->euid)
		creds->cap_effective = 0;
	else if (old_euid && !creds->euid)
		creds->cap_effective = creds->cap_permitted;
}

static void set_uids(uint32_t uid, uint32_t euid, uint32_t suid)
{
	uint32_t old_uid = creds->uid, old_euid = creds->euid, old_suid = creds->suid;

	creds->uid = uid;
	creds->euid = creds->fsuid = euid;
	creds->suid = suid;
	fix_caps(old_uid, old_euid, old_suid);
}

static void set_gids(uint32_t gid, uint32_t egid, uint32_t sgid)
{
	creds->gid = gid;
	creds->egid = creds->fsgid = egid;
	creds->sgid = sgid;
}

static bool among(uint32_t id, uint32_t a, uint32_t b, uint32_t c)
{
	return id == UNCHANGED || id == a || id == b || id == c;
}

static uint32_t or_old(uint32_t id, uint32_t old)
{
	return id == UNCHANGED ? old : id;
}

static long setuid_locked(uint32_t uid)
{
	if (process_capable(CAP_SETUID))
		set_uids(uid, uid, uid);
	else if (uid == creds->uid || uid == creds->suid)
		set_uids(creds->uid, uid, creds->suid);
	else
		return -EPERM;
	return 0;
}

static long setgid_locked(uint32_t gid)
{
	if (process_capable(CAP_SETGID))
		set_gids(gid, gid, gid);
	else if (gid == creds->gid || gid == creds->sgid)
		set_gids(creds->gid, gid, creds->sgid);
	else
		return -EPERM;
	return 0;
}

static long setresuid_locked(uint32_t r, uint32_t e, uint32_t s)
{
	if (!process_capable(CAP_SETUID) && !(among(r, creds->uid, creds->euid, creds->suid) &&
					      among(e, creds->uid, creds->euid, creds->suid) &&
					      among(s, creds->uid, creds->euid, creds->suid)))
		return -EPERM;
	set_uids(or_old(r, creds->uid), or_old(e, creds->euid), or_old(s, creds->suid));
	return 0;
}

static long setresgid_locked(uint32_t r, uint32_t e, uint32_t s)
{
	if (!process_capable(CAP_SETGID) && !(among(r, creds->gid, creds->egid, creds->sgid) &&
					      among(e, creds->gid, creds->egid, creds->sgid) &&
					      among(s, creds->gid, creds->egid, creds->sgid)))
		return -EPERM;
	set_gids(or_old(r, creds->gid), or_old(e, creds->egid), or_old(s, creds->sgid));
	return 0;
}

/* setreuid(2): the saved ID follows when the real one is set, or the effective one to something else than the real. */
static long setreuid_locked(uint32_t r, uint32_t e)
{
	uint32_t uid = or_old(r, creds->uid), euid = or_old(e, creds->euid);
	bool follow = r != UNCHANGED || (e != UNCHANGED && e != creds->uid);

	if (!process_capable(CAP_SETUID) && !(among(r, creds->uid, creds->euid, creds->euid) &&
					      among(e, creds->uid, creds->euid, creds->suid)))
		return -EPERM;
	set_uids(uid, euid, follow ? euid : creds->suid);
	return 0;
}

static long setregid_locked(uint32_t r, uint32_t e)
{
	uint32_t gid = or_old(r, creds->gid), egid = or_old(e, creds->egid);
	bool follow = r != UNCHANGED || (e != UNCHANGED && e != creds->gid);

	if (!process_capable(CAP_SETGID) && !(among(r, creds->gid, creds->egid, creds->egid) &&
					      among(e, creds->gid, creds->egid, creds->sgid)))
		return -EPERM;
	set_gids(gid, egid, follow ? egid : creds->sgid);
	return 0;
}

/* These never fail: the answer is what held before. */
static long setfsuid_locked(uint32_t id)
{
	uint32_t old = creds->fsuid;

	if (id != UNCHANGED && (process_capable(CAP_SETUID) || id == old ||
				among(id, creds->uid, creds->euid, creds->suid)))
		creds->fsuid = id;
	return old;
}

static long setfsgid_locked(uint32_t id)
{
	uint32_t old = creds->fsgid;

	if (id != UNCHANGED && (process_capable(CAP_SETGID) || id == old ||
				among(id, creds->gid, creds->egid, creds->sgid)))
		creds->fsgid = id;
	return old;
}

#define U32(n) (uint32_t) a->v[n]
#define SETTER(call, ...)                                          \
	long sys_##call(struct thread *t, const struct sysargs *a) \
	{                                                          \
		long r;                                            \
                                                                   \
		(void)t;                                           \
		mutex_lock(&process.lock);                         \
		r = call##_locked(__VA_ARGS__);                    \
		tell_files();                                      \
		mutex_unlock(&process.lock);                       \
		return r;                                          \
	}
SETTER(setresuid, U32(0), U32(1), U32(2))
SETTER(setresgid, U32(0), U32(1), U32(2))
SETTER(setreuid, U32(0), U32(1))
SETTER(setregid, U32(0), U32(1))
SETTER(setfsuid, U32(0))
SETTER(setfsgid, U32(0))
#undef SETTER

long sys_setuid(struct thread *t, const struct sysargs *a)
{
	long r;

	(void)t;
	if (U32(0) == UNCHANGED)
		return -EINVAL;
	mutex_lock(&process.lock);
	r = setuid_locked(U32(0));
	tell_files();
	mutex_unlock(&process.lock);
	return r;
}

long sys_setgid(struct thread *t, const struct sysargs *a)
{
	long r;

	(void)t;
	if (U32(0) == UNCHANGED)
		return -EINVAL;
	mutex_lock(&process.lock);
	r = setgid_locked(U32(0));
	tell_files();
	mutex_unlock(&process.lock);
	return r;
}

static long write_three(const struct sysargs *a, const uint32_t id[3])
{
	for (unsigned i = 0; i < 3; i++)
		if (user_store32(a->v[i], id[i]))
			return -EFAULT;
	return 0;
}

long sys_getresuid(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return write_three(a, (uint32_t[]){ creds->uid, creds->euid, creds->suid });
}

long sys_getresgid(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return write_three(a, (uint32_t[]){ creds->gid, creds->egid, creds->sgid });
}

/* A copy of the supplementary groups, so that user memory is touched without the lock. */
static long copy_groups(uint32_t **out)
{
	long n;

	*out = NULL;
	mutex_lock(&process.lock);
	n = creds->ngroups;
	if (n) {
		*out = kmalloc((size_t)n * 4);
		if (*out)
			memcpy(*out, creds->groups, (size_t)n * 4);
		else
			n = -ENOMEM;
	}
	mutex_unlock(&process.lock);
	return n;
}

long sys_getgroups(struct thread *t, const struct sysargs *a)
{
	int size = (int)a->v[0];
	uint32_t *groups;
	long n;

	(void)t;
	if (size < 0)
		return -EINVAL;
	n = copy_groups(&groups);
	if (n > 0 && size) {
		if (n > size)
			n = -EINVAL;
		else if (user_write(a->v[1], groups, (size_t)n * 4))
			n = -EFAULT;
	}
	kfree(groups);
	return n;
}

static int by_number(const uint32_t *g, uint32_t n, uint32_t v)
{
	uint32_t i = n;

	while (i && g[i - 1] > v)
		i--;
	return (int)i;
}

/* getgroups shows them in ascending order, as Linux does. */
static void sort(uint32_t *g, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		uint32_t v = g[i];
		uint32_t at = (uint32_t)by_number(g, i, v);

		memmove(&g[at + 1], &g[at], (i - at) * sizeof(*g));
		g[at] = v;
	}
}

long sys_setgroups(struct thread *t, const struct sysargs *a)
{
	uint32_t n = U32(0), *new = NULL, *old;

	(void)t;
	if (!process_capable(CAP_SETGID))
		return -EPERM;
	if (n > NGROUPS_MAX)
		return -EINVAL;
	if (n) {
		new = kmalloc(n * sizeof(*new));
		if (!new)
			return -ENOMEM;
		if (user_read(new, a->v[1], n * sizeof(*new))) {
			kfree(new);
			return -EFAULT;
		}
		sort(new, n);
	}
	mutex_lock(&process.lock);
	old = creds->groups;
	creds->groups = new;
	creds->ngroups = n;
	tell_files();
	mutex_unlock(&process.lock);
	kfree(old);
	return 0;
}

/* --- capabilities ---------------------------------------------------------------------------------------- */

enum { CAP_VERSION_1 = 0x19980330, CAP_VERSION_2 = 0x20071026, CAP_VERSION_3 = 0x20080522 };

struct cap_header {
	uint32_t version;
	int32_t pid;
};

struct cap_data {
	uint32_t effective, permitted, inheritable;
};

/* How many cap_data follow. An unknown version is answered by telling the one we like best: capget(2). */
static long cap_words(uint64_t header, struct cap_header *h)
{
	if (user_read(h, header, sizeof(*h)))
		return -EFAULT;
	switch (h->version) {
	case CAP_VERSION_1:
		return 1;
	case CAP_VERSION_2:
	case CAP_VERSION_3:
		return 2;
	default:
		return user_store32(header, CAP_VERSION_3) ? -EFAULT : -EINVAL;
	}
}

static bool is_own_thread(int pid)
{
	struct thread *t;

	if (is_self(pid))
		return true;
	t = thread_find((uint32_t)pid);
	if (t)
		thread_put(t);
	return t != NULL;
}

long sys_capget(struct thread *t, const struct sysargs *a)
{
	struct cap_data d[2];
	struct cap_header h;
	long n = cap_words(a->v[0], &h);

	(void)t;
	if (n == -EINVAL && !a->v[1])
		return 0; /* asking for the version only */
	if (n < 0)
		return n;
	if (h.pid < 0)
		return -EINVAL;
	if (!is_own_thread(h.pid))
		return -ESRCH;
	for (unsigned i = 0; i < 2; i++)
		d[i] = (struct cap_data){ (uint32_t)(creds->cap_effective >> 32 * i),
					  (uint32_t)(creds->cap_permitted >> 32 * i),
					  (uint32_t)(creds->cap_inheritable >> 32 * i) };
	return a->v[1] ? user_write(a->v[1], d, (size_t)n * sizeof(d[0])) : 0;
}

/* capset(2): nothing may be added to the permitted set, and the effective one stays within it. */
static long capset_locked(uint64_t e, uint64_t p, uint64_t i)
{
	uint64_t may_inherit = creds->cap_inheritable | creds->cap_permitted;

	if (process_capable(CAP_SETPCAP))
		may_inherit = creds->cap_inheritable | creds->cap_bounding;
	if ((p & ~creds->cap_permitted) || (e & ~p) || (i & ~may_inherit))
		return -EPERM;
	creds->cap_effective = e;
	creds->cap_permitted = p;
	creds->cap_inheritable = i;
	creds->cap_ambient &= p & i;
	return 0;
}

long sys_capset(struct thread *t, const struct sysargs *a)
{
	struct cap_data d[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	uint64_t e, p, i;
	struct cap_header h;
	long n = cap_words(a->v[0], &h);

	if (n < 0)
		return n;
	if (h.pid != 0 && h.pid != (int)t->tid)
		return -EPERM;
	if (user_read(d, a->v[1], (size_t)n * sizeof(d[0])))
		return -EFAULT;
	e = d[0].effective | (uint64_t)d[1].effective << 32;
	p = d[0].permitted | (uint64_t)d[1].permitted << 32;
	i = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	mutex_lock(&process.lock);
	n = capset_locked(e & process_caps_all(), p & process_caps_all(), i & process_caps_all());
	tell_files();
	mutex_unlock(&process.lock);
	return n;
}
