# SPDX-License-Identifier: Apache-2.0
"""The same programs booted by Debian's cloud kernel: the peer.

The kernel's package is unpacked into out/bench, nothing is installed.  The program's tree is an initramfs whose
/init (linux_init.c) loads the virtio modules, sets the address and becomes the program.
"""
import re
import stat
import subprocess

from rig import OUT

# Without no_timer_check its test of the timer fails on a busy host, where a tick comes late.
CMDLINE = "console=ttyS0 quiet mitigations=off no_timer_check panic=-1"
UNPACKED = OUT / "linux"
META = "linux-image-cloud-amd64"


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=OUT)


def package():
    """The package that holds the kernel: the meta-package names it."""
    m = re.search(r"Depends: (linux-image-\S+)", run("apt-cache", "depends", META).stdout)
    return m[1] if m else None


def present():
    return any(UNPACKED.glob("boot/vmlinuz-*"))


def fetch():
    """Unpack the kernel into out/bench; a reason if that cannot be."""
    OUT.mkdir(parents=True, exist_ok=True)
    name = package()
    if not name:
        return f"the package lists do not have {META} (apt-get update?)"
    print(f"bench: downloading {name} into {OUT} (27 MB)", flush=True)
    if run("apt-get", "download", "-o", "APT::Sandbox::User=root", name).returncode != 0:
        return f"{name} could not be downloaded"
    deb = max(OUT.glob(f"{name}_*.deb"), key=lambda p: p.stat().st_mtime)
    if run("dpkg", "-x", deb, UNPACKED).returncode != 0:
        return f"{deb} could not be unpacked"
    deb.unlink()
    return None


def depends(module):
    """Names of the modules that one needs, from its .modinfo."""
    m = re.search(rb"\0depends=([^\0]*)", module.read_bytes())
    return [n for n in m[1].decode().split(",") if n] if m else []


def in_order(modules, wanted):
    """Files of the wanted modules, each after what it depends on."""
    done = []

    def visit(name):
        path = modules[name]
        if path not in done:
            for n in depends(path):
                visit(n)
            done.append(path)
    for name in wanted:
        visit(name)
    return done


class Cpio:
    """An archive as the kernel's initramfs wants it: format "newc" of cpio(5)."""

    def __init__(self):
        self.data, self.inode = bytearray(), 0

    def add(self, name, mode, content=b"", device=(0, 0)):
        self.inode += 1
        fields = (self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0)
        self.data += b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        self.pad()
        self.data += content
        self.pad()

    def pad(self):
        self.data += bytes(-len(self.data) % 4)

    def tree(self, root):
        for p in sorted(root.rglob("*")):
            self.add(str(p.relative_to(root)), p.stat().st_mode, b"" if p.is_dir() else p.read_bytes())

    def finish(self):
        self.add("TRAILER!!!", 0)
        return bytes(self.data)


class Linux:
    machines = ("q35",)  # its console is silent on a microvm without ACPI
    symbols = None  # Debian's vmlinuz has none

    def __init__(self, rig):
        self.rig, self.name, self.machine = rig, "Linux guest", "q35"
        self.kernel = next(UNPACKED.glob("boot/vmlinuz-*"))
        self.modules = {p.stem: p for p in UNPACKED.rglob("*.ko")}

    def initramfs(self, program, net):
        path = self.rig.work / f"{program.name}.cpio.{net.tap if net else 'alone'}"
        cpio = Cpio()
        cpio.add("dev", stat.S_IFDIR | 0o755)
        cpio.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
        cpio.tree(program.root)
        cpio.add("init", stat.S_IFREG | 0o755, self.rig.build("linux_init.c", "-static").read_bytes())
        cpio.add("bench.argv", stat.S_IFREG | 0o644, b"".join(a.encode() + b"\0" for a in program.argv))
        if net:
            cpio.add("bench.address", stat.S_IFREG | 0o644, net.guest.encode())
            for i, m in enumerate(in_order(self.modules, ["virtio_pci", "virtio_net"])):
                cpio.add(f"bench.module.{i}", stat.S_IFREG | 0o644, m.read_bytes())
        path.write_bytes(cpio.finish())
        return path

    def command(self, program, net, machine):
        return ["-kernel", str(self.kernel), "-append", CMDLINE, "-initrd", str(self.initramfs(program, net)),
                *(net.qemu(machine) if net else [])]
