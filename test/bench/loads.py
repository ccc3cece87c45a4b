# SPDX-License-Identifier: Apache-2.0
"""What `make bench` asks of a guest over the network.

A load names a program, its arguments and the files it needs (a tree on the host, any guest can be given it), and the
measures to take of it once it is up: each drives the program from the host's side and returns how many units of
work were done.  Which guest runs the program, and how instructions are counted, is bench.py's business.
"""
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
from typing import Callable

HERE = pathlib.Path(__file__).resolve().parent
GUEST, HOST = "10.77.0.2", "10.77.0.1"

NGINX_CONF = """daemon off;
master_process off;
error_log stderr;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
    sendfile on;
    tcp_nopush on;
    default_type application/octet-stream;
    access_log /var/log/nginx/access.log;
    keepalive_requests 100000000;
    server { listen 80; root /srv; }
}
"""


@dataclasses.dataclass
class Measure:
    name: str
    goal: int | None
    run: Callable  # run(ns) drives the guest from namespace ns; units of work done
    warm: Callable | None = None  # the same, before counting
    unit: str = "kernel instructions"


@dataclasses.dataclass
class Load:
    name: str
    needs: list  # programs on the host
    program: str  # path in the tree
    arguments: list
    port: int
    measures: list
    files: dict = dataclasses.field(default_factory=dict)  # path: bytes, beside the program's closure
    dirs: list = dataclasses.field(default_factory=list)

    def missing(self):
        return [p for p in self.needs if not shutil.which(p)]

    def tree(self, root):
        """Lay out program, libraries and files under root."""
        if self.program not in self.files:
            ldd = subprocess.run(["ldd", self.program], capture_output=True, text=True, check=True).stdout
            for f in [self.program, *(w for line in ldd.splitlines() for w in line.split() if w.startswith("/"))]:
                put(root, f, pathlib.Path(f).read_bytes())
        for d in self.dirs:
            (root / d.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for f, data in self.files.items():
            put(root, f, data)


def put(root, path, data):
    to = root / path.lstrip("/")
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(data)


def inside(ns, *cmd, timeout=180):
    return subprocess.run(["ip", "netns", "exec", ns, *cmd], check=True, capture_output=True, text=True, timeout=timeout).stdout


def redis_get(pipeline, n):
    def run(ns):
        inside(ns, "redis-benchmark", "-h", GUEST, "-c", "50", "-n", str(n), "-P", str(pipeline), "-t", "get", "-q")
        return n
    return run


def wrk(seconds):
    def run(ns):
        out = inside(ns, "wrk", "-t1", "-c32", f"-d{seconds}s", f"http://{GUEST}/file4k")
        if "Non-2xx" in out or "Socket errors" in out:
            raise RuntimeError(f"wrk: {out}")
        return int(re.search(r"(\d+) requests in", out).group(1))
    return run


def iperf3(reverse, seconds):
    def run(ns):
        out = inside(ns, "iperf3", "-c", GUEST, "-J", "-t", str(seconds), *(["-R"] if reverse else []))
        return json.loads(out)["end"]["sum_received"]["bytes"] // 1024
    return run


def idle(n):
    """Bytes of the guest's memory that each of n idle connections takes; test/bench/idle.c tells what is free."""
    code = f"""import socket, resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({n} + 100, {n} + 100))
ask = socket.create_connection(("{GUEST}", 7001))
def free():
    ask.sendall(b"?")
    return int(ask.recv(100))
before, held = free(), []
while len(held) < {n}:
    held.append(socket.create_connection(("{GUEST}", 7001)))
print((before - free()) / {n})"""

    def run(ns):
        return float(inside(ns, "/usr/bin/python3", "-c", code))
    return run


def all_loads(work):
    subprocess.run(["gcc", "-O2", "-static", "-o", work / "idled", HERE / "idle.c"], check=True)
    page = {"/etc/nginx/nginx.conf": NGINX_CONF.encode(), "/srv/file4k": os.urandom(4096),
            "/etc/passwd": b"root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:\n", "/etc/group": b"root:x:0:\nnogroup:x:65534:\n"}
    nginx_dirs = ["/run", "/tmp", "/var/log/nginx", *(f"/var/lib/nginx/{d}" for d in ("body", "proxy", "fastcgi", "uwsgi", "scgi"))]
    return [
        Load("redis", ["redis-server", "redis-benchmark"], shutil.which("redis-server") or "",
             ["redis-server", "--save", "", "--protected-mode", "no"], 6379,
             [Measure(f"redis GET, pipeline {p}, 50 clients", goal, redis_get(p, 20000), redis_get(p, 1000))
              for p, goal in ((1, 4000), (16, 600))]),
        Load("nginx", ["nginx", "wrk"], shutil.which("nginx") or "", ["nginx"], 80,
             [Measure("nginx, 4 KB file, keepalive, wrk -c 32", 15000, wrk(4), wrk(1))], page, nginx_dirs),
        Load("iperf3", ["iperf3"], shutil.which("iperf3") or "", ["iperf3", "-s"], 5201,
             [Measure("iperf3, a stream into the guest, per KB", 700, iperf3(False, 4), iperf3(False, 1)),
              Measure("iperf3, a stream out of the guest, per KB", 700, iperf3(True, 4), iperf3(True, 1))], dirs=["/tmp"]),
        Load("idle", [], "/idle", ["idle"], 7001,
             [Measure("memory for each of 10,000 idle connections", 4096, idle(10000), unit="bytes")],
             {"/idle": (work / "idled").read_bytes()}),
    ]


def wait_port(ns, port, seconds=30):
    """Until the guest accepts a connection."""
    end = time.monotonic() + seconds
    code = f"import socket; socket.create_connection(('{GUEST}', {port}), 1)"
    while subprocess.run(["ip", "netns", "exec", ns, "/usr/bin/python3", "-c", code], capture_output=True).returncode:
        if time.monotonic() > end:
            raise TimeoutError(f"nothing listens on port {port}")
        time.sleep(0.2)
