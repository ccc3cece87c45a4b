/* SPDX-License-Identifier: Apache-2.0 */
/* linux/system.h: the machine as the program is told of it. */
#pragma once

#include <stddef.h>

#define UTS_LEN 65

/* struct new_utsname of the uapi. */
struct utsname {
	char sysname[UTS_LEN], nodename[UTS_LEN], release[UTS_LEN], version[UTS_LEN],
		machine[UTS_LEN], domainname[UTS_LEN];
};

void system_uname(struct utsname *out);
/* From the manifest, before the program runs; NULL: leave as is. */
void system_set_uname(const char *sysname, const char *release, const char *nodename);
/* A host name that the network gave: taken once, unless the manifest or the program has said another. Thread only. */
void system_offer_hostname(const char *name);
