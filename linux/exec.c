/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/exec.c: from a path to a thread about to execute its first instruction.  Follows execve(2) where it can be
 * seen: interpreter scripts, PT_INTERP, where things lie, what the stack holds.
 */
#include "linux/exec.h"

#include "abi/linux_auxv.h"
#include "arch/archctl.h"
#include "arch/regs.h"
#include "arch/sigframe.h"
#include "kern/klog.h"
#include "kern/page.h"
#include "kern/rand.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "kern/vm.h"
#include "lib/mem.h"
#include "linux/loader.h"
#include "linux/process.h"
#include "linux/strace.h"
#include "linux/user_thread.h"
#include "linux/vdso.h"
#include "vfs/vfs.h"

#define SCRIPT_DEPTH_MAX 4   /* as Linux: then -ELOOP */
#define SCRIPT_LINE_MAX	 256 /* Linux's BINPRM_BUF_SIZE */
#define PATH_MAX_LEN	 4096
#define ARGS_MAX	 (6u << 20) /* three quarters of the stack that is usual */
#define PIE_BASE	 ALIGN_DOWN(USER_TOP / 3 * 2, PAGE_SIZE)
#define MMAP_RND_BITS	 28
#define STACK_RND_BITS	 24
#define BRK_RND_BITS	 13
#define S_IXANY		 0111u
#define S_IFMT_MASK	 0170000u
#define S_IFREG_BITS	 0100000u

/* What is known while the program is being loaded. */
struct exec {
	const char *path; /* as asked for: AT_EXECFN */
	struct stack_strings args, env;
	struct file *file, *interp_file;
	struct elf_plan plan, interp_plan;
	struct loaded prog, interp_prog;
	const char *why;   /* of the last error */
	const char *whose; /* the file that it was about */
	char interp[ELF_MAX_INTERP];
	char line[SCRIPT_LINE_MAX]; /* a script's first line, cut into words */
	const char **argv;	    /* ours, once a script has changed them */
	uint64_t stack_top;
	uint64_t vdso;
};

/* --- finding ---------------------------------------------------------------------------------------------------- */

/* Regular, executable, and not on a file system that forbids it. */
static err_t open_executable(struct exec *x, const char *path, struct file **out)
{
	const struct open_how how = { .flags = 0 /* O_RDONLY */ };
	struct file *f;
	err_t err;

	x->whose = path;
	x->why = NULL;
	err = vfs_open(NULL, path, &how, &f);
	if (err)
		return err;
	if ((f->inode->mode & S_IFMT_MASK) != S_IFREG_BITS) {
		x->why = "is not a regular file";
		err = -EACCES;
	} else if (!(f->inode->mode & S_IXANY)) {
		x->why = "is not executable";
		err = -EACCES;
	}
	if (err)
		file_put(f);
	else
		*out = f;
	return err;
}

/* The next word of a script's first line; the last one runs to the end of the line (execve(2), "Interpreter scripts"). */
static char *cut_word(char *s, char **rest)
{
	char *end;

	while (*s == ' ' || *s == '\t')
		s++;
	for (end = s; *end && *end != ' ' && *end != '\t'; end++)
		;
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return s;
}

static void strip(char *s)
{
	size_t n = strlen(s);

	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		s[--n] = '\0';
}

/* "#!interp arg" and argv becomes interp [arg] path argv[1]... */
static err_t rewrite_args(struct exec *x, const char *script)
{
	char *rest, *interp = cut_word(x->line + 2, &rest), *arg;
	uint32_t n = 0, old = x->args.n;
	const char **argv;

	while (*rest == ' ' || *rest == '\t')
		rest++;
	arg = rest;
	strip(arg);
	if (!*interp)
		return -ENOEXEC;
	argv = kmalloc((old + 3) * sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	argv[n++] = interp;
	if (*arg)
		argv[n++] = arg;
	argv[n++] = script;
	for (uint32_t i = 1; i < old; i++)
		argv[n++] = x->args.s[i];
	kfree(x->argv);
	x->argv = argv;
	x->args = (struct stack_strings){ argv, n };
	return 0;
}

/* True: the file is a script, and x->line holds its first line. */
static bool read_script_line(struct exec *x, struct file *f)
{
	char buf[SCRIPT_LINE_MAX];
	struct uio u;
	char *end;
	long n;

	uio_kernel(&u, buf, sizeof(buf) - 1);
	n = file_pread(f, &u, 0);
	if (n < 3 || buf[0] != '#' || buf[1] != '!')
		return false;
	buf[n] = '\0';
	end = strchr(buf, '\n');
	if (end)
		*end = '\0';
	memcpy(x->line, buf, sizeof(buf));
	return true;
}

/* One interpreter is looked for; a script whose interpreter is a script again goes the same way. */
static err_t open_program(struct exec *x)
{
	const char *path = x->path;
	err_t err;

	for (unsigned depth = 0; depth <= SCRIPT_DEPTH_MAX; depth++) {
		char *keep;

		err = open_executable(x, path, &x->file);
		if (err)
			return err;
		if (!read_script_line(x, x->file)) /* for good: what runs is not written to */
			return inode_deny_write(x->file->inode);
		file_put(x->file);
		x->file = NULL;
		keep = kmalloc(sizeof(x->line));
		if (!keep)
			return -ENOMEM;
		err = rewrite_args(x, path);
		if (err) {
			kfree(keep);
			return err;
		}
		/* The words live in x->line, which the next script will need: `keep` stays for good. */
		memcpy(keep, x->line, sizeof(x->line));
		x->argv[0] = keep + (x->argv[0] - x->line);
		if (x->argv[1] != path)
			x->argv[1] = keep + (x->argv[1] - x->line);
		path = x->argv[0];
	}
	x->why = "too many interpreters";
	return -ELOOP;
}

static err_t open_interp(struct exec *x)
{
	err_t err;

	if (!x->plan.has_interp)
		return 0;
	err = loader_interp(x->file, &x->plan, x->interp, &x->why);
	if (!err)
		err = open_executable(x, x->interp, &x->interp_file);
	if (!err)
		err = loader_plan(x->interp_file, &x->interp_plan, &x->why);
	return err;
}

/* --- laying out ------------------------------------------------------------------------------------------------ */

/* A static PIE goes where mmap puts things, so that the space below PIE_BASE stays its interpreter's when it is one. */
static err_t map_all(struct exec *x)
{
	uint64_t at = x->plan.has_interp ? PIE_BASE + vm_aslr(MMAP_RND_BITS) : 0;
	err_t err;

	x->whose = x->path;
	err = loader_map(x->file, &x->plan, at, &x->prog);
	if (!err && x->interp_file) {
		x->whose = x->interp;
		err = loader_map(x->interp_file, &x->interp_plan, 0, &x->interp_prog);
	}
	if (err)
		return err;
	vm_set_brk((at || !x->plan.pie ? x->prog.end : PIE_BASE) + vm_aslr(BRK_RND_BITS));
	return vdso_map(&x->vdso);
}

static void aux_add(uint64_t *n, uint64_t type, uint64_t value)
{
	process.auxv[(*n)++] = type;
	process.auxv[(*n)++] = value;
}

static uint32_t fill_auxv(const struct exec *x)
{
	const struct creds *c = &process.creds;
	uint64_t hwcap, hwcap2, n = 0;

	arch_hwcap(&hwcap, &hwcap2);
	if (x->vdso)
		aux_add(&n, LAT_SYSINFO_EHDR, x->vdso);
	aux_add(&n, LAT_MINSIGSTKSZ, sigframe_stack_min());
	aux_add(&n, LAT_HWCAP, hwcap);
	aux_add(&n, LAT_PAGESZ, PAGE_SIZE);
	aux_add(&n, LAT_CLKTCK, 100);
	aux_add(&n, LAT_PHDR, x->plan.phdr ? x->prog.base + x->plan.phdr : 0);
	aux_add(&n, LAT_PHENT, x->plan.phentsize);
	aux_add(&n, LAT_PHNUM, x->plan.phnum);
	aux_add(&n, LAT_BASE, x->interp_file ? x->interp_prog.base : 0);
	aux_add(&n, LAT_FLAGS, 0);
	aux_add(&n, LAT_ENTRY, x->prog.entry);
	aux_add(&n, LAT_UID, c->uid);
	aux_add(&n, LAT_EUID, c->euid);
	aux_add(&n, LAT_GID, c->gid);
	aux_add(&n, LAT_EGID, c->egid);
	aux_add(&n, LAT_SECURE, 0);
	aux_add(&n, LAT_RANDOM, 0);
	aux_add(&n, LAT_HWCAP2, hwcap2);
	aux_add(&n, LAT_RSEQ_FEATURE_SIZE, 28);
	aux_add(&n, LAT_RSEQ_ALIGN, 32);
	aux_add(&n, LAT_EXECFN, 0);
	aux_add(&n, LAT_PLATFORM, 0);
	return (uint32_t)n / 2;
}

static err_t write_stack(struct exec *x, struct stack_layout *l)
{
	uint8_t random[STACK_RANDOM];
	struct stack_input in = { .args = x->args,
				  .env = x->env,
				  .path = x->path,
				  .platform = arch_platform,
				  .random = random,
				  .auxv = process.auxv,
				  .nauxv = fill_auxv(x) };
	void *image;
	err_t err;

	rand_bytes(random, sizeof(random));
	x->why = "its arguments and environment are too long";
	err = stack_layout(&in, x->stack_top, ARGS_MAX, l);
	if (err)
		return err;
	image = kmalloc(l->bytes);
	if (!image)
		return -ENOMEM;
	stack_fill(image, &in, x->stack_top, l);
	process.auxv_words = 2 * in.nauxv + 2;
	err = user_write(l->sp, image, l->bytes);
	kfree(image);
	x->why = NULL;
	return err;
}

/* First of all: it decides where mappings without an address go. */
static err_t place_stack(struct exec *x)
{
	x->stack_top = USER_TOP - vm_aslr(STACK_RND_BITS);
	return vm_set_stack(x->stack_top, process_rlimit(RLIM_STACK));
}

static err_t make_stack(struct exec *x, struct stack_layout *l)
{
	x->whose = x->path;
	return write_stack(x, l);
}

/* --- starting ----------------------------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What /proc/self tells. */
static err_t remember(struct exec *x, const struct stack_layout *l)
{
	char *path = kmalloc(PATH_MAX_LEN);
	long n;

	if (!path)
		return -ENOMEM;
	n = vfs_path(file_dentry(x->file), path, PATH_MAX_LEN);
	if (n < 0) {
		kfree(path);
		return (err_t)n;
	}
	process.exe_path = path;
	process.arg_start = l->arg_start;
	process.arg_end = l->arg_end;
	process.env_start = l->env_start;
	process.env_end = l->env_end;
	return 0;
}

static err_t start_thread(const struct exec *x, const struct stack_layout *l)
{
	struct pt_regs r;
	struct thread *t;
	err_t err;

	regs_init_user(&r, x->interp_file ? x->interp_prog.entry : x->prog.entry, l->sp);
	err = thread_new_user(base_name(x->path), &r, 0, &t);
	if (err)
		return err;
	err = user_thread_new(t, NULL);
	if (err) {
		thread_put(t);
		return err;
	}
	strace_new_thread(t);
	thread_start(t);
	return 0;
}

static err_t load(struct exec *x)
{
	struct stack_layout l;
	err_t err = open_program(x);

	if (!err)
		err = loader_plan(x->file, &x->plan, &x->why);
	if (!err)
		err = open_interp(x);
	if (!err)
		err = place_stack(x);
	if (!err)
		err = map_all(x);
	if (!err)
		err = make_stack(x, &l);
	if (!err)
		err = remember(x, &l);
	return err ? err : start_thread(x, &l);
}

/* --- what the user is told ------------------------------------------------------------------------------------------ */

static const char *reason(err_t err)
{
	switch (err) {
	case -ENOENT:
		return "no such file";
	case -ENOTDIR:
		return "a part of its path is not a directory";
	case -EACCES:
		return "permission denied";
	case -ENOEXEC:
		return "not an executable for this machine";
	case -ENOMEM:
		return "not enough memory; give the machine more with -m";
	case -ELOOP:
		return "too many symbolic links";
	case -EIO:
		return "cannot be read: input/output error";
	default:
		return "cannot be loaded";
	}
}

static unsigned fail(const struct exec *x, err_t err)
{
	klog_err("program: %s: %s", x->whose, x->why ? x->why : reason(err));
	if (x->whose != x->path && strcmp(x->whose, x->path))
		klog_err("program: it is the interpreter of %s", x->path);
	if (err == -ENOENT || err == -ENOTDIR)
		return 127;
	return err == -ENOMEM || err == -EIO ? 125 : 126;
}

unsigned exec_program(const struct exec_request *req)
{
	struct exec *x = kzalloc(sizeof(*x));
	unsigned status = 0;
	err_t err;

	if (!x)
		return 125;
	x->path = req->path;
	x->args = req->args;
	x->env = req->env;
	err = load(x);
	if (err)
		status = fail(x, err);
	if (x->file)
		file_put(x->file);
	if (x->interp_file)
		file_put(x->interp_file);
	kfree(x->argv);
	kfree(x);
	return status;
}
