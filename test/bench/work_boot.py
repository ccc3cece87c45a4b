# SPDX-License-Identifier: Apache-2.0
"""From the start of the machine to the first line of a static program; memory that is gone by then."""
import time

import table

ROUNDS = 5
FIRST_LINE = "micro: ready"


def counted(rig, guest, program):
    with rig.start(guest, program) as vm:
        vm.expect(FIRST_LINE)
        low, high = vm.counts()
        return low, high


def seconds(rig, guest, program):
    with rig.start(guest, program, counted=False) as vm:
        vm.expect(FIRST_LINE)
        return time.monotonic() - vm.started


def gone(rig, guest, program):
    with rig.start(guest, program, counted=False) as vm:
        vm.expect(FIRST_LINE)
        return 256 - int(vm.ask("free 0", r"free (\d+) KB")[1]) / 1024


def run(rig):
    program = rig.own("micro.c")
    counts = {g.name: counted(rig, g, program) for g in rig.guests}
    table.row("boot to the first line", "kernel insns", {n: high for n, (_, high) in counts.items()}, 2_000_000)
    table.row("boot, below the kernel half: loader, program", "insns", {n: low for n, (low, _) in counts.items()})
    samples = {g.name: [] for g in rig.guests}
    for _ in range(ROUNDS):
        for g in rig.guests:
            samples[g.name].append(1 / seconds(rig, g, program))
    table.rates("boots to the first line", "1/s", samples)
    table.row("memory gone before the program, of 256", "MB", {g.name: gone(rig, g, program) for g in rig.guests}, 4)
