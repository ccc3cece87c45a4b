# SPDX-License-Identifier: Apache-2.0
"""virtio-net over a tap in a network namespace of the test's own: bulk both ways and small exchanges, with each
offload and ring feature off, all off, over PCI and MMIO, and with several queues offered. Needs root; skipped without."""
import ctypes
import os
import socket
import subprocess
import threading
import time

import pytest

from tool import compile_c, environment, CORACLE

if os.geteuid() != 0:
    pytest.skip("a tap needs root", allow_module_level=True)

NS = f"coracle-net-{os.getpid()}"
FEATURES = ["mrg_rxbuf", "csum", "guest_csum", "guest_tso4", "guest_ecn", "host_tso4", "event_idx", "indirect_desc",
            "ctrl_vq", "status"]
ALL = FEATURES + ["gso", "guest_tso6", "guest_ufo", "guest_announce", "host_tso6", "host_ecn", "host_ufo", "mq"]
SIZE = 24 << 20

SERVER = r"""
#include <stdio.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>
static unsigned char b[1 << 16];
static unsigned long sum(unsigned long h, long n)
{
	for (long i = 0; i < n; i++)
		h = h * 31 + b[i];
	return h;
}
int main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(5201) };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(s, (void *)&a, sizeof a) || listen(s, 8))
		return 1;
	puts("ready");
	fflush(stdout);
	for (;;) {
		int f = accept(s, 0, 0);
		unsigned long h = 0;
		char mode;
		long n;

		if (read(f, &mode, 1) != 1 || mode == 'q')
			return 0;
		if (mode == 'r')
			while ((n = read(f, b, sizeof b)) > 0)
				h = sum(h, n);
		if (mode == 'r')
			dprintf(f, "%lu\n", h);
		for (long k = 0; mode == 's' && k < 24 << 20;) {
			for (int i = 0; i < 65536; i++)
				b[i] = (k >> 16) * 7 + i * 13 + (i >> 8);
			for (long d = 0; d < 65536 && (n = write(f, b + d, 65536 - d)) > 0;)
				d += n;
			k += 65536;
		}
		while (mode == 'e' && (n = read(f, b, sizeof b)) > 0)
			write(f, b, n);
		close(f);
	}
}
"""


def ip(*args):
    subprocess.run(["ip", "-n", NS, *args], check=True, timeout=10)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    return compile_c(tmp_path_factory.mktemp("net") / "server", SERVER, "-static", "-O2")


@pytest.fixture
def namespace():
    subprocess.run(["ip", "netns", "add", NS], check=True, timeout=10)
    yield NS
    subprocess.run(["ip", "netns", "del", NS], check=False, timeout=10)


def tap(queues=1):
    many = ["multi_queue"] if queues > 1 else []
    subprocess.run(["ip", "netns", "exec", NS, "ip", "tuntap", "add", "dev", "tap0", "mode", "tap", "vnet_hdr",
                    *many], check=True, timeout=10)
    ip("addr", "add", "10.77.0.1/24", "dev", "tap0")
    ip("link", "set", "tap0", "up")


def connect():
    """A socket of the namespace: a thread of ours visits it."""
    made = []

    def visit():
        with open(f"/var/run/netns/{NS}") as f:
            assert ctypes.CDLL(None, use_errno=True).setns(f.fileno(), 0) == 0
        made.append(socket.create_connection(("10.77.0.2", 5201), timeout=20))

    t = threading.Thread(target=visit)
    t.start()
    t.join()
    return made[0]


def block(k):
    return bytes((k * 7 + i * 13 + (i >> 8)) & 255 for i in range(65536))


def read_all(s):
    parts = []
    while data := s.recv(1 << 18):
        parts.append(data)
    return b"".join(parts)


def talk(mode, data=b""):
    with connect() as s:
        s.sendall(mode + data)
        s.shutdown(socket.SHUT_WR)
        return read_all(s)


def check_bulk_out():
    got = talk(b"s")
    assert len(got) == SIZE
    for k in (0, 1, 100, 255, 383):
        assert got[k << 16:(k + 1) << 16] == block(k), k


def check_bulk_in():
    data = os.urandom(1 << 16) * 32
    h = 0
    for byte in data:
        h = (h * 31 + byte) & (2**64 - 1)
    assert int(talk(b"r", data)) == h


def check_exchange():
    with connect() as s:
        s.sendall(b"e")
        for size in [1, 2, 63, 1447, 1448, 1449, 3000, 40000] * 20:
            message = os.urandom(size)
            s.sendall(message)
            got = b""
            while len(got) < size:
                got += s.recv(size - len(got))
            assert got == message


def exercise(tmp_path, server, machine, extra, *options, during=None):
    """One guest, all three loads; `extra` goes to QEMU."""
    qemu = tmp_path / "qemu"
    qemu.write_text("#!/bin/bash\na=()\nfor x in \"$@\"; do case $x in tap,id=*) x=$x$TAP;; virtio-net-pci,*) x=$x$NIC;; "
                    "esac; a+=(\"$x\"); done\nexec /usr/bin/qemu-system-x86_64 \"${a[@]}\" " + " ".join(extra) + "\n")
    qemu.chmod(0o755)
    env = environment(tmp_path, TAP=options[0] if options else "", NIC=options[1] if options else "")
    p = subprocess.Popen(["ip", "netns", "exec", NS, CORACLE, "run", "--machine", machine, "--qemu", str(qemu), "-c",
                          "2" if options else "1", "--net", "tap=tap0", "--ip", "10.77.0.2/24", str(server)], env=env,
                         stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert p.stdout.readline() == b"ready\n"
        if during:
            during()
        check_exchange()
        check_bulk_out()
        check_bulk_in()
        with connect() as s:
            s.sendall(b"q")
        assert p.wait(timeout=20) == 0
    finally:
        p.kill()
        p.wait()


@pytest.mark.parametrize("off", ["nothing", *FEATURES])
def test_without(tmp_path, server, namespace, off):
    tap()
    exercise(tmp_path, server, "q35", [] if off == "nothing" else [f"-global virtio-net-pci.{off}=off"])


@pytest.mark.parametrize("machine,device", [("q35", "virtio-net-pci"), ("microvm", "virtio-net-device")])
def test_without_all(tmp_path, server, namespace, machine, device):
    tap()
    exercise(tmp_path, server, machine, [f"-global {device}.{f}=off" for f in ALL])


def test_mmio(tmp_path, server, namespace):
    tap()
    exercise(tmp_path, server, "microvm", [])


def test_queues(tmp_path, server, namespace):
    """More pairs offered than the stack may use: nothing is lost in those that it does not look at."""
    tap(queues=2)
    exercise(tmp_path, server, "q35", [], ",queues=2", ",mq=on,vectors=6")


def test_link_goes_and_comes(tmp_path, server, namespace):
    """A configuration interrupt each; the connection outlives both."""
    tap()
    monitor = tmp_path / "monitor"
    told = []

    def during():
        with connect() as s, socket.socket(socket.AF_UNIX) as m:
            m.connect(str(monitor))
            s.sendall(b"e")
            for state in ("off", "on"):
                m.sendall(f"set_link net0 {state}\n".encode())
                time.sleep(0.3)
                if state == "off":
                    s.sendall(b"hello")
            s.settimeout(15)
            told.append(s.recv(5))

    exercise(tmp_path, server, "q35", [f"-monitor unix:{monitor},server=on,wait=off"], during=during)
    assert told == [b"hello"]
