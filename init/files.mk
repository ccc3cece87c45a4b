# SPDX-License-Identifier: Apache-2.0
init-y :=
init-y += init/main.c
init-y += init/net.c
init-y += init/app.c
init-y += init/config.c
init-y += init/root.c
ifeq ($(VARIANT),debug)
init-y += init/selftest.c
init-y += init/selftest_dev.c
init-y += init/selftest_mem.c
endif
init-y += init/control.c
init-y += init/stdio.c
