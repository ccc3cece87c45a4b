# SPDX-License-Identifier: Apache-2.0
"""Load and attack over a tap: target.c in a guest, this process as its crowd and its enemy.  After each attack the
service answers at once, the attack's memory has come back, and what was bounded had stayed within its bound.
CORACLE_SOAK=1: with 1, 2 and 4 CPUs, 100,000 connections in 1 GB, and an hour (CORACLE_SOAK_SECONDS) of mixed load."""
import contextlib
import multiprocessing
import os
import random
import re
import resource
import select
import socket
import struct
import threading
import time

import pytest

from rig import GUEST, HOST, Network, SOAK, TAP, soak_only, tcp_answers, tool, wait_for
from tool import ROOT
from frames import (ACK, FIN, IP4, IP6, PSH, RST, SYN, URG, Sniffer, Wire, checksum, icmp4, ip4, ip6, tcp, tell_mac,
                  udp)

ECHO, FILES, SOURCE, SINK, DEAF, ALIVE, TIMED = range(7000, 7007)
SLACK = 6 << 10  # kB that may stay away after an attack: caches of freed objects
NOBODY = "198.18.0.1"


@pytest.fixture(scope="module")
def net():
    with Network() as n:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        tool("sysctl", "-q", "net.ipv4.ip_local_port_range=1024 65535", "net.ipv4.tcp_tw_reuse=1")
        yield n
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    out = tmp_path_factory.mktemp("load") / "target"
    tool("gcc", "-O2", "-static", "-o", out, ROOT / "test/vm/target.c")
    return out


@pytest.fixture(scope="module", params=[1, 2, 4] if SOAK else [2])
def target(request, net, program):
    with net.guest(program.parent, program, cpus=request.param, memory="1G" if SOAK else "512M",
                   up=tcp_answers(ECHO, b"x")) as vm:
        yield vm


@pytest.fixture(autouse=True)
def serves(request):
    """Before and after each attack on the common target: it answers, and its memory is where it was."""
    if "target" not in request.fixturenames:
        yield
        return
    vm = request.getfixturevalue("target")
    wait_for(lambda: count() == 0, 30)
    before = free_kb()
    yield
    vm.alive()
    wait_for(lambda: echo(b"still there?"), 20)
    wait_for(lambda: count() == 0, 60, 0.2)
    wait_for(lambda: enough(before - SLACK), 60, 0.5)


def enough(kb):
    assert free_kb() >= kb, f"{kb - free_kb()} kB have not come back"
    return True


def connect(port, **kw):
    return socket.create_connection((GUEST, port), 20, **kw)


def ask(path):
    with connect(FILES) as s:
        s.sendall(path.encode() + b"\n")
        return b"".join(iter(lambda: s.recv(1 << 16), b"")).decode()


def count():
    """Connections that the target has open, but for the one that asks."""
    return int(ask("count")) - 1


def free_kb():
    return int(re.search(r"MemFree:\s+(\d+)", ask("/proc/meminfo"))[1])


def counter(name, path="/proc/net/netstat"):
    """A number of /proc/net/netstat or snmp, whose names and values are on two lines."""
    lines = ask(path).splitlines()
    for names, values in zip(lines[::2], lines[1::2]):
        if name in names.split():
            return int(values.split()[names.split().index(name)])
    raise AssertionError(f"no counter {name}")


def echo(data=b"ping"):
    """How long an answer takes, connection and all."""
    start = time.time()
    with connect(ECHO) as s:
        s.sendall(data)
        got = b""
        while len(got) < len(data):
            got += s.recv(65536)
    assert got == data
    return time.time() - start


def crowd(n, port, sources=(HOST,), at_once=256):
    """n connections, made a batch at a time; each address of ours has 60,000 ports."""
    made, waiting = [], select.epoll()
    pending = {}
    for i in range(n):
        s = socket.socket()
        s.setblocking(False)
        if sources != (HOST,):
            s.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
            s.bind((sources[i % len(sources)], 0))
        s.connect_ex((GUEST, port))
        waiting.register(s, select.EPOLLOUT)
        pending[s.fileno()] = s
        while len(pending) >= at_once or (i == n - 1 and pending):
            events = waiting.poll(20)
            assert events, f"{len(made)} of {n} connections, and no more"
            for fd, _ in events:
                s = pending.pop(fd)
                waiting.unregister(fd)
                err = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                assert err == 0, f"connection {len(made)}: {os.strerror(err)}"
                made.append(s)
    waiting.close()
    return made


RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time


def drop(sockets, reset=False):
    for s in sockets:
        if reset:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        s.close()


@contextlib.contextmanager
def crowded(n, port, **kw):
    """crowd() for a while, reset at its end."""
    sockets = crowd(n, port, **kw)
    try:
        yield sockets
    finally:
        drop(sockets, reset=True)


def keep(pipe, n, sources):
    """The life of a process that holds n connections, as many as it may have files: it speaks when it is asked to."""
    try:
        mine = crowd(n, ECHO, sources)
        pipe.send("up")
        while pipe.recv() == "talk":
            for s in random.sample(mine, 100):
                s.settimeout(20)
                s.sendall(b"awake")
                assert s.recv(10) == b"awake"
            pipe.send("talked")
        drop(mine)
        pipe.send("down")
    except (AssertionError, OSError) as e:
        pipe.send(str(e))


@contextlib.contextmanager
def holders(n, sources=(HOST,)):
    """n idle connections, in several processes; `talk` has some of them speak."""
    share = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 100, 20_000)
    fork = multiprocessing.get_context("fork")
    all_of_them = []

    def tell(word, answer):
        for pipe, _ in all_of_them:
            pipe.send(word)
        for pipe, _ in all_of_them:
            assert pipe.poll(120), word
            assert pipe.recv() == answer

    for first in range(0, n, share):
        pipe, end = fork.Pipe()
        p = fork.Process(target=keep, args=(end, min(share, n - first), sources), daemon=True)
        p.start()
        all_of_them.append((pipe, p))
        assert pipe.poll(120)
        assert (word := pipe.recv()) == "up", word
    try:
        yield lambda: tell("talk", "talked")
        tell("end", "down")
    finally:
        for _, p in all_of_them:
            p.kill()
            p.join()


def held(n, sources=(HOST,)):
    """n idle connections: kB that each costs the guest.  All live, and none is lost."""
    before = free_kb()
    with holders(n, sources) as talk:
        wait_for(lambda: count() == n, 30)
        each = (before - free_kb()) / n
        talk()
        assert echo() < 10
        assert count() == n
    return each


def test_20000_connections(target):
    """At most 4 KB each, and what they cost comes back."""
    each = held(20_000)
    print(f"{each * 1024:.0f} bytes a connection")
    assert each <= 4


def test_storm(target):
    """Connections that are closed and reset as soon as they are there, by several threads; none is refused."""
    n, failed = (20_000 if SOAK else 2000), []

    def one(reset):
        try:
            for _ in range(n // 4):
                s = connect(ECHO)
                if random.random() < 0.5:
                    s.sendall(b"and gone")
                drop([s], reset)
        except OSError as e:
            failed.append(e)

    threads = [threading.Thread(target=one, args=(i & 1,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failed


def test_slow_readers(target):
    """Senders' buffers fill and the rest of the service goes on; who reads after all gets everything."""
    with crowded(300, SOURCE) as lazy:
        time.sleep(3)
        kb = free_kb()
        assert kb > 32 << 10, f"{kb} kB left"
        assert echo() < 5
        for s in lazy[:3]:
            s.settimeout(10)
            got = 0
            while got < 2 << 20:
                data = s.recv(1 << 16)
                assert data.count(0) == len(data) > 0
                got += len(data)


def test_slow_writers(target):
    """A byte at a time on many connections; and much into a server that does not read: its memory stays bounded."""
    with crowded(500, ECHO) as slow:
        for _ in range(5):
            for s in slow:
                s.send(b".")
        for s in slow:
            s.settimeout(20)
            got = b""
            while len(got) < 5:
                got += s.recv(10)
    with crowded(300, DEAF) as deaf:
        block = bytes(1 << 16)
        for _ in range(40):
            for s in deaf:
                with contextlib.suppress(BlockingIOError):
                    s.send(block)
        time.sleep(1)
        kb = free_kb()
        assert kb > 32 << 10, f"{kb} kB left"
        assert echo() < 5


def spoofed_syns(n, port):
    """SYNs from the addresses of RFC 2544's network, where nobody answers."""
    out = []
    for _ in range(n):
        src = f"198.{random.choice((18, 19))}.{random.randrange(256)}.{random.randrange(1, 255)}"
        out.append(tcp(src, GUEST, random.randrange(1024, 65536), port, random.getrandbits(32), flags=SYN,
                       options=b"\2\4\5\xb4"))
    return out


def test_syn_flood(target):
    """Who is honest is served all the while: by cookies, which the counters show."""
    n = 100_000 if SOAK else 20_000
    syns = spoofed_syns(20_000, ECHO)
    over = threading.Event()
    waits = []

    def honest():
        while not over.is_set():
            waits.append(echo())
            time.sleep(0.02)

    t = threading.Thread(target=honest)
    t.start()
    with Wire() as w:
        for i in range(n):
            w.send(syns[i % len(syns)])
            if i % 100 == 0:
                time.sleep(0.005)  # or the link's queue drops most, the honest ones among them
    over.set()
    t.join()
    assert len(waits) > 3 and max(waits) < 4, waits
    for _ in range(20):
        echo()
    assert counter("SyncookiesSent") > 1000 and counter("SyncookiesRecv") > 0
    assert free_kb() > 200 << 10
    # Half-open connections give up after SYN-ACKs without an answer; here they are told so.
    with Wire() as w:
        for p in syns:
            src = socket.inet_ntoa(p[12:16])
            w.send(tcp(src, GUEST, struct.unpack(">H", p[20:22])[0], ECHO, struct.unpack(">I", p[24:28])[0] + 1, flags=RST))


def test_spoofed_resets(target):
    """RFC 5961: only the exact number ends a connection; the window's other numbers and SYNs get a challenge."""
    challenges = counter("TCPChallengeACK")
    with Wire() as w, Sniffer() as sniff, connect(ECHO) as s:
        ours = s.getsockname()[1]

        def talk(word):
            s.sendall(word)
            assert s.recv(100) == word
            return sniff.last_from_guest(ours)

        theirs, next_ = talk(b"hello")

        def forge(seq, ack=theirs, flags=ACK, **kw):
            w.send(tcp(HOST, GUEST, ours, ECHO, seq, ack, flags, **kw))

        for off in (1, 100, 5000, -1, -1000, 1 << 30, -(1 << 30)):
            forge(next_ + off, flags=RST)
            forge(next_ + off, flags=RST | ACK)
        for off in (0, 1, 1000, 1 << 30):
            forge(next_ + off, flags=SYN)
        forge(next_ + 1, ack=theirs + (1 << 29), data=b"not mine")          # an ACK of what was never sent
        forge(next_, ack=theirs - (1 << 30), data=b"nor this")             # and one much too old
        forge(next_ + (1 << 30), flags=FIN | ACK)
        for flags in (0, FIN, URG, FIN | URG | PSH, 63, SYN | FIN, SYN | RST):
            forge(next_ + 5, ack=0, flags=flags)
        theirs, next_ = talk(b"still here")
        assert counter("TCPChallengeACK") > challenges
        forge(next_, flags=RST)                                              # the exact one
        time.sleep(0.2)
        with pytest.raises(ConnectionResetError):
            s.sendall(b"gone?")
            s.recv(100)


def test_spoofed_icmp(target):
    """RFC 5927: errors about numbers not in flight are nothing; hard ones do not end what is established; a path that
    is said to be tiny does not make tiny segments, and what follows still arrives."""
    with Wire() as w, Sniffer() as sniff, connect(SOURCE) as s, connect(ECHO) as e:
        e.sendall(b"x")
        assert e.recv(9) == b"x"
        for sock, port in ((s, SOURCE), (e, ECHO)):
            ours = sock.getsockname()[1]
            try:
                seq = sniff.last_from_guest(ours, 0.1)[0]
            except AssertionError:
                seq = 0
            for number in (seq, seq - 1, seq + (1 << 30)):
                inner = tcp(GUEST, HOST, port, ours, number)
                for kind, code, rest in ((3, 0, 0), (3, 1, 0), (3, 2, 0), (3, 3, 0), (3, 13, 0), (4, 0, 0), (5, 1, 0x01020304),
                                         (11, 0, 0), (12, 0, 0), (3, 4, 68), (3, 4, 0), (3, 4, 1), (3, 4, 65535)):
                    for size in (28, 40, 21, 8, 0):
                        w.send(icmp4(HOST, GUEST, kind, code, rest, inner[:size]))
                        w.send(icmp4(NOBODY, GUEST, kind, code, rest, inner[:size]))
        h = 0
        while h < 3 << 20:
            h += len(s.recv(1 << 16))
        assert struct.unpack_from("I", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 20)[0] >= 500  # rcv_mss
        e.sendall(b"y")
        assert e.recv(9) == b"y"
        assert echo(os.urandom(3000))


def test_unfinished_fragments(target):
    """First, last and overlapping pieces of datagrams that never become whole: bounded, and honest ones get through."""
    n = 20_000 if SOAK else 4000
    before = free_kb()
    with Wire() as w:
        for i in range(n):
            src = f"198.18.{i >> 8 & 255}.{i & 255}"
            w.send(ip4(src, GUEST, 17, bytes(1400), ident=i & 65535, offset=random.choice((0, 1400, 2800, 64000)), more=True))
            inner = struct.pack(">BBHI", 17, 0, random.choice((0, 1400, 2800)) | 1, i) + bytes(1400)
            w.send(ip6(f"fd78::{i:x}", tool_address6(), 44, inner), IP6)
            if i % 10 == 0:  # overlaps, pieces beyond the end, the empty one
                w.send(ip4(src, GUEST, 17, bytes(8), ident=i & 65535, offset=8, more=True))
                w.send(ip4(src, GUEST, 17, bytes(1000), ident=i & 65535, offset=65528))
                w.send(ip4(src, GUEST, 17, b"", ident=i & 65535, offset=16, more=True))
        assert before - free_kb() < 16 << 10
        tool("ping", "-c", "2", "-i", "0.2", "-s", "20000", "-w", "10", GUEST)
    wait_for(lambda: counter("ReasmTimeout", "/proc/net/snmp") > 0 or counter("ReasmFails", "/proc/net/snmp") > 0, 5)


ADDRESS6 = []


def tool_address6():
    if not ADDRESS6:
        from rig import guest_address6
        ADDRESS6.append(guest_address6())
    return ADDRESS6[0]


def test_half_open_peers(target):
    """Peers that vanish without a word: keepalive and the user timeout find them; the rest of the service goes on."""
    gone = "10.78.0.9"
    tool("ip", "addr", "add", f"{gone}/24", "dev", TAP)
    with crowded(200, ALIVE, sources=(gone,)), crowded(20, TIMED, sources=(gone,)):
        wait_for(lambda: count() == 220)
        tool("ip", "addr", "del", f"{gone}/24", "dev", TAP)
        assert echo() < 2
        wait_for(lambda: count() == 0, 30, 0.5)


def test_link_goes_and_comes(target):
    """A transfer outlives it, both ways; connections that wait do not notice."""
    data = os.urandom(1 << 20)
    with connect(SINK) as up, connect(SOURCE) as down, connect(ECHO) as idle:
        def upload():
            for _ in range(16):
                up.sendall(data)
            up.shutdown(socket.SHUT_WR)
        t = threading.Thread(target=upload)
        t.start()
        for _ in range(3):
            down.recv(1 << 16)
            target.monitor("set_link net0 off")
            time.sleep(0.4)
            target.monitor("set_link net0 on")
            time.sleep(0.3)
        t.join(60)
        assert int(up.makefile().readline()) == 16 << 20
        got = 0
        while got < 4 << 20:
            got += len(down.recv(1 << 16))
        idle.sendall(b"back")
        assert idle.recv(10) == b"back"
        down.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def mutations(n, rng):
    """Frames that begin as something valid, with bytes changed, cut and added."""
    seeds = [tcp(HOST, GUEST, 5000, ECHO, 1, flags=SYN, options=b"\2\4\5\xb4\4\2\x08\x0a\0\0\0\1\0\0\0\0\1\3\3\7"),
             tcp(HOST, GUEST, 5000, ECHO, 2, 3, PSH | ACK, data=b"data"), udp(HOST, GUEST, 5, ECHO, b"hello" * 20),
             icmp4(HOST, GUEST, 8, 0, 7, b"ping" * 10), icmp4(HOST, GUEST, 3, 4, 600, tcp(GUEST, HOST, ECHO, 5000, 1)),
             ip4(HOST, "224.0.0.1", 2, b"\x11\x64\xee\x9b\0\0\0\0"), ip4(HOST, GUEST, 17, bytes(64), 9, 0, True)]
    six = [ip6("fe80::1", "ff02::1", 58, bytes([t, 0]) + bytes(38)) for t in (128, 130, 133, 134, 135, 136, 143)]
    arp = bytes.fromhex("0001080006040001" + "5254000000010a4e0001" + "000000000000" + "0a4e0002")
    frames = [(p, IP4) for p in seeds] + [(p, IP6) for p in six] + [(arp, 0x0806)]
    for _ in range(n):
        p, kind = rng.choice(frames)
        p = bytearray(p)
        for _ in range(rng.randrange(4)):
            p[rng.randrange(len(p))] = rng.randrange(256)
        if rng.random() < 0.2:
            del p[rng.randrange(1, len(p)):]
        if rng.random() < 0.1:
            p += rng.randbytes(rng.randrange(200))
        if kind == IP4 and len(p) >= 20 and rng.random() < 0.7:  # so that it comes further than the first check
            p[10:12] = b"\0\0"
            p[10:12] = struct.pack(">H", checksum(bytes(p[:20])))
        yield bytes(p), kind


def test_frames_by_chance(target):
    """Damaged frames of every protocol, tagged ones among them; the seed is in the failure's output."""
    seed = random.getrandbits(32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    with Wire() as w:
        for p, kind in mutations(50_000 if SOAK else 8000, rng):
            if rng.random() < 0.05:
                w.send_frame(w.mac + b"\x52\x54\0\0\0\1\x81\0\0\1" + struct.pack(">H", kind) + p)
            elif p:
                w.send(p, kind)
        tell_mac(w)


def test_datagram_floods(target):
    """To a closed port, to a socket that nobody reads, and to one that answers: errors are rated, queues bounded."""
    before = free_kb()
    with Wire() as w:
        for i in range(6000):
            w.send(udp(HOST, GUEST, 9, 9, b"nobody"))
            w.send(udp(HOST, GUEST, 9, FILES, bytes(1400)))
            w.send(udp(NOBODY, GUEST, 9, ECHO, bytes(100)))
            if i % 1000 == 0:
                assert echo() < 5
    assert before - free_kb() < 8 << 10
    assert counter("OutDestUnreachs", "/proc/net/snmp") < 6000 * 1.1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.sendto(b"and I?", (GUEST, ECHO))
        assert s.recv(100) == b"and I?"


def test_tiny_segments(target):
    """A peer that admits 88 bytes a segment and reorders: all arrives."""
    tool("ip", "route", "add", f"{GUEST}/32", "dev", TAP, "advmss", "88")
    try:
        data = os.urandom(300_000)
        with connect(SINK) as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            assert int(s.makefile().readline()) == len(data)
        with connect(SOURCE) as s:
            got = 0
            while got < 300_000:
                got += len(s.recv(1 << 16))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    finally:
        tool("ip", "route", "del", f"{GUEST}/32", "dev", TAP)


# -- the soak: more of the same, and an hour of it

@soak_only
def test_100000_connections(target):
    """In a guest of 1 GB, from four addresses of ours: at most 4 KB each."""
    more = [f"10.78.0.{i}" for i in range(101, 105)]
    for a in more:
        tool("ip", "addr", "add", f"{a}/24", "dev", TAP)
    try:
        each = held(100_000, tuple(more))
        print(f"{each * 1024:.0f} bytes a connection")
        assert each <= 4
    finally:
        for a in more:
            tool("ip", "addr", "del", f"{a}/24", "dev", TAP)


def mixed(over, failed):
    """A client's life: requests, uploads, downloads that it leaves, storms, idleness, datagrams."""
    rng = random.Random()
    data = os.urandom(1 << 20)

    def upload():
        with connect(SINK) as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            assert int(s.makefile().readline()) == len(data)

    def leave():
        with connect(SOURCE) as s:
            for _ in range(rng.randrange(20)):
                s.recv(1 << 16)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def storm():
        for _ in range(50):
            connect(ECHO).close()

    def idle():
        with crowded(200, ALIVE):
            time.sleep(rng.random() * 3)

    def deaf():
        with crowded(10, DEAF) as them:
            for s in them:
                with contextlib.suppress(BlockingIOError):
                    s.send(data)
            time.sleep(rng.random())

    def datagram():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for _ in range(20):
                s.sendto(data[:rng.randrange(9000)], (GUEST, ECHO))

    while not over.is_set():
        try:
            rng.choice((upload, leave, storm, idle, deaf, datagram, *[lambda: echo(data[:rng.randrange(1, 3000)])] * 6))()
        except (OSError, AssertionError) as e:
            failed.append(e)


@soak_only
def test_mixed_load(target):
    """An hour (CORACLE_SOAK_SECONDS) of everything at once: nothing fails, and memory is flat at the end."""
    seconds = int(os.environ.get("CORACLE_SOAK_SECONDS", "3600"))
    over, failed, seen = threading.Event(), [], []
    threads = [threading.Thread(target=mixed, args=(over, failed)) for _ in range(6)]
    for t in threads:
        t.start()
    end = time.time() + seconds
    while time.time() < end and not failed:
        time.sleep(seconds / 20)
        seen.append(free_kb())
    over.set()
    for t in threads:
        t.join()
    assert not failed, failed[:5]
    wait_for(lambda: count() == 0, 60, 0.5)
    print("free kB over time:", seen, "and at rest:", free_kb())
    early, late = seen[2:8], seen[-6:]
    assert min(late) > min(early) - SLACK, seen
