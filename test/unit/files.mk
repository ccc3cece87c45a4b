# SPDX-License-Identifier: Apache-2.0
# test/unit/test_NAME.c; sources beyond the cores in test_NAME-y.
unit-tests :=
unit-tests += rbtree
unit-tests += fmt
test-lib-y := test/lib/assert.c
test-lib-y += test/lib/pages.c
test-lib-y += test/lib/link.c
test-lib-y += test/lib/memdisk.c test/lib/failalloc.c
unit-tests += pkt
unit-tests += page
test_page-y := test/lib/kern.c kern/page.c kern/page_buddy.c kern/page_boot.c kern/pt.c kern/slab.c \
	kern/slab_debug.c kern/vmap.c kern/kmap.c kern/tlb.c
unit-tests += slab
test_slab-y := $(test_page-y)
unit-tests += virtqueue
test_virtqueue-y := dev/virtqueue.c test/lib/vq_device.c
unit-tests += virtio_text
test_virtio_text-y := dev/virtio_mmio_arg.c dev/pci_cap.c dev/virtio_pci_cap.c
unit-tests += vm_area
test_vm_area-y := test/lib/kern.c kern/vm_area.c
unit-tests += virtio_blk
test_virtio_blk-y := $(test_page-y) dev/virtqueue.c dev/virtio.c dev/virtio_blk.c dev/blks.c \
	test/lib/vq_device.c test/lib/fake_vdev.c
unit-tests += virtio_console
test_virtio_console-y := $(test_page-y) dev/virtqueue.c dev/virtio.c dev/virtio_console.c \
	test/lib/vq_device.c test/lib/fake_vdev.c
unit-tests += stack
test_stack-y := linux/stack.c
unit-tests += cputime
test_cputime-y := kern/cputime.c
unit-tests += sigqueue
test_sigqueue-y := linux/sigqueue.c
unit-tests += coracle
test_coracle-y := tools/coracle_host.c tools/coracle_ldcache.c tools/coracle_opt.c tools/coracle_plan.c \
	tools/coracle_qemu.c tools/coracle_util.c
unit-tests += tcp_link
unit-tests += tfs_power
test_tfs_power-y := test/lib/fsbox.c
unit-tests += virtio_net
test_virtio_net-y := $(test_page-y) dev/virtqueue.c dev/virtio.c dev/virtio_net.c dev/virtio_net_hdr.c \
	dev/netifs.c test/lib/vq_device.c test/lib/fake_vdev.c
unit-tests += chacha20
unit-tests += vm
test_vm-y := $(test_page-y) kern/vm_area.c kern/vm_map.c kern/vm_name.c kern/vm_place.c kern/vm_brk.c kern/vm_pt.c kern/vm_huge.c kern/vm_fault.c \
	kern/vm_object.c kern/vm_protect.c kern/vm_remap.c kern/vm_advise.c kern/vm_lock.c
unit-tests += acpi
test_acpi-y := arch/x86_64/acpi.c arch/x86_64/mptable.c
unit-tests += value
unit-tests += manifest
unit-tests += uio
test_uio-y := test/lib/kern.c kern/uio.c
unit-tests += tfs
test_tfs-y := test/lib/fsbox.c
unit-tests += elf
unit-tests += radix
unit-tests += ldisc
test_ldisc-y := vfs/ldisc.c
unit-tests += pkt_scripts
test_pkt_scripts-y := test/pkt/pktscript.c
unit-tests += tcp_many
unit-tests += net_base
unit-tests += strace
test_strace-y := linux/strace_text.c
unit-tests += bpf
unit-tests += dhcp
unit-tests += tcp_open
unit-tests += tcp_sim
unit-tests += tcp_rfc
unit-tests += net_ip
unit-tests += shards
