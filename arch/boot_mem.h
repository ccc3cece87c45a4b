/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/boot_mem.h: the loader's memory map made usable: sorted, without overlaps, neighbours of one type
 * merged, RAM cut to whole pages.  Where entries overlap the more careful one wins: a byte is RAM only
 * when every entry that names it says so.  Pure.
 */
#pragma once

#include "arch/boot.h"

/* Adds to info->mem as it stands; false: the table is full or the entry is empty or wraps. */
bool boot_mem_add(struct boot_info *info, uint64_t start, uint64_t len, unsigned e820_type);
/* Sorts and separates. Entries beyond BOOT_MEM_MAX after separation are lost, highest first. */
void boot_mem_finish(struct boot_info *info);
/* RAM in all, bytes. */
uint64_t boot_mem_ram(const struct boot_info *info);
