# SPDX-License-Identifier: Apache-2.0
"""What the server works share: the cost of one unit of a load, and rates side by side.

A load is a function (vm, n) that drives the guest and returns how many units of work were done, and how many a second.
"""
import contextlib

import insn
import table

ROUNDS = 5


def cost(rig, vm, load, warm, n):
    """Kernel and program instructions for one unit."""
    load(vm, warm)
    before = vm.save_counts()
    units, _ = load(vm, n)
    after = vm.save_counts()
    user, kernel = (a - b for a, b in zip(insn.totals(after), insn.totals(before)))
    if rig.profile and vm.symbols:
        insn.profile(before, after, vm.symbols, units, rig.profile)
    return kernel / units, user / units


def costs(rig, program, up, loads):
    """Rows of kernel instructions.  `up(vm)` waits for the server; loads are (work, unit, load, warm-up, n, goal)."""
    found = [{} for _ in loads]
    own = [{} for _ in loads]
    for guest in rig.guests:
        with rig.start(guest, program, net=True) as vm:
            up(vm)
            for i, (_, _, load, warm, n, _) in enumerate(loads):
                found[i][guest.name], own[i][guest.name] = cost(rig, vm, load, warm, n)
    for i, (work, unit, _, _, _, goal) in enumerate(loads):
        table.row(work, f"kernel insns/{unit}", found[i], goal)
        table.row("    of the program itself", f"insns/{unit}", own[i])


def sample(vm, load, n):
    """Units a second, and microseconds of the VM's own CPU time for each: the host's other work hardly shows in that."""
    before = vm.cpu_seconds()
    units, rate = load(vm, n)
    return rate, (vm.cpu_seconds() - before) / units * 1e6


def rates(rig, program, up, loads):
    """Rows of rates: both guests are up, without the plugin, and loaded in turn: A B A B.  loads are (work, unit, load, n,
    goal of the ratio)."""
    with contextlib.ExitStack() as stack:
        vms = {g.name: stack.enter_context(rig.start(g, program, counted=False, net=True)) for g in rig.guests}
        for vm in vms.values():
            up(vm)
        for work, unit, load, n, goal in loads:
            samples = {name: [] for name in vms}
            for vm in vms.values():
                load(vm, n)
            for _ in range(ROUNDS):
                for name, vm in vms.items():
                    samples[name].append(sample(vm, load, n))
            table.rates(work, f"{unit}/s", {name: [rate for rate, _ in s] for name, s in samples.items()}, goal)
            table.times("    of the VM's CPU time", f"us/{unit}", {name: [t for _, t in s] for name, s in samples.items()})
