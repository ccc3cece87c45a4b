# SPDX-License-Identifier: Apache-2.0
"""Single operations: one VM a guest is told on its console what to do how often."""
import statistics

import table

OPS = (("getppid", 100, 20000), ("read4k", 900, 4000), ("fault", 1200, 4000), ("futex", 1500, 4000),
       ("open_close", 1500, 4000), ("mmap_munmap", None, 4000))
NAMES = {"read4k": "read of 4 KB from the page cache", "fault": "anonymous page fault, 4 KB",
         "futex": "futex hand-over between two threads", "open_close": "open + close",
         "mmap_munmap": "mmap + munmap of 16 KB, untouched"}


def kernel(vm, op, n):
    before = vm.counts()[1]
    vm.ask(f"{op} {n}", f"micro: {op} done")
    return vm.counts()[1] - before


def once(vm, op, n):
    """n against 2n: what surrounds the operations falls away."""
    one = kernel(vm, op, n)
    return (kernel(vm, op, 2 * n) - one) / n


def run(rig):
    program = rig.own("micro.c")
    found = {op: {} for op, _, _ in OPS}
    for guest in rig.guests:
        with rig.start(guest, program) as vm:
            vm.expect("micro: ready")
            for op, _, n in OPS:
                once(vm, op, n)
                found[op][guest.name] = statistics.median(once(vm, op, n) for _ in range(3))
    for op, goal, _ in OPS:
        table.row(NAMES.get(op, op), "kernel insns", found[op], goal)
