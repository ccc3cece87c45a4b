/* SPDX-License-Identifier: Apache-2.0 */
/* abi/linux_ioctl.h: ioctl(2) request numbers of Linux on x86-64, as far as something answers them. */
#pragma once

enum {
	LX_TCGETS = 0x5401,
	LX_TCSETS = 0x5402,
	LX_TCSETSW = 0x5403,
	LX_TCSETSF = 0x5404,
	LX_TCSBRK = 0x5409,
	LX_TCXONC = 0x540a,
	LX_TCFLSH = 0x540b,
	LX_TIOCEXCL = 0x540c,
	LX_TIOCNXCL = 0x540d,
	LX_TIOCSCTTY = 0x540e,
	LX_TIOCGPGRP = 0x540f,
	LX_TIOCSPGRP = 0x5410,
	LX_TIOCOUTQ = 0x5411,
	LX_TIOCGWINSZ = 0x5413,
	LX_TIOCSWINSZ = 0x5414,
	LX_FIONREAD = 0x541b,
	LX_FIONBIO = 0x5421,
	LX_TIOCNOTTY = 0x5422,
	LX_TIOCGSID = 0x5429,
	LX_FIONCLEX = 0x5450,
	LX_FIOCLEX = 0x5451,
	LX_FIOASYNC = 0x5452,
};
