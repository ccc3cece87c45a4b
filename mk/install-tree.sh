#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install-tree.sh PREFIX KERNEL TOOL...: copy what was built to where the tools will look for it.
set -eu
prefix=$1 kernel=$2
shift 2
install -d "$prefix/bin" "$prefix/lib/coracle/profiles" "$prefix/share/man/man1" \
	"$prefix/share/bash-completion/completions"
install -m 755 "$@" "$prefix/bin/"
install -m 644 "$kernel" "$prefix/lib/coracle/coracle.elf"
if [ -f "$kernel.dbg" ]; then
	install -m 644 "$kernel.dbg" "$prefix/lib/coracle/coracle.elf.dbg"
fi
install -m 644 profiles/*.manifest "$prefix/lib/coracle/profiles/"
for page in doc/*.1; do
	install -m 644 "$page" "$prefix/share/man/man1/"
done
install -m 644 tools/completion/coracle.bash "$prefix/share/bash-completion/completions/coracle"
echo "installed in $prefix"
