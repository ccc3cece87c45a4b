/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/bench/insn.c: a QEMU plugin that counts guest instructions, by address.
 *
 *	cc -O2 -shared -fPIC -o insn.so insn.c
 *	qemu-system-x86_64 -accel tcg -plugin ./insn.so,out=FILE
 *
 * FILE is mapped shared and may be read at any time: a header, then a row for each translated block.  The
 * difference between two readings is what a load cost; test/bench/insn.py adds rows up by symbol.  Counts are not
 * atomic: with several virtual CPUs in parallel they are low estimates.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The part of QEMU's plugin interface, version 1, that is used; Debian ships no header of it. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
typedef void (*tb_trans_fn)(qemu_plugin_id_t, struct qemu_plugin_tb *);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, tb_trans_fn);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int op, void *ptr,
					      uint64_t imm);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

enum { ROWS = 1 << 21, INLINE_ADD_U64 = 0 };

struct row {
	uint64_t vaddr, insns, executed; /* executed counts instructions, not blocks */
};

struct table {
	uint64_t user, kernel; /* instructions below and above 2^63 */
	uint64_t rows;
	uint64_t lost; /* blocks that found no row */
	struct row row[ROWS];
};

__attribute__((visibility("default"))) int qemu_plugin_version = 1;
static struct table *table;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t vaddr = qemu_plugin_tb_vaddr(tb), n = qemu_plugin_tb_n_insns(tb);
	uint64_t at = __atomic_fetch_add(&table->rows, 1, __ATOMIC_RELAXED);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64,
						 vaddr >> 63 ? &table->kernel : &table->user, n);
	if (at >= ROWS) {
		table->rows = ROWS;
		table->lost++;
		return;
	}
	table->row[at].vaddr = vaddr;
	table->row[at].insns = n;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &table->row[at].executed, n);
}

__attribute__((visibility("default"))) int
qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	const char *path = "insn.counts";
	int fd;

	(void)info;
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			path = argv[i] + 4;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || ftruncate(fd, sizeof(struct table)) < 0) {
		perror(path);
		return -1;
	}
	table = mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (table == MAP_FAILED)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
