/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tfs_power.c: what TFS promises when the power goes and when memory runs out.  A script of steps, each followed by a
 * sync, is run once to learn what the file system holds after each; then again with the power cut at the first
 * write, the second, ... until none is cut, and with the first allocation failing, the second, ...
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "test/lib/fsbox.h"

enum { DISK = 2048, DIR = 0040755, REG = 0100644, LNK = 0120777, STEPS = 56 };

static err_t many_files(struct fsbox *b)
{
	char name[100];
	err_t err = 0;

	for (int i = 0; i < 60 && !err; i++) {
		snprintf(name, sizeof(name),
			 i < 20 ? "a/m%d" : "a/a longer name, for longer records %d", i);
		err = fsbox_make(b, name, REG, NULL);
		/* Asked again after a failure: what is there is there. */
		err = err == -EEXIST ? 0 : err;
	}
	return err;
}

static err_t remove_many(struct fsbox *b)
{
	char name[100];
	err_t err = 0;

	for (int i = 20; i < 60 && !err; i++) {
		snprintf(name, sizeof(name), "b/a longer name, for longer records %d", i);
		err = fsbox_remove(b, name);
		err = err == -ENOENT ? 0 : err;
	}
	return err;
}

static err_t truncate_to(struct fsbox *b, const char *path, uint64_t size)
{
	struct tfs_inode *i;
	err_t err = fsbox_find(b, path, &i);

	if (err)
		return err;
	err = tfs_truncate(i, size, ++b->now);
	tfs_put(i);
	return err;
}

static err_t set_xattr(struct fsbox *b, const char *path)
{
	struct tfs_inode *i;
	err_t err = fsbox_find(b, path, &i);

	if (err)
		return err;
	err = tfs_xattr_set(i, "user.colour", "green", 5, 0, ++b->now);
	tfs_put(i);
	return err;
}

static err_t set_mode(struct fsbox *b, const char *path)
{
	struct tfs_attr a = { .set = TFS_SET_MODE | TFS_SET_UID, .mode = 0600, .uid = 1000 };
	struct tfs_inode *i;
	err_t err = fsbox_find(b, path, &i);

	if (err)
		return err;
	err = tfs_setattr(i, &a);
	tfs_put(i);
	return err;
}

static err_t punch(struct fsbox *b, const char *path, bool zero)
{
	struct tfs_inode *i;
	err_t err = fsbox_find(b, path, &i);

	if (err)
		return err;
	err = zero ? tfs_zero(i, 0, 16, 0, ++b->now) : tfs_punch(i, 8, 8, ++b->now);
	tfs_put(i);
	return err;
}

static err_t prealloc(struct fsbox *b, const char *path)
{
	struct tfs_inode *i;
	err_t err = fsbox_find(b, path, &i);

	if (err)
		return err;
	err = tfs_fallocate(i, 0, 64, 0, ++b->now);
	tfs_put(i);
	return err;
}

/* Each step is one change, so that after a cut it is there or it is not. */
static err_t step(struct fsbox *b, unsigned n)
{
	switch (n) {
	case 0:
		return fsbox_make(b, "a", DIR, NULL);
	case 1:
		return fsbox_make(b, "a/f", REG, NULL);
	case 2:
		return fsbox_write(b, "a/f", 0, 10000, 1);
	case 3:
		return fsbox_write(b, "a/f", 10000, 9000, 1);
	case 4:
		return fsbox_link(b, "a/f", "g");
	case 5:
		return fsbox_rename(b, "g", "a/h", 0);
	case 6:
		return fsbox_make(b, "a/link", LNK, "../somewhere/else");
	case 7:
		return set_xattr(b, "a/f");
	case 8:
		return fsbox_remove(b, "a/f");
	case 9:
		return truncate_to(b, "a/h", 4096);
	case 10:
		return many_files(b);
	case 11:
		return set_mode(b, "a/m3");
	case 12:
		return fsbox_write(b, "a/m3", 100000, 30000, 2);
	case 13:
		return fsbox_make(b, "d", DIR, NULL);
	case 14:
		return fsbox_rename(b, "a/m3", "a/m4", 0);
	case 15:
		return fsbox_rename(b, "a/m5", "d", TFS_RENAME_EXCHANGE);
	case 16:
		return tfs_compact(b->fs);
	case 17:
		return fsbox_write(b, "a/m7", 0, 20000, 3);
	case 18:
		return punch(b, "a/m7", false);
	case 19:
		return punch(b, "a/m7", true);
	case 20:
		return prealloc(b, "a/m8");
	case 21:
		return fsbox_write(b, "a/m8", 4096, 8000, 4);
	case 22:
		return truncate_to(b, "a/m8", 0);
	case 23:
		return fsbox_rename(b, "a", "b", 0);
	case 24:
		return fsbox_remove(b, "b/m9");
	case 25:
		return remove_many(b);
	default: /* the log goes through several extents */
		return n & 1 ? fsbox_write(b, "b/m10", (n - 26) * 3000ull, 3000, n)
			     : set_mode(b, n & 2 ? "b/m11" : "b/m12");
	}
}

static char *learn(unsigned version, char *texts[STEPS + 1])
{
	struct fsbox b;

	fsbox_init(&b, DISK, version);
	assert_int_equal(fsbox_format(&b), 0);
	assert_int_equal(tfs_sync(b.fs), 0);
	texts[0] = fsbox_text(&b);
	for (unsigned n = 0; n < STEPS; n++) {
		assert_int_equal(step(&b, n), 0);
		assert_int_equal(tfs_sync(b.fs), 0);
		texts[n + 1] = fsbox_text(&b);
		assert_int_equal(fsbox_check(&b), 0);
	}
	fsbox_unmount(&b);
	assert_int_equal(b.mem.held, 0);
	assert_int_equal(fsbox_mount(&b, 0), 0);
	texts[STEPS + 1] = fsbox_text(&b);
	assert_string_equal(texts[STEPS], texts[STEPS + 1]);
	fsbox_fini(&b);
	return texts[STEPS + 1];
}

/* Runs until the power goes.  Returns the steps whose sync returned, -1 if not even format's did. */
static int run(struct fsbox *b)
{
	int acked = -1;

	if (fsbox_format(b) == 0 && tfs_sync(b->fs) == 0)
		acked = 0;
	while (acked >= 0 && acked < STEPS && step(b, (unsigned)acked) == 0 && tfs_sync(b->fs) == 0)
		acked++;
	fsbox_unmount(b);
	return acked;
}

static void check_after_cut(struct fsbox *b, int acked, char *texts[])
{
	err_t err = fsbox_mount(b, 0);
	char *text;

	if (acked < 0 && err)
		return; /* never finished: need not be a file system */
	assert_int_equal(err, 0);
	assert_null(tfs_damage(b->fs));
	text = fsbox_text(b);
	if (acked < 0)
		acked = 0;
	if (strcmp(text, texts[acked]) != 0 &&
	    (acked == STEPS || strcmp(text, texts[acked + 1]) != 0))
		assert_string_equal(text, texts[acked]);
	free(text);
	assert_int_equal(fsbox_check(b), 0);
	/* It goes on from there, and a second life is as durable as the first. */
	assert_int_equal(fsbox_make(b, "after", DIR, NULL), 0);
	assert_int_equal(tfs_sync(b->fs), 0);
	text = fsbox_text(b);
	fsbox_unmount(b);
	memdisk_power(&b->disk, 0);
	assert_int_equal(fsbox_mount(b, 0), 0);
	{
		char *again = fsbox_text(b);

		assert_string_equal(again, text);
		free(again);
	}
	free(text);
	fsbox_unmount(b);
	assert_int_equal(b->mem.held, 0);
}

static void free_texts(char *texts[], char *extra)
{
	for (unsigned n = 0; n <= STEPS; n++)
		free(texts[n]);
	free(extra);
}

/* How many ways of losing what was not flushed are tried at each cut. */
static unsigned seeds(void)
{
	return getenv("CORACLE_SOAK") ? 100 : 5;
}

/*
 * What was acknowledged is there; what was not is wholly there or wholly absent; no block that nobody
 * wrote is ever seen.
 */
static void cut_everywhere(unsigned version)
{
	char *texts[STEPS + 2], *extra = learn(version, texts);
	bool cut = true;

	for (unsigned at = 0; cut; at++) {
		for (unsigned seed = 0; seed < seeds(); seed++) {
			struct fsbox b;
			int acked;

			fsbox_init(&b, DISK, version);
			b.disk.cut = at;
			acked = run(&b);
			cut = acked < STEPS;
			/* Nothing, everything, and other parts at every cut. */
			memdisk_power(&b.disk, seed < 2 ? seed : seed + 7 * at);
			check_after_cut(&b, acked, texts);
			fsbox_fini(&b);
		}
	}
	free_texts(texts, extra);
}

static void test_cut_5(void **state)
{
	(void)state;
	cut_everywhere(5);
}

static void test_cut_6(void **state)
{
	(void)state;
	cut_everywhere(6);
}

/* --- promises that need a case of their own ---------------------------------------------------- */

static char *line_of(const char *text, const char *path)
{
	char *at = strstr(text, path);

	return at ? strndup(at, strcspn(at, "\n")) : NULL;
}

/*
 * Space that a removal freed is not written over before the removal is durable: while the old name is there, so are its
 * contents.
 */
static void reuse_after_removal(unsigned version)
{
	bool cut = true;

	for (unsigned at = 0; cut; at++) {
		for (unsigned seed = 0; seed < 4; seed++) {
			char *before, *after, *was, *is;
			struct fsbox b;

			fsbox_init(&b, DISK, version);
			assert_int_equal(fsbox_format(&b), 0);
			assert_int_equal(fsbox_make(&b, "old", REG, NULL), 0);
			assert_int_equal(fsbox_write(&b, "old", 0, 600000, 1), 0);
			assert_int_equal(tfs_sync(b.fs), 0);
			if (at & 1) { /* with what is free known, or yet to be found out */
				fsbox_unmount(&b);
				assert_int_equal(fsbox_mount(&b, 0), 0);
			}
			before = fsbox_text(&b);
			b.disk.cut = b.disk.writes + at;
			cut = fsbox_remove(&b, "old") || fsbox_make(&b, "new", REG, NULL) ||
			      fsbox_write(&b, "new", 0, 700000, 2) || tfs_sync(b.fs);
			fsbox_unmount(&b);
			memdisk_power(&b.disk, seed);
			assert_int_equal(fsbox_mount(&b, 0), 0);
			after = fsbox_text(&b);
			was = line_of(before, "/old");
			is = line_of(after, "/old");
			if (is)
				assert_string_equal(is, was);
			free(before);
			free(after);
			free(was);
			free(is);
			fsbox_fini(&b);
		}
	}
}

static void test_reuse(void **state)
{
	(void)state;
	reuse_after_removal(5);
	reuse_after_removal(6);
}

/*
 * Two commits without a flush; the first is lost and the second survives.  What is then written in the
 * first one's place must not bring the second back.
 */
static void test_lost_and_found(void **state)
{
	(void)state;
	for (unsigned seed = 2; seed < 40; seed++) {
		struct fsbox b;
		char *want, *got;

		fsbox_init(&b, DISK, 6);
		assert_int_equal(fsbox_format(&b), 0);
		assert_int_equal(tfs_sync(b.fs), 0);
		assert_int_equal(fsbox_make(&b, "first", DIR, NULL), 0);
		assert_int_equal(tfs_commit(b.fs), 0);
		assert_int_equal(fsbox_make(&b, "second", DIR, NULL), 0);
		assert_int_equal(tfs_commit(b.fs), 0);
		fsbox_unmount(&b);
		memdisk_power(&b.disk, seed);
		assert_int_equal(fsbox_mount(&b, 0), 0);
		assert_null(tfs_damage(b.fs));
		assert_int_equal(fsbox_make(&b, "third", DIR, NULL), 0);
		assert_int_equal(tfs_sync(b.fs), 0);
		want = fsbox_text(&b);
		fsbox_unmount(&b);
		assert_int_equal(fsbox_mount(&b, 0), 0);
		assert_null(tfs_damage(b.fs));
		got = fsbox_text(&b);
		assert_string_equal(got, want);
		free(want);
		free(got);
		fsbox_fini(&b);
	}
}

/* A change that finds no memory changes nothing, and works when asked again. */
static void memory_everywhere(unsigned version)
{
	char *texts[STEPS + 2], *extra = learn(version, texts);
	bool failed = true;

	for (uint64_t at = 1; failed; at++) {
		struct fsbox b;

		fsbox_init(&b, DISK, version);
		b.mem.fail_at = at;
		if (fsbox_format(&b)) {
			assert_true(b.mem.failed);
			assert_int_equal(b.mem.held, 0);
			fsbox_fini(&b);
			continue;
		}
		for (unsigned n = 0; n < STEPS; n++) {
			err_t err = step(&b, n);

			if (err) {
				assert_int_equal(err, -ENOMEM);
				err = step(&b, n);
			}
			assert_int_equal(err, 0);
			err = tfs_sync(b.fs);
			if (err) {
				assert_int_equal(err, -ENOMEM);
				err = tfs_sync(b.fs);
			}
			assert_int_equal(err, 0);
		}
		failed = b.mem.failed;
		b.mem.fail_at = 0;
		assert_int_equal(fsbox_check(&b), 0);
		fsbox_unmount(&b);
		assert_int_equal(b.mem.held, 0);
		memdisk_power(&b.disk, 0);
		assert_int_equal(fsbox_mount(&b, 0), 0);
		assert_int_equal(fsbox_check(&b), 0);
		fsbox_fini(&b);
	}
	free_texts(texts, extra);
}

static void test_memory_5(void **state)
{
	(void)state;
	memory_everywhere(5);
}

static void test_memory_6(void **state)
{
	(void)state;
	memory_everywhere(6);
}

static void test_memory_mount(void **state)
{
	(void)state;
	for (unsigned version = 5; version <= 6; version++) {
		struct fsbox b;
		err_t err = -ENOMEM;

		fsbox_init(&b, DISK, version);
		assert_int_equal(run(&b), STEPS);
		for (uint64_t at = 1; err; at++) {
			b.mem.asked = 0;
			b.mem.fail_at = at;
			err = fsbox_mount(&b, 0);
			assert_true(err == 0 || err == -ENOMEM);
			if (err)
				assert_int_equal(b.mem.held, 0);
		}
		fsbox_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_5),	       cmocka_unit_test(test_cut_6),
		cmocka_unit_test(test_memory_5),       cmocka_unit_test(test_memory_6),
		cmocka_unit_test(test_memory_mount),   cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_lost_and_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
