/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A /dev/kvm that can be opened proves little: inside containers and nested machines KVM_CREATE_VM or
 * KVM_CREATE_VCPU may still be refused.  So both are tried (Linux Documentation/virt/kvm/api.rst, 4.1,
 * 4.2, 4.7).
 */
#include "tools/coracle_accel.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/coracle_paths.h"

/* <linux/kvm.h>'s; a folder of ours is named linux. */
#define KVM_GET_API_VERSION _IO(0xAE, 0x00)
#define KVM_CREATE_VM	    _IO(0xAE, 0x01)
#define KVM_CREATE_VCPU	    _IO(0xAE, 0x41)
enum { KVM_API_VERSION = 12 };

static char *mark_path(void)
{
	char *dir = paths_cache(), *path = path_join(dir, "no-kvm");

	free(dir);
	return path;
}

static bool boot_id(struct buf *b)
{
	return file_read("/proc/sys/kernel/random/boot_id", b) && b->len > 0;
}

/* If it cannot be written the next run tries again: slower, not wrong. */
void accel_kvm_failed(void)
{
	char *path = mark_path();
	struct buf id;
	FILE *f;

	if (boot_id(&id) && (f = fopen(path, "we")) != NULL) {
		fwrite(id.s, 1, id.len, f);
		fclose(f);
	}
	buf_free(&id);
	free(path);
}

static bool failed_before(void)
{
	char *path = mark_path();
	struct buf id = { 0 }, mark = { 0 };
	bool yes = file_read(path, &mark) && boot_id(&id) && id.len == mark.len &&
		   memcmp(id.s, mark.s, id.len) == 0;

	buf_free(&id);
	buf_free(&mark);
	free(path);
	return yes;
}

static bool try_vm(int kvm, const char **why)
{
	int vm, cpu;

	*why = "its API is not version 12";
	if (ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return false;
	*why = "it refuses to make a VM";
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		return false;
	*why = "it refuses to make a CPU";
	cpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (cpu >= 0)
		close(cpu);
	close(vm);
	return cpu >= 0;
}

bool accel_kvm_works(bool heed_past, const char **why)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	bool ok;

	*why = "QEMU failed on it since the host booted";
	if (kvm >= 0 && heed_past && failed_before()) {
		close(kvm);
		return false;
	}
	*why = "/dev/kvm cannot be opened";
	if (kvm < 0)
		return false;
	ok = try_vm(kvm, why);
	close(kvm);
	return ok;
}
