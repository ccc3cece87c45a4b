# SPDX-License-Identifier: Apache-2.0
# Host programs that the tests of test/pkt run: the stack as a process (under sanitizers), and a wire that misbehaves.
PKT_BINS := $(SAN)/test/pkt/tapstack $(SAN)/test/pkt/relay

$(SAN)/test/pkt/tapstack: $(SAN)/test/pkt/tapstack.o $(SAN)/test/lib/pages.o $(SAN)/test/lib/assert.o $(SAN)/libcore.a
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -fsanitize=address,undefined -o $@ $^

$(SAN)/test/pkt/relay: $(SAN)/test/pkt/relay.o
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) -fsanitize=address,undefined -o $@ $^
