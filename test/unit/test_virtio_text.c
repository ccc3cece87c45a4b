/* SPDX-License-Identifier: Apache-2.0 */
/* test_virtio_text.c: virtio_mmio.device= as text, and the types of virtio PCI functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dev/virtio_mmio.h"
#include "dev/virtio_pci_cap.h"

static void test_good(void **state)
{
	static const struct {
		const char *text;
		uint64_t size, base;
		unsigned gsi;
	} good[] = {
		{ "512@0xfeb00e00:16", 512, 0xfeb00e00, 16 },
		{ "4K@0xd0000000:5", 4096, 0xd0000000, 5 },
		{ "0x200@4273995776:0x1F:7", 512, 4273995776, 31 },
		{ "1M@0XABCDEF0:0", 1 << 20, 0xabcdef0, 0 },
	};
	struct virtio_mmio_arg a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(virtio_mmio_parse(good[i].text, &a), 0);
		assert_true(a.size == good[i].size && a.base == good[i].base &&
			    a.gsi == good[i].gsi);
	}
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"512",
		"512@",
		"512@0x",
		"512@0x1000",
		"512@0x1000:",
		"512@0x1000:x",
		"@0x1000:1",
		"512@0x1000:1:",
		"512@0x1000:1:2:3",
		"512@0x1000:1 ",
		"512@0x1000:65536",
		"255@0x1000:1",
		"2M@0x1000:1",
		"512@0x1002:1",
		"512@0xfffffffffffffff0:1",
		"512@0x10000000000000000:1",
		"18446744073709551615M@0x1000:1",
		"512@1000g:1",
		"-512@0x1000:1",
		"512@0x1000:-1",
	};
	struct virtio_mmio_arg a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(virtio_mmio_parse(bad[i], &a), -EINVAL);
}

static void test_types(void **state)
{
	(void)state;
	assert_int_equal(virtio_pci_type(0x1af4, 0x1042, 0), 2);
	assert_int_equal(virtio_pci_type(0x1af4, 0x1001, 2), 2);
	assert_int_equal(virtio_pci_type(0x1af4, 0x1040, 9), 0);
	assert_int_equal(virtio_pci_type(0x1af4, 0x1110, 2), 0); /* ivshmem */
	assert_int_equal(virtio_pci_type(0x8086, 0x1042, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
