/* SPDX-License-Identifier: Apache-2.0 */
/* System V shared memory: keys, sizes, attaching, counting, removal while attached, rights, what /proc/self/maps says. */
#include "abi.h"
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

static struct shmid_ds ds;

static long nattch(int id)
{
	return shmctl(id, IPC_STAT, &ds) ? -errno : (long)ds.shm_nattch;
}

static void keys(void)
{
	int a = shmget(0x4711, 10000, IPC_CREAT | 0640), b;

	IS(a >= 0);
	b = shmget(0x4711, 0, 0);
	IS(a == b);
	SHOW(shmget(0x4711, 10001, 0));
	SHOW(shmget(0x4711, 10000, IPC_CREAT | IPC_EXCL | 0600));
	SHOW(shmget(0x4712, 10000, 0));
	SHOW(shmget(0x4712, 0, IPC_CREAT | 0600));
	b = shmget(IPC_PRIVATE, 1, 0600);
	IS(b >= 0 && b != a);
	SHOW(shmctl(b, IPC_RMID, NULL));
	SHOW(shmctl(b, IPC_RMID, NULL));
	SHOW(shmctl(a, IPC_STAT, &ds));
	printf("key %#x mode %o size %zu nattch %lu uid %u cuid %u\n", ds.shm_perm.__key,
	       ds.shm_perm.mode, ds.shm_segsz, (unsigned long)ds.shm_nattch, ds.shm_perm.uid,
	       ds.shm_perm.cuid);
	IS(ds.shm_cpid == getpid() && ds.shm_lpid == 0 && ds.shm_atime == 0 && ds.shm_dtime == 0 &&
	   ds.shm_ctime > 1000);
	ds.shm_perm.mode = 0604;
	SHOW(shmctl(a, IPC_SET, &ds));
	SHOW(shmctl(a, IPC_STAT, &ds));
	printf("mode %o\n", ds.shm_perm.mode);
	SHOW(shmctl(a, IPC_STAT, NOT_MAPPED));
	SHOW(shmctl(a, 999, &ds));
	SHOW(shmctl(-1, IPC_STAT, &ds));
	SHOW(shmctl(a, SHM_LOCK, NULL));
	SHOW(shmctl(a, IPC_STAT, &ds));
	printf("mode %o\n", ds.shm_perm.mode);
	SHOW(shmctl(a, SHM_UNLOCK, NULL));
	SHOW(shmctl(a, IPC_RMID, NULL));
	SHOW(shmget(0x4711, 0, 0));
}

static void attaching(void)
{
	int id = shmget(IPC_PRIVATE, 10000, 0600), gone;
	char *a = shmat(id, NULL, 0), *b = shmat(id, NULL, SHM_RDONLY), *c, *hole;
	char line[300];
	FILE *f;

	IS(a != (void *)-1 && b != (void *)-1 && a != b);
	SAY(nattch(id));
	IS(ds.shm_atime > 1000 && ds.shm_lpid == getpid());
	strcpy(a + 5000, "seen");
	puts(b + 5000);
	SAY(a[0] + a[9999] + a[12287]);
	SHOW(mprotect(b, 4096, PROT_READ | PROT_WRITE));
	SHOW(shmdt(b + 4096));
	SHOW(shmdt(b));
	SHOW(shmdt(b));
	SAY(nattch(id));
	hole = mmap(NULL, 16 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(hole + 4096, 4 * 4096);
	c = shmat(id, hole + 4096, 0);
	IS(c == hole + 4096);
	puts(c + 5000);
	SHOW((long)shmat(id, hole + 4096, 0));
	SHOW((long)shmat(id, hole + 4096 + 5, 0));
	IS(shmat(id, hole + 8 * 4096 + 5, SHM_RND | SHM_REMAP) == hole + 8 * 4096);
	SHOW((long)shmat(id, NULL, SHM_REMAP));
	SAY(nattch(id));
	SHOW((long)shmat(id + 12345, NULL, 0));
	f = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "SYSV")) {
			char *name = strchr(line, '/');

			printf("%.4s %s", strchr(line, ' ') + 1, name ? name : "?\n");
		}
	fclose(f);
	SHOW(shmctl(id, IPC_RMID, NULL));
	SAY(nattch(id));
	printf("mode %o\n", ds.shm_perm.mode);
	strcpy(a, "still there");
	puts(c);
	IS((gone = (shmat(id, NULL, 0) == (void *)-1 ? errno : 0)) == 0);
	SHOW(shmdt(hole + 8 * 4096));
	SHOW(shmdt(c));
	SHOW(munmap(a, 12288));
	SAY(nattch(id) > 0);
}

static void partly(void)
{
	int id = shmget(IPC_PRIVATE, 4 * 4096, 0600);
	char *a = shmat(id, NULL, 0);

	SHOW(munmap(a + 4096, 4096));
	SAY(nattch(id) > 0);
	SHOW(shmdt(a));
	SAY(nattch(id));
	SHOW(mprotect(a, 4096, PROT_READ));
	SHOW(shmctl(id, IPC_RMID, NULL));
}

int main(void)
{
	keys();
	attaching();
	partly();
	return 0;
}
