# SPDX-License-Identifier: Apache-2.0
"""Packets made by hand, for tests that say what no honest peer says."""
import contextlib
import re
import socket
import struct
import time

from rig import GUEST, HOST, TAP, tool

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
IP4, IP6 = 0x0800, 0x86DD


def checksum(data):
    """RFC 1071: the sum modulo 65535 of big-endian words is the number itself modulo 65535."""
    n = int.from_bytes(data + b"\0" * (len(data) & 1), "big")
    return (0xFFFF - n % 0xFFFF) & 0xFFFF if n else 0xFFFF


def ip4(src, dst, proto, payload, ident=0, offset=0, more=False, ttl=64):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, (0x2000 if more else 0) | offset >> 3, ttl,
                       proto, 0, socket.inet_aton(src), socket.inet_aton(dst))
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ip6(src, dst, proto, payload):
    return struct.pack(">IHBB16s16s", 6 << 28, len(payload), proto, 64, socket.inet_pton(socket.AF_INET6, src),
                       socket.inet_pton(socket.AF_INET6, dst)) + payload


def tcp(src, dst, sport, dport, seq, ack=0, flags=ACK, window=65535, data=b"", options=b""):
    """A whole IPv4 packet."""
    size = 20 + len(options)
    seg = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, size << 2, flags, window, 0,
                      0) + options + data
    pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack(">HH", 6, len(seg))
    seg = seg[:16] + struct.pack(">H", checksum(pseudo + seg)) + seg[18:]
    return ip4(src, dst, 6, seg)


def udp(src, dst, sport, dport, data=b""):
    """A whole IPv4 packet, without a checksum, as IPv4 allows."""
    return ip4(src, dst, 17, struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data)


def icmp4(src, dst, kind, code, rest=0, payload=b""):
    body = struct.pack(">BBHI", kind, code, 0, rest) + payload
    return ip4(src, dst, 1, body[:2] + struct.pack(">H", checksum(body)) + body[4:])


def tell_mac(wire):
    """A true ARP announcement of ours, after false ones."""
    mac = bytes.fromhex(re.search(r"link/ether (\S+)", tool("ip", "link", "show", TAP))[1].replace(":", ""))
    wire.send(b"\0\1\x08\0\6\4\0\2" + mac + socket.inet_aton(HOST) + wire.mac + socket.inet_aton(GUEST), 0x0806)


def guest_mac():
    tool("ping", "-c", "1", "-w", "5", GUEST)
    words = tool("ip", "neigh", "show", GUEST, "dev", TAP).split()
    return bytes.fromhex(words[words.index("lladdr") + 1].replace(":", ""))


class Wire(contextlib.AbstractContextManager):
    """The guest's link: packets without (or frames with) their Ethernet header out, and what the guest sends in."""

    def __init__(self):
        self.mac = guest_mac()
        self.out = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.raw.bind((TAP, 0))

    def __exit__(self, *exc):
        self.out.close()
        self.raw.close()

    def send(self, packet, kind=IP4):
        self.out.sendto(packet, (TAP, kind, 0, 0, self.mac))

    def send_frame(self, frame):
        self.raw.send(frame)


class Sniffer(contextlib.AbstractContextManager):
    """The sequence numbers of a connection of this host's: what a peer on the path would know."""

    def __init__(self):
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self.s.bind((TAP, 3))
        self.s.settimeout(5)

    def __exit__(self, *exc):
        self.s.close()

    def last_from_guest(self, port, seconds=0.5):
        """(seq after it, ack) of the last segment that the guest sent to this port of ours."""
        found, end = None, time.time() + seconds
        self.s.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            while time.time() < end:
                p, whence = self.s.recvfrom(1 << 16)
                if whence[2] == socket.PACKET_OUTGOING or p[0] >> 4 != 4 or p[9] != 6:
                    continue
                ihl = (p[0] & 15) * 4
                sport, dport, seq, ack, off, flags = struct.unpack(">HHIIBB", p[ihl:ihl + 14])
                if dport == port:
                    size = struct.unpack(">H", p[2:4])[0] - ihl - (off >> 4) * 4
                    found = (seq + size + bool(flags & (SYN | FIN)), ack)
        assert found, "no segment seen"
        return found
