/* SPDX-License-Identifier: Apache-2.0 */
/* pci.c: PCI configuration space on a PC. */
#include "arch/pci.h"

#include "arch/io.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc };
#define CONFIG_ENABLE 0x80000000u

/* Ports suffice for the 256 bytes that are used, and every PC with PCI but microvm's has them. */
bool arch_pci_ecam(uint64_t *phys, unsigned *first_bus, unsigned *last_bus)
{
	(void)phys, (void)first_bus, (void)last_bus;
	return false;
}

/* PCI Local Bus 3.0, 3.2.2.3.2: the address register keeps what is written to it. */
bool arch_pci_ports(void)
{
	io_out32(CONFIG_ADDRESS, CONFIG_ENABLE);
	return io_in32(CONFIG_ADDRESS) == CONFIG_ENABLE;
}

uint32_t arch_pci_port_read(unsigned bdf, unsigned reg)
{
	io_out32(CONFIG_ADDRESS, CONFIG_ENABLE | bdf << 8 | reg);
	return io_in32(CONFIG_DATA);
}

void arch_pci_port_write(unsigned bdf, unsigned reg, uint32_t val)
{
	io_out32(CONFIG_ADDRESS, CONFIG_ENABLE | bdf << 8 | reg);
	io_out32(CONFIG_DATA, val);
}
