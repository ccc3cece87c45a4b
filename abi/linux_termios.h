/* SPDX-License-Identifier: Apache-2.0 */
/* abi/linux_termios.h: the kernel's struct termios (TCGETS) and its flags, on x86-64 and the generic ports. */
#pragma once

#include <stdint.h>

enum { TT_NCCS = 19 };

struct linux_termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[TT_NCCS];
};
_Static_assert(sizeof(struct linux_termios) == 36, "struct termios is 36 bytes");

struct linux_winsize {
	uint16_t rows, cols, xpixel, ypixel;
};

enum { /* cc[] */
       TT_VINTR,
       TT_VQUIT,
       TT_VERASE,
       TT_VKILL,
       TT_VEOF,
       TT_VTIME,
       TT_VMIN,
       TT_VSWTC,
       TT_VSTART,
       TT_VSTOP,
       TT_VSUSP,
       TT_VEOL,
       TT_VREPRINT,
       TT_VDISCARD,
       TT_VWERASE,
       TT_VLNEXT,
       TT_VEOL2,
};

enum {
	TT_IGNBRK = 01,
	TT_ISTRIP = 040,
	TT_INLCR = 0100,
	TT_IGNCR = 0200,
	TT_ICRNL = 0400,
	TT_IUCLC = 01000,
	TT_IXON = 02000,
	TT_IXANY = 04000,
	TT_IMAXBEL = 020000,
	TT_IUTF8 = 040000,

	TT_OPOST = 01,
	TT_OLCUC = 02,
	TT_ONLCR = 04,
	TT_OCRNL = 010,
	TT_ONOCR = 020,
	TT_ONLRET = 040,

	TT_B38400 = 017,
	TT_CS8 = 060,
	TT_CREAD = 0200,
	TT_HUPCL = 02000,

	TT_ISIG = 01,
	TT_ICANON = 02,
	TT_ECHO = 010,
	TT_ECHOE = 020,
	TT_ECHOK = 040,
	TT_ECHONL = 0100,
	TT_NOFLSH = 0200,
	TT_TOSTOP = 0400,
	TT_ECHOCTL = 01000,
	TT_ECHOKE = 04000,
	TT_IEXTEN = 0100000,
};
