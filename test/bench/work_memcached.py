# SPDX-License-Identifier: Apache-2.0
"""memcached with four workers: the cost of a get, the rate beside the Linux guest's, and what a second CPU brings."""
import contextlib
import os
import subprocess

import load
import table

NEEDS = ("memcached",)
PORT, CONNECTIONS, DEPTH = 11211, 32, 4
ROUNDS = 5


def up(vm):
    vm.wait_port(PORT)


def asker(rig):
    tool = rig.build("ask.c")

    def ask(vm, seconds):
        out = subprocess.run([tool, vm.net.guest, str(PORT), str(CONNECTIONS), str(DEPTH), str(seconds)], check=True,
                             capture_output=True, text=True, timeout=seconds + 60).stdout.split()
        return int(out[0]), int(out[0]) / float(out[1])
    return ask


def second_cpu(rig, program, ask):
    """Ratios of the rates with two CPUs and with one, of interleaved runs, for each guest."""
    gains = {}
    for guest in rig.guests:
        with contextlib.ExitStack() as stack:
            vms = [stack.enter_context(rig.start(guest, program, counted=False, net=True, cpus=n)) for n in (1, 2)]
            for vm in vms:
                up(vm)
                ask(vm, 1)
            rates = [[ask(vm, 2)[1] for vm in vms] for _ in range(ROUNDS)]
            gains[guest.name] = [two / one for one, two in rates]
    return gains


def instructions(rig, guest, program, ask, cpus):
    """Of program and kernel, for a get, when the CPUs have all they can do."""
    with rig.start(guest, program, net=True, cpus=cpus) as vm:
        up(vm)
        return sum(load.cost(rig, vm, ask, 1, 3))


def second_cpu_counted(rig, program, ask):
    """The most that it could bring: twice the instructions, but a get may need more of them.  CPUs run in turn here, so
    that waiting for each other's locks hardly shows."""
    return {g.name: [2 * instructions(rig, g, program, ask, 1) / instructions(rig, g, program, ask, 2)] for g in rig.guests}


def run(rig):
    program = rig.program("memcached", "-u", "root", "-t", "4", "-c", "10000")
    ask = asker(rig)
    load.costs(rig, program, up, [("memcached get, depth 4", "request", ask, 1, 3, None)])
    load.rates(rig, program, up, [("memcached get, depth 4", "request", ask, 2, None)])
    table.gain("memcached, two CPUs for one: at most, by instructions", second_cpu_counted(rig, program, ask))
    if os.cpu_count() < 4:
        table.skipped("memcached, two CPUs for one, by the clock", "the host has no CPUs to spare for two and the load")
    else:
        table.gain("memcached, two CPUs for one, by the clock", second_cpu(rig, program, ask), 1.7)
