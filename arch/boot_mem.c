/* SPDX-License-Identifier: Apache-2.0 */
/* arch/boot_mem.c: sort and separate the loader's memory map. */
#include "arch/boot_mem.h"
#include "lib/mem.h"

#define PAGE 4096ull

static enum boot_mem_type type_of(unsigned e820_type)
{
	switch (e820_type) {
	case 1:
		return BOOT_MEM_RAM;
	case 3:
		return BOOT_MEM_ACPI;
	case 4:
		return BOOT_MEM_NVS;
	default: /* reserved, unusable, persistent, and what is yet to be invented */
		return BOOT_MEM_RESERVED;
	}
}

bool boot_mem_add(struct boot_info *info, uint64_t start, uint64_t len, unsigned e820_type)
{
	if (info->nmem == BOOT_MEM_MAX || !len || start + len < start)
		return false;
	info->mem[info->nmem++] =
		(struct boot_mem){ .start = { start }, .len = len, .type = type_of(e820_type) };
	return true;
}

static uint64_t end_of(const struct boot_mem *m)
{
	return m->start.v + m->len;
}

/* RAM only if all say so; otherwise reserved wins, then NVS, then tables. */
static unsigned caution(enum boot_mem_type t)
{
	static const uint8_t rank[] = { [0] = 0,
					[BOOT_MEM_RAM] = 1,
					[BOOT_MEM_ACPI] = 2,
					[BOOT_MEM_NVS] = 3,
					[BOOT_MEM_RESERVED] = 4 };
	return rank[t];
}

/* What the bytes from `at` are, and how far that holds: the next edge. 0: nobody names them. */
static enum boot_mem_type type_at(const struct boot_mem *m, unsigned n, uint64_t at, uint64_t *edge)
{
	enum boot_mem_type type = 0;

	*edge = UINT64_MAX;
	for (; n; n--, m++) {
		if (m->start.v > at) {
			*edge = MIN(*edge, m->start.v);
			continue;
		}
		if (end_of(m) <= at)
			continue;
		*edge = MIN(*edge, end_of(m));
		if (caution(m->type) > caution(type))
			type = m->type;
	}
	return type;
}

static void append(struct boot_info *info, uint64_t start, uint64_t end, enum boot_mem_type type)
{
	struct boot_mem *last = info->nmem ? &info->mem[info->nmem - 1] : NULL;

	if (last && last->type == type && end_of(last) == start)
		last->len += end - start;
	else if (info->nmem < BOOT_MEM_MAX)
		info->mem[info->nmem++] =
			(struct boot_mem){ .start = { start }, .len = end - start, .type = type };
}

static void cut_ram_to_pages(struct boot_info *info)
{
	unsigned out = 0;

	for (unsigned i = 0; i < info->nmem; i++) {
		struct boot_mem m = info->mem[i];

		if (m.type == BOOT_MEM_RAM) {
			uint64_t start = ALIGN_UP(m.start.v, PAGE),
				 end = ALIGN_DOWN(end_of(&m), PAGE);

			if (start >= end)
				continue;
			m.start.v = start;
			m.len = end - start;
		}
		info->mem[out++] = m;
	}
	info->nmem = out;
}

void boot_mem_finish(struct boot_info *info)
{
	static struct boot_mem raw[BOOT_MEM_MAX];
	unsigned n = info->nmem;
	uint64_t at = 0, edge;

	memcpy(raw, info->mem, n * sizeof(raw[0]));
	info->nmem = 0;
	for (; at != UINT64_MAX; at = edge) {
		enum boot_mem_type type = type_at(raw, n, at, &edge);

		if (type)
			append(info, at, edge, type);
	}
	cut_ram_to_pages(info);
}

uint64_t boot_mem_ram(const struct boot_info *info)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < info->nmem; i++)
		if (info->mem[i].type == BOOT_MEM_RAM)
			sum += info->mem[i].len;
	return sum;
}
