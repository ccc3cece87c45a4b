/* SPDX-License-Identifier: Apache-2.0 */
/* sock/filter.c: see filter.h. */
#include "sock/filter.h"

#include "kern/slab.h"

static err_t check(const struct bpf_prog *prog)
{
	uint16_t *scratch = kmalloc(prog->n * sizeof(*scratch));
	err_t err = scratch ? bpf_check(prog->insn, prog->n, scratch) : -ENOMEM;

	kfree(scratch);
	return err;
}

err_t filter_read(struct uio *val, struct bpf_prog **out)
{
	struct linux_sock_fprog f;
	struct bpf_prog *prog;
	err_t err;

	if (val->left != sizeof(f))
		return -EINVAL;
	if (uio_read(val, &f, sizeof(f)) != (long)sizeof(f))
		return -EFAULT;
	if (f.len == 0 || f.len > BPF_MAX_INSNS || !f.filter)
		return -EINVAL;
	prog = kmalloc(sizeof(*prog) + f.len * sizeof(prog->insn[0]));
	if (!prog)
		return -ENOMEM;
	prog->n = f.len;
	err = user_read(prog->insn, f.filter, f.len * sizeof(prog->insn[0]));
	if (!err)
		err = check(prog);
	if (err)
		kfree(prog);
	else
		*out = prog;
	return err;
}
