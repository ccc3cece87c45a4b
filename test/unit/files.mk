# SPDX-License-Identifier: Apache-2.0
# test/unit/test_NAME.c; sources beyond the cores in test_NAME-y.
unit-tests :=
unit-tests += rbtree
unit-tests += fmt
test-lib-y := test/lib/assert.c
test-lib-y += test/lib/pages.c
unit-tests += pkt
