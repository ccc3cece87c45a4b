/* SPDX-License-Identifier: Apache-2.0 */
/* linux/loader.c: see loader.h. */
#include "linux/loader.h"

#include "abi/elf.h"
#include "arch/archctl.h"
#include "kern/klog.h"
#include "kern/page.h"
#include "kern/slab.h"
#include "kern/vm.h"
#include "vfs/file.h"
#include "vfs/inode.h"

/* --- reading headers ------------------------------------------------------------------------------------- */

static err_t read_at(struct file *f, uint64_t off, void *buf, size_t len)
{
	struct uio u;
	long n;

	uio_kernel(&u, buf, len);
	n = file_pread(f, &u, off);
	if (n < 0)
		return (err_t)n;
	return (size_t)n == len ? 0 : -ENOEXEC;
}

/* Program headers may lie anywhere: read them by themselves. */
static err_t plan_from(struct file *f, const void *head, size_t len, const struct elf_want *want,
		       struct elf_plan *plan, const char **why)
{
	uint64_t off, n;
	void *phdrs;
	err_t err;

	err = elf_phdrs_at(head, len, want, &off, &n, why);
	if (err)
		return err;
	phdrs = kmalloc(n);
	if (!phdrs)
		return -ENOMEM;
	err = read_at(f, off, phdrs, n);
	if (!err)
		err = elf_plan(head, phdrs, want, plan, why);
	kfree(phdrs);
	return err;
}

err_t loader_plan(struct file *f, struct elf_plan *plan, const char **why)
{
	struct elf_want want = { .machine = arch_elf_machine,
				 .page = PAGE_SIZE,
				 .va_min = MAX(vm_policy.mmap_min_addr, (uint64_t)PAGE_SIZE),
				 .va_max = USER_TOP,
				 .file_size = f->inode->size };
	size_t len = MIN(want.file_size, (uint64_t)ELF_HEAD_MAX);
	uint8_t *head = kmalloc(ELF_HEAD_MAX);
	err_t err;

	if (!head)
		return -ENOMEM;
	*why = "cannot be read";
	err = read_at(f, 0, head, len);
	if (!err)
		err = elf_plan_head(head, len, &want, plan, why);
	if (err == -EAGAIN)
		err = plan_from(f, head, len, &want, plan, why);
	kfree(head);
	return err;
}

err_t loader_interp(struct file *f, const struct elf_plan *plan, char *buf, const char **why)
{
	err_t err = read_at(f, plan->interp_off, buf, plan->interp_len);

	*why = "names no usable interpreter";
	if (!err && !elf_interp_ok(buf, plan->interp_len))
		err = -ENOEXEC;
	return err;
}

/* --- mapping ------------------------------------------------------------------------------------------------ */

static unsigned prot_of(const struct elf_seg *s)
{
	return (s->prot & ELF_PROT_R ? VM_READ : 0u) | (s->prot & ELF_PROT_W ? VM_WRITE : 0u) |
	       (s->prot & ELF_PROT_X ? VM_EXEC : 0u);
}

#define MAY_ALL (VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)

static err_t map_file_part(struct file *f, const struct elf_seg *s, uint64_t base)
{
	uint64_t skew = s->vaddr & PAGE_MASK;
	uaddr_t at = base + s->vaddr - skew;
	struct vm_object *object;
	err_t err;

	if (!f->ops->mmap)
		return -ENODEV;
	err = f->ops->mmap(f, prot_of(s), 0, s->offset - skew, &object);
	if (err)
		return err;
	return vm_map(&at, ALIGN_UP(skew + s->filesz, PAGE_SIZE), prot_of(s), VM_FIXED | MAY_ALL,
		      object, s->offset - skew);
}

/* The rest of the file's last page belongs to the file: zero for the program (System V ABI, "Program Loading"). */
static err_t clear_tail(const struct elf_seg *s, uint64_t base)
{
	uint64_t from = base + s->vaddr + s->filesz, to = ALIGN_UP(from, PAGE_SIZE);

	if (from == to || !(s->prot & ELF_PROT_W))
		return 0;
	return user_zero(from, to - from);
}

static err_t map_zero_part(const struct elf_seg *s, uint64_t base)
{
	uaddr_t at = s->filesz ? ALIGN_UP(base + s->vaddr + s->filesz, PAGE_SIZE)
			       : ALIGN_DOWN(base + s->vaddr, PAGE_SIZE);
	uint64_t end = ALIGN_UP(base + s->vaddr + s->memsz, PAGE_SIZE);

	if (at >= end)
		return 0;
	return vm_map(&at, end - at, prot_of(s), VM_FIXED | MAY_ALL, NULL, 0);
}

static err_t map_segment(struct file *f, const struct elf_seg *s, uint64_t base)
{
	err_t err = 0;

	if (s->filesz)
		err = map_file_part(f, s, base);
	if (!err && s->memsz > s->filesz) {
		err = s->filesz ? clear_tail(s, base) : 0;
		if (!err)
			err = map_zero_part(s, base);
	}
	return err;
}

/* Room for all segments at once, so that nothing else gets between them; aligned as the file wants it. */
static err_t reserve(const struct elf_plan *plan, uint64_t at, uint64_t *base)
{
	uint64_t span = plan->hi - plan->lo;
	uint64_t slack = plan->align > PAGE_SIZE ? plan->align : 0;
	uaddr_t addr = ALIGN_DOWN(at, plan->align);
	uint64_t start;
	err_t err;

	err = vm_map(&addr, span + slack, 0, at ? VM_FIXED_NOREPLACE | MAY_ALL : MAY_ALL, NULL, 0);
	if (err)
		return err;
	start = ALIGN_UP(addr, plan->align);
	if (start > addr)
		err = vm_unmap(addr, start - addr);
	if (!err && start + span < addr + span + slack)
		err = vm_unmap(start + span, addr + slack - start);
	*base = start - plan->lo;
	return err;
}

err_t loader_map(struct file *f, const struct elf_plan *plan, uint64_t at, struct loaded *out)
{
	uint64_t base = 0;
	err_t err = 0;

	if (vm_policy.exec_protection && !(f->inode && f->inode->flags & INODE_EXEC)) {
		klog_err("exec_protection: the manifest does not mark it exec\n");
		return -EACCES;
	}
	if (plan->pie)
		err = reserve(plan, at, &base);
	for (unsigned i = 0; !err && i < plan->nseg; i++)
		err = map_segment(f, &plan->seg[i], base);
	*out = (struct loaded){ .base = base,
				.entry = base + plan->entry,
				.end = ALIGN_UP(base + plan->hi, PAGE_SIZE) };
	return err;
}
