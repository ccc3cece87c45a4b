# SPDX-License-Identifier: Apache-2.0
"""Memory: what is gone before a program starts, and what an idle connection takes.  The guest says what is free (idle.c)."""
import contextlib
import socket

import table

PORT, CONNECTIONS = 7001, 10000


def free(ask):
    ask.sendall(b"?")
    return int(ask.recv(100))


def each(vm, n):
    with contextlib.ExitStack() as held:
        def connect():
            return held.enter_context(socket.create_connection((vm.net.guest, PORT), 10))
        ask = connect()
        before = free(ask)
        for _ in range(n):
            connect()
        return (before - free(ask)) / n


def gone(vm):
    return 256 - int(vm.expect(r"free (\d+) of")[1]) / (1 << 20)


def run(rig):
    program = rig.own("idle.c")
    bare, carded, taken = {}, {}, {}
    for guest in rig.guests:
        with rig.start(guest, program, counted=False) as vm:
            bare[guest.name] = gone(vm)
        with rig.start(guest, program, counted=False, net=True) as vm:
            carded[guest.name] = gone(vm)
            vm.wait_port(PORT)
            taken[guest.name] = each(vm, CONNECTIONS)
    table.row("memory gone before the program, without a card", "MB of 256", bare, 4)
    table.row("memory gone before the program, with a card", "MB of 256", carded, 4)
    table.row("each of 10,000 idle connections", "bytes", taken, 4096)
