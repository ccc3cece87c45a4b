# SPDX-License-Identifier: Apache-2.0
"""Two ends and a wire that misbehaves (relay.c): Linux's own TCP in a network namespace on one, the stack as a
process (tapstack.c) or another Linux on the other; and transfers whose every byte is checked."""
import ctypes
import os
import re
import socket
import subprocess
import threading
import time
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(ROOT, "out/host-asan/test/pkt")
ECHO, DISCARD, SOURCE, HASH, OUT = 7, 9, 19, 77, 5077
LINUX, PEER = ("10.1.0.1", "fd01::1"), ("10.1.0.2", "fd01::2")
PERIOD = 65521

_libc = ctypes.CDLL(None, use_errno=True)


def usable():
    return (os.geteuid() == 0 and os.path.exists("/dev/net/tun") and os.path.exists(f"{BIN}/tapstack")
            and os.path.exists(f"{BIN}/relay"))


def pattern(n):
    """What tapstack's sources send: see pattern() there."""
    x, block = 1, bytearray(PERIOD)
    for i in range(PERIOD):
        x = (x * 1664525 + 1013904223) & 0xffffffff
        block[PERIOD - 1 - i] = x >> 24 | 1
    return bytes(block) * (n // PERIOD) + bytes(block[:n % PERIOD])


class Namespace:
    count = 0

    def __init__(self, sysctls=()):
        Namespace.count += 1
        self.name = f"wire{os.getpid()}-{Namespace.count}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.run("ip", "link", "set", "lo", "up")
        for s in sysctls:
            self.run("sysctl", "-qw", s)

    def run(self, *cmd, check=True):
        return subprocess.run(["ip", "netns", "exec", self.name, *cmd], check=check, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout

    def socket(self, family, kind):
        """A socket of this namespace: the thread is inside for as long as it takes to make one."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            if _libc.setns(there, 0):
                raise OSError(ctypes.get_errno(), "setns")
            s = socket.socket(family, kind)
            if kind == socket.SOCK_STREAM:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
            return s
        finally:
            _libc.setns(home, 0)
            os.close(there)
            os.close(home)

    def connect(self, address, timeout=150):
        s = self.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
        s.settimeout(timeout)
        s.connect(address)
        return s

    def listen(self, address):
        s = self.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(address)
        s.listen(16)
        return s

    def close(self):
        subprocess.run(["ip", "netns", "del", self.name])


class Wire:
    """`relay`: options of relay.c as a dictionary of letters.  `linux`: the other end is Linux too."""

    def __init__(self, relay=None, linux=False, mtu=1500, out=0, v6=False, stack=(), sysctls=()):
        self.v6, self.log, self.counters = v6, "", ""
        self.near = Namespace(sysctls)
        self.far = Namespace(sysctls) if linux else None
        cmd = [f"{BIN}/relay", "-a", f"{self.near.name}/wire0"]
        for letter, value in dict(relay or {}, t=600).items():
            cmd += [f"-{letter}", str(value)]
        if linux:
            cmd += ["-b", f"{self.far.name}/wire0"]
        else:
            cmd += ["--", f"{BIN}/tapstack", "-f", "3", "-a", f"{PEER[0]}/24", "-6", f"{PEER[1]}/64", "-m", str(mtu),
                    *stack]
            if out:
                self.server = self.near.listen(("::" if v6 else "0.0.0.0", OUT))
                cmd += ["-c", f"{LINUX[v6]}:{OUT}:{out}"]
        # The interface must be there, and up, before the stack speaks: relay makes it and starts the stack at once,
        # so a first SYN may be lost; it is sent again.
        self.process = subprocess.Popen(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(self.process.communicate()[1])
        self._up(self.near, LINUX, mtu)
        if linux:
            self._up(self.far, PEER, mtu)

    @staticmethod
    def _up(ns, addresses, mtu):
        ns.run("ip", "link", "set", "wire0", "mtu", str(mtu), "up")
        ns.run("ip", "addr", "add", f"{addresses[0]}/24", "dev", "wire0")
        if mtu >= 1280:
            ns.run("ip", "-6", "addr", "add", f"{addresses[1]}/64", "dev", "wire0", "nodad")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.counters, self.log = self.process.communicate(timeout=20)
        for ns in (self.near, self.far):
            if ns:
                ns.close()
        if "Sanitizer" in self.log or "runtime error" in self.log:
            raise AssertionError(self.log)

    def counter(self, name):
        m = re.search(rf"\b{re.escape(name)} (\d+)$", self.log, re.M)
        return int(m[1]) if m else 0

    # --- transfers: each returns seconds ------------------------------------------------------------------

    def to_peer(self, n):
        data = pattern(n)
        t = time.time()
        with self.near.connect((PEER[self.v6], HASH)) as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: s.recv(100), b""))
        assert answer.split() == [b"%08x" % zlib.crc32(data), b"%d" % n], answer
        return time.time() - t

    def from_peer(self, n):
        t = time.time()
        with self.near.connect((PEER[self.v6], SOURCE)) as s:
            s.sendall(b"%d\n" % n)
            got = b"".join(iter(lambda: s.recv(1 << 20), b""))
        assert len(got) == n and zlib.crc32(got) == zlib.crc32(pattern(n)), (len(got), n)
        return time.time() - t

    def peer_connects(self, n, back):
        """The stack's own connection, of which it sends n bytes (given to Wire as `out`) and we `back`."""
        t = time.time()
        self.server.settimeout(150)
        with self.server, self.server.accept()[0] as s:
            s.settimeout(150)
            sender = threading.Thread(target=lambda: (s.sendall(pattern(back)), s.shutdown(socket.SHUT_WR)))
            sender.start()
            got = b"".join(iter(lambda: s.recv(1 << 20), b""))
            sender.join()
        assert got == pattern(n), (len(got), n)
        return time.time() - t

    def all_of(self, *calls):
        """Run transfers at the same time; the first failure is raised."""
        errors, seconds = [], []

        def one(f, *args):
            try:
                seconds.append(f(*args))
            except BaseException as e:
                errors.append(e)

        threads = [threading.Thread(target=one, args=c) for c in calls]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        if errors:
            raise errors[0]
        return seconds


class LinuxServices:
    """HASH and SOURCE as tapstack has them, on Linux in the far namespace: what to compare with."""

    def __init__(self, wire):
        self.sockets = [wire.far.listen(("0.0.0.0", p)) for p in (HASH, SOURCE)]
        for s, f in zip(self.sockets, (self._hash, self._source)):
            threading.Thread(target=self._serve, args=(s, f), daemon=True).start()

    @staticmethod
    def _serve(listener, f):
        try:
            while True:
                with listener.accept()[0] as s:
                    f(s)
        except OSError:
            pass

    @staticmethod
    def _hash(s):
        crc = n = 0
        for b in iter(lambda: s.recv(1 << 20), b""):
            crc, n = zlib.crc32(b, crc), n + len(b)
        s.sendall(b"%08x %d\n" % (crc, n))

    @staticmethod
    def _source(s):
        s.sendall(pattern(int(s.recv(100))))

    def close(self):
        for s in self.sockets:
            s.close()
