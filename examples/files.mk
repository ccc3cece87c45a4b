# SPDX-License-Identifier: Apache-2.0
# Programs that a reader can run at once: ordinary Linux programs, nothing of Coracle in them.
examples := examples/hello/hello examples/web/web examples/echod/echod

$(examples): %: %.c
	$(call say,EXAMPLE,$@)
	$(Q)gcc -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -static -o $@ $<
