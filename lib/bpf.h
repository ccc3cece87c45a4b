/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/bpf.h: classic BPF programs (SO_ATTACH_FILTER): checked once, then run on packets.
 *
 * A program that bpf_check() lets pass ends: jumps go forward only and the last instruction returns.  It reads
 * nothing but the packet and its own 16 words, and no word before it was written.
 *
 * Context: any.  Locks: the packet's.  Memory: the caller's.
 */
#pragma once

#include "abi/linux_packet.h"
#include "lib/err.h"
#include "lib/pkt.h"

enum { BPF_MAX_INSNS = 4096, BPF_WORDS = 16 };

struct bpf_prog {
	uint32_t n;
	struct linux_sock_filter insn[];
};

/* 0, or -EINVAL: it must not be run.  `scratch` has room for n words. */
must_check err_t bpf_check(const struct linux_sock_filter *insn, unsigned n, uint16_t *scratch);

/* What a program may look at: offsets count from p->data and may be negative where `before` bytes lie there. */
struct bpf_view {
	const struct pkt *p;
	uint32_t before;   /* readable bytes in front of p->data */
	int32_t base;	   /* load at 0 */
	int32_t link, net; /* link and network headers */
	uint32_t pkttype;  /* PACKET_* */
	uint16_t protocol; /* EtherType */
	uint16_t hatype;   /* ARPHRD_* */
	uint32_t ifindex, queue, cpu, random;
};

/* How many bytes of the packet the program wants; 0: none of it. */
uint32_t bpf_run(const struct bpf_prog *prog, const struct bpf_view *v);
