# SPDX-License-Identifier: Apache-2.0
"""The coracle command for tests: always TCG, a cache and data directory of its own, a time limit."""
import atexit
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORACLE = os.environ.get("CORACLE_BIN", str(ROOT / "coracle"))
QEMU = "/usr/bin/qemu-system-x86_64"


def environment(home, **more):
    env = {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(home),
        "TERM": "xterm",
        "XDG_CACHE_HOME": f"{home}/cache",
        "XDG_DATA_HOME": f"{home}/data",
        "XDG_CONFIG_HOME": f"{home}/config",
        "CORACLE_ACCEL": "tcg",
    }
    env.update(more)
    return env


def coracle(home, *args, env=None, timeout=60, cwd=None, **kw):
    """Run it; a CompletedProcess with text."""
    kw.setdefault("stdin", subprocess.DEVNULL)
    if "input" in kw:
        kw.pop("stdin")
    return subprocess.run([CORACLE, *map(str, args)], env=env or environment(home), cwd=cwd or home,
                          capture_output=True, text=True, errors="surrogateescape", timeout=timeout,
                          check=False, **kw)


STARTED = []


@atexit.register
def _end_all():
    """A test that failed half-way leaves nothing running."""
    for p in STARTED:
        if p.poll() is None:
            p.kill()


def start(home, *args, env=None, cwd=None, **kw):
    p = subprocess.Popen([CORACLE, *map(str, args)], env=env or environment(home), cwd=cwd or home, **kw)
    STARTED.append(p)
    return p


def compile_c(path, source, *flags):
    """An executable (or what the flags ask for) from C text."""
    subprocess.run(["gcc", "-O1", "-x", "c", "-o", str(path), "-", "-x", "none", *map(str, flags)], input=source,
                   text=True, check=True, timeout=60)
    return path


def stub_guest(directory):
    """A kernel that does what its command line says (stub_guest.c)."""
    out = directory / "stub.elf"
    subprocess.run(["gcc", "-m32", "-ffreestanding", "-fno-pie", "-no-pie", "-nostdlib", "-O1", "-static",
                    "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-Wl,-Ttext=0x200000",
                    "-Wl,--build-id=none", "-o", str(out), str(ROOT / "test/vm/stub_guest.c")],
                   check=True, timeout=60)
    return out
