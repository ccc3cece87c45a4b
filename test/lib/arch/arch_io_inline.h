/* SPDX-License-Identifier: Apache-2.0 */
/* test/lib/arch/arch_io_inline.h: no ports on the host. */
#pragma once

#include <stdatomic.h>

static inline void dma_wmb(void)
{
	atomic_thread_fence(memory_order_release);
}

static inline void dma_rmb(void)
{
	atomic_thread_fence(memory_order_acquire);
}

static inline void dma_mb(void)
{
	atomic_thread_fence(memory_order_seq_cst);
}
