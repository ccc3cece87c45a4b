# SPDX-License-Identifier: Apache-2.0
"""Real programs, unmodified, from Debian's packages: what they print here is what they print on the host's Linux."""
import hashlib
import os
import shutil
import subprocess

import pytest

from tool import coracle, environment

APP = r'''
import json, sqlite3, threading, hashlib, zlib, tempfile, decimal
print(json.dumps({"a": [1, 2, {"b": None}]}), hashlib.sha256(b"x").hexdigest(), decimal.Decimal(1) / 7)
db = sqlite3.connect(":memory:")
db.execute("create table t(n)"); db.executemany("insert into t values (?)", [(i,) for i in range(1000)])
print(db.execute("select sum(n) from t").fetchone())
found = []
threads = [threading.Thread(target=lambda i=i: found.append(sum(range(i * 10000)))) for i in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sorted(found), zlib.crc32(zlib.decompress(zlib.compress(b"abc" * 1000))))
with tempfile.NamedTemporaryFile() as f:
    f.write(b"hi"); f.flush(); print(open(f.name).read())
'''

CPP = r'''
#include <atomic>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
static int deep(int n) { if (!n) throw std::runtime_error("bottom"); return deep(n - 1) + 1; }
int main() {
	std::atomic<long> sum{0};
	std::vector<std::thread> v;
	for (int i = 0; i < 8; i++)
		v.emplace_back([&sum, i] { for (int k = 0; k < 1000; k++) { try { deep(i); } catch (std::exception &) { sum++; } } });
	for (auto &t : v) t.join();
	try { std::string("x").at(5); } catch (std::out_of_range &) { std::cout << "caught " << sum << std::endl; }
}
'''

RUST = r'''
use std::sync::mpsc; use std::thread; use std::collections::HashMap;
fn main() {
    let (tx, rx) = mpsc::channel();
    for i in 0..8u64 { let tx = tx.clone(); thread::spawn(move || tx.send((0..i * 1000).sum::<u64>()).unwrap()); }
    drop(tx);
    let mut m = HashMap::new(); for v in rx { m.insert(v, ()); }
    let mut k: Vec<_> = m.keys().collect(); k.sort(); println!("{:?}", k);
    println!("{:?}", std::panic::catch_unwind(|| panic!("x")).is_err());
}
'''

# Name, command, standard input (or None).
COMMANDS = {
    "lua": (["lua5.4", "-e", "local t={} for i=1,100 do t[#t+1]=i*i end print(#t, table.concat(t, ','), string.format('%q', 'x'))"], None),
    "perl": (["perl", "-MPOSIX", "-MList::Util=sum", "-e", "print sum(map { $_**2 } 1..100), floor(2.7), qq(\\n)"], None),
    "gawk": (["gawk", "{ s += $1; print length($0) } END { print s, strftime(\"%Y\", 0, 1) }"], "1 x\n2 yy\n3 zzz\n"),
    "bc": (["bc", "-l"], "scale=50; 4*a(1)\n2^200\n"),
    "jq": (["jq", "-c", ".a | map(. * 2) | add"], '{"a":[1,2,3.5]}'),
    "sha256": (["openssl", "dgst", "-sha256"], "the same bytes\n"),
    "bzip2": (["bzip2", "-c"], "abc" * 10000),
    "sort": (["sort", "--parallel=4", "-n"], "".join(f"{(i * 7919) % 100003}\n" for i in range(100000))),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


def on_host(home, args, data=None):
    return subprocess.run([str(a) for a in args], input=data, capture_output=True, env=environment(home), timeout=120,
                          check=False, cwd=home)


def in_vm(home, args, data=None, options=("-c", "4", "-m", "512M")):
    from tool import CORACLE
    return subprocess.run([CORACLE, "run", *options, *[str(a) for a in args]], input=data or b"", capture_output=True,
                          env=environment(home), timeout=240, check=False, cwd=home)


def same(home, args, data=None):
    host, vm = on_host(home, args, data), in_vm(home, args, data)
    assert (vm.returncode, vm.stdout) == (host.returncode, host.stdout), vm.stderr[-2000:]


@pytest.mark.parametrize("name", COMMANDS)
def test_same_as_on_linux(home, name):
    args, data = COMMANDS[name]
    if not shutil.which(args[0]):
        pytest.skip(f"{args[0]} is not installed")
    same(home, args, data.encode() if data else None)


@pytest.mark.parametrize("cpus", ["1", "2", "4"])
def test_python(home, cpus):
    (home / "app.py").write_text(APP)
    python = "/usr/bin/python3"
    host = on_host(home, [python, home / "app.py"])
    vm = in_vm(home, [python, home / "app.py"], options=("-c", cpus))
    assert (vm.returncode, vm.stdout) == (0, host.stdout), vm.stderr


@pytest.mark.parametrize("packer,args", [("xz", ["-T4", "-1", "-c"]), ("zstd", ["-T4", "-c"])])
def test_packers_give_back_what_they_got(home, packer, args):
    if not shutil.which(packer):
        pytest.skip(f"{packer} is not installed")
    data = b"".join(hashlib.sha256(b"%d" % (i % 5000)).digest() for i in range(100_000))
    packed = in_vm(home, [packer, *args], data)
    assert packed.returncode == 0, packed.stderr
    assert on_host(home, [packer, "-dc"], packed.stdout).stdout == data


def test_sqlite_is_there_at_the_next_run(home):
    if not shutil.which("sqlite3"):
        pytest.skip("sqlite3 is not installed")
    for n in range(1, 4):
        r = coracle(home, "run", "--volume", "notes:/data", "sqlite3", "/data/n.db",
                    "create table if not exists n(t); insert into n values (1); select count(*) from n;")
        assert (r.returncode, r.stdout) == (0, f"{n}\n"), r.stderr


def test_openssl_key_and_speed(home):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    r = in_vm(home, ["openssl", "genrsa", "1024"])
    assert r.returncode == 0 and b"PRIVATE KEY" in r.stdout
    assert on_host(home, ["openssl", "rsa", "-check", "-noout"], r.stdout).returncode == 0
    r = in_vm(home, ["openssl", "speed", "-seconds", "1", "-bytes", "1024", "sha256"])
    assert r.returncode == 0 and b"sha256" in r.stdout, r.stderr


def test_cpp_exceptions_and_threads(home):
    if not shutil.which("g++"):
        pytest.skip("g++ is not installed")
    (home / "t.cc").write_text(CPP)
    subprocess.run(["g++", "-O1", "-o", home / "cpp", home / "t.cc", "-pthread"], check=True, timeout=120)
    r = in_vm(home, [home / "cpp"])
    assert (r.returncode, r.stdout) == (0, b"caught 8000\n"), r.stderr


def test_rust_std(home):
    if not shutil.which("rustc"):
        pytest.skip("rustc is not installed")
    (home / "t.rs").write_text(RUST)
    built = subprocess.run(["rustc", "-o", home / "rs", home / "t.rs"], capture_output=True, timeout=240, check=False)
    if built.returncode:
        pytest.skip("rustc cannot build here")
    same(home, [home / "rs"])


MUSL = r'''
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void *square(void *p) { long n = (long)p; return (void *)(n * n); }
int main(int argc, char **argv) {
	pthread_t t[8]; long sum = 0; void *r;
	for (long i = 0; i < 8; i++) pthread_create(&t[i], NULL, square, (void *)i);
	for (int i = 0; i < 8; i++) { pthread_join(t[i], &r); sum += (long)r; }
	printf("%s %d %ld %s\\n", argv[1], argc, sum, strrchr(argv[0], '/'));
	return (int)sum - 100;
}
'''


@pytest.mark.parametrize("link", ["-static", "-static-pie"])
def test_musl(home, link):
    (home / "m.c").write_text(MUSL)
    subprocess.run(["musl-gcc", "-fPIE", link, "-o", home / "musl", home / "m.c"], check=True, timeout=60)
    same(home, [home / "musl", "a b"])


def test_sort_100_mb(home):
    """Files beyond the memory, threads, and an answer that is one number."""
    line = b"".join(hashlib.sha256(b"%d" % i).hexdigest().encode() + b"\n" for i in range(16384))
    with open(home / "lines", "wb") as f:
        for i in range(98):
            f.write(line.replace(b"a", b"%d" % (i % 10)))
    sums = []
    for run in (on_host, in_vm):
        r = run(home, ["sort", "--parallel=4", "-S", "64M", home / "lines"])
        assert r.returncode == 0, r.stderr
        sums.append(hashlib.sha256(r.stdout).hexdigest())
    assert sums[0] == sums[1]
