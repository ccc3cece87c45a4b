# SPDX-License-Identifier: Apache-2.0
"""The kernel comes up on each machine, CPU and size that it promises, and says one clear line where it cannot."""
import os
import re
import subprocess

import pytest

from lib import ROOT, boot, kernel

MACHINES = ["microvm", "microvm,acpi=off", "q35"]


def cpus_said(out):
    return [int(n) for n in re.findall(r"(\d+) CPUs?,", out.text)]


@pytest.mark.parametrize("cpus", [1, 2, 4])
@pytest.mark.parametrize("cpu", ["qemu64", "max"])
@pytest.mark.parametrize("machine", MACHINES)
def test_boots(machine, cpu, cpus):
    out = boot("selftest=boot", machine=machine, cpu=cpu, cpus=cpus, variant="debug")
    assert cpus_said(out) == [cpus], out.text


@pytest.mark.parametrize("cpus", [16, 64])
def test_many_cpus(cpus):
    out = boot("selftest=boot", cpus=cpus, memory="256M", variant="debug", timeout=120)
    assert cpus_said(out) == [cpus], out.text


@pytest.mark.parametrize("cpu", ["qemu64", "max"])
@pytest.mark.parametrize("memory", ["6M", "8M", "100M", "3000M", "5G", "16G", "64G"])
def test_memory_sizes(memory, cpu):
    """The VM's memory is what the kernel counts, but for what the firmware keeps (1 MB at most)."""
    machine = "microvm,memory-backend=ram"
    ram = f"memory-backend-ram,id=ram,size={memory},reserve=off"
    out = boot("selftest=boot", machine=machine, memory=memory, cpu=cpu, variant="debug", extra=["-object", ram])
    said = re.search(r"CPUs?, (\d+) KB of memory", out.text)
    assert said, out.text
    want = int(memory[:-1]) * (1 << 20 if memory[-1] == "G" else 1 << 10)
    assert want - 1024 <= int(said.group(1)) <= want


def test_tiny_memory_ends_with_a_line():
    out = boot("", memory="2M")
    assert out.status == 125, out.text
    assert len(out.lines("coracle: ")) == 2, out.text


@pytest.mark.parametrize("feature,says", [("lm", "64-bit"), ("nx", "NX"), ("syscall", "SYSCALL"), ("sse2", "SSE2")])
def test_missing_cpu_feature_is_one_line(feature, says):
    out = boot("", cpu=f"qemu64,-{feature}")
    assert out.status == 125, out.text
    assert out.code == (125 << 1 | 1) & 0xff
    assert len(out.lines()) == 2 and says in out.lines()[0]


@pytest.mark.parametrize("name,says", [
    ("panic", "on purpose"),
    ("fault", "page fault"),
    ("text", "page fault"),
    ("stack", "double fault"),
    ("rank", "spinlock of rank"),
    ("irqlock", "is taken by interrupts"),
    ("sleep", "sleeping with a spinlock"),
])
def test_broken_promises_panic(name, says):
    out = boot(f"selftest={name}", cpus=2, variant="debug")
    assert out.status == 125, out.text
    first = out.lines("coracle: panic on CPU")[0]
    assert says in first
    assert out.lines("coracle: backtrace"), out.text


def test_panic_addresses_fit_the_file_under_kaslr():
    """With and without the slide, the panic names the same place of the ELF file."""
    places = set()
    for option in ("", "nokaslr", "", ""):
        out = boot(f"{option} selftest=fault", variant="debug")
        places.add(re.search(r"page fault at (0x[0-9a-f]+)", out.text).group(1))
    assert len(places) == 1


def test_kaslr_moves_the_kernel():
    slides = {re.search(r"slide (0x[0-9a-f]+|0)", boot("selftest=panic", variant="debug").text).group(1)
              for _ in range(4)}
    assert len(slides) > 1
    assert re.search(r"slide 0\)", boot("nokaslr selftest=panic", variant="debug").text)


@pytest.mark.parametrize("machine", ["microvm", "q35"])
@pytest.mark.parametrize("cpus", [1, 2, 4])
@pytest.mark.parametrize("name", ["threads", "pingpong", "timers"])
def test_kernel_threads(name, cpus, machine):
    out = boot(f"selftest={name}", cpus=cpus, machine=machine, variant="debug")
    assert out.lines("coracle: selftest: "), out.text
    assert not out.lines("coracle: panic"), out.text


@pytest.mark.parametrize("cpus", [1, 4])
def test_idle_takes_no_interrupts(cpus):
    """10 s with nothing to do: none on one CPU; on several, the few that move the test's own thread."""
    out = boot("selftest=idle", cpus=cpus, variant="debug")
    said = re.search(r"selftest: (\d+) interrupts in 10 s", out.text)
    assert said, out.text
    assert int(said.group(1)) <= (0 if cpus == 1 else 2)


def test_trace_boot_times_the_steps():
    out = boot("trace=boot selftest=boot", variant="debug")
    assert len(re.findall(r"init: \w+ +\d+ us", out.text)) >= 5, out.text


@pytest.fixture(scope="session")
def linux64_loader(tmp_path_factory):
    """A PVH kernel that loads its boot module as Firecracker would, and enters it by the 64-bit Linux protocol."""
    here = os.path.join(ROOT, "test/vm/linux64")
    out = str(tmp_path_factory.mktemp("linux64") / "loader.elf")
    subprocess.run(["gcc", "-O1", "-ffreestanding", "-fno-pic", "-no-pie", "-mgeneral-regs-only", "-fno-stack-protector",
                    "-nostdlib", "-static", "-I", ROOT, "-Wl,-Ttext=0x3000000", "-Wl,--build-id=none",
                    "-Wl,-z,noexecstack", "-Wno-pointer-to-int-cast",
                    "-o", out, f"{here}/start.S", f"{here}/load.c"], check=True)
    return out


@pytest.mark.parametrize("machine", ["microvm", "q35"])
@pytest.mark.parametrize("cpu", ["qemu64", "max"])
@pytest.mark.parametrize("cpus", [1, 4])
def test_linux64_entry(linux64_loader, machine, cpu, cpus):
    out = boot("selftest=boot", machine=machine, cpu=cpu, cpus=cpus, image=linux64_loader, memory="128M",
               extra=["-initrd", kernel("debug")])
    assert "entered by linux64" in out.text, out.text
    assert cpus_said(out) == [cpus], out.text


@pytest.mark.parametrize("machine,cpu,memory", [
    ("microvm", "qemu64", "6M"), ("microvm", "max", "256M"), ("q35", "max", "1G"), ("q35", "qemu64", "64M")])
@pytest.mark.parametrize("name", ["wx", "memory", "copies"])
def test_kernel_memory(name, machine, cpu, memory):
    """W^X of every kernel page; all memory can be used; copies stop where user memory does."""
    out = boot(f"selftest={name}", machine=machine, cpu=cpu, memory=memory, variant="debug", timeout=120)
    assert out.lines("coracle: selftest: "), out.text
    assert not out.lines("coracle: panic"), out.text
