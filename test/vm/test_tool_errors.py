# SPDX-License-Identifier: Apache-2.0
"""Bad input to the coracle command: one line that says what is wrong, status 2 or 125, nothing left behind."""
import os
import resource
import socket
import subprocess

import pytest

from tool import coracle, compile_c, environment

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'


@pytest.fixture(scope="module")
def hello(tmp_path_factory):
    return compile_c(tmp_path_factory.mktemp("bin") / "hello", HELLO, "-static")


def refuses(r, status, *words):
    """One line, beginning with the command's name, that holds the words."""
    assert r.returncode == status, r.stderr
    assert r.stdout == ""
    assert r.stderr.count("\n") == 1 and r.stderr.startswith("coracle: "), r.stderr
    for word in words:
        assert word in r.stderr, r.stderr


def test_no_command_is_misuse(tmp_path):
    r = coracle(tmp_path)
    assert r.returncode == 2 and "usage:" in r.stderr and r.stdout == ""


def test_help_is_no_misuse(tmp_path):
    for args in (["--help"], ["help"], ["help", "run"], ["run", "--help"], ["build", "-h"]):
        r = coracle(tmp_path, *args)
        assert r.returncode == 0 and "usage:" in r.stdout and r.stderr == "", args
    assert "--publish" in coracle(tmp_path, "help", "run").stdout
    assert coracle(tmp_path, "--version").stdout.startswith("coracle ")


@pytest.mark.parametrize("args,words", [
    (["walk"], ["walk"]),
    (["run"], ["which program"]),
    (["run", "--frob", "x"], ["--frob"]),
    (["run", "-Z", "x"], ["-Z"]),
    (["run", "-m"], ["-m"]),
    (["run", "-m", "lots", "x"], ["-m lots", "expected"]),
    (["run", "-m", "1", "x"], ["-m 1"]),
    (["run", "-c", "0", "x"], ["-c 0", "1 to 64"]),
    (["run", "-c", "65", "x"], ["-c 65"]),
    (["run", "-p", "http", "x"], ["--publish http"]),
    (["run", "-p", "70000", "x"], ["--publish 70000"]),
    (["run", "-e", "=x", "x"], ["NAME=VALUE"]),
    (["run", "--net", "wifi", "x"], ["--net wifi"]),
    (["run", "--net", "none", "-p", "8080", "x"], ["--publish"]),
    (["run", "--trace", "everything", "x"], ["--trace everything"]),
    (["run", "--machine", "pc", "x"], ["--machine pc"]),
    (["run", "--accel", "hax", "x"], ["--accel hax"]),
    (["run", "--cwd", "here", "x"], ["--cwd here", "absolute"]),
    (["run", "--volume", "data", "x"], ["NAME:/path"]),
    (["run", "--env-file", "/none", "x"], ["/none"]),
    (["run", "--ip", "1.2.3.4", "x"], ["--net"]),
    (["build", "x"], ["-o"]),
    (["volume"], ["volume create"]),
    (["volume", "create", "a/b"], ["a/b"]),
    (["volume", "create", ".."], [".."]),
    (["volume", "create", "x", "-s", "much"], ["-s"]),
    (["volume", "rm", "none"], ["none"]),
    (["disk", "rm", "none"], ["none"]),
    (["kernel-path", "x"], ["kernel-path"]),
])
def test_misuse(tmp_path, args, words):
    refuses(coracle(tmp_path, *args), 2, *words)


def test_program_not_on_path(tmp_path):
    refuses(coracle(tmp_path, "run", "no-such-program"), 2, "no-such-program", "PATH")


def test_program_is_not_there(tmp_path):
    refuses(coracle(tmp_path, "run", "./none"), 2, "./none", "No such file")


def test_program_is_a_directory(tmp_path):
    (tmp_path / "d").mkdir()
    refuses(coracle(tmp_path, "run", "./d"), 2, "directory")


@pytest.mark.parametrize("content", [b"", b"x", b"plain text\n", b"\x7fELF", os.urandom(4096)])
def test_not_a_program(tmp_path, content):
    (tmp_path / "p").write_bytes(content)
    (tmp_path / "p").chmod(0o755)
    refuses(coracle(tmp_path, "run", "./p"), 2, str(tmp_path / "p"))


@pytest.mark.parametrize("size", [20, 63, 64, 100, 200, 700])
def test_truncated(tmp_path, hello, size):
    (tmp_path / "p").write_bytes(hello.read_bytes()[:size])
    (tmp_path / "p").chmod(0o755)
    refuses(coracle(tmp_path, "run", "./p"), 2, str(tmp_path / "p"))


def test_wrong_machine(tmp_path, hello):
    data = bytearray(hello.read_bytes())
    data[18:20] = (183).to_bytes(2, "little")  # EM_AARCH64
    (tmp_path / "p").write_bytes(data)
    (tmp_path / "p").chmod(0o755)
    refuses(coracle(tmp_path, "run", "./p"), 2, "machine")


def test_32_bit(tmp_path):
    compile_c(tmp_path / "p", "void _start(void) { for (;;); }", "-m32", "-nostdlib", "-static")
    refuses(coracle(tmp_path, "run", "./p"), 2, str(tmp_path / "p"))


def test_not_executable(tmp_path, hello):
    (tmp_path / "p").write_bytes(hello.read_bytes())
    (tmp_path / "p").chmod(0o644)
    refuses(coracle(tmp_path, "run", "./p"), 2, "chmod +x")


def test_missing_library_is_named(tmp_path):
    lib = compile_c(tmp_path / "libgone.so", "int gone(void) { return 1; }", "-shared", "-fPIC",
                    "-Wl,-soname,libgone.so.7")
    compile_c(tmp_path / "p", "int gone(void); int main(void) { return gone(); }", lib)
    lib.unlink()
    refuses(coracle(tmp_path, "run", "./p"), 2, "libgone.so.7", "missing library")


def test_script_without_interpreter(tmp_path):
    (tmp_path / "s").write_text("#!/no/such/interpreter\n")
    (tmp_path / "s").chmod(0o755)
    refuses(coracle(tmp_path, "run", "./s"), 2, "/no/such/interpreter")


def test_script_that_is_its_own_interpreter(tmp_path):
    (tmp_path / "s").write_text(f"#!{tmp_path}/s\n")
    (tmp_path / "s").chmod(0o755)
    refuses(coracle(tmp_path, "run", "./s"), 2, "circles")


@pytest.mark.parametrize("text,where", [
    ("(program", ":1:"),
    ("(program:x\n arguments:[a", ":2:"),
    ("(\n\nprogram x)", ":3:"),
    ("(program:/x program:/y)", ":1:"),
    ("", ":1:"),
])
def test_manifest_error_has_a_place(tmp_path, text, where):
    (tmp_path / "m").write_text(text)
    refuses(coracle(tmp_path, "run", "--manifest", "m", "/bin/true"), 2, "m" + where)


def test_manifest_is_not_there(tmp_path):
    refuses(coracle(tmp_path, "run", "--manifest", "none", "/bin/true"), 2, "none")


def test_manifest_names_a_missing_file(tmp_path):
    (tmp_path / "m").write_text("(children:(x:(contents:(host:/no/such/file))))")
    refuses(coracle(tmp_path, "run", "--manifest", "m", "/bin/true"), 2, "/no/such/file")


def test_user_profile_error(tmp_path, hello):
    d = tmp_path / "config/coracle/profiles"
    d.mkdir(parents=True)
    (d / "mine.manifest").write_text('(programs:["*"] fils:["/etc/passwd"])')
    refuses(coracle(tmp_path, "run", hello), 2, "mine.manifest", "fils")


@pytest.mark.parametrize("opt", ["--file", "--dir", "--root"])
def test_added_path_is_not_there(tmp_path, hello, opt):
    refuses(coracle(tmp_path, "run", opt, "/no/such", hello), 2, "/no/such")


def test_kernel_is_not_there(tmp_path, hello):
    refuses(coracle(tmp_path, "run", "--kernel", "/no/kernel", hello), 2, "/no/kernel")


def test_no_qemu(tmp_path, hello):
    env = environment(tmp_path, PATH="/nowhere")
    refuses(coracle(tmp_path, "run", hello, env=env), 125, "qemu-system-x86_64", "install")


def test_qemu_that_fails(tmp_path, hello):
    (tmp_path / "q").write_text("#!/bin/sh\necho 'qemu-system-x86_64: no can do' >&2\nexit 1\n")
    (tmp_path / "q").chmod(0o755)
    refuses(coracle(tmp_path, "run", "--qemu", "./q", hello), 125, "QEMU: no can do")


def test_qemu_that_is_killed(tmp_path, hello):
    (tmp_path / "q").write_text("#!/bin/sh\nkill -SEGV $$\n")
    (tmp_path / "q").chmod(0o755)
    refuses(coracle(tmp_path, "run", "--qemu", "./q", hello), 125, "signal 11")


@pytest.mark.parametrize("proto,kind", [("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)])
def test_port_in_use(tmp_path, hello, proto, kind):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            s.listen()
        port = s.getsockname()[1]
        refuses(coracle(tmp_path, "run", "-p", f"{port}:80/{proto}", hello), 125, f"{port}/{proto}",
                "in use")


def test_cache_cannot_be_written(tmp_path, hello):
    (tmp_path / "file").write_text("")
    env = environment(tmp_path, XDG_CACHE_HOME=f"{tmp_path}/file")
    refuses(coracle(tmp_path, "run", hello, env=env), 125, "cache directory", "XDG_CACHE_HOME")


def test_disk_full_while_building(tmp_path, hello):
    """A file-size limit stands in for the full disk: the same write fails, with another errno."""
    limit = (100 << 10, 100 << 10)
    # Python ignores SIGXFSZ, and this keeps it so: the write fails instead.
    r = coracle(tmp_path, "run", hello, restore_signals=False,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    assert r.returncode == 125 and r.stderr.count("\n") == 1, r.stderr
    left = [f for d in (tmp_path / "cache").rglob("*") if d.is_file() for f in [d.name]]
    assert not [f for f in left if ".part" in f or f.endswith(".img")], left


def test_build_leaves_nothing_on_failure(tmp_path):
    (tmp_path / "out.img").mkdir()
    r = coracle(tmp_path, "build", "-o", "out.img", "/bin/true")
    assert r.returncode == 125
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == []


def test_image_is_no_image(tmp_path):
    (tmp_path / "i").write_bytes(b"\0" * 65536)
    refuses(coracle(tmp_path, "run", "--image", "i"), 2, "i")


def test_volume_in_use(tmp_path):
    assert coracle(tmp_path, "volume", "create", "v", "-s", "8M").returncode == 0
    held = subprocess.Popen(["flock", f"{tmp_path}/data/coracle/volumes/v.img", "sleep", "30"])
    try:
        for _ in range(100):
            r = coracle(tmp_path, "volume", "rm", "v")
            if r.returncode:
                break
            coracle(tmp_path, "volume", "create", "v", "-s", "8M")
        refuses(r, 125, "v is in use")
    finally:
        held.kill()
        held.wait()
