/* SPDX-License-Identifier: Apache-2.0 */
/* abi/linux_auxv.h: the auxiliary vector, getauxval(3). */
#pragma once

enum linux_auxv {
	LAT_NULL = 0,
	LAT_PHDR = 3,
	LAT_PHENT = 4,
	LAT_PHNUM = 5,
	LAT_PAGESZ = 6,
	LAT_BASE = 7,
	LAT_FLAGS = 8,
	LAT_ENTRY = 9,
	LAT_UID = 11,
	LAT_EUID = 12,
	LAT_GID = 13,
	LAT_EGID = 14,
	LAT_PLATFORM = 15,
	LAT_HWCAP = 16,
	LAT_CLKTCK = 17,
	LAT_SECURE = 23,
	LAT_RANDOM = 25,
	LAT_HWCAP2 = 26,
	LAT_RSEQ_FEATURE_SIZE = 27,
	LAT_RSEQ_ALIGN = 28,
	LAT_EXECFN = 31,
	LAT_SYSINFO_EHDR = 33,
	LAT_MINSIGSTKSZ = 51,
};
