/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that keeps the kernel's side of doc/run.md, 1.4 and 1.5, and nothing else: for tests of the
 * coracle command that must not depend on the kernel.  Its orders are on the kernel command line:
 * "module" prints the boot module, "echo" prints the lines that come in on COM1 until one says
 * "signal 15", "hang" never ends, "reset" ends without a status, "exit=N" ends with it.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

/* PVH (Xen's hvm_start_info). */
struct start_info {
	u32 magic, version, flags, nr_modules;
	u64 modlist, cmdline;
};

struct module {
	u64 addr, size, cmdline, reserved;
};

void stub_main(struct start_info *si);

static void outb(u16 port, u8 v)
{
	__asm__ volatile("outb %0,%1" : : "a"(v), "Nd"(port));
}

static u8 inb(u16 port)
{
	u8 v;

	__asm__ volatile("inb %1,%0" : "=a"(v) : "Nd"(port));
	return v;
}

static void put(char c)
{
	while (!(inb(0x3fd) & 0x20))
		;
	outb(0x3f8, (u8)c);
}

static char get(void)
{
	while (!(inb(0x3fd) & 1))
		;
	return (char)inb(0x3f8);
}

static void text(const char *s)
{
	while (*s)
		put(*s++);
}

static const char *order(const char *cmdline, const char *word)
{
	for (; *cmdline; cmdline++) {
		u32 i = 0;

		while (word[i] && cmdline[i] == word[i])
			i++;
		if (!word[i])
			return cmdline + i;
	}
	return 0;
}

static void print_module(const struct start_info *si)
{
	const struct module *m = (const struct module *)(u32)si->modlist;

	for (u32 i = 0; si->nr_modules && i < m->size; i++)
		put(((const char *)(u32)m->addr)[i]);
}

static void echo(void)
{
	char line[64];
	u32 n = 0;

	text("ready\n");
	do {
		n = 0;
		while (n < sizeof(line) - 1 && (line[n] = get()) != '\n')
			n++;
		line[n] = 0;
		text("got ");
		text(line);
		text("\n");
	} while (!order(line, "signal 15"));
}

static void leave(const char *status)
{
	u32 n = 0;

	text("coracle: exit status ");
	for (; *status >= '0' && *status <= '9'; status++) {
		put(*status);
		n = n * 10 + (u32)(*status - '0');
	}
	text("\n");
	while (!(inb(0x3fd) & 0x40))
		;
	outb(0x501, (u8)n);
}

/* The reset that every machine has: a fault without an IDT. */
static void triple_fault(void)
{
	static const u8 no_idt[6];

	__asm__ volatile("lidt %0; int3" : : "m"(no_idt));
}

void stub_main(struct start_info *si)
{
	const char *cmdline = (const char *)(u32)si->cmdline, *status = order(cmdline, "exit=");

	if (order(cmdline, "module"))
		print_module(si);
	if (order(cmdline, "echo"))
		echo();
	if (order(cmdline, "reset"))
		triple_fault();
	if (!order(cmdline, "hang"))
		leave(status ? status : "0");
	for (;;)
		;
}

__asm__(".pushsection .note.pvh,\"a\",@note\n"
	".long 4, 4, 18\n"
	".asciz \"Xen\"\n"
	".long stub_start\n"
	".popsection\n"
	".globl stub_start\n"
	"stub_start:\n"
	"	mov $stub_stack + 8192, %esp\n"
	"	push %ebx\n"
	"	call stub_main\n"
	".pushsection .bss\n"
	"stub_stack: .space 8192\n"
	".popsection\n");
