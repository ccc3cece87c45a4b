/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/pci.h: how this machine reaches PCI configuration space, from what the firmware's tables say.
 * Boot thread only, after the tables were read.
 */
#pragma once

#include "arch/arch.h"

/* Memory-mapped configuration of segment 0 (PCI Firmware 3.0, 4.1.2: MCFG). False: there is none. */
bool arch_pci_ecam(uint64_t *phys, unsigned *first_bus, unsigned *last_bus);

/* Configuration mechanism 1 (PCI Local Bus 3.0, 3.2.2.3.2): the first 256 bytes, through ports. */
bool arch_pci_ports(void);
uint32_t arch_pci_port_read(unsigned bdf, unsigned reg); /* reg dword-aligned */
void arch_pci_port_write(unsigned bdf, unsigned reg, uint32_t val);
