/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_accel.h: does hardware virtualisation really work here?
 */
#pragma once

#include <stdbool.h>

/*
 * Open /dev/kvm, make a VM and a CPU in it, as QEMU will.  *why, on false: a few words.  Costs a
 * millisecond or two where KVM works and nothing where it is absent.
 */
bool accel_kvm_works(const char **why);
