/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/pci.h: the configuration space of a PCI function.  PCI Local Bus 3.0 chapter 6, PCI-to-PCI Bridge
 * 1.2 chapter 3, PCI Express Base 7.5 and 7.7 (MSI-X).
 */
#pragma once

enum pci_reg {
	PCI_VENDOR = 0x00,
	PCI_DEVICE = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_REVISION = 0x08,
	PCI_PROG_IF = 0x09,
	PCI_SUBCLASS = 0x0a,
	PCI_CLASS = 0x0b,
	PCI_HEADER_TYPE = 0x0e,
	PCI_BAR0 = 0x10,
	PCI_BRIDGE_BUSES = 0x18, /* primary, secondary, subordinate, latency */
	PCI_SUBSYS_VENDOR = 0x2c,
	PCI_SUBSYS_ID = 0x2e,
	PCI_CAP_PTR = 0x34,
	PCI_IRQ_LINE = 0x3c,
	PCI_IRQ_PIN = 0x3d,
};

#define PCI_CMD_IO	     0x0001u
#define PCI_CMD_MEM	     0x0002u
#define PCI_CMD_MASTER	     0x0004u
#define PCI_CMD_INTX_DISABLE 0x0400u
#define PCI_STATUS_CAPS	     0x0010u
#define PCI_HEADER_MULTI     0x80u
#define PCI_HEADER_MASK	     0x7fu
#define PCI_HEADER_DEVICE    0
#define PCI_HEADER_BRIDGE    1

#define PCI_CLASS_BRIDGE 0x06
#define PCI_SUBCLASS_PCI 0x04

#define PCI_BAR_IO	  1u
#define PCI_BAR_MEM64	  4u /* of the type field, bits 2:1 */
#define PCI_BAR_TYPE_MASK 6u
#define PCI_BAR_IO_MASK	  (~3u)
#define PCI_BAR_MEM_MASK  (~15u)

/* Capabilities live between the header and the end of the 256 bytes, dword-aligned. */
#define PCI_CAP_FIRST 0x40
#define PCI_CFG_BYTES 256

enum pci_cap_id { PCI_CAP_ID_MSI = 0x05, PCI_CAP_ID_VENDOR = 0x09, PCI_CAP_ID_MSIX = 0x11 };

/* MSI-X capability (7.7.2). */
enum pci_msix_off { PCI_MSIX_CONTROL = 2, PCI_MSIX_TABLE = 4, PCI_MSIX_PBA = 8 };
#define PCI_MSIX_ENABLE	   0x8000u
#define PCI_MSIX_MASK_ALL  0x4000u
#define PCI_MSIX_SIZE_MASK 0x07ffu /* entries - 1 */
#define PCI_MSIX_BIR_MASK  7u
#define PCI_MSIX_LEN	   12

/* One entry of its table. */
enum pci_msix_entry {
	PCI_MSIX_ADDR_LO = 0,
	PCI_MSIX_ADDR_HI = 4,
	PCI_MSIX_DATA = 8,
	PCI_MSIX_VECTOR = 12
};
#define PCI_MSIX_ENTRY_BYTES 16
#define PCI_MSIX_MASKED	     1u
