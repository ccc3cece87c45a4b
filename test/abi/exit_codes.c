/* SPDX-License-Identifier: Apache-2.0 */
/* Only the low byte of a status counts; atexit handlers run, in reverse. */
#include "abi.h"

static void one(void)
{
	puts("one");
}

static void two(void)
{
	puts("two");
}

int main(void)
{
	atexit(one);
	atexit(two);
	exit(0x1234);
}
