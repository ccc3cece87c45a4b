# SPDX-License-Identifier: Apache-2.0
"""The stack on a tap device, as it would be on a virtual one, with the kernel's offloads and without: TCP, UDP, ICMP
and many connections from Linux."""
import os
import socket
import subprocess
import time
import zlib

import pytest

import wire

pytestmark = pytest.mark.skipif(not wire.usable(), reason="needs root, /dev/net/tun and make's test programs")
PEER = wire.PEER[0]


class Tap(wire.Wire):
    """Without the relay: tapstack on the device itself."""

    def __init__(self, offload):
        self.v6, self.log, self.counters, self.far = False, "", "", None
        self.near = wire.Namespace()
        self.near.run("ip", "tuntap", "add", "dev", "wire0", "mode", "tap", *(["vnet_hdr"] if offload else []))
        self._up(self.near, wire.LINUX, 1500)
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.near.name, f"{wire.BIN}/tapstack", "-i", "wire0", "-a", f"{PEER}/24",
             "-6", f"{wire.PEER[1]}/64", "-s", "60", *(["-o"] if offload else [])],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)


@pytest.fixture(scope="module", params=(False, True), ids=("plain", "offloads"))
def tap(request):
    with Tap(request.param) as t:
        yield t


@pytest.mark.parametrize("address", (PEER, wire.PEER[1]))
@pytest.mark.parametrize("size", (56, 5000))
def test_ping(tap, address, size):
    tap.near.run("ping", "-c", "2", "-i", "0.2", "-W", "2", "-s", str(size), address)


@pytest.mark.parametrize("n", (0, 1, 5000, 3000000))
def test_bytes_both_ways(tap, n):
    tap.to_peer(n)
    if n:
        tap.from_peer(n)


def test_conversation(tap):
    with tap.near.connect((PEER, wire.ECHO)) as s:
        for i in range(1000):
            s.sendall(b"ping%d" % i)
            assert s.recv(100) == b"ping%d" % i


def test_echo_of_bulk(tap):
    data = wire.pattern(1000000)
    with tap.near.connect((PEER, wire.ECHO)) as s:
        def read():
            got = b""
            while len(got) < len(data):
                got += s.recv(1 << 20)
            assert zlib.crc32(got) == zlib.crc32(data)
        tap.all_of((lambda: s.sendall(data),), (read,))


@pytest.mark.parametrize("n", (0, 1, 100, 1472, 1473, 9000, 60000))
def test_datagram(tap, n):
    with tap.near.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        u.settimeout(5)
        m = os.urandom(n)
        u.sendto(m, (PEER, wire.ECHO))
        assert u.recvfrom(70000)[0] == m


def test_nobody_there(tap):
    with tap.near.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        u.settimeout(5)
        u.connect((PEER, 1234))
        u.send(b"x")
        with pytest.raises(ConnectionRefusedError):
            u.recv(10)
    with pytest.raises(ConnectionRefusedError):
        tap.near.connect((PEER, 1234), timeout=5)


def test_many_connections(tap):
    sockets = [tap.near.connect((PEER, wire.ECHO)) for _ in range(300)]
    for s in sockets:
        s.sendall(b"q")
    for s in sockets:
        assert s.recv(10) == b"q"
    for s in sockets:
        s.close()
