# SPDX-License-Identifier: Apache-2.0
"""Servers and clients from Debian's archive on a tap in a namespace, with 1, 2 and 4 CPUs, asked by this host over IPv4
and IPv6.  `make test` boots most of them once, each with another number of CPUs; CORACLE_SOAK=1 boots all with all."""
import asyncio
import contextlib
import hashlib
import http.server
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.request

import pytest

from rig import (GUEST, GUEST6, HOST, Network, SOAK, TAP, certificate, guest_address6, tcp_answers, tool, udp_answers,
                 wait_for, which)

ALL = [1, 2, 4]
CURL = ("curl", "-sS", "-m", "60")


def cpus(n):
    """Every number of CPUs in a soak, else the one that this test has."""
    return pytest.mark.parametrize("cpus", ALL if SOAK else [n])


@pytest.fixture(scope="module")
def net():
    with Network() as n:
        yield n


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    d = tmp_path_factory.mktemp("servers")
    (d / "six.manifest").write_text(f'(ip6addr:"{GUEST6}/64")\n')
    return d


@pytest.fixture(scope="module")
def tls(home):
    return certificate(home)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def fetch_sha(url, *options, timeout=600):
    """The SHA-256 of what curl gets, whatever its size."""
    with subprocess.Popen(["curl", "-sS", "-f", "-m", str(timeout), *options, url], stdout=subprocess.PIPE) as p:
        h = hashlib.file_digest(p.stdout, "sha256").hexdigest()
    assert p.returncode == 0, url
    return h


def wrk(url, connections=32, seconds=2):
    """Requests done; none may fail."""
    out = tool("wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "20", url)
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    return int(re.search(r"(\d+) requests in", out)[1])


# -- redis

@pytest.mark.parametrize("cpus", ALL)
def test_redis(net, home, cpus):
    """Every test of redis-benchmark: one at a time, in a pipeline, over random keys, with large values, over IPv6."""
    which("redis-server")
    n = 20000 if SOAK else 1000

    def benchmark(*args):
        out = tool("redis-benchmark", "-q", *args, timeout=300)
        assert "ERR" not in out and "rror" not in out, out
        return len(re.findall(r"requests per second", out))

    with net.guest(home, "redis-server", "--save", "", "--protected-mode", "no", cpus=cpus,
                   options=("--manifest", home / "six.manifest"), up=tcp_answers(6379, b"PING\r\n")) as vm:
        assert benchmark("-h", GUEST, "-n", n, "-c", 50) == 20
        assert benchmark("-h", GUEST, "-n", 5 * n, "-c", 50, "-P", 16, "-r", 10000, "-t",
                         "set,get,incr,lpush,lpop,sadd,hset,spop,zadd,zpopmin,mset") == 11
        assert benchmark("-h", GUEST6, "-n", n, "-c", 50, "-d", 20000, "-t", "set,get") == 2
        assert benchmark("-h", GUEST, "-n", n, "-k", 0, "-t", "ping") == 2  # a connection for each request
        tool("ping", "-c", "5", "-i", "0.1", "-s", "1400", "-w", "10", GUEST)
        tool("ping", "-c", "3", "-i", "0.1", "-s", "9000", "-w", "10", GUEST)  # in fragments
        tool("ping", "-6", "-c", "3", "-i", "0.1", "-s", "9000", "-w", "10", GUEST6)
        tool("ping", "-6", "-c", "3", "-i", "0.1", "-w", "10", f"{guest_address6()}%{TAP}")
        vm.alive()


# -- nginx

def make_files(root, big):
    """1 B, 4 KB and 1 MB at random; the big one is sparse, with something at its start and end."""
    root.mkdir(exist_ok=True)
    for name, size in (("one", 1), ("page", 4096), ("mega", 1 << 20)):
        (root / name).write_bytes(os.urandom(size))
    with open(root / "big", "wb") as f:
        f.write(os.urandom(1 << 20))
        f.truncate(big - (1 << 20))
        f.seek(big - (1 << 20))
        f.write(os.urandom(1 << 20))
    return {n: hashlib.file_digest(open(root / n, "rb"), "sha256").hexdigest() for n in ("one", "page", "mega", "big")}


def nginx_conf(home, tls, root):
    conf = home / "nginx.conf"
    conf.write_text(f"""error_log /dev/stderr;
pid /tmp/nginx.pid;
events {{ worker_connections 1024; }}
http {{
	access_log off;
	server {{
		listen 80;
		listen [::]:80;
		listen 443 ssl http2;
		sendfile on;
		ssl_certificate {tls[0]};
		ssl_certificate_key {tls[1]};
		root {root};
	}}
}}
""")
    return conf


@pytest.mark.parametrize("cpus", ALL)
def test_nginx(net, home, tls, cpus):
    """Files by their hashes, plain and under TLS, at once and in turn; wrk with and without keepalive."""
    which("nginx")
    root = home / "www"
    sums = make_files(root, 1 << 30 if SOAK and cpus == 1 else 32 << 20)
    with net.guest(home, "nginx", "-c", nginx_conf(home, tls, root), cpus=cpus, up=tcp_answers(80),
                   options=("--dir", root, "--file", tls[0], "--file", tls[1], "--manifest", home / "six.manifest"),
                   seconds=120):
        for name, want in sums.items():
            assert fetch_sha(f"http://{GUEST}/{name}") == want, name
        for name in ("one", "page", "mega"):
            assert fetch_sha(f"https://{GUEST}/{name}", "--cacert", tls[0]) == sums[name], name
            assert fetch_sha(f"https://{GUEST}/{name}", "--cacert", tls[0], "--http2") == sums[name], name
            assert fetch_sha(f"http://[{GUEST6}]/{name}") == sums[name], name
        assert fetch_sha(f"http://{GUEST}/big", "-r", "1048000-1049999") == part_sha(root / "big", 1048000, 2000)
        one = tool(*CURL, "-v", *[f"http://{GUEST}/one"] * 3, "-o", os.devnull, "--stderr", "-")
        assert one.count("Re-using existing connection") == 2
        for name in ("one", "page", "mega"):
            assert wrk(f"http://{GUEST}/{name}", seconds=2 if name == "page" else 1) > 10
        assert wrk(f"https://{GUEST}/page", connections=16) > 10
        out = tool("wrk", "-t1", "-c16", "-d1", "-H", "Connection: close", f"http://{GUEST}/page")
        assert "Non-2xx" not in out and int(re.search(r"(\d+) requests in", out)[1]) > 50, out


def part_sha(path, start, size):
    with open(path, "rb") as f:
        f.seek(start)
        return sha(f.read(size))


# -- memcached

def binary(op, key=b"", extras=b"", value=b""):
    body = extras + key + value
    return struct.pack(">BBHBBHIIQ", 0x80, op, len(key), len(extras), 0, 0, len(body), 7, 0) + body


def binary_reply(s):
    head = read_exactly(s, 24)
    _, op, _, extras, _, status, size, opaque, _ = struct.unpack(">BBHBBHIIQ", head)
    assert opaque == 7
    return op, status, read_exactly(s, size)[extras:]


def read_exactly(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        assert more, "the connection ended"
        data += more
    return data


def read_until(s, mark):
    data = b""
    while not data.endswith(mark):
        more = s.recv(65536)
        assert more, "the connection ended"
        data += more
    return data


@pytest.mark.parametrize("cpus", ALL if SOAK else [1, 4])
def test_memcached(net, home, cpus):
    """Four workers; the text and the binary protocol over TCP, the text protocol over UDP."""
    which("memcached")
    with net.guest(home, "memcached", "-u", "root", "-t", "4", "-U", "11211", cpus=cpus,
                   up=tcp_answers(11211, b"version\r\n")):
        value = os.urandom(100_000).hex().encode()
        with socket.create_connection((GUEST, 11211), 20) as s:
            s.sendall(b"set a 0 0 %d\r\n%s\r\nget a\r\n" % (len(value), value))
            assert read_until(s, b"END\r\n") == b"STORED\r\nVALUE a 0 %d\r\n%s\r\nEND\r\n" % (len(value), value)
        with socket.create_connection((GUEST, 11211), 20) as s:
            s.sendall(binary(1, b"k", bytes(8), value) + binary(0, b"k") + binary(0, b"none"))
            assert binary_reply(s)[:2] == (1, 0)
            assert binary_reply(s) == (0, 0, value)
            assert binary_reply(s)[:2] == (0, 1)
        memcached_udp()
        memcached_at_once()


def memcached_udp():
    """Frames of RFC-less 8 bytes: request, sequence, datagrams, zero; an answer of several datagrams."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE: many datagrams at once
        s.connect((GUEST, 11211))
        s.send(struct.pack(">HHHH", 1, 0, 1, 0) + b"set u 0 0 5\r\nhello\r\n")
        assert s.recv(65536)[8:] == b"STORED\r\n"
        s.send(struct.pack(">HHHH", 2, 0, 1, 0) + b"get u\r\n")
        assert s.recv(65536)[8:] == b"VALUE u 0 5\r\nhello\r\nEND\r\n"
        s.send(struct.pack(">HHHH", 3, 0, 1, 0) + b"get a\r\n")
        parts, first = {}, s.recv(65536)
        parts[0] = first
        total = struct.unpack(">HHHH", first[:8])[2]
        assert total > 100
        while len(parts) < total:
            more = s.recv(65536)
            parts[struct.unpack(">HHHH", more[:8])[1]] = more
        assert b"".join(parts[i][8:] for i in range(total)).endswith(b"\r\nEND\r\n")


def memcached_at_once():
    """Eight clients, each with keys of its own, on four workers."""
    def client(i):
        with socket.create_connection((GUEST, 11211), 20) as s:
            for k in range(50):
                v = b"%d-%d" % (i, k) * 200
                s.sendall(b"set c%d 0 0 %d\r\n%s\r\nget c%d\r\n" % (i, len(v), v, i))
                assert v in read_until(s, b"END\r\n")
        done.append(i)
    done = []
    threads = [threading.Thread(target=client, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(done) == 8


# -- python

PYTHON = r'''
import asyncio, http.server, socketserver, sys, threading
web = http.server.ThreadingHTTPServer(("", 8000), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=web.serve_forever, daemon=True).start()
async def echo(r, w):
    while line := await r.readline():
        w.write(line); await w.drain()
    w.close(); await w.wait_closed()
class Udp(asyncio.DatagramProtocol):
    def connection_made(self, t): self.t = t
    def datagram_received(self, data, addr): self.t.sendto(data[::-1], addr)
async def main():
    import ssl
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain(*sys.argv[1:3])
    await asyncio.get_running_loop().create_datagram_endpoint(Udp, local_addr=("0.0.0.0", 9000))
    a = await asyncio.start_server(echo, None, 9000); b = await asyncio.start_server(echo, None, 9443, ssl=c)
    async with a, b: await asyncio.gather(a.serve_forever(), b.serve_forever())
asyncio.run(main())
'''


@cpus(2)
def test_python(net, home, tls, cpus):
    """http.server with threads, asyncio over TCP, TLS and UDP, in one process; a hundred conversations at once."""
    script = home / "both.py"
    script.write_text(PYTHON)
    (home / "page.txt").write_bytes(os.urandom(300_000))

    async def talk(i, context):
        r, w = await asyncio.open_connection(GUEST, 9443 if context else 9000, ssl=context)
        for k in range(3):
            line = b"%d %d " % (i, k) + b"x" * 1000 * k + b"\n"
            w.write(line)
            assert await r.readline() == line
        w.close()

    async def all_at_once():
        context = ssl.create_default_context(cafile=tls[0])
        await asyncio.wait_for(asyncio.gather(*[talk(i, context if i % 10 == 0 else None) for i in range(100)]), 60)

    with net.guest(home, "python3", script, *tls, cpus=cpus, up=tcp_answers(9000, b"x\n"),
                   options=("--file", home / "page.txt", "--cwd", home)):
        asyncio.run(all_at_once())
        for _ in range(3):
            assert fetch_sha(f"http://{GUEST}:8000/page.txt") == sha((home / "page.txt").read_bytes())
        assert udp_answers(9000, b"abc")() == b"cba"
        assert wrk(f"http://{GUEST}:8000/page.txt", connections=4, seconds=1) > 3


# -- Go and Rust

GO = r'''
package main
import ("crypto/sha256"; "fmt"; "io"; "log"; "net/http"; "os"; "runtime"; "time")
func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s from %d\n", r.URL.Path, runtime.NumCPU()) })
	http.HandleFunc("/sum", func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New(); io.Copy(h, r.Body); fmt.Fprintf(w, "%x", h.Sum(nil)) })
	http.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 5; i++ { fmt.Fprintln(w, i); w.(http.Flusher).Flush(); time.Sleep(50 * time.Millisecond) } })
	go http.ListenAndServeTLS(":8443", os.Args[1], os.Args[2], nil)
	log.Fatal(http.ListenAndServe(":8080", nil))
}
'''


def build_go(home):
    which("go")
    (home / "web.go").write_text(GO)
    tool("go", "build", "-o", home / "goweb", home / "web.go", timeout=300, cwd=home,
         env={"PATH": "/usr/bin:/bin", "HOME": str(home), "GOCACHE": str(home / "gocache"), "GO111MODULE": "off"})
    return home / "goweb"


@cpus(4)
def test_go(net, home, tls, cpus):
    """net/http, plain and TLS (with HTTP/2), streamed answers, an upload, and load."""
    with net.guest(home, build_go(home), *tls, cpus=cpus, up=tcp_answers(8080),
                   options=("--manifest", home / "six.manifest")):
        assert tool(*CURL, f"http://{GUEST}:8080/x") == f"/x from {cpus}\n"
        assert tool(*CURL, f"http://[{GUEST6}]:8080/y") == f"/y from {cpus}\n"
        assert tool(*CURL, "--cacert", tls[0], f"https://{GUEST}:8443/z") == f"/z from {cpus}\n"
        assert tool(*CURL, f"http://{GUEST}:8080/slow") == "0\n1\n2\n3\n4\n"
        data = os.urandom(5 << 20)
        r = urllib.request.urlopen(f"http://{GUEST}:8080/sum", data, timeout=30)
        assert r.read().decode() == sha(data)
        assert wrk(f"http://{GUEST}:8080/") > 50
        assert wrk(f"https://{GUEST}:8443/", connections=8, seconds=1) > 5


RUST = r'''
use std::io::{BufRead, BufReader, Write}; use std::net::{TcpListener, TcpStream, UdpSocket}; use std::thread;
fn serve(s: TcpStream) -> std::io::Result<()> {
    s.set_nodelay(true)?; let mut w = s.try_clone()?; let mut n = 0;
    for line in BufReader::new(s).lines() {
        let line = line?; n += line.len();
        if line.is_empty() { write!(w, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nrust\n")? } else if line == "n?" { writeln!(w, "{}", n)? } }
    Ok(())
}
fn main() {
    let u = UdpSocket::bind("[::]:7001").unwrap();
    thread::spawn(move || { let mut b = [0; 65536]; loop { let (n, from) = u.recv_from(&mut b).unwrap(); u.send_to(&b[..n], from).unwrap(); } });
    for s in TcpListener::bind("[::]:7000").unwrap().incoming() { let s = s.unwrap(); thread::spawn(move || serve(s)); }
}
'''


@cpus(2)
def test_rust(net, home, cpus):
    """std::net: a thread for each connection on a dual-stack listener, and UDP of the largest size."""
    rustc = which("rustc")
    (home / "web.rs").write_text(RUST)
    tool(rustc, "-O", "-o", home / "rustweb", home / "web.rs", timeout=120)
    with net.guest(home, home / "rustweb", cpus=cpus, up=tcp_answers(7000, b"\n"),
                   options=("--manifest", home / "six.manifest")):
        assert wrk(f"http://{GUEST}:7000/", connections=50) > 50
        assert wrk(f"http://[{GUEST6}]:7000/", connections=10, seconds=1) > 20
        with socket.create_connection((GUEST, 7000), 20) as s:
            s.sendall((b"y" * 99_999 + b"\n") * 20 + b"n?\n")
            assert read_until(s, b"\n") == b"1999982\n"[:-1] + b"\n"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(10)
            data = os.urandom(65507)
            s.sendto(data, (GUEST, 7001))
            assert s.recv(65536) == data


# -- haproxy

class Who(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"{self.server.server_port} {self.path} {self.headers.get('X-Forwarded-For')}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def host_webs(n, context=None):
    """HTTP servers on the host's side: their ports."""
    webs = []
    for _ in range(n):
        w = http.server.ThreadingHTTPServer((HOST, 0), Who)
        if context:
            w.socket = context.wrap_socket(w.socket, server_side=True)
        threading.Thread(target=w.serve_forever, daemon=True).start()
        webs.append(w)
    yield [w.server_port for w in webs]
    for w in webs:
        w.shutdown()
        w.server_close()


@cpus(2)
def test_haproxy(net, home, tls, cpus):
    """Between clients and two servers on the host: HTTP and TCP, TLS ended there, in turn, and one of them failing."""
    which("haproxy")
    (home / "both.pem").write_text(tls[0].read_text() + tls[1].read_text())
    with host_webs(2) as ports:
        (home / "x.cfg").write_text(f"""global
	maxconn 500
defaults
	mode http
	option forwardfor
	timeout connect 2s
	timeout client 10s
	timeout server 10s
	option redispatch
frontend web
	bind :80
	bind :443 ssl crt {home}/both.pem
	default_backend two
backend two
	balance roundrobin
	server a {HOST}:{ports[0]} check inter 200
	server b {HOST}:{ports[1]} check inter 200
	server c {HOST}:9 check inter 200
listen raw
	mode tcp
	bind :81
	server a {HOST}:{ports[0]}
listen stats
	bind :82
	stats enable
	stats uri /
""")
        with net.guest(home, "haproxy", "-f", home / "x.cfg", cpus=cpus, up=tcp_answers(82),
                       options=("--file", home / "both.pem")):
            got = [tool(*CURL, f"http://{GUEST}/p") for _ in range(10)]
            assert {g.split()[0] for g in got} == {str(p) for p in ports}
            assert all(g.split()[1:] == ["/p", HOST] for g in got)
            assert "/q" in tool(*CURL, "--cacert", tls[0], f"https://{GUEST}/q")
            assert tool(*CURL, f"http://{GUEST}:81/r").startswith(f"{ports[0]} /r None")
            assert "DOWN" in tool(*CURL, f"http://{GUEST}:82/")
            assert wrk(f"http://{GUEST}/", connections=16) > 20


# -- name servers

@pytest.fixture(scope="module")
def upstream(net):
    """A name server on the host: 192.0.2.7 for every name.  Its port."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((HOST, 0))

    def serve():
        while True:
            q, whom = s.recvfrom(4096)
            end = q.index(b"\0", 12) + 5
            kind = q[end - 4:end - 2]
            answer = b"\xc0\x0c" + kind + b"\0\1\0\0\0\x3c\0\4\xc0\0\2\7" if kind == b"\0\1" else b""
            s.sendto(q[:2] + b"\x84\0\0\1" + struct.pack(">H", bool(answer)) + b"\0\0\0\0" + q[12:end] + answer, whom)
    threading.Thread(target=serve, daemon=True).start()
    return s.getsockname()[1]


def dig(*words):
    return tool("dig", f"@{GUEST}", "+short", "+time=3", "+tries=3", *words).strip()


@cpus(4)
def test_unbound(net, home, upstream, cpus):
    """Own data over UDP, TCP and in a large answer; names that it asks a server on the host for; two threads."""
    which("unbound")
    which("dig")
    texts = "\n".join(f"\tlocal-data: 'big.test. TXT \"{i:03} {'x' * 200}\"'" for i in range(20))
    (home / "unbound.conf").write_text(f"""server:
	interface: 0.0.0.0
	access-control: 0.0.0.0/0 allow
	username: ""
	chroot: ""
	directory: "/"
	pidfile: ""
	use-syslog: no
	num-threads: 2
	do-not-query-localhost: no
	module-config: "iterator"
	local-zone: "test." static
	local-data: "a.test. A 192.0.2.1"
	local-data: "a.test. AAAA 2001:db8::1"
{texts}
forward-zone:
	name: "."
	forward-addr: {HOST}@{upstream}
""")
    with net.guest(home, "unbound", "-c", home / "unbound.conf", cpus=cpus, up=lambda: dig("a.test") == "192.0.2.1"):
        assert dig("a.test", "AAAA") == "2001:db8::1"
        assert dig("+tcp", "a.test") == "192.0.2.1"
        assert len(dig("big.test", "TXT").splitlines()) == 20           # truncated, then over TCP
        assert len(dig("big.test", "TXT", "+bufsize=65000").splitlines()) == 20
        names = home / "names"
        names.write_text("".join(f"n{i}.example A\n" for i in range(100)))
        out = tool("dig", f"@{GUEST}", "+short", "-f", names)
        assert out.splitlines() == ["192.0.2.7"] * 100


@cpus(1)
def test_dnsmasq(net, home, upstream, cpus):
    """Names of its own, names forwarded, and files by TFTP."""
    which("dnsmasq")
    which("dig")
    pub = home / "tftp"
    pub.mkdir(exist_ok=True)
    (pub / "boot").write_bytes(os.urandom(50_000))
    with net.guest(home, "dnsmasq", "--no-hosts", "--no-resolv", f"--server={HOST}#{upstream}", "--address=/own.test/192.0.2.9",
                   "--enable-tftp", f"--tftp-root={pub}", cpus=cpus, options=("--dir", pub),
                   up=lambda: dig("x.own.test") == "192.0.2.9"):
        assert dig("other.example") == "192.0.2.7"
        assert dig("+tcp", "x.own.test") == "192.0.2.9"
        assert fetch_sha(f"tftp://{GUEST}/boot") == sha((pub / "boot").read_bytes())


# -- mosquitto

@cpus(2)
def test_mosquitto(net, home, tls, cpus):
    """Messages from two publishers to three subscribers, retained ones, large ones, plain and under TLS."""
    which("mosquitto")
    which("mosquitto_sub")
    (home / "m.conf").write_text(f"user root\nlistener 1883\nallow_anonymous true\n"
                                 f"listener 8883\nallow_anonymous true\ncertfile {tls[0]}\nkeyfile {tls[1]}\n")
    base = ("-h", GUEST, "-q", "1")
    with net.guest(home, "mosquitto", "-c", home / "m.conf", cpus=cpus, up=tcp_answers(8883, b""),
                   options=("--file", tls[0], "--file", tls[1])):
        subs = [subprocess.Popen(["mosquitto_sub", *base, *how, "-t", "t/#", "-C", "200", "-W", "40", "-F", "%t %p"],
                                 stdout=subprocess.PIPE, text=True)
                for how in ((), (), ("-p", "8883", "--cafile", str(tls[0])))]
        time.sleep(1.5)
        for k in range(2):
            tool("mosquitto_pub", *base, "-t", f"t/{k}", "-l", input="".join(f"{i}\n" for i in range(100)))
        want = sorted(f"t/{k} {i}" for k in range(2) for i in range(100))
        for s in subs:
            assert sorted(s.communicate(timeout=60)[0].splitlines()) == want
        large = os.urandom(500_000).hex()
        (home / "large").write_text(large)
        tool("mosquitto_pub", *base, "-t", "kept", "-r", "-f", home / "large")
        assert tool("mosquitto_sub", *base, "-t", "kept", "-C", "1", "-W", "20").strip() == large


# -- iperf3

@pytest.mark.parametrize("cpus", ALL if SOAK else [1, 4])
def test_iperf3(net, home, cpus):
    """Both ways, several streams, small segments, IPv6, and UDP both ways without loss at a modest rate."""
    which("iperf3")

    def once(*args):
        out = json.loads(subprocess.run(["iperf3", "-J", *args], capture_output=True, timeout=60, check=False).stdout)
        assert "error" not in out, out["error"]
        return out["end"]

    def run(*args, to=GUEST):
        """The server makes its listener anew after each test, and is busy until it has: so ask again."""
        return wait_for(lambda: once("-c", to, "-t", "1", *args), 20)

    with net.guest(home, "iperf3", "-s", cpus=cpus, options=("--manifest", home / "six.manifest"),
                   up=lambda: tool("ping", "-c", "1", "-w", "1", GUEST)):
        for how in ((), ("-R",), ("-P", "4"), ("-P", "4", "-R"), ("-M", "536"), ("--bidir",)):
            assert run(*how)["sum_received"]["bytes"] > 1 << 20, how
        assert run("-R", to=GUEST6)["sum_received"]["bytes"] > 1 << 20
        for how in ((), ("-R",)):
            u = run("-u", "-b", "5M", "-l", "1400", *how)["sum"]
            assert u["packets"] > 100 and u["lost_percent"] < 5, u


# -- clients

CLIENT = r'''
import ssl, sys, urllib.request
c = ssl.create_default_context(cafile=sys.argv[1])
for u in sys.argv[2:]: print(urllib.request.urlopen(u, timeout=20, context=c).read().decode(), end="")
try: urllib.request.urlopen(sys.argv[2], timeout=20)
except urllib.error.URLError as e: print(type(e.reason).__name__)
'''


@cpus(1)
def test_clients(net, home, tls, cpus):
    """curl and urllib with TLS to a server on the host: the certificate is checked, and refused when it is not known."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*tls)
    with host_webs(1, context) as (port,):
        url = f"https://{HOST}:{port}"
        with net.guest(home, "curl", "-sS", "--cacert", tls[0], f"{url}/a", f"{url}/b", cpus=cpus) as vm:
            assert vm.process.wait(60) == 0
            vm.reader.join()
            assert vm.text == f"{port} /a None\n{port} /b None\n"
            vm.process.poll = lambda: None  # it was meant to end
        (home / "client.py").write_text(CLIENT)
        with net.guest(home, "python3", home / "client.py", tls[0], f"{url}/c", f"{url}/d", cpus=cpus) as vm:
            assert vm.process.wait(60) == 0
            vm.reader.join()
            assert vm.text == f"{port} /c None\n{port} /d None\nSSLCertVerificationError\n"
            vm.process.poll = lambda: None


# -- multicast

MDNS = r'''
import socket, struct, sys
GROUP = ("224.0.0.251", 5353)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("", 5353))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4s4s", socket.inet_aton(GROUP[0]), socket.inet_aton(sys.argv[1])))
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255); s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
t = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); t.bind(("::", 5354))
t.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, "ff02::fb") + struct.pack("I", [i for i, n in socket.if_nameindex() if n == "eth0"][0]))
import select
while True:
    for x in select.select([s, t], [], [])[0]:
        q, whom = x.recvfrom(9000)
        if q == b"leave": s.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, struct.pack("4s4s", socket.inet_aton(GROUP[0]), socket.inet_aton(sys.argv[1])))
        x.sendto(b"mine: " + q, GROUP if x is s and q != b"leave" else whom)
'''


@cpus(1)
def test_mdns(net, home, cpus):
    """A group joined: questions to 224.0.0.251 and ff02::fb arrive, answers go to the group; after leaving none arrive."""
    script = home / "mdns.py"
    script.write_text(MDNS)
    tool("ip", "route", "add", "224.0.0.0/4", "dev", TAP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as t:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("", 5353))
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("224.0.0.251") + socket.inet_aton(HOST))
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        s.settimeout(2)
        t.settimeout(2)

        def ask(sock, what, where):
            sock.sendto(what, where)
            return sock.recv(9000)

        with net.guest(home, "python3", script, GUEST, cpus=cpus,
                       up=lambda: ask(s, b"who?", ("224.0.0.251", 5353)) == b"mine: who?"):
            index = socket.if_nametoindex(TAP)
            assert ask(t, b"six?", ("ff02::fb", 5354, 0, index)) == b"mine: six?"
            assert ask(s, b"leave", (GUEST, 5353)) == b"mine: leave"
            with pytest.raises(TimeoutError):
                ask(s, b"gone?", ("224.0.0.251", 5353))
