#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test/pkt/tap.sh: Linux's TCP against the stack, over a tap device in a namespace.  Needs root.
# VN=1: with the kernel's offloads.  SECS: how long the stack runs.  Any failed line is an assertion of Python.
cd "$(dirname "$0")/../.." || exit 2
OUT=out/host/test/pkt/tapstack
make -s out/host/libcore.a || exit 2
mkdir -p out/host/test/pkt
gcc -std=gnu17 -O2 -g -I. -D_GNU_SOURCE -Wall -o $OUT test/pkt/tapstack.c test/lib/pages.c test/lib/assert.c \
	out/host/libcore.a || exit 2
set -u
NS=tapsh$$
ip netns del $NS 2>/dev/null; ip netns add $NS
ip netns exec $NS ip tuntap add dev tapn0 mode tap $( [ "${VN:-}" ] && echo vnet_hdr )
ip netns exec $NS ip addr add 10.1.0.1/24 dev tapn0
ip netns exec $NS ip -6 addr add fd01::1/64 dev tapn0 nodad
ip netns exec $NS ip link set tapn0 up; ip netns exec $NS ip link set lo up
ip netns exec $NS timeout 60 $OUT -i tapn0 -a 10.1.0.2/24 ${VN:+-o} -s ${SECS:-20} 2>/tmp/tapsh-$$.log &
sleep 0.7
ip netns exec $NS python3 - <<'PY'
import socket,time,os,hashlib
def fnv(b,h=0xcbf29ce484222325):
    for x in b: h=((h^x)*0x100000001b3)&0xffffffffffffffff
    return h
def hashtest(data):
    s=socket.create_connection(("10.1.0.2",77),timeout=10)
    s.sendall(data); s.shutdown(socket.SHUT_WR)
    r=b""
    while 1:
        d=s.recv(1000)
        if not d: break
        r+=d
    s.close()
    h,n=r.split(); assert int(n)==len(data),(n,len(data)); assert int(h,16)==fnv(data); 
print("ping", os.system("ping -c 2 -i 0.2 -W 2 10.1.0.2 >/dev/null"), os.system("ping -c 2 -s 5000 -i 0.2 -W 2 10.1.0.2 >/dev/null"))
hashtest(b""); hashtest(b"hello"); hashtest(os.urandom(300000)); print("hash ok")
s=socket.create_connection(("10.1.0.2",7),timeout=10)
t=time.time()
for i in range(2000):
    s.sendall(b"ping%d"%i); r=s.recv(100); assert r==b"ping%d"%i
print("echo 2000 in %.2f"%(time.time()-t))
data=os.urandom(2000000); import threading
got=[]
def rd():
    n=0
    while n<len(data):
        d=s.recv(65536)
        if not d: break
        got.append(d); n+=len(d)
th=threading.Thread(target=rd); th.start(); s.sendall(data); th.join(20)
assert b"".join(got)==data; print("bulk echo ok"); s.close()
def src(n):
    s=socket.create_connection(("10.1.0.2",19),timeout=10); s.sendall(b"%d\n"%n); t=time.time(); c=0
    while 1:
        d=s.recv(1<<20)
        if not d: break
        c+=len(d)
    assert c==n,(c,n); dt=time.time()-t; print("source %d MB/s"%(n/1e6/dt)); s.close()
src(1000); src(100000000)
s=socket.create_connection(("10.1.0.2",9),timeout=10); t=time.time(); b=b"x"*65536
for i in range(1600): s.sendall(b)
s.shutdown(socket.SHUT_WR); s.recv(1); print("discard %d MB/s"%(1600*65536/1e6/(time.time()-t)))
u=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); u.settimeout(2)
for n in (0,1,100,1472,1473,9000,60000):
    m=os.urandom(n); u.sendto(m,("10.1.0.2",7)); r,_=u.recvfrom(70000); assert r==m
print("udp ok")
u.connect(("10.1.0.2",1234)); u.send(b"x")
try: u.recv(10); print("no refuse")
except ConnectionRefusedError: print("udp refused ok")
try: socket.create_connection(("10.1.0.2",1234),timeout=3); print("??")
except ConnectionRefusedError: print("tcp refused ok")
# many connections
cs=[socket.create_connection(("10.1.0.2",7),timeout=10) for i in range(500)]
for c in cs: c.sendall(b"q")
for c in cs: assert c.recv(10)==b"q"
for c in cs: c.close()
print("500 ok")
PY
wait; cat /tmp/tapsh-$$.log | head -60; ip netns del $NS
