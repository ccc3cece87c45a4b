# SPDX-License-Identifier: Apache-2.0
"""Nothing that a program asks for brings the kernel down: calls by chance, on the debug kernel, which checks itself."""
import subprocess

import pytest

from lib import kernel
from tool import ROOT, coracle


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory):
    out = tmp_path_factory.mktemp("fuzz") / "syscall_fuzz"
    subprocess.run(["gcc", "-w", "-O1", "-static", "-pthread", "-o", str(out), str(ROOT / "test/vm/syscall_fuzz.c")],
                   check=True, timeout=60)
    return out


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("cpus,threads", [(1, 1), (2, 3)])
def test_kernel_survives(tmp_path, fuzzer, seed, cpus, threads):
    r = coracle(tmp_path, "run", "--kernel", kernel("debug"), "-c", cpus, "--", fuzzer, seed, threads, 20000)
    assert "panic" not in r.stderr, r.stderr
    assert r.returncode != 125, r.stderr
