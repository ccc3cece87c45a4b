#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Read what test/bench/insn.c counts; add up by symbol.

usage: insn.py COUNTS                         user and kernel instructions so far
       insn.py COUNTS SAVE                    keep a copy of the counts
       insn.py BEFORE AFTER KERNEL.dbg N [TOP] kernel instructions per unit of work (of N), by symbol

The kernel must have been booted with nokaslr for symbols to fit.
"""
import bisect
import collections
import shutil
import struct
import subprocess
import sys

HEADER, ROW = 32, 24


def totals(path):
    with open(path, "rb") as f:
        return struct.unpack("<2Q", f.read(16))


def rows(path):
    with open(path, "rb") as f:
        user, kernel, n, lost = struct.unpack("<4Q", f.read(HEADER))
        data = f.read(n * ROW)
    return user, kernel, [struct.unpack_from("<3Q", data, i * ROW) for i in range(len(data) // ROW)]


def symbols(elf):
    out = subprocess.run(["nm", "-n", "--defined-only", elf], capture_output=True, text=True, check=True).stdout
    table = [(int(a, 16), name) for a, kind, name in (line.split() for line in out.splitlines()) if kind in "tT"]
    return [a for a, _ in table], [n for _, n in table]


def profile(before, after, elf, units, top):
    u0, k0, rows0 = rows(before)
    u1, k1, rows1 = rows(after)
    addrs, names = symbols(elf)
    by = collections.Counter()
    for i, (vaddr, _, executed) in enumerate(rows1):
        executed -= rows0[i][2] if i < len(rows0) else 0
        if executed and vaddr >> 63:
            at = bisect.bisect_right(addrs, vaddr) - 1
            by[names[at] if at >= 0 else hex(vaddr)] += executed
    print(f"program {(u1 - u0) / units:.0f}, kernel {(k1 - k0) / units:.0f} instructions per unit")
    for name, count in by.most_common(top):
        print(f"{count / units:9.1f}  {name}")


def main():
    args = sys.argv[1:]
    if len(args) == 1:
        print(*totals(args[0]))
    elif len(args) == 2:
        shutil.copyfile(args[0], args[1])
    elif len(args) >= 4:
        profile(args[0], args[1], args[2], float(args[3]), int(args[4]) if len(args) > 4 else 40)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
