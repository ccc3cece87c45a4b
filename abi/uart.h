/* SPDX-License-Identifier: Apache-2.0 */
/* abi/uart.h: registers of the 16550A UART (National Semiconductor PC16550D, 8.0). */
#pragma once

enum uart_reg {
	UART_DATA = 0,	  /* RBR read, THR written; DLAB: divisor low */
	UART_IER = 1,	  /* DLAB: divisor high */
	UART_IIR_FCR = 2, /* IIR read, FCR written */
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_MSR = 6,
	UART_SCRATCH = 7,
};

#define UART_IER_RX   0x01u
#define UART_IER_TX   0x02u
#define UART_IIR_NONE 0x01u /* no interrupt is pending */
#define UART_FCR_FIFO 0x07u /* on, both emptied, trigger at one byte */
#define UART_LCR_8N1  0x03u
#define UART_LCR_DLAB 0x80u
#define UART_MCR_IRQ  0x0bu /* DTR, RTS, OUT2: the last gates the interrupt on a PC */
#define UART_LSR_DATA 0x01u
#define UART_LSR_THRE 0x20u /* the FIFO is empty: UART_FIFO bytes may be written */
#define UART_LSR_IDLE 0x40u /* and the shift register too */
#define UART_FIFO     16u
#define UART_CLOCK    115200u
#define UART_COM1     0x3f8u
#define UART_COM1_GSI 4u
