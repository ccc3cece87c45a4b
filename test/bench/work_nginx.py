# SPDX-License-Identifier: Apache-2.0
"""nginx: a file of 4 KB, 32 connections kept alive."""
import re
import subprocess

import load

NEEDS = ("nginx", "wrk")
PORT = 80
CONF = """daemon off;
master_process off;
error_log /dev/null;
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


def up(vm):
    vm.wait_port(PORT)


def wrk(vm, seconds):
    """Requests answered, and their rate."""
    out = subprocess.run(["wrk", "-t1", "-c32", f"-d{seconds}s", f"http://{vm.net.guest}/file4k"], check=True,
                         capture_output=True, text=True, timeout=60).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(f"wrk: {out}")
    return int(re.search(r"(\d+) requests in", out)[1]), float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])


def run(rig):
    program = rig.program("nginx", "-c", "/etc/nginx.conf")
    program.text("/etc/nginx.conf", CONF)
    program.text("/srv/file4k", "x" * 4096)
    program.dirs("/run", "/tmp", "/var/log/nginx",
                 *(f"/var/lib/nginx/{d}" for d in ("body", "proxy", "fastcgi", "uwsgi", "scgi")))
    load.costs(rig, program, up, [("nginx, 4 KB file, 32 connections", "request", wrk, 1, 4, 15000)])
    load.rates(rig, program, up, [("nginx, 4 KB file, 32 connections", "request", wrk, 3, 2.5)])
