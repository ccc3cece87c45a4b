# SPDX-License-Identifier: Apache-2.0
"""The coracle command around a guest that only keeps the contract (stub_guest.c): statuses, log, signals,
the cache."""
import os
import re
import signal
import subprocess
import time

import pytest

from tool import CORACLE, coracle, compile_c, environment, start, stub_guest


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    d = tmp_path_factory.mktemp("stub")
    compile_c(d / "hello", "int main(void) { return 0; }", "-static")
    return d, stub_guest(d)


def run(home, built, orders, *args, **kw):
    d, stub = built
    return coracle(home, "run", "--kernel", stub, "--append", orders, *args, d / "hello", **kw)


@pytest.mark.parametrize("status", [0, 1, 2, 42, 125, 127, 128, 137, 255])
def test_status(tmp_path, built, status):
    r = run(tmp_path, built, f"exit={status}")
    assert (r.returncode, r.stdout, r.stderr) == (status, "", "")


@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_module_reaches_the_guest_whole(tmp_path, built, machine):
    """Any byte, and more than a command line would hold."""
    d, stub = built
    weird = bytes(range(1, 256)).decode("latin-1").encode("latin-1")
    long = b"x" * 20000
    args = [b"run", b"--machine", machine.encode(), b"--kernel", bytes(stub), b"--append",
            b"module exit=0", bytes(d / "hello"), weird, b"", long]
    r = subprocess.run([CORACLE, *args], env=environment(tmp_path), cwd=tmp_path, capture_output=True,
                       stdin=subprocess.DEVNULL, timeout=60, check=False)
    assert r.returncode == 0, r.stderr[-300:]
    quoted = b'"' + weird.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    # The log is text: a carriage return before a newline is dropped, which `weird` has not.
    assert quoted + b' "" "' + long + b'"' in r.stderr


def test_log_goes_to_a_file(tmp_path, built):
    r = run(tmp_path, built, "module exit=3", "--log", "log")
    assert r.returncode == 3 and r.stderr == ""
    assert "program:" in (tmp_path / "log").read_text()


def test_guest_that_just_resets(tmp_path, built):
    r = run(tmp_path, built, "reset")
    assert r.returncode == 125 and "without an exit status" in r.stderr


def test_signals_are_passed_on(tmp_path, built):
    d, stub = built
    p = start(tmp_path, "run", "--kernel", stub, "--append", "echo exit=7", d / "hello",
              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert p.stderr.readline() == "ready\n"
    for s in (signal.SIGUSR1, signal.SIGINT, signal.SIGTERM):
        p.send_signal(s)
        assert p.stderr.readline() == f"got signal {int(s)}\n"
    assert p.wait(timeout=20) == 7


def test_impatience_kills(tmp_path, built):
    d, stub = built
    p = start(tmp_path, "run", "--kernel", stub, "--append", "echo", d / "hello",
              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert p.stderr.readline() == "ready\n"
    for _ in range(3):
        p.send_signal(signal.SIGINT)
        time.sleep(0.1)
    assert p.wait(timeout=5) == 128 + signal.SIGINT


def children(pid):
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True,
                         check=False).stdout
    return [int(x) for x in out.split()]


def test_qemu_dies_with_the_tool(tmp_path, built):
    d, stub = built
    p = start(tmp_path, "run", "--kernel", stub, "--append", "echo", d / "hello",
              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert p.stderr.readline() == "ready\n"
    (qemu,) = children(p.pid)
    p.kill()
    p.wait()
    for _ in range(50):
        if not os.path.exists(f"/proc/{qemu}") or "Z" in open(f"/proc/{qemu}/stat").read().split()[2]:
            return
        time.sleep(0.1)
    pytest.fail("QEMU outlived the tool")


def test_gdb_waits_and_says_how(tmp_path, built):
    d, stub = built
    p = start(tmp_path, "run", "--gdb", "--kernel", stub, "--append", "exit=9", d / "hello",
              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    line = p.stderr.readline()
    port = re.search(r"gdb .* -ex 'target remote 127.0.0.1:(\d+)'", line)
    assert port, line
    time.sleep(0.5)
    assert p.poll() is None
    p.send_signal(signal.SIGTERM)
    p.send_signal(signal.SIGTERM)
    p.send_signal(signal.SIGTERM)
    p.kill()
    p.wait(timeout=10)


def images(home):
    return sorted((home / "cache/coracle/images").glob("*.img"))


def test_cache_is_used_and_right(tmp_path, built):
    """The same image for the same contents; another when a file changes; arguments do not matter."""
    d, stub = built
    (tmp_path / "f").write_text("1")
    go = lambda *a: coracle(tmp_path, "run", "--kernel", stub, "--append", "exit=0", *a)
    assert go(d / "hello", "f").returncode == 0
    one = images(tmp_path)
    assert len(one) == 1
    assert go(d / "hello", "f").returncode == 0
    assert go(d / "hello", "f", "other", "words").returncode == 0
    assert images(tmp_path) == one
    (tmp_path / "f").write_text("2")
    assert go(d / "hello", "f").returncode == 0
    assert len(images(tmp_path)) == 2


def test_cached_image_is_not_written(tmp_path, built):
    run(tmp_path, built, "exit=0")
    (img,) = images(tmp_path)
    before = img.read_bytes()
    run(tmp_path, built, "exit=0")
    assert img.read_bytes() == before


def test_cache_bound(tmp_path, built):
    d, stub = built
    env = environment(tmp_path, CORACLE_CACHE_SIZE="1k")
    for i in range(3):
        (tmp_path / "f").write_text(str(i))
        coracle(tmp_path, "run", "--kernel", stub, "--append", "exit=0", d / "hello", "f", env=env)
    assert len(images(tmp_path)) == 1


def test_many_at_once_build_one_image(tmp_path, built):
    d, stub = built
    ps = [start(tmp_path, "run", "--kernel", stub, "--append", "exit=5", d / "hello",
                stdin=subprocess.DEVNULL) for _ in range(4)]
    assert [p.wait(timeout=60) for p in ps] == [5] * 4
    assert len(images(tmp_path)) == 1
    assert not list((tmp_path / "cache/coracle/images").glob("*.part*"))


def test_left_over_of_a_killed_build_goes(tmp_path, built):
    (tmp_path / "cache/coracle/images").mkdir(parents=True)
    part = tmp_path / "cache/coracle/images/0123.part99"
    part.write_text("x")
    assert run(tmp_path, built, "exit=0").returncode == 0
    assert not part.exists()


def test_cached_start_is_quick(tmp_path, built):
    """From exec to QEMU's exec, seen by a QEMU that does nothing: 10 ms on a quiet machine."""
    d, stub = built
    (tmp_path / "q").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "q").chmod(0o755)
    best = 1.0
    for _ in range(10):
        t = time.monotonic()
        coracle(tmp_path, "run", "--kernel", stub, "--qemu", tmp_path / "q", d / "hello")
        best = min(best, time.monotonic() - t)
    assert best < 0.05, best


def test_volumes(tmp_path, built):
    assert coracle(tmp_path, "volume", "create", "data", "-s", "16M").returncode == 0
    r = coracle(tmp_path, "volume", "list")
    assert r.stdout.split()[:2] == ["data", "16M"]
    assert coracle(tmp_path, "volume", "create", "data").returncode == 2
    assert run(tmp_path, built, "exit=0", "--volume", "new:/mnt").returncode == 0
    assert (tmp_path / "data/coracle/volumes/new.img").exists()
    assert coracle(tmp_path, "volume", "rm", "data", "new").returncode == 0
    assert coracle(tmp_path, "volume", "list").stdout == ""


def test_keep(tmp_path, built):
    assert run(tmp_path, built, "exit=0", "--keep", "mine").returncode == 0
    assert coracle(tmp_path, "disk", "list").stdout.startswith("mine ")
    assert run(tmp_path, built, "exit=0", "--keep", "mine").returncode == 0
    assert coracle(tmp_path, "disk", "rm", "mine").returncode == 0
