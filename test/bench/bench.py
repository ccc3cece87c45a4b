#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make bench`: what a unit of work costs in Coracle and in a Linux guest, beside the goals.

usage: bench.py [--guest coracle|linux|both] [--machine microvm|q35] [--profile N] [WORK...]

Guest instructions are counted (insn.c): those figures are the same on a busy machine and on a quiet one.  Times are
given as ratios of interleaved runs only, with median and spread, and nothing is ever asserted about them.
"""
import argparse
import subprocess
import sys
import tempfile

import guest_coracle
import guest_linux
import rig as bench_rig
import table
import work_boot
import work_idle
import work_iperf3
import work_memcached
import work_micro
import work_nginx
import work_redis

LOCAL = {"boot": work_boot, "micro": work_micro}
NETWORK = {"redis": work_redis, "nginx": work_nginx, "iperf3": work_iperf3,
           "memcached": work_memcached, "idle": work_idle}
WORKS = {**LOCAL, **NETWORK}


def options():
    p = argparse.ArgumentParser(description="costs of work in Coracle and in a Linux guest")
    p.add_argument("works", nargs="*", metavar="WORK", help=" ".join(WORKS))
    p.add_argument("--guest", choices=("coracle", "linux", "both"), default="both")
    p.add_argument("--machine", choices=sorted(bench_rig.MACHINES), default="q35",
                   help="Coracle's; the Linux guest's is q35 (boot is measured on both)")
    p.add_argument("--profile", type=int, metavar="N", default=0,
                   help="print Coracle's N largest symbols of each network load, too")
    o = p.parse_args()
    unknown = [w for w in o.works if w not in WORKS]
    if unknown:
        p.error(f"no such work: {unknown[0]} (there are: {' '.join(WORKS)})")
    return o


def fetch_linux():
    """Before the namespace cuts us off: what says why not comes once."""
    why = None if guest_linux.present() else guest_linux.fetch()
    if why:
        print(f"Linux guest: {why}; it is left out")


def guests(rig, o):
    found = [guest_coracle.Coracle(rig, o.machine)] if o.guest != "linux" else []
    if o.guest != "coracle" and guest_linux.present():
        found.append(guest_linux.Linux(rig))
    return found


def measure(rig, works):
    for name in works:
        missing = [n for n in getattr(WORKS[name], "NEEDS", ()) if not bench_rig.which(n)]
        if missing:
            table.skipped(name, f"{missing[0]} is not installed")
        else:
            try:
                WORKS[name].run(rig)
            except (RuntimeError, OSError, subprocess.SubprocessError) as e:
                table.skipped(name, str(e))


def main():
    o = options()
    works = o.works or list(WORKS)
    if o.guest != "coracle" and not bench_rig.inside():
        fetch_linux()
    if any(w in NETWORK for w in works) and not bench_rig.enter_namespace():
        works = [w for w in works if w not in NETWORK]
    with tempfile.TemporaryDirectory(prefix="coracle-bench-") as work:
        rig = bench_rig.Rig(work, o.profile)
        rig.guests = guests(rig, o)
        if not rig.guests:
            return "nothing to measure"
        print(f"kernel file: {guest_coracle.KERNEL.stat().st_size:,} bytes (goal 500,000)")
        table.header()
        measure(rig, works)


if __name__ == "__main__":
    sys.exit(main())
