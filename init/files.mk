# SPDX-License-Identifier: Apache-2.0
init-y :=
init-y += init/main.c
