/* SPDX-License-Identifier: Apache-2.0 */
/* inotify(7): each kind of event, of a directory's children and of a file itself. */
#include "abi.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <utime.h>

static int in;
static uint32_t cookie;

static void text(const struct inotify_event *e)
{
	static const char *const names[32] = {
		"ACCESS",     "MODIFY",	  "ATTRIB",	"CLOSE_WRITE", "CLOSE_NOWRITE", "OPEN",
		"MOVED_FROM", "MOVED_TO", "CREATE",	"DELETE",      "DELETE_SELF",	"MOVE_SELF",
		NULL,	      "UNMOUNT",  "Q_OVERFLOW", "IGNORED",     [30] = "ISDIR",
	};

	printf("  wd %d len %u", e->wd, e->len);
	for (int i = 0; i < 32; i++)
		if (e->mask & 1u << i)
			printf(" %s", names[i] ? names[i] : "?");
	if (e->cookie)
		printf(e->cookie == cookie ? " same cookie" : " cookie");
	cookie = e->cookie;
	printf(" %s\n", e->len ? e->name : "-");
}

/* All that is there, with what led to it. */
static void drain(const char *what)
{
	char buf[8192] __attribute__((aligned(8)));
	ssize_t n;
	int waiting = -1;

	SHOW(ioctl(in, FIONREAD, &waiting));
	printf("%s: %d bytes\n", what, waiting);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + n;
		     p += sizeof(struct inotify_event) + ((struct inotify_event *)p)->len)
			text((struct inotify_event *)p);
}

static void touch(const char *name, const char *bytes)
{
	int fd = open(name, O_CREAT | O_WRONLY, 0644);

	if (write(fd, bytes, strlen(bytes)) < 0)
		perror(name);
	close(fd);
}

static void errors(void)
{
	SHOW(inotify_init1(1));
	SHOW(inotify_add_watch(in, ".", 0));
	SHOW(inotify_add_watch(in, "nowhere", IN_OPEN));
	SHOW(inotify_add_watch(-1, ".", IN_OPEN));
	SHOW(inotify_add_watch(0, ".", IN_OPEN));
	SHOW(inotify_add_watch(in, ".", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE));
	SHOW(inotify_add_watch(in, NULL, IN_OPEN));
	SHOW(inotify_rm_watch(in, 99));
	SHOW(inotify_rm_watch(-1, 1));
	SHOW(inotify_rm_watch(0, 1));
	SHOW(write(in, "x", 1));
}

static void children(void)
{
	int fd;

	SHOW(inotify_add_watch(in, ".", IN_ALL_EVENTS));
	touch("f", "abc");
	drain("created");
	touch("f", "");
	drain("opened for writing, not written");
	fd = open("f", O_RDWR);
	SHOW(read(fd, &(char[2]){ 0 }, 2));
	SHOW(read(fd, &(char[2]){ 0 }, 2));
	SHOW(pwrite(fd, "z", 1, 0));
	SHOW(ftruncate(fd, 1));
	SHOW(ftruncate(fd, 1));
	SHOW(fchmod(fd, 0600));
	close(fd);
	drain("read, written, cut, chmod");
	fd = open("f", O_RDONLY);
	close(fd);
	fd = open("f", O_PATH);
	close(fd);
	fd = open("f", O_WRONLY | O_TRUNC);
	close(fd);
	drain("opened three ways");
	SHOW(utime("f", NULL));
	SHOW(link("f", "g"));
	SHOW(symlink("f", "s"));
	SHOW(mkdir("d", 0755));
	SHOW(mkfifo("p", 0600));
	drain("utime, link, symlink, mkdir, mkfifo");
	SHOW(rename("f", "h"));
	SHOW(rename("d", "e"));
	drain("renamed");
	SHOW(rename("g", "h")); /* two names of one file: nothing */
	drain("not renamed");
	SHOW(unlink("g"));
	SHOW(unlink("s"));
	SHOW(rmdir("e"));
	drain("removed");
}

static void file_itself(void)
{
	int wd, fd;

	touch("k", "1");
	drain("by the directory");
	wd = inotify_add_watch(in, "k", IN_ALL_EVENTS);
	printf("wd %d\n", wd);
	SHOW(inotify_add_watch(in, "k", IN_ALL_EVENTS | IN_MASK_CREATE));
	fd = open("k", O_RDWR);
	SHOW(write(fd, "22", 2));
	drain("both");
	SHOW(inotify_add_watch(in, "k", IN_ATTRIB));
	SHOW(write(fd, "22", 2));
	SHOW(fchmod(fd, 0644));
	SHOW(inotify_add_watch(in, "k", IN_MODIFY | IN_MASK_ADD));
	SHOW(write(fd, "22", 2));
	SHOW(rename("k", "l"));
	drain("changed masks");
	SHOW(inotify_rm_watch(in, wd));
	SHOW(inotify_rm_watch(in, wd));
	drain("removed watch");
	SHOW(inotify_add_watch(in, "l", IN_MODIFY | IN_ONESHOT));
	SHOW(write(fd, "1", 1));
	SHOW(write(fd, "1", 1));
	drain("one shot");
	close(fd);
	drain("closed");
}

static void deletion(void)
{
	int fd, other = in;

	in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	touch("m", "1");
	SHOW(inotify_add_watch(in, "m", IN_ALL_EVENTS));
	SHOW(inotify_add_watch(in, "m", IN_ALL_EVENTS | IN_ONLYDIR));
	fd = open("m", O_RDONLY);
	SHOW(unlink("m"));
	drain("unlinked, still open");
	close(fd);
	drain("gone");
	touch("n", "1");
	touch("o", "1");
	SHOW(inotify_add_watch(in, "n", IN_ALL_EVENTS));
	SHOW(inotify_add_watch(in, "o", IN_ALL_EVENTS));
	SHOW(rename("n", "o"));
	drain("renamed over");
	SHOW(mkdir("q", 0755));
	SHOW(inotify_add_watch(in, "q", IN_ALL_EVENTS));
	touch("q/a", "");
	SHOW(inotify_add_watch(in, "q", IN_ALL_EVENTS | IN_EXCL_UNLINK));
	fd = open("q/a", O_RDWR);
	SHOW(unlink("q/a"));
	SHOW(write(fd, "x", 1));
	close(fd);
	drain("excluded after unlink");
	SHOW(rmdir("q"));
	drain("directory gone");
	close(in);
	in = other;
}

static void waiting(void)
{
	struct pollfd p = { .fd = in, .events = POLLIN };
	char small[20];

	drain("rest");
	SHOW(poll(&p, 1, 0));
	SHOW(read(in, small, sizeof(small)));
	touch("a-name-of-some-length", "");
	SHOW(poll(&p, 1, 0));
	printf("revents %x\n", (unsigned)p.revents);
	SHOW(read(in, small, sizeof(small)));
	drain("short reads");
}

int main(void)
{
	char dir[] = "/tmp/inotify-XXXXXX";

	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	in = inotify_init1(IN_NONBLOCK);
	errors();
	children();
	file_itself();
	deletion();
	waiting();
	return 0;
}
