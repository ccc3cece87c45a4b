/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_acpi.c: firmware tables built byte by byte in a small physical memory of exact size, and what the reader
 * makes of them; then the same with each byte damaged in turn: nothing outside is touched, and a table whose sum
 * is wrong is not believed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "abi/acpi.h"
#include "arch/x86_64/tables.h"

#define BASE 0xe0000u
#define SIZE 0x20000u

static uint8_t *ram; /* BASE .. BASE + SIZE */
static uint32_t next;

static const uint8_t *map(void *arg, uint64_t pa, uint64_t len)
{
	(void)arg;
	if (pa < BASE || pa - BASE > SIZE || len > SIZE - (pa - BASE))
		return NULL;
	return ram + (pa - BASE);
}

static const struct table_mem mem = { .map = map };

static void put(uint8_t *p, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void seal(uint8_t *p, size_t len, size_t sum_at)
{
	uint8_t sum = 0;

	p[sum_at] = 0;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + p[i]);
	p[sum_at] = (uint8_t)-sum;
}

/* A table with this body after its header; returns its address. */
static uint32_t table(const char *sig, const uint8_t *body, size_t len)
{
	uint32_t at = next;
	uint8_t *p = ram + (at - BASE);

	memcpy(p, sig, 4);
	put(p + ACPI_HEADER_LENGTH, ACPI_HEADER_BYTES + len, 4);
	memcpy(p + ACPI_HEADER_BYTES, body, len);
	seal(p, ACPI_HEADER_BYTES + len, 9);
	next += (uint32_t)(ACPI_HEADER_BYTES + len + 15) & ~15u;
	return at;
}

static const uint8_t madt[] = {
	0,   0,	 0xe0, 0xfe, 1,	   0,	 0,    0,    0,	 8, 0, 0, 1, 0, 0, 0, /* CPU, APIC id 0 */
	0,   8,	 1,    4,    1,	   0,	 0,    0,			      /* CPU 4 */
	0,   8,	 2,    6,    0,	   0,	 0,    0,			      /* 6: disabled */
	9,   16, 0,    0,    0x34, 0x12, 0,    0,    1,	 0, 0, 0, 3, 0, 0, 0, /* x2APIC 0x1234 */
	9,   16, 0,    0,    4,	   0,	 0,    0,    1,	 0, 0, 0, 1, 0, 0, 0, /* 4 again */
	1,   12, 0,    0,    0,	   0,	 0xc0, 0xfe, 0,	 0, 0, 0,	      /* IOAPIC */
	1,   12, 1,    0,    0,	   0x10, 0xc0, 0xfe, 24, 0, 0, 0, /* second one, GSI 24 */
	2,   10, 0,    0,    2,	   0,	 0,    0,    0,	 0,	  /* timer: IRQ 0 is GSI 2 */
	2,   10, 0,    9,    9,	   0,	 0,    0,    13, 0,	  /* IRQ 9: level, high */
	2,   10, 0,    5,    21,   0,	 0,    0,    15, 0,	  /* IRQ 5: GSI 21, level, low */
	200, 2,							  /* unknown */
};

static const uint8_t dsdt[] = { 0x10, 0x20, 0x08, '_',	'S', '5', '_', 0x12,
				0x06, 0x04, 0x0a, 0x05, 0,   0,	  0 };

static void build(bool xsdt)
{
	uint8_t fadt[244] = { 0 }, mcfg[24] = { 0 }, root[32] = { 0 };
	uint32_t at[3], root_at;
	unsigned width = xsdt ? 8 : 4;

	memset(ram, 0, SIZE);
	next = BASE + 0x100;
	put(fadt + ACPI_FADT_DSDT - 36, table("DSDT", dsdt, sizeof(dsdt)), 4);
	put(fadt + ACPI_FADT_PM1A - 36, 0x604, 4);
	put(fadt + ACPI_FADT_BOOT_ARCH - 36, ACPI_BOOT_8042, 2);
	put(mcfg + 8, 0xb0000000, 8);
	mcfg[8 + 11] = 255;
	at[0] = table("APIC", madt, sizeof(madt));
	at[1] = table("FACP", fadt, 132 - 36);
	at[2] = table("MCFG", mcfg, sizeof(mcfg));
	for (unsigned i = 0; i < 3; i++)
		put(root + (size_t)i * width, at[i], width);
	root_at = table(xsdt ? "XSDT" : "RSDT", root, (size_t)3 * width);
	memcpy(ram, "RSD PTR ", 8);
	ram[ACPI_RSDP_REVISION] = xsdt ? 2 : 0;
	put(ram + (xsdt ? ACPI_RSDP_XSDT : ACPI_RSDP_RSDT), root_at, width);
	seal(ram, ACPI_RSDP_V1_BYTES, 8);
}

static void check_all(const struct machine *m)
{
	uint8_t s5;

	assert_int_equal(m->lapic_phys, 0xfee00000);
	assert_int_equal(m->ncpus, 3);
	assert_int_equal(m->cpu[1], 4);
	assert_int_equal(m->cpu[2], 0x1234);
	assert_int_equal(m->nioapics, 2);
	assert_int_equal(m->ioapic[1].phys, 0xfec01000);
	assert_int_equal(m->ioapic[1].gsi_base, 24);
	assert_int_equal(m->isa[0].gsi, 2);
	assert_false(m->isa[0].level);
	assert_true(m->isa[9].level);
	assert_false(m->isa[9].low);
	assert_int_equal(m->isa[5].gsi, 21);
	assert_true(m->isa[5].low);
	assert_int_equal(m->isa[4].gsi, 4);
	assert_true(m->has_fadt && m->has_8042 && !m->no_rtc);
	assert_int_equal(m->pm1a_port, 0x604);
	assert_true(acpi_s5_type(&mem, m->dsdt_phys, &s5));
	assert_int_equal(s5, 5);
	assert_int_equal(m->ecam_phys, 0xb0000000);
	assert_int_equal(m->ecam_last_bus, 255);
}

static void test_both_roots(void **state)
{
	struct machine m;

	(void)state;
	for (int xsdt = 0; xsdt < 2; xsdt++) {
		build(xsdt);
		machine_init(&m);
		assert_int_equal(acpi_find(&mem), BASE);
		assert_int_equal(acpi_read(&mem, BASE, &m), 0);
		check_all(&m);
	}
}

static void test_each_byte_damaged(void **state)
{
	struct machine m;
	uint32_t end;

	(void)state;
	build(true);
	end = next - BASE;
	for (uint32_t i = 0; i < end; i++) {
		ram[i] ^= 0xff;
		machine_init(&m);
		if (acpi_read(&mem, BASE, &m) != 0)
			assert_int_equal(m.ncpus, 0);
		else
			assert_true(m.ncpus == 0 || m.ncpus == 3);
		ram[i] ^= 0xff;
	}
}

/* The last table ends with memory; its length says more. */
static void test_table_at_the_end(void **state)
{
	struct machine m;

	(void)state;
	build(true);
	next = BASE + SIZE - 64;
	put(ram + ACPI_RSDP_XSDT, next, 8);
	memcpy(ram + SIZE - 64, "XSDT", 4);
	put(ram + SIZE - 60, 65, 4);
	machine_init(&m);
	assert_int_equal(acpi_read(&mem, BASE, &m), -ENOENT);
	assert_int_equal(acpi_read(&mem, BASE + SIZE - 4, &m), -ENOENT);
	assert_int_equal(acpi_read(&mem, 0, &m), -ENOENT);
}

static void test_entries_that_lie(void **state)
{
	static const uint8_t zero_len[] = { 0, 0, 0xe0, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t too_long[] = {
		0, 0, 0xe0, 0xfe, 0, 0, 0, 0, 0, 200, 0, 1, 1, 0, 0, 0
	};
	static const uint8_t too_short[] = { 0, 0, 0xe0, 0xfe, 0, 0, 0, 0, 0, 4, 0, 1 };
	static const struct {
		const uint8_t *p;
		size_t n;
	} bad[] = { { zero_len, sizeof(zero_len) },
		    { too_long, sizeof(too_long) },
		    { too_short, sizeof(too_short) } };
	struct machine m;
	uint8_t root[8];

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		build(true);
		put(root, table("APIC", bad[i].p, bad[i].n), 8);
		put(ram + ACPI_RSDP_XSDT, table("XSDT", root, 8), 8);
		machine_init(&m);
		assert_int_equal(acpi_read(&mem, BASE, &m), 0);
		assert_int_equal(m.ncpus, 0);
	}
}

static void test_mp_table(void **state)
{
	static const uint8_t entries[] = {
		0,    0, 0x14, 3,   0,	 0,   0,   0,	 0,  0, 0,    0, 0,    0, 0,
		0,    0, 0,    0,   0,	 0,   1,   0x14, 1,  0, 0,    0, 0,    0, 0,
		0,    0, 0,    0,   0,	 0,   0,   0,	 0,  0, 0,    2, 0x14, 0, 0,
		0,    0, 0,    0,   0,	 0,   0,   0,	 0,  0, 0,    0, 0,    0, 0, /* unusable */
		1,    7, 'I',  'S', 'A', ' ', ' ', ' ',	 2,  3, 0x11, 1, 0,    0, 0xc0,
		0xfe, 3, 0,    15,  0,	 7,   5,   3,	 17, /* IRQ 5: pin 17, level, low */
	};
	uint8_t *p, *f;
	struct machine m;

	(void)state;
	memset(ram, 0, SIZE);
	p = ram + 0x18000;
	memcpy(p, "PCMP", 4);
	put(p + 4, 44 + sizeof(entries), 2);
	put(p + 34, 6, 2);
	put(p + 36, 0xfee00000, 4);
	memcpy(p + 44, entries, sizeof(entries));
	seal(p, 44 + sizeof(entries), 7);
	f = ram + 0x1fff0; /* the last place that it may be in */
	memcpy(f, "_MP_", 4);
	put(f + 4, BASE + 0x18000, 4);
	f[8] = 1;
	seal(f, 16, 10);
	machine_init(&m);
	assert_int_equal(mptable_read(&mem, &m), 0);
	assert_int_equal(m.ncpus, 2);
	assert_int_equal(m.nioapics, 1);
	assert_int_equal(m.isa[5].gsi, 17);
	assert_true(m.isa[5].level && m.isa[5].low);
	put(p + 4, 44 + sizeof(entries) + 1, 2);
	machine_init(&m);
	assert_int_equal(mptable_read(&mem, &m), -ENOENT);
}

static int set_up(void **state)
{
	(void)state;
	ram = malloc(SIZE);
	return ram ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	free(ram);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_roots),	 cmocka_unit_test(test_each_byte_damaged),
		cmocka_unit_test(test_table_at_the_end), cmocka_unit_test(test_entries_that_lie),
		cmocka_unit_test(test_mp_table),
	};

	return cmocka_run_group_tests_name("acpi", tests, set_up, tear_down);
}
