# SPDX-License-Identifier: Apache-2.0
"""What the Linux layer says to people: programs that cannot run, programs that break, traces, the list of what is missing."""
import re
import subprocess

import pytest

from lib import boot
from tool import ROOT, coracle, compile_c


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def progs(tmp_path_factory):
    d = tmp_path_factory.mktemp("progs")
    compile_c(d / "crash", "#include <stdio.h>\nstatic int deep(volatile int *p) { return *p + 1; }\n"
              "static int middle(volatile int *p) { return deep(p) + 1; }\n"
              "int main(void) { puts(\"before\"); fflush(stdout); return middle((int *)0x123000) + 1; }\n",
              "-g", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-fno-inline", "-static")
    compile_c(d / "abort", "#include <stdlib.h>\nint main(void) { abort(); }\n", "-static")
    compile_c(d / "calls", "#include <fcntl.h>\n#include <sys/mman.h>\n#include <unistd.h>\n#include <sys/syscall.h>\n"
              "int main(void) { int fd = open(\"/nothing\", O_RDWR | O_CREAT | O_EXCL, 0640); write(fd, \"a\\nb\", 3);\n"
              "mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);\n"
              "open(\"/no/such/file\", O_RDONLY); fork(); syscall(SYS_bpf, 0, 0, 0); return 9; }\n", "-static")
    return d


def test_crash_report(home, progs):
    r = coracle(home, "run", progs / "crash")
    assert r.returncode == 128 + 11
    assert r.stdout == "before\n"
    err = r.stderr
    assert "killed by SIGSEGV: address not mapped, address 0x123000" in err
    assert re.search(r"\bip [0-9a-f]{16}", err) and re.search(r"\bsp [0-9a-f]{16}", err)
    at = re.search(r"at (0x[0-9a-f]+) (\S+)\+(0x[0-9a-f]+)", err)
    assert at and at.group(2).endswith("/crash")
    assert len(re.findall(r"#\d+ 0x[0-9a-f]+ \S+/crash\+", err)) >= 2, "middle and main are on the backtrace"
    assert "[stack]" in err and "[vdso]" in err


def test_abort_says_who(home, progs):
    r = coracle(home, "run", progs / "abort")
    assert r.returncode == 128 + 6
    assert "killed by SIGABRT: sent by the program" in r.stderr


def test_trace_syscalls(home, progs):
    r = coracle(home, "run", "--trace", "syscalls", progs / "calls")
    assert r.returncode == 9
    lines = r.stderr
    assert re.search(r'^\[1\] openat\(AT_FDCWD, "/nothing", O_RDWR\|O_CREAT\|O_EXCL, 0640\) = 3 <\d+\.\d{6}>$', lines, re.M)
    assert re.search(r'^\[1\] write\(3, "a\\nb", 3\) = 3 <', lines, re.M)
    assert re.search(r"^\[1\] mmap\(NULL, 4096, PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_ANONYMOUS, -1, 0\) = 0x7f", lines,
                     re.M)
    assert re.search(r'^\[1\] openat\(AT_FDCWD, "/no/such/file", O_RDONLY\) = -1 ENOENT <', lines, re.M)
    assert re.search(r"^\[1\] exit_group\(9\) = \?$", lines, re.M)


def test_missing_calls_are_listed(home, progs):
    r = coracle(home, "run", "--missing", progs / "calls")
    assert r.returncode == 9
    assert "missing: system call bpf (321)" in r.stderr
    assert "one process only" in r.stderr


def test_script_runs_by_its_interpreter(home, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/usr/bin/awk -f\nBEGIN { print \"from awk\", ARGC }\n")
    script.chmod(0o755)
    r = coracle(home, "run", script, "x")
    assert "from awk 2" in r.stdout, r.stderr


@pytest.mark.parametrize("signal", [1, 2, 3, 15, 10])
def test_killed_by(home, progs, signal, tmp_path):
    p = compile_c(tmp_path / "k", "#include <signal.h>\n#include <stdlib.h>\n"
                  "int main(int c, char **v) { (void)c; raise(atoi(v[1])); return 0; }\n", "-static")
    assert coracle(home, "run", p, str(signal)).returncode == 128 + signal


def test_trace_boot_is_a_time_line(home, progs):
    r = coracle(home, "run", "--trace", "boot", progs / "calls")
    steps = re.findall(r"^init: (\w+) +\d+ us$", r.stderr, re.M)
    assert steps[0] == "console" and steps[-1] == "app" and "root" in steps


def test_trace_faults_and_futexes(home, progs):
    assert re.search(r"fault user fault 0xe 0x[0-9a-f]+ 0x", coracle(home, "run", "--trace", "faults", progs / "calls").stderr)
    threads = compile_c(progs / "threads", "#include <pthread.h>\nstatic void *f(void *a) { return a; }\n"
                        "int main(void) { pthread_t t; pthread_create(&t, 0, f, 0); return pthread_join(t, 0); }\n",
                        "-static", "-pthread")
    r = coracle(home, "run", "--trace", "futex", threads)
    assert r.returncode == 0


# What execve(2) would say, by hand and without the coracle command, which looks first: status and one line.
CANNOT_RUN = [
    ("/nope", 127, "/nope: no such file"),
    ("/garbage", 126, "/garbage: shorter than an ELF header"),
    ("/plain", 126, "/plain: is not executable"),
    ("/dynamic", 127, "ld-linux-x86-64.so.2: no such file"),
    ("/short", 126, "/short: a segment lies outside the file"),
    ("/dir", 126, "/dir: is not a regular file"),
    ("/plain/x", 127, "/plain/x: a part of its path is not a directory"),
]


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory):
    d = tmp_path_factory.mktemp("bad")
    dynamic = compile_c(d / "dynamic", "int main(void) { return 0; }\n")
    (d / "garbage").write_bytes(b"garbage\n")
    (d / "plain").write_bytes(b"plain\n")
    (d / "short").write_bytes(dynamic.read_bytes()[:1000])
    for name in ("garbage", "short"):
        (d / name).chmod(0o755)
    (d / "plain").chmod(0o644)
    return d


@pytest.mark.parametrize("program,status,line", CANNOT_RUN)
def test_programs_that_cannot_run(bad_files, tmp_path, program, status, line):
    names = ("dynamic", "garbage", "plain", "short")
    files = " ".join(f'{n}:(contents:(host:"{bad_files / n}"))' for n in names)
    image = tmp_path / "image"
    subprocess.run([ROOT / "mkfs", image], input=f"(children:({files} dir:(children:())) program:{program})", text=True,
                   check=True, timeout=60, cwd=tmp_path)
    out = boot(extra=["-global", "virtio-mmio.force-legacy=false", "-drive", f"if=none,id=d,format=raw,file={image}",
                      "-device", "virtio-blk-device,drive=d"], machine="microvm,acpi=off")
    assert out.status == status, out.text
    assert line in out.text
