/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/vdso.c: a page of data, then the code.  The code's pages are the program's own copy of the image; the data page is the
 * kernel's, mapped read-only, and follows the clock through clock_real_watch().
 */
#include "linux/vdso.h"

#include "abi/vdso_data.h"
#include "arch/arch.h"
#include "kern/clock.h"
#include "kern/page.h"
#include "kern/vm.h"
#include "lib/mem.h"

extern const char vdso_image[], vdso_image_end[];

#define CODE_PAGES_MAX 4
#define MAP_FLAGS      (VM_FIXED | VM_VDSO | VM_MAYREAD | VM_MAYEXEC | VM_DONTDUMP)

static struct vdso_data *data;

static void follow_clock(uint64_t real_offset_ns)
{
	data->real_offset = real_offset_ns;
}

static err_t make_data(struct page **out)
{
	struct page *p = page_alloc(0, PAGE_ZERO);
	struct clock_params c;

	if (!p)
		return -ENOMEM;
	data = page_va(p);
	arch_clock_params(&c);
	data->base_cycles = c.base_cycles;
	data->base_ns = c.base_ns;
	data->mult = c.mult;
	data->shift = c.shift;
	clock_real_watch(follow_clock);
	*out = p;
	return 0;
}

static err_t make_code(struct page *pages[CODE_PAGES_MAX], unsigned *n)
{
	size_t len = (size_t)(vdso_image_end - vdso_image);

	for (*n = 0; *n * PAGE_SIZE < len; ++*n) {
		struct page *p = *n < CODE_PAGES_MAX ? page_alloc(0, PAGE_ZERO) : NULL;

		if (!p)
			return -ENOMEM;
		memcpy(page_va(p), vdso_image + *n * PAGE_SIZE,
		       MIN(PAGE_SIZE, len - *n * PAGE_SIZE));
		pages[*n] = p;
	}
	return 0;
}

err_t vdso_map(uint64_t *addr)
{
	struct page *data_page, *code[CODE_PAGES_MAX];
	uaddr_t at = 0, code_at;
	unsigned n;
	err_t err;

	err = make_data(&data_page);
	if (!err)
		err = make_code(code, &n);
	if (!err)
		err = vm_map(&at, (n + 1) * PAGE_SIZE, 0, 0, NULL, 0);
	if (err)
		return err;
	code_at = at + PAGE_SIZE;
	err = vm_map_kernel(&at, &data_page, 1, VM_READ, MAP_FLAGS);
	if (!err)
		err = vm_map_kernel(&code_at, code, n, VM_READ | VM_EXEC, MAP_FLAGS);
	*addr = code_at;
	return err;
}
