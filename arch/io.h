/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/io.h: device registers.  MMIO accesses are single loads and stores of the stated width, ordered
 * against each other; io_* are port accesses and only exist where the CPU has ports.
 */
#pragma once

#include "lib/util.h"

static inline uint8_t mmio_read8(const volatile void *p)
{
	return *(const volatile uint8_t *)p;
}

static inline uint16_t mmio_read16(const volatile void *p)
{
	return *(const volatile uint16_t *)p;
}

static inline uint32_t mmio_read32(const volatile void *p)
{
	return *(const volatile uint32_t *)p;
}

static inline void mmio_write8(volatile void *p, uint8_t v)
{
	*(volatile uint8_t *)p = v;
}

static inline void mmio_write16(volatile void *p, uint16_t v)
{
	*(volatile uint16_t *)p = v;
}

static inline void mmio_write32(volatile void *p, uint32_t v)
{
	*(volatile uint32_t *)p = v;
}

static inline void mmio_write64(volatile void *p, uint64_t v)
{
	*(volatile uint64_t *)p = v;
}

#include "arch_io_inline.h" /* io_in8/16/32, io_out8/16/32; dma_wmb, dma_rmb, dma_mb */
