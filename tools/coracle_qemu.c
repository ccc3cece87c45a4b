/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What QEMU is told.  Every device is named: -nodefaults, no configuration file, no display, no option ROM.
 * microvm without ACPI, PIT, PIC and RTC starts a kernel by PVH through qboot in a few milliseconds;
 * q35 goes through SeaBIOS and costs about 30 ms more.
 *
 * The order of the disks is the contract's: on microvm each device gets its slot by number (left to
 * itself QEMU fills the slots from the last), on q35 its PCI address.
 */
#include "tools/coracle_qemu.h"

#include <stdlib.h>
#include <string.h>

/* The root, the console, entropy, the network: what is always or may be there beside the volumes. */
enum { SLOTS_OTHER = 3, PCI_FIRST = 2 };

enum machine_kind vm_machine(const struct vm *vm)
{
	if (vm->o->machine != MACHINE_AUTO)
		return vm->o->machine;
	return vm->ndisks + SLOTS_OTHER > MICROVM_SLOTS ? MACHINE_Q35 : MACHINE_MICROVM;
}

struct builder {
	struct strs a;
	bool pci;
	unsigned slot;
};

static void two(struct builder *b, const char *opt, const char *value)
{
	strs_add(&b->a, opt);
	strs_add(&b->a, value);
}

/* -device NAME-device,REST or NAME-pci,REST at the next place. */
static void device(struct builder *b, const char *name, const char *rest)
{
	strs_add(&b->a, "-device");
	if (b->pci)
		strs_addf(&b->a, "%s-pci,disable-legacy=on,addr=0x%x%s", name,
			  PCI_FIRST + b->slot++, rest);
	else
		strs_addf(&b->a, "%s-device,bus=virtio-mmio-bus.%u%s", name, b->slot++, rest);
}

/* Pages come as the guest touches them: a VM may be larger than what is free here now, as a process may. */
static void add_memory(struct builder *b, uint64_t kb)
{
	strs_add(&b->a, "-object");
	strs_addf(&b->a, "memory-backend-ram,id=ram,size=%lluk,reserve=off",
		  (unsigned long long)kb);
	strs_add(&b->a, "-m");
	strs_addf(&b->a, "size=%lluk", (unsigned long long)kb);
}

static void add_machine(struct builder *b, const struct vm *vm)
{
	strs_add(&b->a, "-machine");
	if (b->pci)
		strs_add(&b->a, "q35,memory-backend=ram,sata=off,smbus=off,usb=off,vmport=off");
	else
		strs_add(&b->a, "microvm,memory-backend=ram,acpi=off,pit=off,pic=off,rtc=on,"
				"isa-serial=on,x-option-roms=off");
	/* virtio 1.x: QEMU's MMIO transport is the draft's version unless it is told. */
	if (!b->pci)
		two(b, "-global", "virtio-mmio.force-legacy=false");
	two(b, "-accel", vm->kvm ? "kvm" : "tcg");
	two(b, "-cpu", vm->kvm ? "host" : "max");
	add_memory(b, vm->memory >> 10);
	strs_add(&b->a, "-smp");
	strs_addf(&b->a, "%u", vm->o->cpus);
}

/* QEMU reads ",," as one comma of a value. */
static char *commas(const char *s)
{
	struct buf b = { 0 };

	buf_str(&b, "");
	for (; *s; s++)
		buf_add(&b, *s == ',' ? ",," : s, *s == ',' ? 2 : 1);
	return b.s;
}

static void add_disks(struct builder *b, const struct vm *vm)
{
	for (size_t i = 0; i < vm->ndisks; i++) {
		const struct vm_disk *d = &vm->disk[i];
		char *file = commas(d->path), *rest = xasprintf(",drive=disk%zu", i);

		strs_add(&b->a, "-drive");
		strs_addf(&b->a, "if=none,id=disk%zu,format=raw,file=%s,%s", i, file,
			  d->keep ? "cache=writeback,discard=unmap" : "snapshot=on");
		device(b, "virtio-blk", rest);
		free(file);
		free(rest);
	}
}

static void add_port(struct builder *b, const char *name, unsigned nr, int fd)
{
	if (fd < 0)
		return;
	strs_add(&b->a, "-chardev");
	strs_addf(&b->a, "socket,id=%s,fd=%d", name, fd);
	strs_add(&b->a, "-device");
	strs_addf(&b->a, "virtserialport,bus=stdio.0,nr=%u,chardev=%s,name=coracle.%s", nr, name,
		  name);
}

static void add_stdio(struct builder *b, const struct vm *vm)
{
	const struct vm_fds *fd = &vm->fd;

	if (fd->in >= 0 || fd->out >= 0 || fd->err >= 0)
		device(b, "virtio-serial", ",id=stdio,max_ports=4");
	add_port(b, "stdin", 1, fd->in);
	add_port(b, "stdout", 2, fd->out);
	add_port(b, "stderr", 3, fd->err);
	if (fd->log >= 0) {
		strs_add(&b->a, "-chardev");
		strs_addf(&b->a, "socket,id=log,fd=%d", fd->log);
		two(b, "-serial", "chardev:log");
	} else {
		two(b, "-serial", "null");
	}
}

static void add_user_net(struct builder *b, const struct opts *o)
{
	struct buf s = { 0 };

	buf_str(&s, "user,id=net0");
	for (size_t i = 0; i < o->nports; i++) {
		const struct opt_port *p = &o->port[i];

		buf_fmt(&s, ",hostfwd=%s:%s:%u-:%u", p->udp ? "udp" : "tcp", p->addr, p->host,
			p->guest);
	}
	two(b, "-netdev", s.s);
	buf_free(&s);
}

static void add_net(struct builder *b, const struct vm *vm)
{
	const struct opts *o = vm->o;

	if (o->net == NET_NONE || (o->net == NET_DEFAULT && o->nports == 0))
		return;
	if (o->net == NET_TAP) {
		strs_add(&b->a, "-netdev");
		strs_addf(&b->a, "tap,id=net0,ifname=%s,script=no,downscript=no", o->tap);
	} else {
		add_user_net(b, o);
	}
	device(b, "virtio-net", b->pci ? ",netdev=net0,romfile=" : ",netdev=net0");
	if (o->pcap) {
		char *file = commas(o->pcap);

		strs_add(&b->a, "-object");
		strs_addf(&b->a, "filter-dump,id=pcap0,netdev=net0,file=%s", file);
		free(file);
	}
}

static void add_boot(struct builder *b, const struct vm *vm)
{
	two(b, "-kernel", vm->kernel);
	if (vm->fd.module >= 0) {
		strs_add(&b->a, "-initrd");
		strs_addf(&b->a, "/proc/self/fd/%d", vm->fd.module);
	}
	if (vm->cmdline[0])
		two(b, "-append", vm->cmdline);
	strs_add(&b->a, "-device");
	strs_add(&b->a, "isa-debug-exit,iobase=0x501,iosize=1");
	if (vm->gdb[0]) {
		two(b, "-gdb", vm->gdb);
		strs_add(&b->a, "-S");
	}
}

struct strs vm_argv(const struct vm *vm)
{
	static const char *const fixed[] = { "-nodefaults", "-no-user-config", "-display", "none",
					     "-no-reboot",  "-monitor",	       "none" };
	struct builder b = { .pci = vm_machine(vm) == MACHINE_Q35 };

	strs_add(&b.a, vm->qemu);
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		strs_add(&b.a, fixed[i]);
	add_machine(&b, vm);
	add_boot(&b, vm);
	add_disks(&b, vm);
	add_stdio(&b, vm);
	device(&b, "virtio-rng", "");
	add_net(&b, vm);
	return b.a;
}
