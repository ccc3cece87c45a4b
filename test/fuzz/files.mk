# SPDX-License-Identifier: Apache-2.0
fuzz-targets :=
fuzz-targets += used_ring
fuzz_used_ring-y := dev/virtqueue.c
fuzz-targets += pci_caps
fuzz_pci_caps-y := dev/virtio_mmio_arg.c dev/pci_cap.c dev/virtio_pci_cap.c
fuzz-targets += acpi
fuzz_acpi-y := arch/x86_64/acpi.c arch/x86_64/mptable.c
fuzz-targets += tfs
fuzz_tfs-y := test/lib/fsbox.c
fuzz-targets += manifest
fuzz-targets += elf
fuzz-targets += net_wire
fuzz-targets += net_input
fuzz-targets += tcp_rx
fuzz-targets += bpf
