/* SPDX-License-Identifier: Apache-2.0 */
/* pci.c: PCI configuration space on a PC. */
#include "arch/pci.h"

#include "arch/io.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc };
#define CONFIG_ENABLE 0x80000000u

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
