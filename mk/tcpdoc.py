#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""doc/tcp.md names a function and a test for each requirement: see that all of them exist."""
import os
import re
import sys

DOC = "doc/tcp.md"
CMOCKA = {"link": "tcp_link", "sim": "tcp_sim", "rfc": "tcp_rfc", "tfo": "tcp_open", "many": "tcp_many"}


def read(path):
    with open(path) as f:
        return f.read()


def function_missing(token):
    """`file.c`, `file.c: f, g`, or a name that occurs in net/."""
    name, _, functions = token.partition(":")
    if not name.endswith(".c"):
        words = (n for n in os.listdir("net") if n.endswith((".c", ".h")))
        last = token.split()[-1]
        return None if any(re.search(rf"\b{re.escape(last)}\b", read(f"net/{w}")) for w in words) else token
    if not os.path.exists(f"net/{name}"):
        return name
    text = read(f"net/{name}")
    for f in filter(None, (x.strip() for x in functions.split(","))):
        # A definition: its line begins at the margin and is no declaration.
        if not re.search(rf"^[a-z][^;\n]*\b{f}\([^;]*?\)\n{{", text, re.M):
            return f"{name}: {f}"
    return None


def titles(group):
    """The tests of a file."""
    if group.endswith(".pkt"):
        return re.findall(r"^== (.*)", read(f"test/pkt/scripts/{group}"), re.M)
    if group == "wire":
        text = read("test/pkt/test_wire.py")
        return re.findall(r'^    "([^"]+)": \(dict', text, re.M) + re.findall(r"^def (test_\w+)", text, re.M)
    if group == "fuzz":
        return [f[5:-2] for f in os.listdir("test/fuzz") if f.startswith("fuzz_")]
    if group == "abi":
        return [f[:-2] for f in os.listdir("test/abi") if f.endswith(".c")]
    if group in CMOCKA:
        text = read(f"test/unit/test_{CMOCKA[group]}.c")
        return [t.replace("_", " ") for t in re.findall(r"\b(?:cmocka_unit_test|T)\((\w+)\)", text)]
    return None


def tests_missing(cell):
    group, missing = None, []
    for ref in (r.strip() for r in cell.split(";")):
        m = re.match(r"([\w.]+): (.*)", ref)
        if m and titles_known(m[1]):
            group, ref = m[1], m[2]
        if group is None:
            missing.append(ref)
            continue
        there = titles(group)
        if ref.endswith("…"):
            found = any(t.startswith(ref[:-1].rstrip()) for t in there)
        else:
            found = ref in there
        if not found:
            missing.append(f"{group}: {ref}")
    return missing


def titles_known(group):
    return group in CMOCKA or group in ("wire", "fuzz", "abi") or os.path.exists(f"test/pkt/scripts/{group}")


def rows():
    """Line, functions, tests of each requirement: the last two cells of a table's rows."""
    for n, line in enumerate(read(DOC).splitlines(), 1):
        cells = [c.strip() for c in line.split("|")[1:-1]]
        if len(cells) >= 3 and cells[-1] != "test" and not re.fullmatch("-*", cells[-1]):
            yield n, cells[-2], cells[-1]


def main():
    bad = count = 0
    for n, functions, tests in rows():
        count += 1
        wrong = [m for t in re.findall(r"`([^`]+)`", functions) if (m := function_missing(t))]
        wrong += tests_missing(tests)
        for w in wrong:
            print(f"{DOC}:{n}: there is no {w}", file=sys.stderr)
        bad += bool(wrong)
    if count < 54:
        print(f"{DOC}: only {count} requirements found", file=sys.stderr)
        return 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
