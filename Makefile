# SPDX-License-Identifier: Apache-2.0
# Coracle.  `make help` lists the targets.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

include mk/rules.mk

.PHONY: all kernel tools check unit fuzz test soak bench run deps clean help install
all: kernel tools ## the kernel and the host tools (default)
kernel: $(KERNEL) ## the kernel only
tools: $(tools) ## ./coracle, ./mkfs and ./dump

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s'|'
	@echo '  Variables: VARIANT=release|debug  CC=gcc|clang  ARCH=x86_64  V=1'

check: ## the checkers: floors, headers, format, names
	$(Q)python3 mk/floors.py

unit: $(UNIT_BINS) ## unit tests, under ASan and UBSan
	$(Q)set -e; for t in $(UNIT_BINS); do $$t; done

fuzz: $(FUZZ_BINS) ## each fuzz target for a few seconds (T=name for one, SECS=n)
	$(Q)for t in $(if $(T),$(FUZZ)/test/fuzz/fuzz_$(T),$(FUZZ_BINS)); do \
		mkdir -p $$t.corpus; $$t -max_total_time=$(or $(SECS),5) -print_final_stats=0 $$t.corpus \
			$(wildcard test/fuzz/corpus/$$(basename $$t)) 2>&1 | tail -n 3 || exit 1; done

clean: ## remove everything that was built
	rm -rf out $(tools) compile_commands.json
