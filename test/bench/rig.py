# SPDX-License-Identifier: Apache-2.0
"""The measuring bench: programs built for it, the files a guest gets, a running VM, its network.

A Program is a tree of files and a command line; the guests (guest_coracle.py, guest_linux.py) boot it each in their
own way, on the same QEMU.  All network is inside the namespace that enter_namespace() made: it ends with us.
"""
import ctypes
import os
import pathlib
import re
import resource
import select
import shutil
import socket
import subprocess
import sys
import time

import insn

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "test/bench"
OUT = ROOT / "out/bench"
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
INSIDE = "CORACLE_BENCH_INSIDE"
PR_SET_PDEATHSIG = 1


MACHINES = {
    "microvm": ["microvm,acpi=off,pit=off,pic=off,rtc=off,isa-serial=on,x-option-roms=off", "-global",
                "virtio-mmio.force-legacy=false"],
    "q35": ["q35,sata=off,smbus=off,usb=off,vmport=off"],
}
DEVICES = {"microvm": "virtio-{}-device", "q35": "virtio-{}-pci,disable-legacy=on"}


def qemu(machine, accel, cpus, memory):
    """The machine that every guest gets, without what it boots."""
    return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-monitor", "none",
            "-machine", *MACHINES[machine], "-accel", accel, "-cpu", "max", "-smp", str(cpus), "-m", str(memory),
            "-serial", "stdio"]


def inside():
    return INSIDE in os.environ


def enter_namespace():
    """Start again in a network namespace of our own; returns false where that is not allowed."""
    if inside():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return True
    if os.geteuid() != 0:
        print("network: a tap device needs root; those rows are left out")
        return False
    if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode != 0:
        print("network: unshare -n is not allowed here; those rows are left out")
        return False
    os.environ[INSIDE] = "1"
    sys.stdout.flush()
    os.execvp("unshare", ["unshare", "-n", "--", sys.executable, *sys.argv])


def which(name):
    return shutil.which(name, path=PATH)


def closure(program):
    """The program's interpreter and libraries, by the names under which the loader asks for them."""
    out = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return re.findall(r"(/\S+) \(0x", out)


class Program:
    """What a guest runs: argv, and a tree of files that is its whole root."""

    def __init__(self, work, host, *args):
        self.name = pathlib.Path(host).name
        self.root = work / f"{self.name}.root"
        self.argv = [str(host) if str(host).startswith("/usr/") else f"/{self.name}", *map(str, args)]
        self.add(host, self.argv[0])
        for f in closure(host):
            self.add(f, f)
        self.add("/etc/passwd", "/etc/passwd")
        self.add("/etc/group", "/etc/group")

    def add(self, host, guest):
        to = self.place(guest)
        shutil.copyfile(os.path.realpath(host), to)
        to.chmod(0o755)

    def text(self, guest, content):
        self.place(guest).write_text(content)

    def dirs(self, *paths):
        for p in paths:
            (self.root / p.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def place(self, guest):
        to = self.root / str(guest).lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        return to


class Net:
    """A tap of our own and the two addresses on it."""
    count = 0

    def __init__(self):
        Net.count += 1
        self.tap = f"tap{Net.count}"
        self.host, self.guest = f"10.77.{Net.count}.1", f"10.77.{Net.count}.2"
        for c in (f"tuntap add {self.tap} mode tap vnet_hdr", f"addr add {self.host}/24 dev {self.tap}",
                  f"link set {self.tap} up"):
            subprocess.run(["ip", *c.split()], check=True)

    def qemu(self, machine):
        rom = ",romfile=" if machine == "q35" else ""
        return ["-netdev", f"tap,id=n,ifname={self.tap},script=no,downscript=no",
                "-device", f"{DEVICES[machine].format('net')}{rom},netdev=n"]


def end_with_parent():
    """No VM outlives the measurement, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, 9)


class Vm:
    """A running guest: its serial console both ways, and the counts of its instructions."""

    def __init__(self, command, net=None, counts=None, symbols=None):
        self.started = time.monotonic()
        self.proc = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     preexec_fn=end_with_parent)
        self.counts_file, self.symbols = counts, symbols
        self.net = net
        self.seen = ""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.proc.kill()
        self.proc.wait()

    def counts(self):
        """Instructions so far: program (and firmware), kernel."""
        return insn.totals(self.counts_file)

    def cpu_seconds(self):
        """CPU time that the VM has had so far: proc(5), utime and stime."""
        fields = pathlib.Path(f"/proc/{self.proc.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def save_counts(self):
        """A copy of the table as it is now."""
        to = self.counts_file.with_suffix(f".{time.monotonic_ns()}")
        subprocess.run(["cp", "--sparse=always", self.counts_file, to], check=True)
        return to

    def expect(self, pattern, timeout=60):
        """Wait for the console to say it."""
        end = time.monotonic() + timeout
        while not (m := re.search(pattern, self.seen)):
            ready = select.select([self.proc.stdout], [], [], max(0, end - time.monotonic()))[0]
            data = os.read(self.proc.stdout.fileno(), 65536) if ready else b""
            if not data:
                raise RuntimeError(f"no {pattern!r} on the console:\n{self.seen}")
            self.seen += data.decode(errors="replace")
        self.seen = self.seen[m.end():]
        return m

    def ask(self, line, pattern):
        self.proc.stdin.write(line.encode() + b"\n")
        self.proc.stdin.flush()
        return self.expect(pattern)

    def wait_port(self, port, timeout=60):
        """Until the server takes connections."""
        end = time.monotonic() + timeout
        while time.monotonic() < end and self.proc.poll() is None:
            try:
                socket.create_connection((self.net.guest, port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        self.seen += os.read(self.proc.stdout.fileno(), 65536).decode(errors="replace") if self.proc.poll() is not None else ""
        raise RuntimeError(f"nothing answers on port {port}; the console:\n{self.seen}")


class Rig:
    """A working directory with the plugin and our own small programs, built once."""

    def __init__(self, work, profile=0):
        self.work = pathlib.Path(work)
        self.profile = profile
        self.guests = []
        self.plugin = self.build("insn.c", "-shared", "-fPIC")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 65536)), hard))

    def build(self, source, *flags):
        """A program of this directory, compiled; cached by make's rule: newer than its source."""
        to = OUT / (source.removesuffix(".c") + (".so" if "-shared" in flags else ""))
        if not to.exists() or to.stat().st_mtime < (HERE / source).stat().st_mtime:
            OUT.mkdir(parents=True, exist_ok=True)
            subprocess.run(["gcc", "-O2", *flags, "-o", to, HERE / source, "-pthread"], check=True)
        return to

    def program(self, name, *args):
        """One of Debian's."""
        return Program(self.work, which(name), *args)

    def own(self, source):
        """One of our own programs, static."""
        return Program(self.work, self.build(source, "-static"))

    def start(self, guest, program, *, counted=True, net=False, cpus=1, memory=256, machine=None):
        """Boot a program in a guest.  Counted VMs run slower: rates are taken without."""
        lan = Net() if net else None
        # The plugin's counters are plain: several CPUs take turns on one host thread.
        accel = "tcg,thread=single" if counted else "tcg"
        command = [*qemu(machine or guest.machine, accel, cpus, memory), *guest.command(program, lan, machine or guest.machine)]
        if not counted:
            return Vm(command, lan)
        counts = self.work / f"counts.{time.monotonic_ns()}"
        return Vm([*command, "-plugin", f"{self.plugin},out={counts}"], lan, counts, guest.symbols)
