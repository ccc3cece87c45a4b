# SPDX-License-Identifier: Apache-2.0
"""
A program that commits, and a machine that dies: QEMU is killed at random moments of a sqlite3 insert loop.  The
next boot mounts the volume, `dump --check` finds nothing, sqlite finds its database sound, and every
commit that it acknowledged is there.  50 moments in `make soak`, or CORACLE_KILLS of them.
"""
import os
import random
import shutil
import signal
import subprocess
import threading
import time

import pytest

import tool

ROUNDS = int(os.environ.get("CORACLE_KILLS") or ("50" if os.environ.get("CORACLE_SOAK") else "6"))
ROWS = 3000

pytestmark = pytest.mark.skipif(not shutil.which("sqlite3"), reason="no sqlite3 on this host")


def sqlite(home, *sql):
    return tool.coracle(home, "run", "--volume", "db:/db", "--cwd", "/db", "sqlite3", "-batch", "/db/t.db", *sql)


def qemu_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        for child in f.read().split():
            with open(f"/proc/{child}/comm", encoding="ascii") as comm:
                if comm.read().startswith("qemu"):
                    return int(child)
    return None


def rows(start, journal):
    # extra: in delete mode sqlite's default does not wait for the removal of the journal, which is the commit
    yield f"pragma journal_mode={journal};\npragma synchronous=extra;\n"
    for n in range(start, start + ROWS):
        yield f"insert into t values({n}, hex(randomblob({n % 700})));\nselect 'row {n}';\n"


def killed_run(home, start, journal):
    """Insert until QEMU is killed.  The last row whose commit was acknowledged."""
    script = home / "rows.sql"
    script.write_text("".join(rows(start, journal)))
    acked = start - 1
    with open(script, encoding="ascii") as text:
        run = tool.start(home, "run", "--volume", "db:/db", "--cwd", "/db", "sqlite3", "-batch", "/db/t.db",
                         stdin=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def kill():
        vm = qemu_of(run.pid)
        if vm:
            os.kill(vm, signal.SIGKILL)

    timer = None
    for line in run.stdout:
        if not line.startswith("row "):
            continue
        acked = int(line.split()[1])
        if timer is None:  # at some moment once it commits
            timer = threading.Timer(random.uniform(0.0, 1.0), kill)
            timer.start()
    run.wait(timeout=30)
    if timer:
        timer.join()
    return acked


def image_of(home):
    for folder, _, files in os.walk(home / "data"):
        for name in files:
            if name.endswith(".img"):
                return os.path.join(folder, name)
    return None


def check(home):
    done = subprocess.run([str(tool.ROOT / "dump"), "--check", image_of(home)], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_kills(tmp_path):
    random.seed(time.time_ns())
    made = sqlite(tmp_path, "create table t(n integer primary key, v text);")
    assert made.returncode == 0, made.stderr
    last = 0
    for turn in range(ROUNDS):
        acked = killed_run(tmp_path, last + 1, ("delete", "wal", "truncate", "persist")[turn % 4])
        check(tmp_path)
        found = sqlite(tmp_path, "pragma integrity_check; select max(n), count(*) from t;")
        assert found.returncode == 0, found.stderr
        sound, counted = found.stdout.split()
        top, count = map(int, counted.split("|"))
        assert sound == "ok"
        assert top == count, "a row in the middle is missing"
        assert top >= acked, f"row {acked} was acknowledged, {top} is the last that is there"
        check(tmp_path)
        last = top
