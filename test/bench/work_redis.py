# SPDX-License-Identifier: Apache-2.0
"""redis GET at pipeline 1 and 16, 50 clients."""
import re
import subprocess

import load

NEEDS = ("redis-server", "redis-benchmark")
PORT = 6379


def up(vm):
    vm.wait_port(PORT)


def get(pipeline):
    def load_gets(vm, n):
        out = subprocess.run(["redis-benchmark", "-h", vm.net.guest, "-c", "50", "-n", str(n), "-P", str(pipeline), "-t",
                              "get", "-q"], check=True, capture_output=True, text=True, timeout=300).stdout
        return n, float(re.findall(r"([\d.]+) requests per second", out)[-1])
    return load_gets


def run(rig):
    program = rig.program("redis-server", "--save", "", "--protected-mode", "no")
    load.costs(rig, program, up, [("redis GET, pipeline 1", "request", get(1), 1000, 20000, 4000),
                                  ("redis GET, pipeline 16", "request", get(16), 1000, 40000, 600)])
    load.rates(rig, program, up, [("redis GET, pipeline 1", "request", get(1), 20000, 2.5),
                                  ("redis GET, pipeline 16", "request", get(16), 100000, None)])
