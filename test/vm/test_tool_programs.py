# SPDX-License-Identifier: Apache-2.0
"""Programs of this host under `coracle run`, as a user starts them: output, input, status, terminal."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from tool import CORACLE, ROOT, coracle, compile_c, environment, start


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One cache for all tests here: images are built once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def progs(tmp_path_factory):
    d = tmp_path_factory.mktemp("progs")
    compile_c(d / "hello", '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n', "-static")
    compile_c(d / "status", "#include <stdlib.h>\nint main(int c, char **v) { return atoi(v[1]); }\n",
              "-static")
    compile_c(d / "kill", "#include <signal.h>\n#include <stdlib.h>\n"
              "int main(int c, char **v) { raise(atoi(v[1])); return 0; }\n", "-static")
    compile_c(d / "both", '#include <stdio.h>\nint main(void) { fputs("out", stdout); fputs("err", stderr);'
              ' return 0; }\n', "-static")
    compile_c(d / "cat", "#include <unistd.h>\nint main(void) { char b[4096]; long n;\n"
              "while ((n = read(0, b, sizeof b)) > 0) write(1, b, n); return n < 0; }\n", "-static")
    compile_c(d / "args", "#include <stdio.h>\nextern char **environ;\nint main(int c, char **v) {\n"
              'for (int i = 1; i < c; i++) printf("[%s]", v[i]);\n'
              'for (char **e = environ; *e; e++) printf("{%s}", *e); return 0; }\n', "-static")
    return d


def test_hello(home, progs):
    r = coracle(home, "run", progs / "hello")
    assert (r.returncode, r.stdout, r.stderr) == (0, "hello\n", "")


@pytest.mark.parametrize("n", [1, 2, 77, 125, 128, 200, 255])
def test_status(home, progs, n):
    assert coracle(home, "run", progs / "status", n).returncode == n


def test_killed_by_a_signal(home, progs):
    r = coracle(home, "run", progs / "kill", int(signal.SIGUSR1))
    assert r.returncode == 128 + signal.SIGUSR1


def test_stdout_and_stderr_are_two(home, progs):
    r = coracle(home, "run", progs / "both")
    assert (r.stdout, r.stderr) == ("out", "err")


def test_arguments_and_environment_are_exact(home, progs):
    odd = ['a b', '"q"', '\\', '(x:y)', '#', "'", 'ü', '\t', 'x' * 5000]
    r = coracle(home, "run", "-e", 'V=1 "2" \\3', progs / "args", *odd)
    assert "".join(f"[{a}]" for a in odd) in r.stdout
    assert '{V=1 "2" \\3}' in r.stdout


@pytest.mark.parametrize("size", [0, 1, 4096, 100_000, 3_000_000])
def test_stdin_to_its_end(home, progs, size):
    data = os.urandom(size)
    (home / "input").write_bytes(data)
    with open(home / "input", "rb") as f:
        r = subprocess.run([CORACLE, "run", progs / "cat"], stdin=f, env=environment(home), cwd=home,
                           capture_output=True, timeout=120, check=False)
    assert r.returncode == 0 and r.stdout == data, r.stderr


def test_pipe_stays_open(home, progs):
    """Bytes come back while the input is still open, and the end ends it."""
    p = start(home, "run", progs / "cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for word in (b"one\n", b"two\n"):
        p.stdin.write(word)
        p.stdin.flush()
        assert p.stdout.readline() == word
    p.stdin.close()
    assert p.wait(timeout=20) == 0


def test_reader_that_goes_away(home, progs):
    """As `yes | head -1`: the writer ends with SIGPIPE."""
    p = start(home, "run", "/usr/bin/yes", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert p.stdout.readline() == b"y\n"
    p.stdout.close()
    assert p.wait(timeout=20) == 128 + signal.SIGPIPE


def test_sigterm_reaches_the_program(home, progs):
    p = start(home, "run", progs / "cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdin.write(b"x\n")
    p.stdin.flush()
    assert p.stdout.readline() == b"x\n"
    p.send_signal(signal.SIGTERM)
    assert p.wait(timeout=20) == 128 + signal.SIGTERM


APP = """
import json, sqlite3, hashlib, zlib, decimal, threading, tempfile, sys, os
db = sqlite3.connect(":memory:")
db.execute("create table t(x)")
db.executemany("insert into t values (?)", [(i,) for i in range(10)])
out = []
ts = [threading.Thread(target=lambda i=i: out.append(i)) for i in range(4)]
[t.start() for t in ts]; [t.join() for t in ts]
with tempfile.TemporaryFile() as f:
    f.write(b"tmp"); f.seek(0); tmp = f.read().decode()
print(json.dumps({"sum": db.execute("select sum(x) from t").fetchone()[0],
    "sha": hashlib.sha256(b"x").hexdigest()[:8], "z": zlib.crc32(b"x"),
    "d": str(decimal.Decimal(1) / 3), "t": sorted(out), "tmp": tmp, "argv": sys.argv[1:],
    "cwd": os.getcwd()}))
sys.exit(3)
"""


def test_python(home):
    (home / "app.py").write_text(APP)
    r = coracle(home, "run", "/usr/bin/python3", "app.py", "a", "b c", timeout=120)
    host = subprocess.run(["/usr/bin/python3", "app.py", "a", "b c"], cwd=home, capture_output=True, text=True,
                          timeout=60, check=False)
    assert (r.returncode, r.stdout) == (host.returncode, host.stdout), r.stderr


@pytest.mark.parametrize("args", [
    ["/usr/bin/lua5.4", "-e", "print(6*7, #arg, string.format('%q', 'x'))"],
    ["/usr/bin/perl", "-MList::Util=sum", "-MPOSIX", "-e", "print sum(1..9), floor(2.5), qq{\\n}; exit 4"],
    ["/usr/bin/gawk", "BEGIN { printf \"%.3f\\n\", atan2(1, 1) }"],
    ["/bin/echo", "-n", "x"],
    ["/bin/true"],
    ["/bin/false"],
])
def test_same_as_on_the_host(home, args):
    if not os.path.exists(args[0]):
        pytest.skip("not installed")
    r = coracle(home, "run", *args)
    host = subprocess.run(args, capture_output=True, text=True, timeout=20, check=False)
    assert (r.returncode, r.stdout, r.stderr) == (host.returncode, host.stdout, host.stderr)


SCRIPTS = {
    "ruby": ("a.rb", 'require "json"; require "digest"; require_relative "b"\n'
             'puts JSON.generate({h: Digest::SHA256.hexdigest("x")[0, 8], b: B}); exit 3\n', "b.rb", "B = 2\n"),
    "php": ("a.php", '<?php require __DIR__."/b.php"; echo json_encode([hash("sha256", "x"), B]); exit(3);',
            "b.php", "<?php const B = 2;"),
    "node": ("a.js", 'const b = require("./b"); console.log(JSON.stringify({b, h: require("crypto")'
             '.createHash("sha256").update("x").digest("hex")})); process.exitCode = 3;', "b.js",
             "module.exports = 2;"),
    "java": ("A.java", "public class A { public static void main(String[] a) {"
             ' System.out.println(String.join(",", a) + java.time.Duration.ofDays(1)); System.exit(3); } }',
             "none", ""),
    "perl": ("a.pl", 'use lib "."; use B2; use JSON::PP; print JSON::PP->new->encode([B2::b()]); exit 3;',
             "B2.pm", "package B2; sub b { 2 } 1;"),
    "lua5.4": ("a.lua", 'print(require("b2"), string.rep("x", 3)) os.exit(3)', "b2.lua", "return 2"),
}


@pytest.mark.parametrize("runtime", SCRIPTS)
def test_runtime_with_its_library_and_a_neighbour(home, runtime):
    program = f"/usr/bin/{runtime}"
    if not os.path.exists(program):
        pytest.skip("not installed")
    d = home / runtime
    d.mkdir()
    script, text, other, other_text = SCRIPTS[runtime]
    (d / script).write_text(text)
    (d / other).write_text(other_text)
    r = coracle(home, "run", program, script, "arg", cwd=d, timeout=180)
    host = subprocess.run([program, script, "arg"], cwd=d, capture_output=True, text=True, timeout=60, check=False)
    assert (r.returncode, r.stdout) == (host.returncode, host.stdout), r.stderr
    assert r.returncode == 3


def test_script(home):
    (home / "s.lua").write_text("#!/usr/bin/lua5.4\nprint(io.read('a'):upper())\n")
    (home / "s.lua").chmod(0o755)
    r = coracle(home, "run", "./s.lua", input="piped")
    assert r.stdout == "PIPED\n", r.stderr


def test_writes_are_gone_but_kept_with_keep(home):
    code = "import os; f = open('/root/n', 'a'); f.write('x'); f.close(); print(os.path.getsize('/root/n'))"
    args = ["/usr/bin/python3", "-c", code]
    for _ in range(2):
        assert coracle(home, "run", *args, timeout=120).stdout == "1\n"
    for n in (1, 2, 3):
        assert coracle(home, "run", "--keep", "k", *args, timeout=120).stdout == f"{n}\n"


def test_volume_lasts(home):
    code = "import os; f = open('/v/n', 'a'); f.write('x'); f.close(); print(os.path.getsize('/v/n'))"
    for n in (1, 2):
        r = coracle(home, "run", "--volume", "vol:/v", "/usr/bin/python3", "-c", code, timeout=120)
        assert r.stdout == f"{n}\n", r.stderr


@pytest.mark.parametrize("n", [1, 4, 5, 12])
def test_many_volumes(home, n):
    """More than four do not fit microvm: q35, whose firmware takes more memory the more disks there are."""
    args = [a for i in range(n) for a in ("--volume", f"many{i}:/mnt/{i}")]
    r = coracle(home, "run", *args, "/usr/bin/python3", "-c", "import os; print(*map(os.path.ismount, "
                f"['/mnt/%d' % i for i in range({n})]))", timeout=120)
    assert r.stdout.split() == ["True"] * n, r.stderr


@pytest.mark.parametrize("machine", ["microvm", "q35"])
@pytest.mark.parametrize("cpus", [1, 4])
def test_machines_and_cpus(home, machine, cpus):
    r = coracle(home, "run", "--machine", machine, "-c", cpus, "/usr/bin/nproc", timeout=120)
    assert r.stdout == f"{cpus}\n", r.stderr


def test_clock(home):
    r = coracle(home, "run", "/bin/date", "+%s")
    assert abs(int(r.stdout) - time.time()) < 5


def test_build_and_boot_the_image(home, progs):
    assert coracle(home, "build", "-o", "h.img", "-e", "V=built", progs / "args", "one").returncode == 0
    st = os.stat(home / "h.img")
    assert st.st_size <= 2 << 20 and st.st_blocks * 512 <= 2 << 20
    r = coracle(home, "run", "--image", "h.img")
    assert "[one]" in r.stdout and "{V=built}" in r.stdout, r.stderr


def test_root_tree_from_an_image(home):
    """What build made, dump unpacks, and --root boots."""
    code = "import json, os; print(json.dumps(os.listdir('/usr/lib/python3.11/json')[:0]))"
    assert coracle(home, "build", "-o", "p.img", "/usr/bin/python3", "-c", code).returncode == 0
    subprocess.run([ROOT / "dump", "-d", "tree", "p.img"], cwd=home, check=True, capture_output=True, timeout=60)
    r = coracle(home, "run", "--root", "tree", "python3", "-c", code, timeout=120)
    assert (r.returncode, r.stdout) == (0, "[]\n"), r.stderr


# --- a terminal ------------------------------------------------------------------------------------

class Terminal:
    """The command at a pseudo-terminal."""

    def __init__(self, home, *args, rows=37, cols=111):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            os.execve(CORACLE, [CORACLE, *map(str, args)], environment(home))
        self.size(rows, cols)
        self.seen = ""

    def size(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def expect(self, text, timeout=30):
        end = time.monotonic() + timeout
        while text not in self.seen:
            left = end - time.monotonic()
            assert left > 0, self.seen
            if not select.select([self.fd], [], [], left)[0]:
                continue
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b""
            assert data, f"ended: {self.seen!r}"
            self.seen += data.decode(errors="replace")
        before, self.seen = self.seen.split(text, 1)
        return before

    def send(self, text):
        os.write(self.fd, text.encode())

    def status(self, timeout=30):
        signal.signal(signal.SIGALRM, lambda *a: os.kill(self.pid, signal.SIGKILL))
        signal.alarm(timeout)
        try:
            while os.read(self.fd, 4096):
                pass
        except OSError:
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        signal.alarm(0)
        os.close(self.fd)
        return status


def test_interactive_python(home):
    t = Terminal(home, "run", "/usr/bin/python3", "-q")
    t.expect(">>> ")
    t.send("6*7\r")
    t.expect("42\r\n")
    t.send("import os; os.get_terminal_size()\r")
    t.expect("columns=111, lines=37")
    t.send("import time; time.sleep(60)\r")
    time.sleep(1)
    t.send("\x03")
    t.expect("KeyboardInterrupt")
    t.send("exit(5)\r")
    assert t.status() == 5


RESIZE = """
import os, signal
signal.signal(signal.SIGWINCH, lambda *a: None)
print("ready", *os.get_terminal_size(), ".", flush=True)
signal.pause()
print("now", *os.get_terminal_size(), ".")
"""


def test_window_size_changes(home):
    t = Terminal(home, "run", "/usr/bin/python3", "-c", RESIZE)
    t.expect("ready 111 37 .")
    time.sleep(0.5)  # until it is in pause()
    t.size(20, 50)
    t.expect("now 50 20 .")
    assert t.status() == 0


def test_interactive_lua(home):
    t = Terminal(home, "run", "/usr/bin/lua5.4")
    t.expect("> ")
    t.send("print(6*7)\r")
    t.expect("42\r\n")
    t.expect("> ")  # before it, ^D would meet the terminal in another mode, here as on Linux
    t.send("\x04")
    assert t.status() == 0


def test_escape_kills(home, progs):
    t = Terminal(home, "run", progs / "cat")
    t.send("x\r")
    t.expect("x\r\nx\r\n")
    t.send("\x1d\x1d\x1d")
    assert t.status() == 128 + signal.SIGKILL
