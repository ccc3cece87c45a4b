# SPDX-License-Identifier: Apache-2.0
"""A network stack for each CPU: flows of all kinds over a tap with as many queue pairs as CPUs, fewer, and one.

Wherever a flow's packets come in, its socket is found: connections accepted by any of several threads, made from bound
ports and from chosen ones, over loopback; datagrams to many ports, whole and in fragments; errors.  Needs root."""
import concurrent.futures
import contextlib
import ctypes
import os
import socket
import subprocess
import threading

import pytest

from test_virtio_net import NS, ip, namespace, tap  # noqa: F401 (namespace is a fixture)
from tool import CORACLE, compile_c, environment

GUEST, HOST = "10.77.0.2", "10.77.0.1"
PORT, BACK, UDP, UDPS = 5201, 7000, 6000, 8

SERVER = r"""
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int lis;

/* What does not come in a second is a failure, not a hang. */
static void impatient(int s)
{
	struct timeval t = { .tv_sec = 1 };

	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

static struct sockaddr_in at(const char *ip, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}

/* A connection of ours from port `from` (0: any); what comes back is the port that the peer saw. */
static int out(const char *ip, int to, int from)
{
	int s = socket(AF_INET, SOCK_STREAM, 0), seen = 0, on = 1;
	struct sockaddr_in me = at("0.0.0.0", from), you = at(ip, to);
	char b[16] = "";

	impatient(s);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (from && bind(s, (void *)&me, sizeof me))
		perror("bind");
	if (connect(s, (void *)&you, sizeof you))
		perror("connect");
	if (write(s, "w", 1) != 1 || read(s, b, sizeof b) <= 0)
		perror("exchange");
	seen = atoi(b);
	close(s);
	return seen;
}

static int refused(int port)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), r;
	struct sockaddr_in you = at("127.0.0.1", port);
	char b[4];

	impatient(s);
	connect(s, (void *)&you, sizeof you);
	send(s, "x", 1, 0);
	r = recv(s, b, sizeof b, 0) < 0 && errno == ECONNREFUSED;
	close(s);
	return r;
}

static int loop_udp(int port)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), n;
	struct sockaddr_in you = at("127.0.0.1", port);
	char b[8] = "";

	impatient(s);
	n = sendto(s, "ping", 4, 0, (void *)&you, sizeof you);
	n = n == 4 ? recv(s, b, sizeof b, 0) : -1;
	close(s);
	return n == 4 && !memcmp(b, "ping", 4);
}

/* Everything that the guest tries by itself; two digits of failures for each kind. */
static long selftest(void)
{
	long bad = 0;
	int who;

	for (int i = 0; i < 12; i++) {
		who = 41000 + i;
		bad += out("10.77.0.1", 7000, who) != who;
		bad += 100 * (out("10.77.0.1", 7000, 0) == 0);
		bad += 10000 * (out("127.0.0.1", 5201, 0) == 0);
		bad += 1000000 * (out("127.0.0.1", 5201, who + 100) != who + 100);
		bad += 100000000L * !loop_udp(6000 + i % 8);
		bad += 10000000000L * !refused(9000 + i);
	}
	return bad;
}

static void serve(int f)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof peer;
	static __thread char b[1 << 16];
	long n = read(f, b, 1);

	if (n == 1 && b[0] == 'w') {
		getpeername(f, (void *)&peer, &len);
		dprintf(f, "%d", ntohs(peer.sin_port));
	} else if (n == 1 && b[0] == 't') {
		dprintf(f, "%ld", selftest());
	} else if (n == 1 && b[0] == 'p') {
		FILE *p = fopen("/proc/net/tcp", "r");

		while ((n = fread(b, 1, sizeof b, p)) > 0)
			write(f, b, n);
		fclose(p);
	} else if (n == 1 && b[0] == 'q') {
		exit(0);
	} else {
		while ((n = read(f, b, sizeof b)) > 0)
			for (long d = 0, w; d < n && (w = write(f, b + d, n - d)) > 0;)
				d += w;
	}
	close(f);
}

static void *acceptor(void *arg)
{
	for (;;) {
		int f = accept(lis, 0, 0);

		if (f >= 0)
			serve(f);
	}
	return arg;
}

static void *udp(void *arg)
{
	struct sockaddr_in a = at("0.0.0.0", 6000 + (int)(long)arg);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	static __thread char b[1 << 16];

	if (bind(s, (void *)&a, sizeof a))
		exit(3);
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof from;
		long n = recvfrom(s, b, sizeof b, 0, (void *)&from, &len);

		sendto(s, b, n, 0, (void *)&from, len);
	}
	return arg;
}

int main(void)
{
	struct sockaddr_in a = at("0.0.0.0", 5201);
	pthread_t t;

	lis = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(lis, (void *)&a, sizeof a) || listen(lis, 128))
		return 1;
	for (long i = 0; i < 8; i++)
		pthread_create(&t, 0, udp, (void *)i);
	for (long i = 0; i < 24; i++)
		pthread_create(&t, 0, acceptor, 0);
	puts("ready");
	fflush(stdout);
	pause();
}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    return compile_c(tmp_path_factory.mktemp("shards") / "server", SERVER, "-static", "-O2", "-pthread")


def visit():
    """This thread is in the namespace from now on."""
    with open(f"/var/run/netns/{NS}") as f:
        assert ctypes.CDLL(None, use_errno=True).setns(f.fileno(), 0) == 0


def ask(what):
    with socket.create_connection((GUEST, PORT), timeout=30) as s:
        s.sendall(what)
        answer = b""
        while data := s.recv(65536):
            answer += data
        return answer.decode()


def exchange(k):
    with socket.create_connection((GUEST, PORT), timeout=20) as s:
        s.sendall(b"e")
        for size in (1, 100, 1448, 5000, 70000, 3) * 3:
            message = bytes((k + i) & 255 for i in range(size))
            s.sendall(message)
            got = b""
            while len(got) < size:
                data = s.recv(size - len(got))
                assert data
                got += data
            assert got == message


def datagrams(k):
    """To each port from a socket of its own; the large ones go in fragments, both ways."""
    for port in range(UDP, UDP + UDPS):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(3)
            s.connect((GUEST, port))
            for size in (1, 1000, 4000, 9000):
                message = bytes((k + port + i) & 255 for i in range(size))
                for _ in range(5):  # a datagram may be lost on a busy machine
                    s.send(message)
                    try:
                        if s.recv(65536) == message:
                            break
                    except TimeoutError:
                        pass
                else:
                    raise AssertionError(f"port {port}, {size} bytes: no answer")


def answer_back(lis):
    with contextlib.suppress(OSError):  # shut down: the end
        while True:
            s, peer = lis.accept()
            with s:
                s.settimeout(5)
                if s.recv(1):
                    s.sendall(str(peer[1]).encode())


def all_checks():
    visit()
    lis = socket.create_server((HOST, BACK))
    back = threading.Thread(target=answer_back, args=(lis,))
    back.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(16, initializer=visit) as pool:
            list(pool.map(exchange, range(16)))
            list(pool.map(datagrams, range(3)))
            assert pool.submit(ask, b"t").result() == "0"
        rows = [line.split() for line in ask(b"p").splitlines()[1:]]
        assert sum(r[3] == "0A" for r in rows) == 1, "one row for a listening socket, not one for each CPU"
    finally:
        lis.shutdown(socket.SHUT_RDWR)
        back.join()
        lis.close()


def in_thread(f):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(f).result()


@pytest.mark.parametrize("machine,cpus,queues", [("microvm", 2, 1), ("q35", 4, 1), ("q35", 2, 2), ("q35", 4, 2), ("q35", 4, 4)])
def test_all_kinds_of_flows(tmp_path, server, namespace, machine, cpus, queues):  # noqa: F811
    tap(queues)
    qemu = tmp_path / "qemu"
    qemu.write_text("#!/bin/bash\na=()\nfor x in \"$@\"; do case $x in tap,id=*) x=$x$TAP;; virtio-net-pci,*) x=$x$NIC;; "
                    "esac; a+=(\"$x\"); done\nexec /usr/bin/qemu-system-x86_64 \"${a[@]}\"\n")
    qemu.chmod(0o755)
    many = {"TAP": f",queues={queues}", "NIC": f",mq=on,vectors={2 * queues + 2}"} if queues > 1 else {"TAP": "", "NIC": ""}
    p = subprocess.Popen(["ip", "netns", "exec", NS, CORACLE, "run", "--machine", machine, "--qemu", str(qemu), "-c",
                          str(cpus), "--net", "tap=tap0", "--ip", f"{GUEST}/24", str(server)],
                         env=environment(tmp_path, **many), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert p.stdout.readline() == b"ready\n"
        in_thread(all_checks)

        def end():
            visit()
            with socket.create_connection((GUEST, PORT), timeout=20) as s:
                s.sendall(b"q")
        in_thread(end)
        assert p.wait(timeout=20) == 0
    finally:
        p.kill()
        p.wait()
