# SPDX-License-Identifier: Apache-2.0
"""Nothing that a program asks for brings the kernel down: calls by chance, on the debug kernel, which checks itself."""
import subprocess

import pytest

from lib import kernel
from rig import SOAK
from tool import ROOT, coracle



def build(directory, name):
    out = directory / name
    subprocess.run(["gcc", "-w", "-O1", "-static", "-pthread", "-o", str(out), str(ROOT / f"test/vm/{name}.c")],
                   check=True, timeout=60)
    return out


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory):
    return build(tmp_path_factory.mktemp("fuzz"), "syscall_fuzz")


@pytest.fixture(scope="module")
def object_fuzzer(tmp_path_factory):
    return build(tmp_path_factory.mktemp("fuzz"), "object_fuzz")


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("cpus,threads", [(1, 1), (2, 3)])
def test_kernel_survives(tmp_path, fuzzer, seed, cpus, threads):
    r = coracle(tmp_path, "run", "--kernel", kernel("debug"), "-c", cpus, "--", fuzzer, seed, threads, 20000)
    assert "panic" not in r.stderr, r.stderr
    assert r.returncode != 125, r.stderr


# Each run is another order of the threads: make soak has many more.
@pytest.mark.parametrize("cpus,memory", [(4, "128M"), (2, "40M")])
@pytest.mark.parametrize("seed", range(1, 51) if SOAK else [1])
def test_shared_objects(tmp_path, object_fuzzer, seed, cpus, memory):
    r = coracle(tmp_path, "run", "--kernel", kernel("debug"), "-c", cpus, "-m", memory, "--", object_fuzzer, seed, 6, 4000)
    assert "panic" not in r.stderr, r.stderr
    assert r.returncode != 125, r.stderr


def test_corners(tmp_path):
    """What was found so, made certain."""
    r = coracle(tmp_path, "run", "--kernel", kernel("debug"), "-c", 2, "--", build(tmp_path, "corners"))
    assert r.stdout == "done\n", r.stdout + r.stderr
