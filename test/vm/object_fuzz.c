/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object_fuzz.c: calls that make sense one by one, in an order by chance, from several threads on the same descriptors and the
 * same addresses: what is in use is closed, replaced and unmapped under way.  syscall_fuzz.c tries arguments that make no
 * sense; this one gets past the checks of arguments.  usage: object_fuzz SEED THREADS CALLS.  Ends with 0.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define FDS	  48 /* descriptors 3 and up that all threads use and close */
#define PLACE	  0x20000000ul
#define PLACE_LEN (64ul << 12)
#define SECONDS	  12

static unsigned long seed, calls;
static __thread unsigned long state;
static __thread char buf[65536];
static unsigned words[16]; /* futexes */
static _Atomic unsigned long made;

static unsigned long chance(void) /* xorshift64 */
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static unsigned long below(unsigned long n)
{
	return (chance() >> 8) % n;
}

static int fd(void)
{
	return 3 + (int)below(FDS);
}

/* A length: mostly small, sometimes at the edges, sometimes wild. */
static unsigned length(void)
{
	static const unsigned edge[] = { 0,  1,	  3,   4,    7,	   8,	 15,   16,
					 17, 127, 128, 4095, 4096, 4097, 65535 };

	switch (below(8)) {
	case 0:
		return (unsigned)chance();
	case 1:
	case 2:
		return edge[below(sizeof(edge) / sizeof(edge[0]))];
	default:
		return (unsigned)below(256);
	}
}

static void *place(void)
{
	return (void *)(PLACE + (below(64) << 12));
}

static void scramble(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		buf[i] = (char)(below(3) ? 0 : chance());
}

static const char *name(void)
{
	static const char *const list[] = {
		"/tmp",
		"/tmp/a",
		"/tmp/b",
		"/tmp/d",
		"/tmp/d/x",
		"/tmp/d/y",
		"/tmp/l",
		"/tmp/fifo",
		"/a",
		"/d",
		"/d/x",
		"/d/y",
		"/dev/zero",
		"/dev/null",
		"/dev/random",
		"/dev/full",
		"/dev/tty",
		"/proc/self/maps",
		"/proc/meminfo",
		"/proc/self/fd",
		"/proc/net/tcp",
		"/proc/self/smaps",
		"/sys",
		"/proc/net/packet",
	};

	return list[below(sizeof(list) / sizeof(list[0]))];
}

static socklen_t address(struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (void *)ss;
	struct sockaddr_in6 *in6 = (void *)ss;
	struct sockaddr_un *un = (void *)ss;
	struct sockaddr_ll *ll = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	switch (below(8)) {
	case 0:
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((unsigned short)(5000 + below(4)));
		in6->sin6_addr = in6addr_loopback;
		return sizeof(*in6);
	case 1:
		un->sun_family = AF_UNIX;
		snprintf(un->sun_path + 1, 20, "s%lu", below(4));
		return (socklen_t)(2 + 3);
	case 2:
		ll->sll_family = AF_PACKET;
		ll->sll_protocol = htons(3);
		ll->sll_ifindex = (int)below(4);
		return sizeof(*ll);
	case 3:
		ss->ss_family = AF_NETLINK;
		((struct sockaddr_nl *)ss)->nl_groups = (unsigned)chance();
		return sizeof(struct sockaddr_nl);
	case 4:
		ss->ss_family = (sa_family_t)(below(4) ? AF_UNSPEC : chance());
		return (socklen_t)below(129);
	default:
		in->sin_family = AF_INET;
		in->sin_port = htons((unsigned short)(5000 + below(4)));
		in->sin_addr.s_addr = htonl(below(8) ? INADDR_LOOPBACK : INADDR_ANY);
		return sizeof(*in);
	}
}

static void op_make_socket(void)
{
	static const int family[] = { AF_UNIX,	AF_INET,   AF_INET,    AF_INET,
				      AF_INET6, AF_PACKET, AF_NETLINK, 40 };
	static const int type[] = { SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW,
				    SOCK_SEQPACKET };
	int f = family[below(8)], t = type[below(5)], pair[2];

	if (f == AF_UNIX && below(2))
		socketpair(f, t | SOCK_NONBLOCK, 0, pair);
	else
		socket(f, t | SOCK_NONBLOCK,
		       f == AF_PACKET ? htons(3)
		       : below(4)     ? 0
				      : (int)below(256));
}

static void op_make_other(void)
{
	int pair[2];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	switch (below(10)) {
	case 0:
	case 1:
		pipe2(pair, O_NONBLOCK | (below(4) ? 0 : O_DIRECT));
		break;
	case 2:
		eventfd((unsigned)below(3), EFD_NONBLOCK | (below(2) ? EFD_SEMAPHORE : 0));
		break;
	case 3:
		epoll_create1(0);
		break;
	case 4:
		timerfd_create((int)below(2), TFD_NONBLOCK);
		break;
	case 5:
		inotify_init1(IN_NONBLOCK);
		break;
	case 6:
		signalfd(below(4) ? -1 : fd(), &set, SFD_NONBLOCK);
		break;
	case 7:
		memfd_create("m", MFD_ALLOW_SEALING);
		break;
	case 8:
		syscall(SYS_pidfd_open, getpid(), 0);
		break;
	default:
		open(name(),
		     (below(2) ? O_RDWR : (int)below(3)) | O_NONBLOCK | (below(2) ? O_CREAT : 0) |
			     (below(8) ? 0 : O_TRUNC) | (below(8) ? 0 : O_APPEND) |
			     (below(16) ? 0 : O_PATH),
		     0644);
	}
}

static void op_replace(void)
{
	switch (below(4)) {
	case 0:
		dup2(fd(), fd());
		break;
	case 1:
		dup(fd());
		break;
	case 2:
		if (below(16) == 0)
			close_range(3 + (unsigned)below(FDS), 3 + FDS, 0);
		break;
	default:
		close(fd());
	}
}

static void op_names(void)
{
	struct stat st;

	switch (below(10)) {
	case 0:
		mkdir(name(), 0755);
		break;
	case 1:
		rename(name(), name());
		break;
	case 2:
		syscall(SYS_renameat2, AT_FDCWD, name(), AT_FDCWD, name(), below(4));
		break;
	case 3:
		unlink(name());
		break;
	case 4:
		rmdir(name());
		break;
	case 5:
		link(name(), name());
		break;
	case 6:
		symlink(name(), name());
		break;
	case 7:
		mkfifo(name(), 0644);
		break;
	case 8:
		truncate(name(), (long)below(1 << 17));
		break;
	default:
		stat(name(), &st);
	}
}

static void op_inotify(void)
{
	if (below(3))
		inotify_add_watch(fd(), name(), (unsigned)(below(4) ? 0xfff : chance()));
	else
		inotify_rm_watch(fd(), (int)below(12));
}

static void op_epoll(void)
{
	struct epoll_event ev[8] = { { .events = (unsigned)(below(2) ? 0x1f : chance()) } };

	if (below(3))
		epoll_ctl(fd(), 1 + (int)below(3), fd(), ev);
	else
		epoll_wait(fd(), ev, (int)below(9), (int)below(2));
}

static void op_io(void)
{
	unsigned n = length() % sizeof(buf);
	struct iovec v[3] = { { buf, n / 3 },
			      { buf + n / 3, n / 3 },
			      { below(8) ? buf : place(), n / 3 } };

	switch (below(10)) {
	case 0:
	case 1:
		read(fd(), buf, n);
		break;
	case 2:
	case 3:
		write(fd(), buf, n);
		break;
	case 4:
		readv(fd(), v, 3);
		break;
	case 5:
		writev(fd(), v, 3);
		break;
	case 6:
		pread(fd(), below(2) ? buf : place(), n, (long)below(1 << 17));
		break;
	case 7:
		pwrite(fd(), below(2) ? buf : place(), n, (long)below(1 << 17));
		break;
	case 8:
		lseek(fd(), (long)below(1 << 17), (int)below(5));
		break;
	default:
		ftruncate(fd(), (long)below(1 << 17));
	}
}

static void op_splice(void)
{
	struct iovec v[2] = { { place(), length() % 20000 }, { buf, length() % 20000 } };
	long at = (long)below(1 << 16);

	switch (below(6)) {
	case 0:
	case 1:
		splice(fd(), below(3) ? NULL : &at, fd(), NULL, length(), SPLICE_F_NONBLOCK);
		break;
	case 2:
		tee(fd(), fd(), length(), SPLICE_F_NONBLOCK);
		break;
	case 3:
		vmsplice(fd(), v, 2, SPLICE_F_NONBLOCK | (below(2) ? SPLICE_F_GIFT : 0));
		break;
	case 4:
		sendfile(fd(), fd(), below(2) ? NULL : &at, length() % 70000);
		break;
	default:
		copy_file_range(fd(), NULL, fd(), NULL, length() % 70000, 0);
	}
}

static void op_connect(void)
{
	struct sockaddr_storage ss;
	socklen_t n = address(&ss);

	switch (below(7)) {
	case 0:
		bind(fd(), (void *)&ss, n);
		break;
	case 1:
		listen(fd(), (int)below(4));
		break;
	case 2:
	case 3:
		connect(fd(), (void *)&ss, n);
		break;
	case 4:
		accept4(fd(), (void *)&ss, &n, SOCK_NONBLOCK);
		break;
	case 5:
		getsockname(fd(), (void *)&ss, &n);
		break;
	default:
		shutdown(fd(), (int)below(4));
	}
}

static void op_message(void)
{
	struct sockaddr_storage ss;
	char control[256] = { 0 };
	struct iovec v = { buf, length() % sizeof(buf) };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = below(257)
	};
	struct cmsghdr *c = (void *)control;
	struct mmsghdr mm[2] = { { .msg_hdr = m }, { .msg_hdr = m } };
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (below(3) ? 0 : (int)chance());

	c->cmsg_len = below(3) ? CMSG_LEN(4 * below(4)) : chance();
	c->cmsg_level = below(2) ? SOL_SOCKET : (int)below(64);
	c->cmsg_type = (int)below(64);
	for (int i = 0; i < 8; i++)
		((int *)CMSG_DATA(c))[i] = fd();
	if (below(2)) {
		m.msg_namelen = address(&ss);
		m.msg_name = &ss;
	}
	switch (below(4)) {
	case 0:
		sendmsg(fd(), &m, flags);
		break;
	case 1:
		recvmsg(fd(), &m, flags);
		break;
	case 2:
		sendmmsg(fd(), mm, 2, flags);
		break;
	default:
		recvmmsg(fd(), mm, 2, flags, NULL);
	}
}

static void op_option(void)
{
	static const int level[] = { SOL_SOCKET,   IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP,
				     IPPROTO_IPV6, 263,	       270,	    255 };
	socklen_t n = length();
	int l = level[below(8)];

	scramble(64);
	if (below(4) == 0)
		*(int *)buf = (int)below(100000);
	if (below(3))
		setsockopt(fd(), l, (int)below(80), buf, n % sizeof(buf));
	else {
		n %= sizeof(buf);
		getsockopt(fd(), l, (int)below(80), buf, &n);
	}
}

/* A filter of instructions that are nearly right: it may be taken, and then runs on packets. */
static void op_filter(void)
{
	static const unsigned short code[] = { 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60, 0x61,
					       0x80, 0xb1, 0x00, 0x01, 0x02, 0x03, 0x05, 0x15,
					       0x25, 0x35, 0x45, 0x07, 0x87, 0x04, 0x14, 0x24,
					       0x34, 0x3c, 0x94, 0x9c, 0x64, 0x6c, 0x84, 0xa4 };
	struct sock_filter f[24];
	unsigned n = 1 + (unsigned)below(24);
	struct sock_fprog p = { (unsigned short)n, f };

	for (unsigned i = 0; i < n; i++) {
		f[i].code = below(30) ? code[below(32)] : (unsigned short)chance();
		f[i].jt = (unsigned char)below(n - i);
		f[i].jf = (unsigned char)below(n - i);
		f[i].k = (unsigned)(below(3)   ? below(32)
				    : below(2) ? 0xfffff000u + below(64)
					       : chance());
	}
	f[n - 1] = (struct sock_filter){ 0x06, 0, 0, (unsigned)chance() };
	setsockopt(fd(), SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p));
}

static void op_ring(void)
{
	struct tpacket_req3 r = { .tp_block_size = below(8) ? 4096u << below(4) : length(),
				  .tp_block_nr = below(8) ? (unsigned)below(8) : length(),
				  .tp_frame_size = below(8) ? 2048 : length(),
				  .tp_retire_blk_tov = (unsigned)below(20) };
	int version = (int)below(3);

	r.tp_frame_nr = r.tp_block_nr * (r.tp_frame_size ? r.tp_block_size / r.tp_frame_size : 0);
	setsockopt(fd(), SOL_PACKET, PACKET_VERSION, &version, sizeof(version));
	setsockopt(fd(), SOL_PACKET, below(2) ? PACKET_RX_RING : PACKET_TX_RING, &r,
		   below(2) ? sizeof(struct tpacket_req) : sizeof(r));
	mmap((void *)PLACE, r.tp_block_size * r.tp_block_nr % PLACE_LEN + 4096, 3,
	     MAP_SHARED | MAP_FIXED, fd(), 0);
}

static void op_netlink(void)
{
	struct nlmsghdr *h = (void *)buf;

	scramble(512);
	h->nlmsg_len = below(8) ? 16 + (unsigned)below(200) : (unsigned)chance();
	h->nlmsg_type = (unsigned short)(RTM_NEWLINK + below(40));
	h->nlmsg_flags = (unsigned short)(below(2) ? NLM_F_REQUEST | NLM_F_DUMP : chance());
	for (unsigned i = 32; i < 200; i += 4 * (1 + (unsigned)below(4))) {
		buf[i] = (char)(4 + below(20));
		buf[i + 1] = 0;
		buf[i + 2] = (char)below(16);
		buf[i + 3] = 0;
	}
	buf[20] = (char)below(4); /* index of the interface */
	send(fd(), buf, below(4) ? 256 : length() % sizeof(buf), MSG_DONTWAIT);
}

static void op_ioctl(void)
{
	unsigned long nr = below(3) == 0   ? 0x8900 + below(0x60)
			   : below(2) == 0 ? 0x5400 + below(0x60)
					   : chance();

	scramble(128);
	if (below(2))
		memcpy(buf, below(2) ? "lo" : "eth0", 5);
	ioctl(fd(), nr, below(4) ? buf : (char *)place());
}

static void op_map(void)
{
	unsigned long n = (1 + below(16)) << 12;

	switch (below(9)) {
	case 0:
	case 1:
		mmap(place(), n, (int)below(4), MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 2:
	case 3:
		mmap(place(), n, (int)below(4), (below(2) ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED,
		     fd(), (long)(below(8) << 12));
		break;
	case 4:
		munmap(place(), n);
		break;
	case 5:
		mprotect(place(), n, (int)below(4));
		break;
	case 6:
		mremap(place(), n, (1 + below(16)) << 12, MREMAP_MAYMOVE | MREMAP_FIXED, place());
		break;
	case 7:
		madvise(place(), n, (int)below(26));
		break;
	default:
		msync(place(), n, MS_SYNC);
	}
}

static void op_shm(void)
{
	int id = shmget((int)below(3), below(4) << 12, IPC_CREAT | 0600);
	void *p;

	switch (below(3)) {
	case 0:
		p = shmat(id, below(2) ? place() : NULL, below(2) ? SHM_REMAP : 0);
		if (p != MAP_FAILED &&
		    ((unsigned long)p < PLACE || (unsigned long)p >= PLACE + PLACE_LEN))
			shmdt(p);
		break;
	case 1:
		shmdt(place());
		break;
	default:
		shmctl(id, (int)below(16), (void *)buf);
	}
}

static void op_futex(void)
{
	struct timespec soon = { 0, 100000 }, at;
	unsigned *w = &words[below(16)];
	struct futex_waitv v[4];
	int op = (int)below(14) | (below(2) ? FUTEX_PRIVATE_FLAG : 0);

	clock_gettime(CLOCK_MONOTONIC, &at);
	if (below(6) == 0) {
		for (int i = 0; i < 4; i++)
			v[i] = (struct futex_waitv){ 0, (unsigned long)&words[below(16)],
						     2 | (unsigned)below(2) * 128, 0 };
		at.tv_nsec = (at.tv_nsec + 100000) % 1000000000;
		syscall(449, v, below(5), 0, &at, CLOCK_MONOTONIC);
	} else if (below(8) == 0) {
		*w = (unsigned)(below(2) ? 0 : chance());
	} else if (op % 128 == FUTEX_LOCK_PI || op % 128 == FUTEX_LOCK_PI2 ||
		   op % 128 == FUTEX_WAIT || op % 128 == FUTEX_WAIT_BITSET ||
		   op % 128 == FUTEX_WAIT_REQUEUE_PI) {
		syscall(SYS_futex, w, op, *w, op % 128 == FUTEX_WAIT ? &soon : &at,
			&words[below(16)], 1 + below(3));
	} else {
		syscall(SYS_futex, w, op, below(4), below(4), &words[below(16)], chance());
	}
}

static void op_sched(void)
{
	struct sched_param p = { (int)below(4) };
	struct rlimit l = { 1 << 16, RLIM_INFINITY };
	struct itimerspec its = { { 0, (long)below(1000000) }, { 0, (long)below(1000000) } };
	cpu_set_t set;

	CPU_ZERO(&set);
	set.__bits[0] = 1 + below(15);
	switch (below(8)) {
	case 0: /* with a time slice: the others go on */
		sched_setscheduler(0, below(4) ? SCHED_OTHER : SCHED_RR, &p);
		break;
	case 1:
		sched_setaffinity(0, sizeof(set), &set);
		break;
	case 2:
		sched_yield();
		break;
	case 3:
		setrlimit(RLIMIT_FSIZE, &l);
		break;
	case 4:
		timerfd_settime(fd(), (int)below(4), &its, NULL);
		break;
	case 5:
		fcntl(fd(), (int)(below(2) ? below(20) : 1024 + below(14)),
		      below(8) ? (long)below(1 << 17) : (long)buf);
		break;
	case 6:
		process_vm_readv(getpid(), &(struct iovec){ buf, 4096 }, 1,
				 &(struct iovec){ place(), 4096 }, 1, 0);
		break;
	default:
		poll((struct pollfd[3]){ { fd(), 31, 0 }, { fd(), 31, 0 }, { fd(), 31, 0 } }, 3,
		     (int)below(2));
	}
}

static void *nothing(void *arg)
{
	return arg;
}

static void op_thread(void)
{
	pthread_attr_t a;
	pthread_t t;

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 32768);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	if (below(4) == 0)
		pthread_create(&t, &a, nothing, NULL);
	pthread_attr_destroy(&a);
}

static void *run(void *arg)
{
	static void (*const ops[])(void) = {
		op_make_socket, op_make_socket, op_make_other, op_make_other, op_replace,
		op_replace,	op_names,	op_inotify,    op_epoll,      op_io,
		op_io,		op_splice,	op_connect,    op_connect,    op_message,
		op_message,	op_option,	op_option,     op_filter,     op_ring,
		op_netlink,	op_ioctl,	op_map,	       op_map,	      op_shm,
		op_futex,	op_sched,	op_thread,
	};

	state = seed * 977 + (unsigned long)arg * 7919 + 1;
	for (unsigned long i = 0; i < calls; i++) {
		ops[below(sizeof(ops) / sizeof(ops[0]))]();
		made++;
	}
	return NULL;
}

static void done(int sig)
{
	char text[64];

	write(2, text, (size_t)snprintf(text, sizeof(text), "%lu calls, signal %d\n", made, sig));
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned long threads = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
	struct rlimit files = { 3 + FDS, 3 + FDS };
	pthread_t t[16];

	if (threads < 1 || threads > 16)
		return 2;
	seed = strtoul(argv[1], NULL, 10);
	calls = strtoul(argv[3], NULL, 10);
	for (int sig = 1; sig < 65; sig++)
		signal(sig, SIG_IGN);
	signal(SIGALRM, done);
	signal(SIGSEGV, done);
	signal(SIGBUS, done);
	setrlimit(RLIMIT_NOFILE, &files);
	alarm(SECONDS);
	for (unsigned long i = 0; i < threads; i++)
		if (pthread_create(&t[i], NULL, run, (void *)i))
			return 0;
	for (unsigned long i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	return 0;
}
