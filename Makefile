# SPDX-License-Identifier: Apache-2.0
# Coracle.  `make help` lists the targets.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

include mk/rules.mk

.PHONY: all kernel tools examples tools-clang check unit fuzz other-builds test soak bench run deps clean help install
all: kernel tools examples ## the kernel and the host tools (default)
kernel: $(KERNEL) ## the kernel only
tools: $(tools) ## ./coracle, ./mkfs and ./dump
examples: $(examples) ## the programs in examples/

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s'|'
	@echo '  Variables: VARIANT=release|debug  CC=gcc|clang  ARCH=x86_64  V=1'

deps: ## install the Debian packages that are missing (mk/packages.txt)
	$(Q)mk/install.sh

HEADERS := $(shell git ls-files '*.h' 2>/dev/null | grep -Ev '^(test|examples|tools)/|^arch/[^/]*/arch_')
HEADER_OK := $(patsubst %,$(OUT)/headers/%.ok,$(HEADERS))
$(OUT)/headers/%.ok: %
	@mkdir -p $(@D)
	$(Q)$(CC) $(KFLAGS) -Wno-unused-function -fsyntax-only -include $< -x c /dev/null -MF $(@:.ok=.d) -MT $@ && touch $@

FORMATTED := $(shell git ls-files '*.c' '*.h' 2>/dev/null)

check: $(HEADER_OK) $(KOBJS) compile_commands.json ## the checkers: floors, headers alone, names, format
	$(Q)python3 mk/floors.py
	$(Q)python3 mk/names.py $(OUT) $(KOBJS)
	$(Q)clang-format --dry-run -Werror $(FORMATTED)
	$(Q)python3 mk/syscalls.py --check
	$(Q)python3 mk/tcpdoc.py

compile_commands.json: mk/rules.mk $(wildcard */files.mk)
	$(Q)python3 mk/compdb.py '$(CC)' '$(KFLAGS)' $(filter %.c,$(KSRCS)) > $@

unit: $(UNIT_BINS) ## unit tests, under ASan and UBSan
	$(Q)python3 test/run.py --unit $(UNIT_BINS)

fuzz: $(FUZZ_BINS) ## each fuzz target for a few seconds (T=name for one, SECS=n)
	$(Q)python3 test/run.py --seconds $(or $(SECS),5) --fuzz $(if $(T),$(FUZZ)/test/fuzz/fuzz_$(T),$(FUZZ_BINS))

# What `make test` builds besides: the debug variant, and everything with the other compiler.
other-builds:
	$(Q)$(MAKE) --no-print-directory VARIANT=debug kernel
	$(Q)$(MAKE) --no-print-directory CC=clang kernel tools-clang

test: deps ## install what is missing, build, run all tests
	$(Q)$(MAKE) --no-print-directory -j2 all $(UNIT_BINS) $(FUZZ_BINS) $(PKT_BINS)
	$(Q)python3 test/run.py --make check other-builds --unit $(UNIT_BINS) --fuzz $(FUZZ_BINS) \
		--seconds $(or $(SECS),3) --pytest test/pkt test/vm

PREFIX ?= /usr/local
install: all ## the tools, the kernel, profiles, man pages and completion into PREFIX (DESTDIR is honoured)
	$(Q)mk/install-tree.sh '$(DESTDIR)$(PREFIX)' $(KERNEL) $(tools)

bench: all ## costs of work in Coracle and in a Linux guest, beside the goals (B='boot redis' G=coracle)
	$(Q)python3 test/bench/bench.py $(if $(G),--guest $(G)) $(B)

soak: deps all $(UNIT_BINS) $(FUZZ_BINS) $(PKT_BINS) ## the slow tests: long fuzzing (SECS=n), load, durability, a gallery of programs
	$(Q)mk/install.sh mk/packages-soak.txt
	$(Q)CORACLE_SOAK=1 python3 test/run.py --unit $(UNIT_BINS) --fuzz $(FUZZ_BINS) --seconds $(or $(SECS),600)
	$(Q)CORACLE_SOAK=1 /usr/bin/python3 -m pytest -q --tb=short -p no:cacheprovider test/pkt test/vm

PORT ?= 8080
run: deps ## boot the web server of examples/ and say how to try it (PORT=n)
	$(Q)$(MAKE) --no-print-directory -j2 all
	@echo
	@echo "  The web server of examples/web boots in a VM of its own.  Try it from another terminal:"
	@echo "      curl http://localhost:$(PORT)/"
	@echo "  Ctrl-C ends it.  A program of your own: ./coracle run [-p PORT] PROGRAM [ARGUMENTS]"
	@echo
	$(Q)./coracle run -p $(PORT):8080 examples/web/web

clean: ## remove everything that was built
	rm -rf out $(tools) $(examples) compile_commands.json
