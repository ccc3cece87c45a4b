# SPDX-License-Identifier: Apache-2.0
"""mkfs and dump: what goes in comes out, layout, sizes, and one line for each thing that can be wrong."""
import filecmp
import os
import struct
import subprocess

import pytest

import tool

MKFS = str(tool.ROOT / "mkfs")
DUMP = str(tool.ROOT / "dump")
FORMATS = ("5", "6")


def run(*args, text="", cwd=None, **env):
    return subprocess.run([str(a) for a in args], input=text, capture_output=True, text=True, timeout=60,
                          check=False, cwd=cwd, env={**os.environ, **env})


def mkfs(tmp, *args, text="()", **env):
    return run(MKFS, *args, text=text, cwd=tmp, **env)


def make(tmp, *args, text="()", **env):
    done = mkfs(tmp, *args, "image", text=text, **env)
    assert done.returncode == 0, done.stderr
    return tmp / "image"


def sound(image):
    done = run(DUMP, "--check", image)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def tree(tmp_path):
    top = tmp_path / "tree"
    (top / "sub/deep").mkdir(parents=True)
    (top / "empty").write_bytes(b"")
    (top / "small").write_bytes(b"x" * 777)
    (top / "sub/large").write_bytes(os.urandom(3_000_001))
    (top / "sub/holes").write_bytes(b"a" + bytes(2_000_000) + b"b")
    (top / "sub/deep/run").write_text("#!/bin/sh\n")
    (top / "sub/deep/run").chmod(0o755)
    (top / "link").symlink_to("sub/deep/run")
    (top / "with space").write_text("y")
    return tmp_path


def same(a, b):
    compared = filecmp.dircmp(a, b)
    assert not compared.left_only and not compared.right_only
    for name in compared.common_files:
        assert filecmp.cmp(f"{a}/{name}", f"{b}/{name}", shallow=False), name
    for name in compared.common_dirs:
        same(f"{a}/{name}", f"{b}/{name}")


@pytest.mark.parametrize("form", FORMATS)
def test_round_trip(tree, form):
    image = make(tree, "--format", form, text="(children:(t:(contents:(host:tree))) program:/t/small)")
    assert f"format {form}" in sound(image)
    out = tree / "out"
    assert run(DUMP, "-d", out, image).returncode == 0
    same(tree / "tree", out / "t")
    assert os.readlink(out / "t/link") == "sub/deep/run"
    assert (out / "t/sub/deep/run").stat().st_mode & 0o777 == 0o755
    assert (out / "t/small").stat().st_mtime_ns == (tree / "tree/small").stat().st_mtime_ns
    listing = run(DUMP, image).stdout
    assert 'program:"/t/small"' in listing and "/t/sub/deep/run" in listing
    assert "    deep/\n" in run(DUMP, "-t", image).stdout
    # Extracting again replaces nothing.
    again = run(DUMP, "-d", out, image)
    assert again.returncode == 1 and "File exists" in again.stderr


@pytest.mark.parametrize("form", FORMATS)
def test_same_input_same_bytes(tree, form):
    text = "(children:(t:(contents:(host:tree))) arguments:[a b] environment:(A:1))"
    first = make(tree, "--format", form, text=text, SOURCE_DATE_EPOCH="1000000000").read_bytes()
    second = make(tree, "--format", form, text=text, SOURCE_DATE_EPOCH="1000000000").read_bytes()
    assert first == second
    other = make(tree, "--format", form, text=text.replace("1)", "2)"), SOURCE_DATE_EPOCH="1000000000")
    assert first != other.read_bytes()
    uuid = "00112233-4455-6677-8899-aabbccddeeff"
    assert uuid in run(DUMP, make(tree, "--uuid", uuid)).stdout


def test_hello_is_small(tmp_path):
    tool.compile_c(tmp_path / "hello", "int main(void) { return 0; }", "-static")
    image = make(tmp_path, text="(children:(hello:(contents:(host:hello))) program:/hello)")
    assert image.stat().st_size <= 2 << 20
    assert image.stat().st_blocks * 512 <= 2 << 20


def partitions(image):
    mbr = image.read_bytes()[:512]
    assert mbr[510:] == b"\x55\xaa"
    return [struct.unpack("<BBBBBBBBII", mbr[446 + 16 * i:462 + 16 * i]) for i in range(4)]


def test_layout(tree):
    image = make(tree, "-s", "40M", "-l", "root", text="(children:(a:()))")
    parts = partitions(image)
    assert image.stat().st_size == 40 << 20
    assert parts[1][4] == 0x83 and parts[1][8] == 16 and parts[1][9] == (40 << 11) - 16
    assert image.read_bytes()[16 * 512:16 * 512 + 7] == b"NVMTFS\x06"
    assert "label root" in run(DUMP, image).stdout
    # Stage 1 and 2, the boot file system behind them, the root behind that.
    (tree / "boot").write_bytes(b"S" * 1536)
    image = make(tree, "-b", "boot", "-k", "tree/small", text="(boot:(children:(klib:(children:(k:())))))")
    parts = partitions(image)
    assert parts[0][8] == 3 + 8 and parts[0][9] == 24576
    assert parts[1][8] == parts[0][8] + 24576
    data = image.read_bytes()
    assert struct.unpack("<Q", data[446 - 12:446 - 4])[0] == 1024
    assert data[512:1536] == b"S" * 1024
    listing = run(DUMP, "--part", "1", image).stdout
    assert "/kernel" in listing and "/klib/k" in listing and "format 5" in listing
    assert sound(image).count("sound") == 2


@pytest.mark.parametrize("form", FORMATS)
def test_volume(tmp_path, form):
    image = make(tmp_path, "-e", "-s", "64M", "-l", "data", "--format", form)
    assert image.stat().st_size == 64 << 20 and image.stat().st_blocks < 200
    assert image.read_bytes()[:7] == b"NVMTFS" + bytes([int(form)])
    assert "0 files" in sound(image)


def test_target_root(tree):
    (tree / "root/etc").mkdir(parents=True)
    (tree / "root/etc/passwd").write_text("from the target\n")
    image = make(tree, "-r", "root", text="(children:(p:(contents:(host:/etc/passwd))"
                                          " h:(contents:(host:/etc/hostname)) l:(linktarget:/p)))")
    out = tree / "out"
    assert run(DUMP, "-d", out, image).returncode == 0
    assert (out / "p").read_text() == "from the target\n"
    with open("/etc/hostname", encoding="utf-8") as f:
        assert (out / "h").read_text() == f.read()


MISTAKES = [
    (("-s", "12x", "i"), "()", 2, "-s 12x: not a size"),
    (("-s", "9", "i"), "()", 1, "too few for a file system"),
    ((), "()", 2, "no image file named"),
    (("i", "j"), "()", 2, "more than one image"),
    (("-Z", "i"), "()", 2, "invalid option"),
    (("--format", "7", "i"), "()", 2, "expected 5 or 6"),
    (("--uuid", "12", "i"), "()", 2, "32 hexadecimal digits"),
    (("-l", "x" * 33, "i"), "()", 2, "at most 32 bytes"),
    (("-e", "-k", "k", "i"), "", 2, "takes no -b, -k or -r"),
    (("i",), "(a:b", 2, "line 1, column 1: this '(' is not closed"),
    (("i",), "(a:b\n c d:e)", 2, "line 2, column 4: expected ':' after a name, found 'd'"),
    (("i",), "(children:(x:(contents:(host:/no/such))))", 1, "/no/such: No such file"),
    (("i",), "(children:(x:(contents:y)))", 1, 'the contents of "x" are not (host:PATH)'),
    (("i",), "(children:(x:y))", 1, '"x" is not described by a tuple'),
    (("i",), "(sandbox:(pledge:stdio))", 2, "this protection is not available"),
    (("i",), "(program:[a])", 2, '"program": expected a string'),
    (("-s", "100K", "i"), "(children:(x:(contents:(host:/bin/bash))))", 1, "does not fit into 102400 bytes"),
    (("/no/dir/i",), "()", 1, "/no/dir/i: No such file"),
    (("-b", "/no/boot", "i"), "()", 1, "/no/boot: No such file"),
    (("-k", "/no/kernel", "i"), "()", 1, "/no/kernel: No such file"),
]


@pytest.mark.parametrize("args,text,status,says", MISTAKES)
def test_mistakes(tmp_path, args, text, status, says):
    done = mkfs(tmp_path, *args, text=text)
    assert done.returncode == status
    assert says in done.stderr
    if "invalid option" not in says:
        assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir()), "a partial file is left"


def test_a_failure_keeps_the_old_image(tmp_path):
    make(tmp_path)
    before = (tmp_path / "image").read_bytes()
    assert mkfs(tmp_path, "image", text="(children:(x:(contents:(host:/no))))").returncode == 1
    assert (tmp_path / "image").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["image"]


def test_disk_full(tmp_path):
    done = run("sh", "-c", f"ulimit -f 100; trap '' XFSZ; echo '(children:(b:(contents:(host:/bin/bash))))' | {MKFS} image",
               cwd=tmp_path)
    assert done.returncode == 1 and "File too large" in done.stderr
    assert not list(tmp_path.iterdir())


def test_dump_refuses(tmp_path):
    (tmp_path / "text").write_text("no image\n" * 200)
    for args, says, status in ((("text",), "neither TFS nor a disk", 1), (("gone",), "No such file", 1),
                               ((), "expected one image", 2), (("--part", "9", "text"), "expected 1 to 4", 2)):
        done = run(DUMP, *args, cwd=tmp_path)
        assert (done.returncode, len(done.stderr.splitlines())) == (status, 1), done.stderr
        assert says in done.stderr
    assert run(DUMP, "--help").returncode == 0
    assert run(MKFS, "--help").stdout.startswith("usage:")


def test_check_finds_damage(tmp_path):
    image = make(tmp_path, text="(children:(a:(contents:(host:/bin/sh)) b:(contents:(host:/bin/cat))))")
    data = bytearray(image.read_bytes())
    at = data.index(b"filelength")
    data[at] ^= 1
    (tmp_path / "bad").write_bytes(data)
    done = run(DUMP, "--check", tmp_path / "bad")
    assert done.returncode == 1
    assert done.stderr or "NOT SOUND" in done.stdout
