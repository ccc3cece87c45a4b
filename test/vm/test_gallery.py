# SPDX-License-Identifier: Apache-2.0
"""Programs that people deploy or write in, as Debian ships them: each starts, answers a question and says what it says on Linux.
For `make soak`; the packages are those of mk/packages-soak.txt."""
import os
import shutil
import socket
import struct
import subprocess
import time
import urllib.request

import pytest

from tool import CORACLE, environment, start


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def http(path, data=None):
    def ask(port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data, timeout=5) as r:
            return r.read()
    return ask


def lines(question):
    def ask(port):
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            s.settimeout(5)
            s.sendall(question)
            answer = b""
            while more := s.recv(65536):
                answer += more
            return answer
    return ask


def name_asked(name):
    def ask(port):
        query = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(2)
            s.connect(("127.0.0.1", port))
            s.send(query + b"\0\0\1\0\1")
            return s.recv(512)
    return ask


def sql(port):
    r = subprocess.run(["mariadb", "-h", "127.0.0.1", "-P", str(port), "-u", "root", "-N", "-e",
                        "create database t; use t; create table a(n int primary key auto_increment, s varchar(9));"
                        "insert into a(s) values ('x'), ('y'); insert into a(s) select a.s from a, a b, a c; select count(*) from a"],
                       capture_output=True, timeout=60, check=False)
    if r.returncode:
        raise OSError(r.stderr)
    return r.stdout


NAMED = """options { directory "/tmp"; listen-on port 5353 { any; }; listen-on-v6 { none; }; pid-file none; session-keyfile none;
 recursion no; dnssec-validation no; };
zone "test" { type master; file "test.zone"; };
controls { };
"""
ZONE = "$TTL 60\n@ IN SOA ns.test. r.test. 1 60 60 60 60\n@ IN NS ns.test.\nns IN A 127.0.0.1\nwww IN A 1.2.3.4\n"
LIGHTTPD = 'server.document-root = "/srv"\nserver.port = 80\nserver.modules = ("mod_accesslog")\naccesslog.filename = "/tmp/log"\n'


def first_database(home):
    subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={home}/my", "--user=root",
                    "--auth-root-authentication-method=normal"], capture_output=True, check=True, timeout=120)


def site(home):
    (home / "srv").mkdir(exist_ok=True)
    (home / "srv" / "index.html").write_text("a page\n")
    (home / "lighttpd.conf").write_text(LIGHTTPD)


def zone(home):
    (home / "named.conf").write_text(NAMED)
    (home / "test.zone").write_text(ZONE)


# program: (what to prepare, options, arguments, guest port, protocol, question, part of the answer); {home} is the test's directory.
SERVERS = {
    "lighttpd": (site, ["--dir", "{home}/srv:/srv", "--file", "{home}/lighttpd.conf:/etc/l.conf"], ["-f", "/etc/l.conf"], 80, "tcp",
                 http("/index.html"), b"a page"),
    "caddy": (site, ["-m", "512M", "--dir", "{home}/srv:/srv"], ["file-server", "--root", "/srv", "--listen", ":8080"], 8080, "tcp",
              http("/index.html"), b"a page"),
    "etcd": (None, ["-m", "512M"], ["--data-dir", "/tmp/etcd", "--listen-client-urls", "http://0.0.0.0:2379",
                                    "--advertise-client-urls", "http://127.0.0.1:2379"], 2379, "tcp",
             http("/v3/kv/put", b'{"key":"Zm9v","value":"YmFy"}'), b"revision"),
    "nats-server": (None, [], [], 4222, "tcp",
                    lambda port: lines(b'CONNECT {"verbose":true}\r\nPUB a 2\r\nhi\r\nBAD\r\n')(port), b"+OK\r\n+OK"),
    "beanstalkd": (None, [], [], 11300, "tcp", lines(b"put 0 0 10 2\r\nhi\r\nreserve\r\nquit\r\n"), b"RESERVED 1 2\r\nhi"),
    "prometheus": (None, ["-m", "512M", "--dir", "/etc/prometheus"],
                   ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/tmp/p"], 9090, "tcp",
                   http("/api/v1/query?query=1%2b1"), b'"2"'),
    "named": (zone, ["--file", "{home}/named.conf:/etc/bind/named.conf", "--file", "{home}/test.zone:/tmp/test.zone"],
              ["-g", "-c", "/etc/bind/named.conf"], 5353, "udp", name_asked("www.test"), bytes([1, 2, 3, 4])),
    "mariadbd": (first_database, ["-m", "1G", "--dir", "{home}/my:/my"],
                 ["--no-defaults", "--datadir=/my", "--user=root", "--skip-grant-tables", "--skip-networking=0"], 3306, "tcp", sql, b"10"),
}

LISP = """(defun fib (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(print (fib 24)) (print (handler-case (error "x") (error () 'caught))) (gc :full t) (sb-ext:exit :code 3)
"""
GO = """package main
import ("fmt"; "net"; "io"; "net/http"; "os"; "os/signal"; "sync"; "syscall"; "runtime")
func main() {
	ln, err := net.Listen("tcp", "127.0.0.1:0"); if err != nil { panic(err) }
	go http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hi ", r.URL.Path) }))
	var wg sync.WaitGroup; var mu sync.Mutex; n := 0
	for i := 0; i < 100; i++ { wg.Add(1); go func(i int) { defer wg.Done()
		r, err := http.Get(fmt.Sprintf("http://%s/%d", ln.Addr(), i)); if err != nil { panic(err) }
		b, _ := io.ReadAll(r.Body); r.Body.Close(); if len(b) > 3 { mu.Lock(); n++; mu.Unlock() } }(i) }
	wg.Wait(); fmt.Println(n)
	for i := 0; i < 30; i++ { _ = make([]byte, 10<<20); runtime.GC() }
	c := make(chan os.Signal, 1); signal.Notify(c, syscall.SIGUSR1); syscall.Kill(syscall.Getpid(), syscall.SIGUSR1); fmt.Println(<-c)
	defer func() { fmt.Println(recover()); os.Exit(9) }(); var p *int; *p = 1
}
"""
NODE = """const http = require('http'), fs = require('fs'), { Worker, isMainThread, parentPort } = require('worker_threads');
if (!isMainThread) { let s = 0; for (let i = 0; i < 1e6; i++) s += i % 7; parentPort.postMessage(s); } else {
  const srv = http.createServer((q, r) => r.end('hi ' + q.url)).listen(0, async () => {
    const get = p => new Promise(ok => http.get({ port: srv.address().port, path: p }, r => { let b = ''; r.on('data', d => b += d); r.on('end', () => ok(b)); }));
    for (let i = 0; i < 50; i++) await get('/' + i);
    console.log(await get('/x'), await Promise.all([1, 2, 3].map(() => new Promise(ok => new Worker(__filename).on('message', ok)))));
    fs.writeFileSync('/tmp/w', 'a'); const w = fs.watch('/tmp/w', () => { w.close(); console.log('changed'); process.exit(5); });
    fs.writeFileSync('/tmp/w', 'b');
  });
}
"""
# name: (files, options, command)
SCRIPTS = {
    "sbcl": ({"f.lisp": LISP}, ["-m", "1G", "--dir", "/usr/lib/sbcl"], ["sbcl", "--noinform", "--disable-debugger", "--load", "f.lisp"]),
    "guile": ({"g.scm": '(use-modules (ice-9 threads)) (display (par-map (lambda (x) (* x x)) (iota 10)))'},
              ["-m", "512M", "--dir", "/usr/share/guile", "--dir", "/usr/lib/x86_64-linux-gnu/guile"], ["guile", "--no-auto-compile", "g.scm"]),
    "pandoc": ({"p.md": "# Hi\n\n*x* **y**\n"}, ["-m", "1G", "--dir", "/usr/share/pandoc"], ["pandoc", "-t", "html", "p.md"]),
    "ffmpeg": ({}, ["-m", "512M"], ["ffmpeg", "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=d=1:s=160x120",
                                    "-flags", "bitexact", "-f", "md5", "-"]),
    "luajit": ({}, [], ["luajit", "-e", "local s = 0 for i = 1, 1e7 do s = s + i end print(s)"]),
    "tclsh8.6": ({"t.tcl": "puts [expr 6*7]; after 100 {puts done; exit 4}; vwait x"}, ["--dir", "/usr/share/tcltk"], ["tclsh8.6", "t.tcl"]),
    "node": ({"s.js": NODE}, ["-m", "512M"], ["/usr/bin/node", "s.js"]),
    "go": ({"main.go": GO}, [], ["./prog"]),
}

if os.environ.get("CORACLE_SOAK"):
    @pytest.mark.parametrize("cpus", ["1", "2", "4"])
    @pytest.mark.parametrize("name", SERVERS)
    def test_server(tmp_path, name, cpus):
        prepare, options, args, guest, protocol, ask, want = SERVERS[name]
        if not shutil.which(name, path="/usr/bin:/usr/sbin"):
            pytest.skip(f"{name} is not installed")
        if prepare:
            prepare(tmp_path)
        options = [o.format(home=tmp_path) for o in options]
        port = free_port(socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
        with open(tmp_path / "log", "wb") as log:
            vm = start(tmp_path, "run", "-c", cpus, "-p", f"{port}:{guest}/{protocol}", *options, name, *args, stdout=log, stderr=log)
        try:
            end, answer = time.time() + 90, b""
            while want not in answer and time.time() < end and vm.poll() is None:
                try:
                    answer = ask(port)
                except OSError:
                    time.sleep(0.5)
            assert want in answer, (tmp_path / "log").read_text(errors="replace")[-2000:]
        finally:
            vm.terminate()
            vm.wait(30)

    @pytest.mark.parametrize("cpus", ["1", "4"])
    @pytest.mark.parametrize("name", SCRIPTS)
    def test_same_as_on_linux(tmp_path, name, cpus):
        files, options, command = SCRIPTS[name]
        if not shutil.which(name, path="/usr/bin:/usr/sbin"):
            pytest.skip(f"{name} is not installed")
        for file, text in files.items():
            (tmp_path / file).write_text(text)
        env = environment(tmp_path)
        if name == "go":
            subprocess.run(["go", "build", "-o", "prog", "main.go"], cwd=tmp_path, check=True, timeout=300,
                           env={**env, "CGO_ENABLED": "0", "GO111MODULE": "off"})
        host = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, timeout=60, check=False)
        vm = subprocess.run([CORACLE, "run", "-c", cpus, *options, *command], cwd=tmp_path, env=env, capture_output=True, timeout=180,
                            check=False)
        assert (vm.returncode, vm.stdout) == (host.returncode, host.stdout), vm.stderr[-2000:]
