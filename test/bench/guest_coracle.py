# SPDX-License-Identifier: Apache-2.0
"""Programs booted by Coracle: an image of the program's tree, on QEMU's microvm or q35."""
import subprocess
import time

from rig import DEVICES, ROOT

KERNEL = ROOT / "out/x86_64-release/coracle.elf"

def children(directory):
    """A manifest's list of what is in a directory of the host."""
    return " ".join(f"{p.name}:(children:({children(p)}))" if p.is_dir() else
                    f"{p.name}:(contents:(host:{quote(str(p))}) exec:t)" for p in sorted(directory.iterdir()))


def quote(s):
    return '"%s"' % s.replace("\\", "\\\\").replace('"', '\\"')


class Coracle:
    machines = ("q35", "microvm")
    symbols = KERNEL.with_suffix(".elf.dbg")

    def __init__(self, rig, machine):
        self.rig, self.name, self.machine = rig, "Coracle", machine

    def image(self, program):
        path = self.rig.work / f"{program.name}.img"
        if not path.exists():
            subprocess.run([ROOT / "mkfs", "-s", "64M", path], input=f"(children:({children(program.root)}))", text=True,
                           check=True)
        return path

    def module(self, program, net):
        path = self.rig.work / f"{program.name}.module.{net.tap if net else 'alone'}"
        path.write_text("(program:%s arguments:[%s] host_time:%d %s)" % (
            quote(program.argv[0]), " ".join(map(quote, program.argv)), time.time_ns(),
            f"en1:(ipaddr:{net.guest})" if net else ""))
        return path

    def command(self, program, net, machine):
        return ["-kernel", str(KERNEL), "-append", "nokaslr", "-initrd", str(self.module(program, net)),
                "-drive", f"if=none,id=d,format=raw,file={self.image(program)},snapshot=on",
                "-device", f"{DEVICES[machine].format('blk')},drive=d", *(net.qemu(machine) if net else [])]
