# SPDX-License-Identifier: Apache-2.0
"""Files that last, files larger than memory, files that may not be written, and keys that edit a line."""
import os
import pty
import random
import re
import select
import signal
import subprocess
import time

import pytest

from tool import CORACLE, ROOT, coracle, environment, start

GUEST = ROOT / "test/vm/guest"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def progs(tmp_path_factory):
    d = tmp_path_factory.mktemp("progs")
    for name in "file_crash", "file_pressure":
        subprocess.run(["gcc", "-O1", "-w", "-static", "-o", d / name, GUEST / f"{name}.c"], check=True, timeout=60)
    return d


def volume_image(home, name):
    found = [p for p in (home / "data").rglob("*") if p.is_file() and name in p.name]
    assert len(found) == 1, found
    return found[0]


def kill_machine(vm):
    """The machine is the command's child, or the command itself once it has become it."""
    with open(f"/proc/{vm.pid}/task/{vm.pid}/children", encoding="ascii") as f:
        children = [int(pid) for pid in f.read().split()]
    for pid in children or [vm.pid]:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("cpus", [1, 2])
def test_what_was_acknowledged_survives_a_kill(home, progs, cpus):
    """kill -9 of the machine at random moments: each fsync that returned holds, and the image is sound."""
    name, acked = f"crash{cpus}", -1
    where = ["--volume", f"{name}:/data", "-c", cpus]
    for _ in range(4):
        vm = start(home, "run", *where, progs / "file_crash", "run", "/data", stdout=subprocess.PIPE,
                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        time.sleep(0.6 + random.random())
        kill_machine(vm)
        out = vm.communicate(timeout=30)[0].decode(errors="replace")
        said = [int(n) for n in re.findall(r"^A(\d+)$", out, re.M)]
        acked = max([acked, *said])
        checked = subprocess.run([ROOT / "dump", "--check", volume_image(home, name)], capture_output=True,
                                 text=True, timeout=30, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        after = coracle(home, "run", *where, progs / "file_crash", "check", "/data", acked)
        assert after.returncode == 0, after.stdout + after.stderr
    assert acked > 0


def test_a_file_larger_than_memory(home, progs):
    r = coracle(home, "run", "-m", "48", "--volume", "big:/data", "--cwd", "/data", progs / "file_pressure", "80",
                timeout=120)
    assert (r.returncode, r.stdout) == (0, "bad 0\n"), r.stderr


def test_readonly_rootfs(home, tmp_path):
    manifest = tmp_path / "m"
    manifest.write_text("(readonly_rootfs:t)\n")
    r = coracle(home, "run", "--manifest", manifest, "/bin/touch", "/new", "/dev/shm/new")
    assert r.returncode == 1
    assert "/new" in r.stderr and "Read-only file system" in r.stderr
    assert "/dev/shm/new" not in r.stderr


def keys(home, command, steps):
    """A program at a terminal: (seconds to wait, keys) each; what the screen showed, and the status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(CORACLE, [CORACLE, "run", *command], environment(home))
    shown = b""

    def look(seconds):
        nonlocal shown
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([fd], [], [], 0.05)[0]:
                try:
                    shown += os.read(fd, 4096)
                except OSError:
                    return

    for wait, typed in steps:
        look(wait)
        os.write(fd, typed)
    look(3)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return shown.decode(errors="replace"), status


def test_a_line_is_edited_and_ended(home):
    shown, status = keys(home, ["/bin/cat"], [(3, b"hellp\x7fo\n"), (0.5, b"one two\x17three\n"), (0.5, b"\x04")])
    assert status == 0
    assert "hello\r\n" in shown.split("hellp")[1]
    assert shown.endswith("one three\r\n")


def test_ctrl_c_ends_the_program(home):
    shown, status = keys(home, ["/bin/cat"], [(3, b"abc"), (0.5, b"\x03")])
    assert status == 130
    assert "^C" in shown
