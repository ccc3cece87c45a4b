# SPDX-License-Identifier: Apache-2.0
"""`make install PREFIX=DIR`: the installed command finds its kernel and profiles there."""
import subprocess

from tool import ROOT, compile_c, environment


def test_install(tmp_path):
    prefix = tmp_path / "usr"
    subprocess.run(["make", "-s", "install", f"PREFIX={prefix}"], cwd=ROOT, check=True, capture_output=True,
                   timeout=300)
    for name in ("bin/mkfs", "bin/dump", "share/man/man1/coracle.1", "share/man/man1/mkfs.1", "share/man/man1/dump.1",
                 "share/bash-completion/completions/coracle", "lib/coracle/profiles/python3.manifest"):
        assert (prefix / name).exists(), name
    compile_c(tmp_path / "hello", '#include <stdio.h>\nint main(void) { puts("hello"); }\n', "-static")

    def run(*args):
        return subprocess.run([prefix / "bin/coracle", *args], env=environment(tmp_path), cwd=tmp_path, timeout=60,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert run("kernel-path").stdout == f"{prefix}/lib/coracle/coracle.elf\n"
    assert run("run", "./hello").stdout == "hello\n"
    assert "profile python3" in run("run", "-n", "-v", "/usr/bin/python3").stderr
