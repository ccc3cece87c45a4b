# SPDX-License-Identifier: Apache-2.0
"""Unmodified network programs under `coracle run -p`: servers from Debian's archive, asked from the host."""
import hashlib
import http.server
import os
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest

from tool import ROOT, coracle, start

LOCAL = "127.0.0.1"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind((LOCAL, 0))
        return s.getsockname()[1]


def which(name):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not path:
        pytest.skip(f"{name} is not installed")
    return path


def answers(question, kind=socket.SOCK_STREAM):
    """A probe: whoever listens answers something to these bytes."""
    def probe(port):
        with socket.socket(socket.AF_INET, kind) as s:
            s.settimeout(1)
            s.connect((LOCAL, port))
            s.sendall(question)
            return s.recv(1000) != b""
    return probe


HTTP = answers(b"GET / HTTP/1.0\r\n\r\n")
REDIS = answers(b"PING\r\n")
MEMCACHED = answers(b"version\r\n")


class Server:
    """A program in a VM whose port answers."""

    def __init__(self, home, guest_port, *args, options=(), kind="tcp", probe=None):
        self.port = free_port(socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
        self.proc = start(home, "run", "-p", f"{self.port}:{guest_port}/{kind}", *options, *args)
        self.wait(probe)

    def wait(self, probe, seconds=30):
        """QEMU's user network takes connections before the guest does, so up is what has answered the probe."""
        end = time.time() + seconds
        while time.time() < end:
            if self.proc.poll() is not None:
                raise AssertionError("the server has ended")
            try:
                if probe(self.port):
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError("the server did not come up")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.proc.terminate()
        try:
            self.proc.wait(10)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()


def tool(*cmd, timeout=60):
    r = subprocess.run([str(c) for c in cmd], capture_output=True, text=True, timeout=timeout, check=False)
    assert r.returncode == 0, r.stderr
    return r.stdout


@pytest.mark.parametrize("cpus", [1, 2, 4])
def test_redis(home, cpus):
    which("redis-server")
    with Server(home, 6379, "redis-server", "--save", "", "--protected-mode", "no", options=("-c", cpus),
                probe=REDIS) as s:
        assert tool("redis-cli", "-p", s.port, "set", "k", "v" * 100_000).strip() == "OK"
        assert len(tool("redis-cli", "-p", s.port, "get", "k").strip()) == 100_000
        out = tool("redis-benchmark", "-p", s.port, "-n", 500, "-c", 20, "-q", "-t",
                   "ping,set,get,incr,lpush,rpop,sadd,hset,zadd,lrange_100,mset")
        assert out.count("requests per second") >= 11


def test_redis_pipeline_of_large_values(home):
    which("redis-server")
    with Server(home, 6379, "redis-server", "--save", "", "--protected-mode", "no", probe=REDIS) as s:
        out = tool("redis-benchmark", "-p", s.port, "-n", 2000, "-c", 10, "-P", 16, "-d", 3000, "-q", "-t", "set,get")
        assert out.count("requests per second") == 2


@pytest.mark.parametrize("cpus", [1, 2])
def test_nginx_files(home, tmp_path, cpus):
    which("nginx")
    root = tmp_path / "www"
    root.mkdir()
    sizes = {"one": 1, "page": 4096, "big": 8 << 20}
    for name, size in sizes.items():
        (root / name).write_bytes(os.urandom(size))
    conf = tmp_path / "nginx.conf"
    conf.write_text("error_log /dev/stderr; pid /tmp/nginx.pid;\n"
                    "events {} http { access_log off; server { listen 80; root %s; } }\n" % root)
    with Server(home, 80, "nginx", "-c", conf, options=("-c", cpus, "--dir", root), probe=HTTP) as s:
        for name in sizes:
            got = subprocess.run(["curl", "-sS", "-m", "60", f"http://{LOCAL}:{s.port}/{name}"],
                                 capture_output=True, check=True).stdout
            assert hashlib.sha256(got).digest() == hashlib.sha256((root / name).read_bytes()).digest()
        r = subprocess.run(["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", f"http://{LOCAL}:{s.port}/none"],
                           capture_output=True, text=True, check=True)
        assert r.stdout == "404"


def test_nginx_under_load(home):
    which("nginx")
    which("wrk")
    with Server(home, 80, "nginx", probe=HTTP) as s:
        out = tool("wrk", "-t1", "-c32", "-d2", f"http://{LOCAL}:{s.port}/")
        assert int(re.search(r"(\d+) requests in", out)[1]) > 100
        assert "Non-2xx" not in out and "Socket errors" not in out


@pytest.mark.parametrize("cpus", [1, 4])
def test_memcached(home, cpus):
    which("memcached")
    with Server(home, 11211, "memcached", "-u", "root", "-t", "4", options=("-c", cpus), probe=MEMCACHED) as s:
        with socket.create_connection((LOCAL, s.port), 10) as c:
            value = os.urandom(200_000).hex().encode()
            c.sendall(b"set a 0 0 %d\r\n%s\r\nget a\r\nquit\r\n" % (len(value), value))
            got = b""
            while chunk := c.recv(65536):
                got += chunk
        assert got == b"STORED\r\nVALUE a 0 %d\r\n%s\r\nEND\r\n" % (len(value), value)


@pytest.mark.parametrize("reverse", [False, True])
def test_iperf3(home, reverse):
    which("iperf3")
    with Server(home, 5201, "iperf3", "-s", probe=lambda port: True) as s:
        time.sleep(2)  # it serves one test at a time: a probe would be one
        out = tool("iperf3", "-c", LOCAL, "-p", s.port, "-t", 2, *(["-R"] if reverse else []))
        assert "iperf Done." in out


def test_echod_udp(home):
    probe = answers(b"ahoy", socket.SOCK_DGRAM)
    with Server(home, 7777, ROOT / "examples/echod/echod", kind="udp", probe=probe) as s:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
            c.settimeout(10)
            c.sendto(b"x" * 9000, (LOCAL, s.port))
            assert c.recv(65536) == b"x" * 9000


def test_web_example(home):
    with Server(home, 8080, ROOT / "examples/web/web", probe=HTTP) as s:
        out = tool("curl", "-sS", "-m", "10", f"http://{LOCAL}:{s.port}/", f"http://{LOCAL}:{s.port}/")
        assert out.count("It floats.") == 2


def test_python_http_server(home, tmp_path):
    (tmp_path / "f").write_text("from python\n")
    with Server(home, 8000, "python3", "-m", "http.server", "8000", "--directory", tmp_path,
                options=("--dir", tmp_path), probe=HTTP) as s:
        assert tool("curl", "-sS", "-m", "20", f"http://{LOCAL}:{s.port}/f") == "from python\n"


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"x" * 1_000_000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def host_web():
    httpd = http.server.ThreadingHTTPServer((LOCAL, 0), Quiet)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield httpd.server_address[1]
    httpd.shutdown()


def test_client_to_the_host(home, host_web):
    """10.0.2.2 is the host in QEMU's user network."""
    code = ("import urllib.request as u; "
            f"print(len(u.urlopen('http://10.0.2.2:{host_web}/', timeout=20).read()))")
    r = coracle(home, "run", "--net", "user", "python3", "-c", code)
    assert (r.returncode, r.stdout) == (0, "1000000\n"), r.stderr


def test_connection_refused(home):
    port = free_port()
    code = ("import socket\ntry: socket.create_connection(('10.0.2.2', %d), 10)\n"
            "except ConnectionRefusedError: print('refused')" % port)
    r = coracle(home, "run", "--net", "user", "python3", "-c", code)
    assert r.stdout == "refused\n", r.stderr


def test_addresses_and_routes(home):
    which("ip")
    r = coracle(home, "run", "--net", "user", "ip", "addr")
    assert "inet 127.0.0.1/8 scope host lo" in r.stdout and "inet6 ::1/128" in r.stdout and "inet6 fe80::" in r.stdout
    r = coracle(home, "run", "--net", "user", "--ip", "10.0.2.20/24,10.0.2.2", "ip", "route")
    assert "default via 10.0.2.2 dev eth0" in r.stdout, r.stdout + r.stderr


def test_ip_on_the_command_line(home):
    """ip= as Linux takes it; and the link-local address is the same at each boot of an image (RFC 7217)."""
    code = ("import os\nfor f in ('/etc/resolv.conf', '/proc/net/route', '/proc/net/if_inet6'): print(open(f).read())\n"
            "print(os.uname().nodename)")
    seen = []
    for what in ("10.0.2.33::10.0.2.2:255.255.255.0:boat:eth0:off:10.0.2.3", "dhcp"):
        r = coracle(home, "run", "--net", "user", "--append", f"ip={what}", "python3", "-c", code)
        assert r.returncode == 0, r.stderr
        seen.append(re.search(r"^(fe80[0-9a-f]{28}) .* eth0$", r.stdout, re.M)[1])
        if what != "dhcp":
            assert "nameserver 10.0.2.3\n" in r.stdout and r.stdout.endswith("\nboat\n"), r.stdout
            assert re.search(r"^eth0\t00000000\t0202000A\t", r.stdout, re.M), r.stdout
    assert seen[0] == seen[1]


IP_BATCH = """\
route add 10.78.0.0/16 via 10.0.2.2 metric 7
route add 10.79.0.0/16 dev eth0
route get 10.78.1.1
route get 10.0.2.20
neigh add 10.0.2.9 lladdr 02:00:00:00:00:01 dev eth0
neigh show to 10.0.2.9
addr add 10.0.3.1/24 dev eth0
link set eth0 mtu 1400
route show
route del 10.79.0.0/16
addr del 10.0.3.1/24 dev eth0
link set eth0 down
route show
link show eth0
"""


def test_ip_batch(home, tmp_path):
    """iproute2 changes what it then shows, several commands in one process."""
    which("ip")
    (tmp_path / "batch").write_text(IP_BATCH)
    r = coracle(home, "run", "--net", "user", "--ip", "10.0.2.20/24,10.0.2.2", "--file", f"{tmp_path}/batch:/batch",
                "ip", "-batch", "/batch")
    out = r.stdout
    assert r.returncode == 0, r.stderr
    assert "10.78.1.1 via 10.0.2.2 dev eth0 src 10.0.2.20" in out and "local 10.0.2.20 dev lo" in out, out
    assert "10.0.2.9 dev eth0 lladdr 02:00:00:00:00:01 PERMANENT" in out, out
    shown = out[out.index("PERMANENT"):]
    for route in ("default via 10.0.2.2 dev eth0", "10.0.3.0/24 dev eth0", "10.78.0.0/16 via 10.0.2.2 dev eth0 metric 7",
                  "10.79.0.0/16 dev eth0"):
        assert shown.count(route) == 1, out
    assert "mtu 1400" in out and "state DOWN" in out, out


LOOPBACK = r'''
import socket, threading, hashlib, os
def serve(l):
    c, _ = l.accept()
    n, h = 0, hashlib.sha256()
    while b := c.recv(65536):
        n += len(b); h.update(b)
    c.sendall(h.digest()); c.close()
for fam, addr in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    l = socket.create_server((addr, 0), family=fam)
    t = threading.Thread(target=serve, args=(l,)); t.start()
    s = socket.create_connection(l.getsockname()[:2])
    data = os.urandom(3_000_000); s.sendall(data); s.shutdown(socket.SHUT_WR)
    print(s.recv(32) == hashlib.sha256(data).digest()); t.join()
a, b = socket.socketpair()
socket.send_fds(a, [b"x"], [0]); print(len(socket.recv_fds(b, 10, 2)[1]))
u = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); u.bind("/tmp/s"); u.listen()
c = socket.socket(socket.AF_UNIX); c.connect("/tmp/s"); k, _ = u.accept(); c.sendall(b"hi"); print(k.recv(9))
d = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); d.bind(("127.0.0.1", 0))
d.sendto(b"self", d.getsockname()); print(d.recvfrom(99)[0])
'''


@pytest.mark.parametrize("cpus", [1, 2, 4])
def test_loopback_and_unix(home, cpus):
    r = coracle(home, "run", "-c", cpus, "python3", "-c", LOOPBACK)
    assert (r.returncode, r.stdout) == (0, "True\nTrue\n1\nb'hi'\nb'self'\n"), r.stderr


def test_asyncio_server(home):
    code = ("import asyncio\nasync def f(r, w):\n    w.write(await r.readline()); await w.drain(); w.close()\n"
            "async def main():\n    s = await asyncio.start_server(f, '0.0.0.0', 9000)\n    await s.serve_forever()\n"
            "asyncio.run(main())\n")
    with Server(home, 9000, "python3", "-c", code, probe=answers(b"x\n")) as s:
        for k in range(20):
            with socket.create_connection((LOCAL, s.port), 10) as c:
                c.sendall(b"line %d\n" % k)
                assert c.makefile("rb").read() == b"line %d\n" % k


def test_tcpdump(home):
    """The receive ring and a filter: the dump ends by itself once its two frames have come."""
    which("tcpdump")
    r = coracle(home, "run", "--net", "user", "tcpdump", "-i", "eth0", "-n", "-c", "2", "ip6 and icmp6")
    assert r.returncode == 0 and r.stdout.count("ICMP6") == 2, r.stdout + r.stderr
    assert "2 packets captured" in r.stderr


TABLES = r'''
import socket as s
keep = [s.socket(s.AF_INET, s.SOCK_RAW, 89), s.socket(s.AF_INET6, s.SOCK_DGRAM), s.socket(s.AF_PACKET, s.SOCK_RAW, 8)]
keep[1].bind(("::", 5000)); g = s.socket(s.AF_INET, s.SOCK_DGRAM); g.bind(("", 5001))
l = s.create_server(("127.0.0.1", 0)); c = s.create_connection(l.getsockname())
g.setsockopt(s.IPPROTO_IP, s.IP_ADD_MEMBERSHIP, s.inet_aton("239.1.2.3") + s.inet_aton("127.0.0.1"))
def read(p): return open(p).read().strip()
stat = {k: v.split() for k, v in (line.split(":") for line in read("/proc/net/sockstat").splitlines())}
print(stat["RAW"][1], stat["UDP"][1], stat["TCP"][1], "UDP6: inuse 1" in read("/proc/net/sockstat6"))
print("  89:" in read("/proc/net/raw"), " 3    0800 " in read("/proc/net/packet"), "030201EF" in read("/proc/net/igmp"))
print(read("/sys/class/net/lo/address"), read("/sys/class/net/lo/operstate"), read("/sys/class/net/lo/type"))
before = int(read("/sys/class/net/lo/statistics/tx_bytes"))
c.send(b"x" * 5000)
g.setsockopt(s.IPPROTO_UDP, 104, 1)  # UDP_GRO: equal datagrams of one sender are one, a shorter one ends it
for n in (1000, 1000, 300, 1000): keep[1].sendto(b"d" * n, ("::ffff:127.0.0.1", 5001))
print(len(g.recv(9000)), len(g.recv(9000)))
print(int(read("/sys/class/net/lo/statistics/tx_bytes")) - before >= 5000)
'''


def test_tables(home):
    """/proc/net and /sys/class/net say what sockets and links there are."""
    which("python3")
    r = coracle(home, "run", "--net", "none", "python3", "-c", TABLES)
    assert r.stdout == "1 1 3 True\nTrue True True\n00:00:00:00:00:00 unknown 772\n2300 1000\nTrue\n", r.stdout + r.stderr
