# SPDX-License-Identifier: Apache-2.0
"""From the start of the machine to the first line of a static program."""
import time

import table

ROUNDS = 5
FIRST_LINE = "micro: ready"


def counted(rig, guest, program, machine):
    with rig.start(guest, program, machine=machine) as vm:
        vm.expect(FIRST_LINE)
        return vm.counts()


def seconds(rig, guest, program, machine):
    with rig.start(guest, program, counted=False, machine=machine) as vm:
        vm.expect(FIRST_LINE)
        return time.monotonic() - vm.started


def on(rig, guests, program, machine):
    counts = {g.name: counted(rig, g, program, machine) for g in guests}
    table.row(f"boot to the first line, {machine}", "kernel insns", {n: high for n, (_, high) in counts.items()}, 2_000_000)
    table.row("    of firmware, loader, program", "insns", {n: low for n, (low, _) in counts.items()})
    samples = {g.name: [] for g in guests}
    for _ in range(ROUNDS):
        for g in guests:
            samples[g.name].append(seconds(rig, g, program, machine))
    table.times(f"start of QEMU to the first line, {machine}", "s", samples, 0.15)


def run(rig):
    program = rig.own("micro.c")
    on(rig, rig.guests, program, "q35")
    ours = [g for g in rig.guests if "microvm" in g.machines]
    if ours:
        on(rig, ours, program, "microvm")
