# SPDX-License-Identifier: Apache-2.0
"""One TCP stream of iperf3, into the guest and out of it."""
import json
import subprocess
import time

import load

NEEDS = ("iperf3",)
DIRECTIONS = (("into the guest", []), ("out of the guest", ["-R"]))


def up(vm):
    """A connection would be taken for a test: its console says when it listens."""
    vm.expect("Server listening")


def stream(options):
    def load_stream(vm, seconds):
        """A server that still ends the last test is asked again."""
        for _ in range(5):
            out = subprocess.run(["iperf3", "-c", vm.net.guest, "-J", "-t", str(seconds), *options], check=False,
                                 capture_output=True, text=True, timeout=60).stdout
            end = json.loads(out).get("end", {}).get("sum_received")
            if end:
                return end["bytes"] / 1024, end["bits_per_second"] / 8192
            time.sleep(1)
        raise RuntimeError(f"iperf3: {out}")
    return load_stream


def run(rig):
    program = rig.program("iperf3", "-s")
    program.dirs("/tmp")
    load.costs(rig, program, up, [(f"iperf3, a stream {name}", "KB", stream(o), 1, 4, 700) for name, o in DIRECTIONS])
    load.rates(rig, program, up, [(f"iperf3, a stream {name}", "KB", stream(o), 3, 1.5) for name, o in DIRECTIONS])
