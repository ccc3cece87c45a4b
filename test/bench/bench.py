#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make bench`: kernel instructions per unit of work, beside the goals.

Guest instructions are counted (test/bench/insn.c), not seconds: the figures are the same on a busy machine and on
a quiet one.  Network figures are taken over a tap in a network namespace of their own, which needs root.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/bench"))
import insn  # noqa: E402
import loads  # noqa: E402
from loads import GUEST, HOST  # noqa: E402

KERNEL = ROOT / "out/x86_64-release/coracle.elf"
QEMU = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-monitor", "none",
        "-machine", "microvm,acpi=off,pit=off,pic=off,rtc=off,isa-serial=on,x-option-roms=off", "-accel", "tcg",
        "-cpu", "max", "-m", "256", "-global", "virtio-mmio.force-legacy=false", "-kernel", str(KERNEL)]
NS = f"coracle-bench-{os.getpid()}"


def row(name, value, goal, unit="kernel instructions"):
    mark = "" if goal is None else ("  ok" if value <= goal else f"  over by {value / goal - 1:.0%}")
    print(f"{name:44} {value:12,.0f} {'' if goal is None else f'(goal {goal:,})':>18} {unit}{mark}", flush=True)


class Bench:
    def __init__(self, work):
        self.work = pathlib.Path(work)
        self.plugin = self.work / "insn.so"
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", self.plugin, ROOT / "test/bench/insn.c"], check=True)
        self.micro = self.work / "micro"
        subprocess.run(["gcc", "-O2", "-static", "-pthread", "-o", self.micro, ROOT / "test/bench/micro.c"], check=True)
        self.image(f"(children:(micro:(contents:(host:{self.micro}) exec:t) etc:(children:(passwd:(contents:"
                   "(host:/etc/passwd))))) program:/micro)", "micro.img")

    def image(self, manifest, name):
        subprocess.run([ROOT / "mkfs", "-s", "64M", self.work / name], input=manifest, text=True, check=True)

    def qemu(self, image, module, *more):
        (self.work / "module").write_text(module)
        counts = self.work / "counts"
        return [*QEMU, "-initrd", str(self.work / "module"), "-drive",
                f"if=none,id=d,format=raw,file={image},snapshot=on", "-device", "virtio-blk-device,drive=d",
                "-serial", f"file:{self.work}/serial", "-append", "nokaslr",
                "-plugin", f"{self.plugin},out={counts}", *more], counts

    def run_micro(self, op, n):
        cmd, counts = self.qemu(self.work / "micro.img", f'(arguments:[micro {op} "{n}"])')
        subprocess.run(cmd, timeout=120, check=False, stdin=subprocess.DEVNULL)
        text = (self.work / "serial").read_text(errors="replace")
        if "exit status 0" not in text:
            sys.exit(f"bench: micro {op} failed:\n{text}")
        return insn.totals(counts)[1]

    def micro_ops(self):
        row("reset to the end of an empty static program", self.run_micro("nothing", 0), 2_000_000)
        for op, goal, n in (("getppid", 100, 20000), ("read4k", 900, 4000), ("fault", 1200, 4000),
                            ("futex", 1500, 4000), ("open_close", 1500, 4000), ("mmap_munmap", None, 4000)):
            row(op, (self.run_micro(op, 2 * n) - self.run_micro(op, n)) / n, goal)

    def load(self, load, profile):
        """Boot what the load asks for with a tap in a namespace of its own, and take its measures."""
        tree = self.work / load.name
        load.tree(tree)
        self.image(manifest_of(tree), f"{load.name}.img")
        netns(f"ip netns add {NS}", f"ip -n {NS} tuntap add tap0 mode tap vnet_hdr", f"ip -n {NS} addr add {HOST}/24 dev tap0",
              f"ip -n {NS} link set tap0 up")
        vm = None
        try:
            vm, counts = self.boot(load)
            loads.wait_port(NS, load.port)
            if load.name == "idle":
                free = re.search(r"free (\d+)", (self.work / "serial").read_text())
                row("memory gone before the program, of 256 MB", (256 << 20) - int(free.group(1)), 4 << 20, "bytes")
            for m in load.measures:
                self.measure(m, counts, profile)
        finally:
            if vm:
                vm.kill()
                vm.wait()
            netns(f"ip netns del {NS}")

    def boot(self, load):
        arguments = " ".join(f'"{a}"' for a in load.arguments)
        cmd, counts = self.qemu(self.work / f"{load.name}.img", f'(program:"{load.program}" arguments:[{arguments}] '
                                f"host_time:{time.time_ns()} en1:(ipaddr:{GUEST}))",
                                "-netdev", "tap,id=n,ifname=tap0,script=no,downscript=no", "-device", "virtio-net-device,netdev=n")
        return subprocess.Popen(["ip", "netns", "exec", NS, *cmd], stdin=subprocess.DEVNULL), counts

    def measure(self, m, counts, profile):
        if m.warm:
            m.warm(NS)
        before = self.work / "before"
        shutil.copyfile(counts, before)
        units = m.run(NS)
        if m.unit == "kernel instructions":
            row(m.name, (insn.totals(counts)[1] - insn.totals(before)[1]) / units, m.goal)
            if profile:
                insn.profile(before, counts, f"{KERNEL}.dbg", units, profile)
        else:
            row(m.name, units, m.goal, m.unit)


def netns(*commands):
    for c in commands:
        subprocess.run(c.split(), check=True)


def manifest_of(tree):
    def children(d):
        out = []
        for p in sorted(d.iterdir()):
            inner = f"children:({children(p)})" if p.is_dir() else f"contents:(host:{p}) exec:t"
            out.append(f'{p.name}:({inner})')
        return " ".join(out)
    return f"(children:({children(tree)}))"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("only", nargs="*", help="micro or loads by name; all unless named")
    p.add_argument("--profile", type=int, metavar="N", default=0, help="print the N largest symbols of each load, too")
    args = p.parse_args()
    row("kernel file", KERNEL.stat().st_size, 500_000, "bytes")
    with tempfile.TemporaryDirectory(prefix="coracle-bench-") as work:
        b = Bench(work)
        if not args.only or "micro" in args.only:
            b.micro_ops()
        for load in loads.all_loads(b.work):
            if args.only and load.name not in args.only:
                continue
            if load.missing() or os.geteuid() != 0:
                print(f"{load.name}: needs root and {' '.join(load.missing())}; skipped")
                continue
            b.load(load, args.profile)


if __name__ == "__main__":
    main()
