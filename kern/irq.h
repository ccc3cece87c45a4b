/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/irq.h: device interrupts.  A handler runs with interrupts off on the CPU the vector was made
 * for; it does the least and wakes somebody.  Counts are kept per vector and CPU for /proc/interrupts.
 */
#pragma once

#include "arch/arch.h"

typedef void (*irq_handler)(void *arg);

/* A message-signalled vector for CPU `cpu`: *addr and *data go into the device. -ENOSPC: none free. */
err_t irq_new_msi(const char *name, unsigned cpu, irq_handler fn, void *arg, uint64_t *addr,
		  uint32_t *data, unsigned *irq) must_check;
/* A line (ISA or virtio-mmio) by global system interrupt; lines may be shared. */
err_t irq_new_line(const char *name, unsigned gsi, bool level, bool low, irq_handler fn, void *arg,
		   unsigned *irq) must_check;
void irq_free(unsigned irq);
/* For /proc/interrupts: false when there is no such interrupt. */
bool irq_stat(unsigned irq, const char **name, uint64_t count[], unsigned ncpu);
uint64_t irq_total(void);
/*
 * Soon, fn runs on CPU `cpu` in interrupt context; pokes that come before it does are one with it.  There is one
 * fn, set at boot.  irq_poke(): any context, any lock held.
 */
void irq_poke_set(void (*fn)(void));
void irq_poke(unsigned cpu);
void irq_poked(void); /* from the kick's handler */
