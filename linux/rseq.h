/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/rseq.h: restartable sequences, rseq(2).  A thread that registers an area finds its CPU number there, and a critical
 * section that it announces there is left by its abort handler when a signal or another thread came between.
 *
 * Context: the thread itself on its way to user mode.
 */
#pragma once

struct pt_regs;
struct thread;

void rseq_on_return(struct thread *t,
		    struct pt_regs *r); /* after anything that may have moved it */
void rseq_on_signal(struct thread *t, struct pt_regs *r); /* before a handler's frame is built */
