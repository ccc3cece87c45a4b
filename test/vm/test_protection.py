# SPDX-License-Identifier: Apache-2.0
"""exec_protection and readonly_rootfs: a guest that tries to break each promise."""
import subprocess

import tool

ATTEMPTS = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void say(const char *what, int ok) { printf("%s: %s\n", what, ok ? "done" : strerror(errno)); }

int main(int argc, char **argv)
{
	int x = PROT_READ | PROT_EXEC, w = PROT_READ | PROT_WRITE, fd;
	void *p = mmap(0, 4096, w | x, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	say("map rwx", p != MAP_FAILED);
	p = mmap(0, 4096, w, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	say("make executable", !mprotect(p, 4096, x));
	fd = open("/dev/shm/code", O_RDWR | O_CREAT, 0755);
	say("write a file", write(fd, "x", 1) == 1);
	say("map it executable", mmap(0, 4096, x, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	fd = memfd_create("code", 0);
	say("map a memfd", mmap(0, 4096, x, MAP_SHARED, fd, 0) != MAP_FAILED);
	say("write the library", open(argv[1], O_RDWR) >= 0);
	fd = open(argv[1], O_RDONLY);
	say("map the library", mmap(0, 4096, x, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	say("map it writable too", mmap(0, 4096, w | x, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	say("new file", open("/made", O_RDWR | O_CREAT, 0644) >= 0);
	say("remove", !unlink(argv[1]));
	return 0;
}
"""
LIBRARY = "/lib/x86_64-linux-gnu/libc.so.6"


def attempts(tmp, manifest):
    tool.compile_c(tmp / "try", ATTEMPTS)
    (tmp / "m").write_text(manifest)
    done = tool.coracle(tmp, "run", "--manifest", "m", "./try", LIBRARY)
    assert done.returncode == 0, done.stderr
    return dict(line.split(": ") for line in done.stdout.splitlines())


def test_exec_protection(tmp_path):
    got = attempts(tmp_path, "(exec_protection:t)")
    refused = {k for k, v in got.items() if v == "Permission denied"}
    assert refused == {"map rwx", "make executable", "map it executable", "map a memfd", "write the library",
                       "map it writable too"}
    assert got["map the library"] == "done"


def test_without_it(tmp_path):
    got = attempts(tmp_path, "()")
    assert [v for k, v in got.items() if k != "write the library"] == ["done"] * 9


def test_readonly_rootfs(tmp_path):
    got = attempts(tmp_path, "(readonly_rootfs:t)")
    assert got["new file"] == got["remove"] == got["write the library"] == "Read-only file system"
    assert got["write a file"] == "done"  # in memory


def test_only_what_is_marked_runs(tmp_path):
    tool.compile_c(tmp_path / "p", "int main(void) { return 7; }", "-static")
    for mark, status in (("", 126), (" exec:t", 7)):
        text = f"(children:(p:(contents:(host:p){mark})) program:/p exec_protection:t)"
        subprocess.run([str(tool.ROOT / "mkfs"), "image"], input=text, text=True, cwd=tmp_path, check=True, timeout=30)
        assert tool.coracle(tmp_path, "run", "--image", "image").returncode == status
