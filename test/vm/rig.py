# SPDX-License-Identifier: Apache-2.0
"""A network of the test's own: a namespace with a tap, a guest on it, and this process as the peer.

    with Network() as net:                              # this thread and what it starts live in the namespace
        with net.guest("redis-server", cpus=2, up=tcp_answers(6379, b"PING\\r\\n")) as vm:
            socket.create_connection((GUEST, 6379))

The namespace has no name and ends with the last process in it, so nothing is left behind by a test that dies.
Needs root."""
import contextlib
import ctypes
import os
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest

from tool import environment, start

HOST, GUEST = "10.78.0.1", "10.78.0.2"
HOST6, GUEST6 = "fd78::1", "fd78::2"
TAP = "tap0"
SOAK = bool(os.environ.get("CORACLE_SOAK"))
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def soak_only(test):
    """A test of `make soak` alone: elsewhere it is not there, which is not to be skipped."""
    return test if SOAK else None


def which(name):
    """The program's path; without it the test is skipped."""
    path = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
    if not path:
        pytest.skip(f"{name} is not installed")
    return path


def tool(*cmd, timeout=60, status=0, **kw):
    """A host program in the namespace: its output; it must end with `status`."""
    r = subprocess.run([str(c) for c in cmd], capture_output=True, text=True, errors="replace", timeout=timeout,
                       check=False, **kw)
    assert r.returncode == status, f"{cmd[0]} ended with {r.returncode}\n{r.stdout[-3000:]}\n{r.stderr[-3000:]}"
    return r.stdout


def wait_for(what, seconds=30, pause=0.05):
    """Until what() is true: what it returned.  What it raised last is the failure's reason."""
    end, last = time.time() + seconds, None
    while time.time() < end:
        try:
            if result := what():
                return result
        except (OSError, AssertionError) as e:
            last = e
        time.sleep(pause)
    raise AssertionError(f"not within {seconds} s: {last or what}") from last


def tcp_answers(port, question=b"GET / HTTP/1.0\r\n\r\n", address=GUEST):
    """A probe: somebody accepts and says something to these bytes (or merely accepts, if there are none)."""
    def probe():
        with socket.create_connection((address, port), 1) as s:
            s.settimeout(2)
            s.sendall(question)
            return question == b"" or s.recv(1000) != b""
    return probe


def udp_answers(port, question, address=GUEST):
    def probe():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(1)
            s.connect((address, port))
            s.send(question)
            return s.recv(65536)
    return probe


def certificate(directory):
    """A self-signed certificate for the two addresses: (certificate, key)."""
    crt, key = directory / "tls.crt", directory / "tls.key"
    if not crt.exists():
        tool("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", "/CN=coracle", "-addext", f"subjectAltName=IP:{HOST},IP:{GUEST}", "-keyout", key, "-out", crt)
    return crt, key


class Guest:
    """A running VM: its output is drained all the time, so that it never waits for us."""

    def __init__(self, process, monitor):
        self.process, self.monitor_path = process, monitor
        self.text = ""
        self.reader = threading.Thread(target=self.drain, daemon=True)
        self.reader.start()

    def drain(self):
        for line in self.process.stdout:
            self.text += line.decode(errors="replace")

    def alive(self):
        """True, or the test fails at once."""
        if self.process.poll() is not None or "panic" in self.text:
            self.reader.join(2)
            pytest.fail(f"the guest has ended:\n{self.text[-5000:]}", pytrace=False)
        return True

    def wait_up(self, probe, seconds=40):
        try:
            wait_for(lambda: self.alive() and probe(), seconds)
        except AssertionError as e:
            raise AssertionError(f"{e}\nthe guest said:\n{self.text[-5000:]}") from e

    def monitor(self, command):
        """A line to QEMU's monitor, and what it says."""
        with socket.socket(socket.AF_UNIX) as m:
            m.settimeout(10)
            m.connect(str(self.monitor_path))
            said = b""
            while said.count(b"(qemu) ") < 1:
                said += m.recv(4096)
            m.sendall(command.encode() + b"\n")
            while said.count(b"(qemu) ") < 2:
                said += m.recv(4096)
            return said.decode(errors="replace")

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reader.join(5)


class Network(contextlib.AbstractContextManager):
    """See above.  Only the thread that entered it, its subprocesses and the threads that it starts are inside."""

    def __enter__(self):
        if os.geteuid() != 0:
            pytest.skip("a tap needs root")
        self.outside = os.open(f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
        assert libc.unshare(CLONE_NEWNET) == 0
        for words in ("link set lo up", f"tuntap add {TAP} mode tap vnet_hdr", f"addr add {HOST}/24 dev {TAP}",
                      f"addr add {HOST6}/64 dev {TAP} nodad", f"link set {TAP} up"):
            tool("ip", *words.split())
        return self

    def __exit__(self, *exc):
        libc.setns(self.outside, CLONE_NEWNET)
        os.close(self.outside)

    @contextlib.contextmanager
    def guest(self, home, *command, cpus=1, memory="512M", up=None, options=(), qemu=(), seconds=40):
        """`coracle run --net tap=... COMMAND` until the block ends; `up` is the probe that says it serves."""
        monitor = home / f"monitor-{time.time_ns()}"
        wrapper = home / "qemu.sh"
        wrapper.write_text('#!/bin/sh\nexec /usr/bin/qemu-system-x86_64 "$@" $MORE\n')
        wrapper.chmod(0o755)
        env = environment(home, MORE=" ".join([f"-monitor unix:{monitor},server=on,wait=off", *qemu]))
        vm = Guest(start(home, "run", "--qemu", wrapper, "-c", cpus, "-m", memory, "--net", f"tap={TAP}",
                         "--ip", f"{GUEST}/24,{HOST}", *options, *command, env=env, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT), monitor)
        try:
            if up:
                vm.wait_up(up, seconds)
            yield vm
            vm.alive()
        finally:
            vm.end()


def guest_address6():
    """The guest's link-local address, by asking all nodes of the link."""
    tool("ping", "-6", "-c", "2", "-i", "0.2", "-w", "5", f"ff02::1%{TAP}")
    ours = re.findall(r"inet6 (fe80\S+)/", tool("ip", "-6", "addr", "show", "dev", TAP))
    found = re.findall(r"^(fe80\S+) dev", tool("ip", "-6", "neigh"), re.M)
    return next(a for a in found if a not in ours)
