#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""doc/syscalls.md from linux/syscalls.def: what is answered, what is refused and why.

usage: syscalls.py            writes doc/syscalls.md
       syscalls.py --check    fails when it would change
"""
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROW = re.compile(r'^(SYSCALL|NOTIMPL)\((\d+), (\w+), "([^"]*)"(?:, "([^"]*)")?\)$')

HEAD = """# System calls

Made by `mk/syscalls.py` from `linux/syscalls.def`; do not edit.

Numbers are those of Linux on x86-64. *Answered* means that the call exists and does what its manual page says within one
process; where Linux's answer follows from there being other processes, it is the answer that a process alone would get
(`wait4` says ECHILD). *Refused* calls return ENOSYS, as they do on a Linux that was built without them, and the first use of
each is logged. `coracle run --missing` lists the refused calls that a program made.

{answered} answered, {refused} refused.

## Answered

{yes}

## Refused

| number | call | why |
|---:|---|---|
{no}
"""


def rows():
    with open(os.path.join(TOP, "linux", "syscalls.def")) as f:
        for line in f:
            m = ROW.match(line.rstrip("\n"))
            if m:
                yield m.group(1) == "SYSCALL", int(m.group(2)), m.group(3), m.group(5)


def text():
    table = list(rows())
    numbers = [n for _, n, _, _ in table]
    if numbers != sorted(set(numbers)):
        sys.exit("linux/syscalls.def: rows are not in the order of their numbers")
    yes = ", ".join(f"`{name}`" for ok, _, name, _ in table if ok)
    no = "\n".join(f"| {n} | `{name}` | {why} |" for ok, n, name, why in table if not ok)
    return HEAD.format(answered=sum(ok for ok, *_ in table), refused=sum(not ok for ok, *_ in table), yes=yes, no=no)


def main():
    path = os.path.join(TOP, "doc", "syscalls.md")
    new = text()
    if sys.argv[1:] == ["--check"]:
        with open(path) as f:
            sys.exit(0 if f.read() == new else "doc/syscalls.md is not what linux/syscalls.def says: run mk/syscalls.py")
    with open(path, "w") as f:
        f.write(new)


main()
