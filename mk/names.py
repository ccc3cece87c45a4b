#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that each global symbol of the kernel carries a prefix of its module.

usage: names.py OBJDIR OBJECT...
A symbol's first word must be the first word of some source's stem in its folder, the folder's name,
or be listed for the folder in mk/names.txt ("folder: word word ...").
"""
import collections
import os
import subprocess
import sys

ISO = {"memcpy", "memmove", "memset", "memcmp", "memchr", "strlen", "strnlen", "strcmp", "strncmp",
       "strchr", "strrchr", "_start", "__popcountdi2"}


def extra_words(path):
    words = collections.defaultdict(set)
    for line in open(path):
        folder, sep, rest = line.split("#")[0].partition(":")
        if sep:
            words[folder.strip()] |= set(rest.split())
    return words


def main():
    objdir, objects = sys.argv[1], sys.argv[2:]
    words = extra_words("mk/names.txt")
    for obj in objects:
        rel = os.path.relpath(obj, objdir)
        folder = os.path.dirname(rel)
        stem = os.path.splitext(os.path.basename(rel))[0]
        words[folder] |= {stem.split("_")[0], folder.split("/")[0]}
    bad = 0
    for obj in objects:
        folder = os.path.dirname(os.path.relpath(obj, objdir))
        out = subprocess.run(["nm", "-g", "--defined-only", "--format=posix", obj],
                             capture_output=True, text=True, check=True).stdout
        for line in out.splitlines():
            name = line.split()[0]
            if name not in ISO and name.split("_")[0] not in words[folder]:
                print(f"{obj}: global symbol '{name}' has no prefix of its module")
                bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
