#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check who includes whom: floors.txt, x_int.h privacy, no include cycle, cores name no libc header.

Prints one line a finding and exits 1 when there is any.
"""
import collections
import os
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
CORES = ("abi", "lib", "iface", "net", "fs", "image")
FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "stdatomic.h", "limits.h", "stdalign.h"}
HOSTED = ("tools", "test", "examples")


def read_floors(path):
    floors = {}
    for n, line in enumerate(open(path), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, sep, rest = line.partition(":")
        if not sep:
            sys.exit(f"{path}:{n}: expected 'folder: folders', found {line!r}")
        floors[name.strip()] = set(rest.split())
    return floors


def sources():
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                         capture_output=True, text=True, check=True).stdout
    return [f for f in out.split() if f.endswith((".c", ".h", ".S")) and os.path.exists(f)]


def resolve(src, name):
    """The project file that an include names: from the root, or beside the source (arch inline headers)."""
    for cand in (name, os.path.join(os.path.dirname(src), name), os.path.join("arch/x86_64", name)):
        if os.path.exists(cand):
            return os.path.normpath(cand)
    return None


def check_include(src, line, quote, name, floors, graph):
    floor = src.split("/")[0]
    where = f"{src}:{line}"
    if quote == "<":
        if floor not in HOSTED and name not in FREESTANDING:
            yield f"{where}: <{name}> is not a freestanding header"
        return
    target = resolve(src, name)
    if target is None:
        yield f"{where}: \"{name}\" is not in the project"
        return
    graph[src].append(target)
    to = target.split("/")[0]
    if target.endswith("_int.h") and os.path.dirname(target) != os.path.dirname(src) and floor != "test":
        yield f"{where}: {target} is private to {os.path.dirname(target)}/"
    allowed = floors.get(floor)
    if allowed is None:
        yield f"{where}: folder {floor}/ has no line in floors.txt"
    elif to != floor and "*" not in allowed and to not in allowed:
        yield f"{where}: {floor}/ may not include {to}/ ({target})"


def cycles(graph):
    state, stack, found = {}, [], []

    def visit(node):
        state[node] = 1
        stack.append(node)
        for nxt in graph.get(node, ()):
            if state.get(nxt) == 1:
                found.append(" -> ".join(stack[stack.index(nxt):] + [nxt]))
            elif nxt not in state:
                visit(nxt)
        stack.pop()
        state[node] = 2

    for node in sorted(graph):
        if node not in state:
            visit(node)
    return found


def main():
    floors = read_floors("floors.txt")
    graph = collections.defaultdict(list)
    findings = []
    for src in sources():
        for n, line in enumerate(open(src, errors="replace"), 1):
            m = INCLUDE.match(line)
            if m:
                findings += check_include(src, n, m[1], m[2], floors, graph)
    findings += [f"include cycle: {c}" for c in cycles(graph)]
    for f in findings:
        print(f)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
