/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch_io_inline.h: ports and DMA barriers of x86-64 (Intel SDM vol. 3A, 9.2: stores are seen in order, loads are not
 * passed by loads; only a store followed by a load needs a fence).  Included by arch/io.h only.
 */
#pragma once

static inline uint8_t io_in8(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint16_t io_in16(uint16_t port)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint32_t io_in32(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void io_out8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void io_out16(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void io_out32(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

/* What was written before is seen by the device before what is written after. */
static inline void dma_wmb(void)
{
	__asm__ volatile("" : : : "memory");
}

/* What is read after was not read before. */
static inline void dma_rmb(void)
{
	__asm__ volatile("" : : : "memory");
}

/*
 * QEMU's TCG before 8.0 translates LOCK and MFENCE of a machine with one CPU to nothing, though its devices run in
 * another thread of the host: a notification got lost once in some million.  RDTSC takes a lock of QEMU's there, by an
 * exchange, which is a fence of the host.
 */
extern bool x86_fences_elided;

/* Store, then load: the one order the CPU does not keep by itself. */
static inline void dma_mb(void)
{
	__asm__ volatile("lock; addl $0, (%%rsp)" : : : "memory", "cc");
	if (x86_fences_elided)
		__asm__ volatile("rdtsc" : : : "memory", "eax", "edx");
}
