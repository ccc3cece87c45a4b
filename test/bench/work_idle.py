# SPDX-License-Identifier: Apache-2.0
"""What an idle connection takes of the guest's memory: many are held, and the guest says what is free (idle.c)."""
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


def run(rig):
    program = rig.own("idle.c")
    taken, gone = {}, {}
    for guest in rig.guests:
        with rig.start(guest, program, counted=False, net=True) as vm:
            gone[guest.name] = 256 - int(vm.expect(r"free (\d+) of")[1]) / (1 << 20)
            vm.wait_port(PORT)
            taken[guest.name] = each(vm, CONNECTIONS)
    table.row("memory gone before the program, with a card", "MB of 256", gone, 4)
    table.row("each of 10,000 idle connections", "bytes", taken, 4096)
