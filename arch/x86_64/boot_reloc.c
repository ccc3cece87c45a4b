/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot_reloc.c: map the image high, at a random place, and relocate it for that place.
 *
 * Runs once, at the image's physical address under the identity map, before any pointer in .data holds: only
 * code and data reached relative to RIP may be used here, and nothing outside this file is called.
 */
#include "boot_int.h"
#include "x86.h"
#include "abi/bootparams.h"
#include "abi/pvh.h"

enum {
	PT_P = 1 << 0,
	PT_W = 1 << 1,
	PT_A = 1 << 5,
	PT_D = 1 << 6,
	R_X86_64_RELATIVE = 8,
	CMDLINE_SCAN = 4096,
};
#define PT_NX	   (1ull << 63)
#define BOOT_PAGES __attribute__((aligned(4096), section(".bss.pages")))

uint64_t boot_slide;

static uint64_t kernel_pdpt[512] BOOT_PAGES;
static uint64_t kernel_pd[512] BOOT_PAGES;
static uint64_t kernel_pt[KERNEL_PTS * 512] BOOT_PAGES;
uint64_t fix_pt[512] BOOT_PAGES;

static const char *cmdline_of(const void *info, unsigned protocol)
{
	const struct boot_params *bp = info;
	const struct pvh_start_info *si = info;

	return protocol == BOOT_PVH ? (const char *)si->cmdline_paddr
				    : (const char *)(uintptr_t)bp->cmd_line_ptr;
}

/* Is the word `nokaslr` there? boot.c reads the line properly later. */
static bool wants_no_slide(const char *s)
{
	static const char word[] = "nokaslr";
	bool start = true;

	for (unsigned i = 0; s && i < CMDLINE_SCAN && s[i]; i++) {
		unsigned n = 0;

		while (start && n < sizeof(word) - 1 && s[i + n] == word[n])
			n++;
		if (n == sizeof(word) - 1 && (s[i + n] == 0 || s[i + n] == ' '))
			return true;
		start = s[i] == ' ';
	}
	return false;
}

/* RDRAND where there is one; otherwise the counter's low bits, spread (Knuth's multiplier). */
static uint64_t random_word(void)
{
	uint64_t v;
	bool ok = false;

	if (cpuid(1, 0).c & (1u << 30))
		for (int i = 0; i < 10 && !ok; i++)
			__asm__ volatile("rdrand %0" : "=r"(v), "=@ccc"(ok));
	if (!ok)
		__asm__ volatile("rdtsc; shl $32, %%rdx; or %%rdx, %0" : "=a"(v) : : "rdx");
	return v * 6364136223846793005ull;
}

static uint64_t pick_slide(const void *info, unsigned protocol)
{
	if (wants_no_slide(cmdline_of(info, protocol)))
		return 0;
	return (random_word() >> 24) % (SLIDE_LIMIT >> 12) << 12;
}

static void relocate(uint64_t slide)
{
	for (const struct reloc *r = relocs_start; r < relocs_end; r++)
		if ((uint32_t)r->info == R_X86_64_RELATIVE)
			*(uint64_t *)(r->offset - KERNEL_LINK) = (uint64_t)r->addend + slide;
}

/*
 * Packed relative relocations (ELF gABI, SHT_RELR): an even entry is the address of a word to move; each odd one
 * after it has a bit for each of the next 63 words. The addends lie in the words.
 */
static void relocate_packed(uint64_t slide)
{
	uint64_t *word = NULL;

	for (const uint64_t *e = relr_start; e < relr_end; e++) {
		if (!(*e & 1)) {
			word = (uint64_t *)(*e - KERNEL_LINK);
			*word++ += slide;
			continue;
		}
		for (unsigned i = 0; i < 63; i++)
			if (*e >> (i + 1) & 1)
				word[i] += slide;
		word += 63;
	}
}

/* Text executable, constants neither writable nor executable, the rest writable. */
static uint64_t prot_of(const char *page, uint64_t nx)
{
	if (page < text_end)
		return PT_P | PT_A;
	return PT_P | PT_A | nx | (page < rodata_end ? 0 : PT_W | PT_D);
}

static void map_image(uint64_t slide)
{
	uint64_t at = KERNEL_LINK + KERNEL_PHYS + slide;
	unsigned first = (at >> 12) & 511, pd = (at >> 21) & 511;
	uint64_t nx = cpuid(0x80000001, 0).d & (1u << 20) ? PT_NX : 0;

	boot_pml4[511] = (uint64_t)kernel_pdpt | PT_P | PT_W | PT_A;
	kernel_pdpt[510] = (uint64_t)kernel_pd | PT_P | PT_W | PT_A;
	for (unsigned i = 0; i < KERNEL_PTS; i++)
		kernel_pd[pd + i] = (uint64_t)&kernel_pt[i * 512] | PT_P | PT_W | PT_A;
	kernel_pd[511] = (uint64_t)fix_pt | PT_P | PT_W | PT_A;
	for (char *p = image_start; p < image_end; p += 4096)
		kernel_pt[first++] = (uint64_t)p | prot_of(p, nx);
}

/* CLAC and STAC exist only where SMAP does: elsewhere their sites stay NOPs. */
static void patch_smap_sites(void)
{
	struct sites {
		uint8_t op[3];
	};

	if (cpuid(0, 0).a < 7 || !(cpuid(7, 0).b & (1u << 20)))
		return;
	for (const int32_t *s = smap_sites_start; s < smap_sites_end; s += 2) {
		struct sites *at = (struct sites *)((uintptr_t)s + (uintptr_t)(intptr_t)s[0]);

		at->op[0] = 0x0f; /* 0f 01 ca: clac; 0f 01 cb: stac */
		at->op[1] = 0x01;
		at->op[2] = (uint8_t)s[1];
	}
}

uint64_t boot_reloc(const void *info, unsigned protocol)
{
	uint64_t slide = pick_slide(info, protocol);

	relocate(slide);
	relocate_packed(slide);
	patch_smap_sites();
	map_image(slide);
	boot_slide = slide;
	return KERNEL_LINK + slide;
}
