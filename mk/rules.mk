# SPDX-License-Identifier: Apache-2.0
# Lists, flags and pattern rules.  Sources are named in each folder's files.mk, never by wildcard.

ARCH    ?= x86_64
VARIANT ?= release
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
HOSTCC ?= $(CC)
# A compiler other than the default builds beside the default's output.
CCTAG := $(if $(filter gcc,$(notdir $(CC))),,-$(notdir $(CC)))
OUT   := out/$(ARCH)-$(VARIANT)$(CCTAG)
HOST  := out/host$(CCTAG)
SAN   := out/host-asan$(CCTAG)
FUZZ  := out/fuzz

ifeq ($(filter $(VARIANT),release debug),)
$(error VARIANT is '$(VARIANT)'; say VARIANT=release or VARIANT=debug)
endif

FLOORS := abi lib iface net fs image arch kern dev vfs sock linux init
include $(foreach d,lib net fs image arch/$(ARCH) kern dev vfs sock linux init tools,$(wildcard $(d)/files.mk))
include test/unit/files.mk test/fuzz/files.mk

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wundef -Wvla -Walloca -Wpointer-arith -Wwrite-strings -Wcast-align -Wcast-qual \
	-Wimplicit-fallthrough -Wformat=2 -Wenum-conversion -Wdate-time -Wframe-larger-than=1024 \
	-Werror
# gcc pads jump targets; the padding costs more cache than it saves here.
align_gcc  := -falign-jumps=1 -falign-loops=1 -falign-labels=1
warn_gcc   := -Wduplicated-cond -Wlogical-op
warn_clang := -Wthread-safety -Wmissing-variable-declarations -Wcomma -Wno-gnu-statement-expression
warn_of     = $(if $(findstring clang,$(1)),$(warn_clang),$(warn_gcc))

COMMON := -std=gnu17 -I. -MMD -MP -g
# What packets, faults and the system calls of a busy program pass through is compiled for speed, the rest for size.
# A file is here because `make bench` got slower without it; see doc/performance.md before adding one.
HOT := lib/pkt% lib/objcache% lib/wheel% lib/rbtree% lib/siphash% \
	net/tcp_rcv% net/tcp_out% net/tcp_build% net/tcp_ack% net/tcp_sndq% net/tcp_in.% net/tcp_rtt% net/tcp_sack% \
	net/tcp_rack% net/tcp_wire% net/stack.% net/eth.% net/ip4.% net/csum.% \
	arch/$(ARCH)/trap% arch/$(ARCH)/cpu.% arch/$(ARCH)/fpu% arch/$(ARCH)/pt% \
	kern/page.% kern/slab% kern/vm_fault% kern/vm_pt% kern/vm_map% kern/uio% kern/sched% kern/waitq% kern/mutex% \
	kern/spinlock% dev/virtqueue% dev/virtio_net.% dev/virtio_net_hdr% \
	vfs/file.% vfs/fdtable% vfs/poll% vfs/epoll% vfs/pcache.% vfs/pcache_write% vfs/dentry% vfs/path% vfs/open% \
	sock/sock.% sock/shard% sock/inet.% sock/inet_tcp% sock/inet_copy% \
	linux/syscall.% linux/rw% linux/futex.% linux/fd% linux/fs_open%
# Blocks in the order of the source: a thirtieth less text than copies of blocks on the likely path, at no cost measured.
# Copies of small functions pay on the way of a packet, less elsewhere.
speed_gcc = -freorder-blocks-algorithm=simple --param=max-inline-insns-auto=$(if $(filter net/% sock/% lib/% dev/%,$(1)),12,6)
# What gcc's -Oz leaves on: copies of loop heads, of expressions and of paths.
size_gcc  := -Oz -fno-tree-ch -fno-move-loop-invariants -fno-tree-pre -fno-thread-jumps -fno-caller-saves -Wno-maybe-uninitialized
size_of = $(if $(findstring clang,$(CC)),$(if $(filter $(HOT),$(1)),,-Os),$(if $(filter $(HOT),$(1)),$(call speed_gcc,$(1)),$(size_gcc)))
# gcc sees the whole release kernel at once: an eighth fewer instructions on the way of a packet, a seventh less
# text.  Not what runs before relocation, nor what the compiler itself may call.
lto_of = $(if $(filter release-gcc,$(VARIANT)-$(notdir $(CC))),$(if $(filter lib/compiler.c lib/mem.c \
	arch/$(ARCH)/boot%,$(1)),-fno-lto,-flto=2))
KFLAGS_x86_64  := -mno-red-zone -mgeneral-regs-only -mcmodel=small -fcf-protection=none
KFLAGS_debug   := -DCORACLE_DEBUG=1 -fno-omit-frame-pointer -fno-optimize-sibling-calls
KFLAGS_release := -fomit-frame-pointer
KFLAGS := $(COMMON) -Iarch/$(ARCH) $(WARN) $(call warn_of,$(CC)) -O2 -ffreestanding -fpie -fvisibility=hidden \
	-fno-strict-aliasing -fno-common -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-delete-null-pointer-checks -falign-functions=1 -ffunction-sections -fdata-sections -ffile-prefix-map=$(CURDIR)/= \
	$(if $(findstring clang,$(CC)),,$(align_gcc)) $(KFLAGS_$(ARCH)) $(KFLAGS_$(VARIANT)) $(EXTRA_CFLAGS)
# -Wconversion where bytes from outside become numbers.
CONV_DIRS := net fs image abi
conv = $(if $(filter $(CONV_DIRS),$(firstword $(subst /, ,$(1)))),-Wconversion)

HFLAGS := $(COMMON) $(WARN) $(call warn_of,$(HOSTCC)) -O2 -D_GNU_SOURCE -Wframe-larger-than=8192 $(EXTRA_CFLAGS)
# Unit tests of kern/ and above see the CPU of test/lib/arch.
SANFLAGS := $(COMMON) -Itest/lib/arch $(WARN) $(call warn_of,$(HOSTCC)) -O1 -D_GNU_SOURCE -DCORACLE_DEBUG=1 -Wframe-larger-than=65536 \
	-fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZFLAGS := $(COMMON) -Itest/lib/arch -O1 -D_GNU_SOURCE -DCORACLE_DEBUG=1 -fno-omit-frame-pointer \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
COREFLAGS := -fno-strict-aliasing

# --- the kernel ---------------------------------------------------------------------------------
KSRCS := $(lib-y) $(lib-kernel-y) $(net-y) $(fs-y) $(image-y) $(arch-y) $(kern-y) $(dev-y) $(vfs-y) \
	$(sock-y) $(linux-y) $(init-y)
KOBJS := $(patsubst %,$(OUT)/%.o,$(basename $(KSRCS)))
KERNEL := $(OUT)/coracle.elf

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(KFLAGS) $(call conv,$<) $(call size_of,$<) $(call lto_of,$<) -c -o $@ $<

$(OUT)/%.o: %.S
	@mkdir -p $(@D)
	$(call say,AS,$@)
	$(Q)$(CC) $(KFLAGS) -D__ASSEMBLY__ -c -o $@ $<

# The vDSO is code of the program's side: a shared object of its own, embedded by vdso_image.S.
VDSO := $(OUT)/vdso.so
VDSOFLAGS := $(COMMON) $(WARN) -Wno-missing-prototypes -O2 -fPIC -ffreestanding -fno-stack-protector \
	-fvisibility=hidden -fcf-protection=none -fasynchronous-unwind-tables
$(VDSO): arch/$(ARCH)/vdso/vdso.c arch/$(ARCH)/vdso/vdso.lds abi/vdso_data.h
	@mkdir -p $(@D)
	$(call say,VDSO,$@)
	$(Q)$(CC) $(VDSOFLAGS) -g0 -nostdlib -shared -Wl,-soname=linux-vdso.so.1 -Wl,--hash-style=both \
		-Wl,-Bsymbolic -Wl,--build-id=none -Wl,--eh-frame-hdr -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
		-Wl,-T,arch/$(ARCH)/vdso/vdso.lds -o $@ $< && strip -s $@
$(OUT)/arch/$(ARCH)/vdso_image.o: $(VDSO)
$(OUT)/arch/$(ARCH)/vdso_image.o: KFLAGS += -DVDSO_SO='"$(VDSO)"'

$(KERNEL).dbg: $(KOBJS) arch/$(ARCH)/kernel.lds
	$(call say,LD,$@)
	$(Q)$(CC) -nostdlib -static-pie -Wl,-z,norelro -Wl,-z,max-page-size=64 -Wl,-z,noexecstack -Wl,--build-id=none \
		-Wl,--gc-sections -Wl,-z,notext -Wl,-z,pack-relative-relocs -Wl,-Bsymbolic -Wl,--no-dynamic-linker -Wl,-T,arch/$(ARCH)/kernel.lds \
		-o $@ $(KOBJS)

$(KERNEL): $(KERNEL).dbg
	$(Q)objcopy --strip-all $< $@

# --- the same cores on the host: plain, under sanitizers, under the fuzzer ------------------------
CORESRCS := $(lib-y) $(net-y) $(fs-y) $(image-y)

$(HOST)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(HFLAGS) $(COREFLAGS) $(call conv,$<) $(HFLAGS_$(notdir $*)) -c -o $@ $<

$(SAN)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,SANCC,$@)
	$(Q)$(HOSTCC) $(SANFLAGS) $(COREFLAGS) -c -o $@ $<

$(FUZZ)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,FUZZCC,$@)
	$(Q)$(CLANG) $(FUZZFLAGS) $(COREFLAGS) -c -o $@ $<

$(HOST)/libcore.a: $(patsubst %.c,$(HOST)/%.o,$(CORESRCS))
$(SAN)/libcore.a: $(patsubst %.c,$(SAN)/%.o,$(CORESRCS))
$(FUZZ)/libcore.a: $(patsubst %.c,$(FUZZ)/%.o,$(CORESRCS))
%/libcore.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcsD $@ $^

# --- host tools: NAME-y lists a tool's own sources, NAME-libs what it links -----------------------
define tool_rule
$(1): $$(patsubst %.c,$$(HOST)/%.o,$$($(1)-y)) $$(HOST)/libcore.a
	$$(call say,LINK,$$@)
	$$(Q)$$(HOSTCC) -o $$@ $$^ $$($(1)-libs)
endef
$(foreach t,$(tools),$(eval $(call tool_rule,$(t))))
# The tools' objects alone, to see that this compiler takes them.
tools-clang: $(sort $(patsubst %.c,$(HOST)/%.o,$(foreach t,$(tools),$($(t)-y))))

# --- unit tests: test/unit/test_NAME.c, with test_NAME-y for sources beyond the cores -------------
UNIT_BINS := $(patsubst %,$(SAN)/test/unit/test_%,$(unit-tests))
define unit_rule
$(SAN)/test/unit/test_$(1): $(SAN)/test/unit/test_$(1).o $$(patsubst %.c,$(SAN)/%.o,$$(test_$(1)-y)) \
		$$(patsubst %.c,$(SAN)/%.o,$$(test-lib-y)) $(SAN)/libcore.a
	$$(call say,LINK,$$@)
	$$(Q)$$(HOSTCC) -fsanitize=address,undefined -o $$@ $$^ -lcmocka -lpthread
endef
$(foreach t,$(unit-tests),$(eval $(call unit_rule,$(t))))

FUZZ_BINS := $(patsubst %,$(FUZZ)/test/fuzz/fuzz_%,$(fuzz-targets))
define fuzz_rule
$(FUZZ)/test/fuzz/fuzz_$(1): $(FUZZ)/test/fuzz/fuzz_$(1).o $$(patsubst %.c,$(FUZZ)/%.o,$$(fuzz_$(1)-y)) \
		$$(patsubst %.c,$(FUZZ)/%.o,$$(test-lib-y)) $(FUZZ)/libcore.a
	$$(call say,LINK,$$@)
	$$(Q)$$(CLANG) -fsanitize=fuzzer,address,undefined -o $$@ $$^
endef
$(foreach t,$(fuzz-targets),$(eval $(call fuzz_rule,$(t))))

include test/pkt/files.mk
include examples/files.mk

# make V=1 shows the commands
Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-8s%s\n' '$(1)' '$(2)')

DEPS := $(shell find out -name '*.d' 2>/dev/null)
-include $(DEPS)
