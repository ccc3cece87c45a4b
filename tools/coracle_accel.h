/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_accel.h: does hardware virtualisation really work here?
 */
#pragma once

#include <stdbool.h>

/*
 * What no try of ours shows: a QEMU that fails on this host's KVM although it makes VMs.  Remembered in
 * the user's cache until the next boot of the host.
 */
void accel_kvm_failed(void);

/*
 * Open /dev/kvm, make a VM and a CPU in it, as QEMU will.  `heed_past`: false as well where
 * accel_kvm_failed() was called before.  *why, on false: a few words.  Costs a
 * millisecond or two where KVM works and nothing where it is absent.
 */
bool accel_kvm_works(bool heed_past, const char **why);
