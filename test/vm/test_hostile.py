# SPDX-License-Identifier: Apache-2.0
"""Whatever a program does to its registers, the kernel stays; and a VM with nothing to do takes no interrupt."""
import os
import subprocess

import pytest

from lib import ROOT, boot


def build(source, out):
    subprocess.run(["gcc", "-O1", "-static", "-pthread", "-w", "-o", out, source], check=True)
    return out


def image(tmp_path, program):
    """A root with one program in it, made by ./mkfs."""
    path = str(tmp_path / "root.img")
    manifest = f'(children:(prog:(contents:(host:"{program}"))) program:"/prog" arguments:["prog"] environment:(A:b))'
    subprocess.run([os.path.join(ROOT, "mkfs"), path], input=manifest.encode(), check=True)
    return path


def run(tmp_path, program, **options):
    disk = image(tmp_path, program)
    return boot("", machine="q35", memory="128M",
                extra=["-drive", f"file={disk},format=raw,if=none,id=d", "-device", "virtio-blk-pci,drive=d"], **options)


@pytest.mark.parametrize("variant", ["release", "debug"])
@pytest.mark.parametrize("cpu", ["qemu64", "max"])
@pytest.mark.parametrize("cpus", [1, 2])
def test_hostile_program(tmp_path, cpu, cpus, variant):
    program = build(os.path.join(ROOT, "test/vm/hostile.c"), str(tmp_path / "hostile"))
    out = run(tmp_path, program, cpu=cpu, cpus=cpus, variant=variant)
    assert "survived" in out.text, out.text
    assert out.status == 42, out.text


IDLE = r"""
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long interrupts(void)
{
	static char text[65536];
	int fd = open("/proc/stat", O_RDONLY);
	long n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = 0;
	return atol(strstr(text, "intr ") + 5);
}

int main(void)
{
	long before;

	sleep(12); /* what start-up left behind is written back after five seconds */
	before = interrupts();
	sleep(10);
	printf("interrupts %ld\n", interrupts() - before);
	return 0;
}
"""


@pytest.mark.parametrize("cpus", [1, 4])
def test_sleeping_program_takes_no_interrupt(tmp_path, cpus):
    """One ends the sleep itself."""
    (tmp_path / "idle.c").write_text(IDLE)
    program = build(str(tmp_path / "idle.c"), str(tmp_path / "idle"))
    out = run(tmp_path, program, cpus=cpus)
    assert "interrupts 1\n" in out.text, out.text
