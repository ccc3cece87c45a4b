# SPDX-License-Identifier: Apache-2.0
"""
lib.py: start the kernel in QEMU, by hand as a person would, and read what it says on COM1.

    out = boot("nokaslr", machine="q35", cpu="max", cpus=4, memory="64M")
    assert out.status == 0 and "4 CPUs" in out.text

Each VM ends by itself or is killed after `timeout` seconds, which fails the test.  Accelerator: TCG always, so
that a test means the same on every machine.
"""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
STATUS = re.compile(r"^coracle: exit status (\d+)\n\Z", re.M)


def kernel(variant="release"):
    """The kernel's path; built by the test run, since a debug variant may not be there."""
    path = os.path.join(ROOT, "out", f"x86_64-{variant}", "coracle.elf")
    if not os.path.exists(path):
        subprocess.run(["make", "-s", "-C", ROOT, f"VARIANT={variant}", "kernel"], check=True)
    return path


class Run:
    """text: the serial console; code: QEMU's exit code; status: from the kernel's last line, or None."""

    def __init__(self, text, code):
        self.text = text.replace("\r", "")
        self.code = code
        found = STATUS.search(self.text)
        self.status = int(found.group(1)) if found else None

    def lines(self, start=""):
        return [line for line in self.text.splitlines() if line.startswith(start)]


def command(cmdline="", *, machine="microvm", cpu="qemu64", cpus=1, memory="64M", variant="release",
            extra=(), image=None):
    line = [QEMU, "-machine", machine, "-accel", "tcg", "-cpu", cpu, "-smp", str(cpus), "-m", memory,
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
            "-device", "isa-debug-exit,iobase=0x501,iosize=1",
            "-kernel", image or kernel(variant), "-append", cmdline]
    return line + list(extra)


def boot(cmdline="", *, timeout=60, **options):
    done = subprocess.run(command(cmdline, **options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=timeout, check=False)
    return Run(done.stdout.decode("utf-8", "replace"), done.returncode)
