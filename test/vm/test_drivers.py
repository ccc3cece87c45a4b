# SPDX-License-Identifier: Apache-2.0
"""The drivers on QEMU's devices, tried by the debug kernel itself (init/selftest_dev.c): disks, console ports, network
cards, over MMIO and PCI, with each subset of the ring features, on one CPU and two."""
import os
import pathlib
import re
import subprocess
import time

import pytest

from tool import compile_c, start

ROOT = pathlib.Path(__file__).resolve().parents[2]
QEMU = "/usr/bin/qemu-system-x86_64"
MACHINES = {
    "microvm": ["-machine", "microvm,acpi=off,pit=off,pic=off,rtc=off,isa-serial=on", "-global",
                "virtio-mmio.force-legacy=false"],
    "q35": ["-machine", "q35"],
}
SUFFIX = {"microvm": "device", "q35": "pci"}
MB = 1 << 20


@pytest.fixture(scope="session")
def kernel():
    subprocess.run(["make", "-s", "-C", str(ROOT), "kernel", "VARIANT=debug"], check=True, timeout=600,
                   capture_output=True)
    return ROOT / "out/x86_64-debug/coracle.elf"


def boot(kernel, tmp_path, machine, option, *devices, cpus=1, stdin=subprocess.DEVNULL, trace=False):
    """The log of a run, and the lines of QEMU's trace."""
    args = [QEMU, "-accel", "tcg", *MACHINES[machine], "-m", "64", "-smp", str(cpus), "-kernel", kernel,
            "-nodefaults", "-display", "none", "-no-reboot", "-append", option, "-serial",
            f"file:{tmp_path}/log", *devices]
    if trace:
        args += ["-trace", "virtio_queue_notify", "-trace", "virtio_notify", "-D", tmp_path / "trace"]
    subprocess.run([str(a) for a in args], timeout=60, stdin=stdin, check=False)
    log = (tmp_path / "log").read_text(errors="replace")
    return log, (tmp_path / "trace").read_text() if trace else ""


def disk(tmp_path, machine, options="", drive=""):
    path = tmp_path / "disk"
    with open(path, "wb") as f:
        f.truncate(64 * MB)
    return ["-drive", f"if=none,id=d,format=raw,file={path}{drive}", "-device",
            f"virtio-blk-{SUFFIX[machine]},drive=d,serial=vol-1{options}"]


@pytest.mark.parametrize("cpus", [1, 2])
@pytest.mark.parametrize("options", ["", ",event_idx=off", ",indirect_desc=off",
                                     ",event_idx=off,indirect_desc=off"])
@pytest.mark.parametrize("machine", MACHINES)
def test_disk(kernel, tmp_path, machine, options, cpus):
    """400 requests, read back and compared by the kernel; on q35 a queue for each CPU."""
    mq = f",num-queues={cpus}" if machine == "q35" else ""
    log, _ = boot(kernel, tmp_path, machine, "devtest=disk",
                  *disk(tmp_path, machine, options + mq, ",discard=unmap"), cpus=cpus)
    assert "disk vda: 131072 sectors, serial vol-1, 400 requests" in log, log
    assert log.endswith("coracle: exit status 0\n")


def test_disk_exits(kernel, tmp_path):
    """Requests share notifications and interrupts."""
    log, trace = boot(kernel, tmp_path, "microvm", "devtest=disk", *disk(tmp_path, "microvm"), trace=True)
    assert "400 requests" in log, log
    assert trace.count("virtio_queue_notify") < 200
    assert trace.count("virtio_notify") < 60


def test_disk_readonly(kernel, tmp_path):
    log, _ = boot(kernel, tmp_path, "microvm", "devtest=disk", *disk(tmp_path, "microvm", drive=",readonly=on"))
    assert "disk vda: read-only" in log, log


def test_disks_are_named_by_address(kernel, tmp_path):
    """Whatever the order in which the command line of QEMU names them."""
    devices = []
    for slot in (3, 1, 2):
        path = tmp_path / f"disk{slot}"
        with open(path, "wb") as f:
            f.truncate((60 + slot) * MB)
        devices += ["-drive", f"if=none,id=d{slot},format=raw,file={path}", "-device",
                    f"virtio-blk-device,drive=d{slot},bus=virtio-mmio-bus.{slot}"]
    log, _ = boot(kernel, tmp_path, "microvm", "devtest=disk", *devices)
    sizes = re.findall(r"disk (vd.): (\d+) sectors", log)
    assert sizes == [(f"vd{c}", str((60 + i) * 2048)) for i, c in ((1, "a"), (2, "b"), (3, "c"))], log


def test_disks_behind_bridges(kernel, tmp_path):
    """A function other than 0, a PCI Express port, and a bridge behind a bridge."""
    places = ["bus=pcie.0,addr=5.1,multifunction=on", "bus=rp", "bus=inner,addr=3"]
    devices = ["-device", "virtio-rng-pci,addr=5.0,multifunction=on", "-device", "pcie-root-port,id=rp,chassis=1",
               "-device", "pcie-pci-bridge,id=outer,bus=pcie.0", "-device", "pci-bridge,id=inner,chassis_nr=2,bus=outer"]
    for n, place in enumerate(places):
        path = tmp_path / f"disk{n}"
        with open(path, "wb") as f:
            f.truncate(60 * MB)
        devices += ["-drive", f"if=none,id=d{n},format=raw,file={path}", "-device",
                    f"virtio-blk-pci,drive=d{n},{place},serial=place-{n}"]
    log, _ = boot(kernel, tmp_path, "q35", "devtest=disk", *devices)
    assert sorted(re.findall(r"serial place-(\d), 400 requests", log)) == ["0", "1", "2"], log


def test_legacy_device_is_one_line(kernel, tmp_path):
    log, _ = boot(kernel, tmp_path, "microvm", "", "-global", "virtio-mmio.force-legacy=true",
                  *disk(tmp_path, "microvm"))
    assert log.count("force-legacy=false") == 1, log


def console(machine, out, in_chardev, options=""):
    port = "virtserialport,bus=s.0"
    return ["-device", f"virtio-serial-{SUFFIX[machine]},id=s,max_ports=4{options}", "-chardev", f"file,id=o,path={out}",
            "-chardev", in_chardev, "-device", f"{port},nr=1,chardev=i,name=coracle.stdin", "-device",
            f"{port},nr=2,chardev=o,name=coracle.stdout"]


@pytest.mark.parametrize("options", ["", ",event_idx=off"])
@pytest.mark.parametrize("machine", MACHINES)
def test_console(kernel, tmp_path, machine, options):
    """20,000 lines out; then 400 KB from a pipe come back whole, and their end is seen."""
    data = "".join(f"{i}\n" for i in range(70000)).encode()
    (tmp_path / "in").write_bytes(data)
    with open(tmp_path / "in", "rb") as f:
        cat = subprocess.Popen(["cat"], stdin=f, stdout=subprocess.PIPE)
        log, _ = boot(kernel, tmp_path, machine, "devtest=console",
                      *console(machine, tmp_path / "out", "stdio,id=i", options), stdin=cat.stdout)
        cat.stdout.close()
        cat.wait(timeout=10)
    assert "console: end of input" in log, log
    lines = "".join(f"line {i} of the program\n" for i in range(20000)).encode()
    assert (tmp_path / "out").read_bytes() == lines + data


def test_console_empty_input(kernel, tmp_path):
    log, _ = boot(kernel, tmp_path, "microvm", "devtest=console",
                  *console("microvm", tmp_path / "out", "stdio,id=i"))
    assert "console: end of input" in log, log


def test_console_slow_reader(kernel, tmp_path):
    """A reader that sleeps holds the guest back, and loses nothing."""
    pipe = tmp_path / "pipe"
    os.mkfifo(f"{pipe}.in")
    os.mkfifo(f"{pipe}.out")
    reader = subprocess.Popen(["sh", "-c", f"(sleep 1; cat) < {pipe}.out > {tmp_path}/got"])
    holder = os.open(f"{pipe}.in", os.O_RDWR)
    devices = console("microvm", "", "stdio,id=i")
    devices[3] = f"pipe,id=o,path={pipe}"
    log, _ = boot(kernel, tmp_path, "microvm", "devtest=console", *devices)
    reader.wait(timeout=10)
    os.close(holder)
    lines = "".join(f"line {i} of the program\n" for i in range(20000)).encode()
    assert (tmp_path / "got").read_bytes() == lines, log


@pytest.mark.parametrize("machine", MACHINES)
def test_net(kernel, tmp_path, machine):
    log, _ = boot(kernel, tmp_path, machine, "devtest=net", "-netdev", "user,id=n", "-device",
                  f"virtio-net-{SUFFIX[machine]},netdev=n,mac=02:00:00:00:00:09,host_mtu=1400")
    assert "net eth0: 02:00:00:00:00:09 mtu 1400 queues 1" in log and "link 1" in log, log


@pytest.mark.parametrize("machine", ["microvm"])
def test_output_is_whole_at_exit(tmp_path, machine):
    """A program that has ended leaves nothing behind, however slow the reader (doc/run.md 1.5)."""
    source = r"""
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(void)  /* write until nothing has moved for half a second, and go */
{
	char b[1000];
	int total = 0;

	memset(b, 120, sizeof b);
	fcntl(1, F_SETFL, O_NONBLOCK);
	for (int idle = 0; idle < 50;) {
		int n = write(1, b, sizeof b);
		if (n > 0)
			total += n, idle = 0;
		else
			idle++, usleep(10000);
	}
	fprintf(stderr, "%d\n", total);
	return 3;
}
"""
    program = compile_c(tmp_path / "p", source, "-static")
    p = start(tmp_path, "run", "--machine", machine, program, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
              stdin=subprocess.DEVNULL)
    total = int(p.stderr.readline())
    time.sleep(3)  # longer than the last flush of a panic would wait
    assert p.poll() is None
    out, _ = p.communicate(timeout=30)
    assert p.returncode == 3
    assert out == b"x" * total
