# SPDX-License-Identifier: Apache-2.0
"""The same program on the host's Linux and in the VM: what it prints and how it ends must be equal.

Each test/abi/*.c is one program; its first comment lines may say how it is built and run (abi.h).
"""
import glob
import os
import re
import subprocess
import tempfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(TOP, "out", "abi")
CORACLE = os.path.join(TOP, "coracle")
PROGRAMS = sorted(f[:-2] for f in os.listdir(HERE) if f.endswith(".c"))


def directives(path):
    """The "abi:" lines of a program's head, as {word: rest}."""
    with open(path) as f:
        head = f.read(2000)
    return {m.group(1): m.group(2).replace("*/", "").strip() for m in re.finditer(r"abi: ([\w-]+)(.*)", head)}


def build(name, how):
    source, binary = os.path.join(HERE, name + ".c"), os.path.join(OUT, name)
    os.makedirs(OUT, exist_ok=True)
    newest = max(os.path.getmtime(p) for p in (source, *glob.glob(os.path.join(HERE, "*.h"))))
    if os.path.exists(binary) and os.path.getmtime(binary) > newest:
        return binary
    link = [] if "dynamic" in how else ["-static-pie", "-fPIE"] if "static-pie" in how else ["-static"]
    cmd = ["gcc", "-std=gnu17", "-O1", "-g", "-fno-omit-frame-pointer", "-w", "-pthread",
           "-I", HERE, *link, "-o", binary, source, *how.get("libs", "").split()]
    r = subprocess.run(cmd, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    return binary


def outcome(cmd, how, env):
    with tempfile.TemporaryDirectory(prefix="abi-") as cwd:
        r = subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           cwd=cwd, env=env, timeout=float(how.get("timeout", "20")))
    status = 128 - r.returncode if r.returncode < 0 else r.returncode
    return r.stdout.decode(errors="replace"), status, r.stderr.decode(errors="replace")


def in_vm(binary, how, extra):
    env = dict(os.environ)
    options = [*os.environ.get("ABI_OPTIONS", "").split(), *how.get("options", "").split()]
    options += [w for e in extra for w in ("-e", e)]
    return outcome([CORACLE, "run", *options, binary, *how.get("args", "").split()], how, env)


def on_host(how):
    """What stands before the program on the host: a network of its own, as the VM has, where it asks for that."""
    if "netns" not in how:
        return []
    return ["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_abi(name):
    how = directives(os.path.join(HERE, name + ".c"))
    binary = build(name, how)
    extra = how.get("env", "").split()
    vm_out, vm_status, vm_err = in_vm(binary, how, extra)
    if "vm-only-status" in how:
        assert vm_status == int(how["vm-only-status"]), vm_out + vm_err
        return
    env = {"PATH": "/usr/bin:/bin", "HOME": "/root", **dict(e.split("=", 1) for e in extra)}
    host_out, host_status, _ = outcome([*on_host(how), binary, *how.get("args", "").split()], how, env)
    assert vm_out == host_out, vm_err
    assert vm_status == host_status, vm_err
