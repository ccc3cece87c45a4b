/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A /dev/kvm that can be opened proves little: inside containers and nested machines KVM_CREATE_VM or
 * KVM_CREATE_VCPU may still be refused.  So both are tried (Linux Documentation/virt/kvm/api.rst, 4.1,
 * 4.2, 4.7).
 */
#include "tools/coracle_accel.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

bool accel_kvm_works(const char **why)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	bool ok;

	*why = "/dev/kvm cannot be opened";
	if (kvm < 0)
		return false;
	ok = try_vm(kvm, why);
	close(kvm);
	return ok;
}
