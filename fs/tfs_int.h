/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs/tfs_int.h: the core's own view of itself.
 *
 * The tree of tuples is the truth about metadata; everything else is derived from it or hangs off
 * it.  A change is a list of edits (edit.c): each sets or removes one key of one tuple, in memory and, when the
 * tuple is in the log, as bytes in the stage.  The stage goes to the log (log5.c, log6.c) as one batch.
 *
 *   encode.c  values to bytes                   space.c   free space
 *   decode.c  bytes to values                   inode.c   handles and attributes
 *   dict.c    a log's dictionary                xattr.c   extended attributes
 *   edit.c    edits                             dir.c     names; rename.c
 *   log.c     what the formats' logs share      extent.c  a file's map
 *   log5.c    formats 4 and 5                   file.c    reading, writing, truncating
 *   log6.c    format 6                          check.c   the whole tree, verified
 *   mount.c   probe, mount, format, sync
 */
#pragma once

#include "abi/tfs.h"
#include "fs/tfs.h"
#include "lib/assert.h"
#include "lib/mem.h"
#include "lib/ranges.h"

enum { TFS_OUT_SECTORS = 8 };

/* Growing bytes.  After bytes_reserve(n), n bytes can be put without failing. */
struct bytes {
	uint8_t *p;
	size_t len, cap;
};

must_check err_t bytes_reserve(struct alloc *, struct bytes *, size_t n);
void bytes_free(struct alloc *, struct bytes *);
void bytes_put(struct bytes *, const void *p, size_t n);

/* Keys of the schema, interned at mount. */
#define TFS_KEYS(X)   \
	X(children)   \
	X(extents)    \
	X(filelength) \
	X(offset)     \
	X(length)     \
	X(allocated)  \
	X(uninited)   \
	X(linktarget) \
	X(nlink)      \
	X(mode)       \
	X(uid)        \
	X(gid)        \
	X(rdev)       \
	X(atime) X(mtime) X(ctime) X(btime) X(xattrs) X(socket) X(readonly) X(exec) X(no_encode)

struct tfs_keys {
#define X(k) struct sym *k;
	TFS_KEYS(X)
#undef X
};

/* One range of a file's blocks.  Sectors count from the beginning of the file system. */
struct tfs_ext {
	uint64_t block, sector, n;
	uint64_t spare; /* blocks allocated behind it that hold nothing (written by others) */
	enum tfs_state state;
	struct tuple *t; /* its tuple in the tree; NULL while PENDING */
};

struct log_extent {
	uint64_t sector, n;
};

/* One level of a tuple being decoded or encoded. */
struct frame {
	struct tuple *t;
	struct sym *key;
	uint32_t left, slot;
	bool vector;
};

struct stack {
	struct frame *f;
	uint32_t n, cap;
};

static inline bool is_nested(const struct value *v)
{
	return v->type == VALUE_TUPLE || v->type == VALUE_VECTOR;
}

/* While a new log is written: directories' contents follow the tuple that holds them. */
struct later {
	struct tuple **v;
	uint32_t n, cap;
	uint32_t want; /* slots that values bounded but not yet encoded will take */
	bool on;
};

/* The log's state behind its last record.  Formats 4 and 5 know `at`, format 6 the rest. */
struct log {
	struct log_extent *ext; /* the extents, oldest first; the last is appended to */
	uint32_t n, cap;
	uint64_t sectors;	 /* of all of them */
	uint64_t compact;	 /* sectors in use when it was last compact */
	uint64_t used;		 /* sectors in use in the last extent */
	uint8_t tail[TFS_BLOCK]; /* formats 4, 5: what the sector that `at` is in holds */
	uint64_t at;		 /* formats 4, 5: byte of the last extent where END is */
	bool appended;		 /* format 5: this mount has appended */

	uint64_t gen, seq; /* 6: of the next record */
	uint64_t durable;  /* 6: the last record known to be durable */
	uint64_t head_seq; /* 6: of the slot written last */
	uint32_t prev;	   /* 6: the last record's CRC */
	bool head_stale;   /* 6: an extent was linked since the head was written */
	uint64_t records;
};

struct tfs {
	struct tfs_where w;
	struct alloc *a;
	struct tfs_ident id;
	struct vstore vs;
	struct tfs_keys k;
	struct tuple *root;
	bool readonly;
	bool building;	     /* made by tfs_format() and never synced: there is no log yet */
	bool changed;	     /* since the last sync */
	bool must_compact;   /* ids are not to be trusted: the next commit writes a new log */
	bool unflushed;	     /* written since the last flush: data, or log */
	bool data_unflushed; /* file data was written since the last flush */
	char damage[120];

	struct log log;
	struct bytes stage; /* encoded edits: u32 length, bytes, ... */
	uint8_t *scratch;   /* a sector; devices cannot be given a stack's memory */
	uint8_t *out;	    /* TFS_OUT_SECTORS: records of the log go through it */
	struct stack stack;
	struct later later;
	uint32_t next_id;  /* the log's dictionary: the next index */
	uint32_t gen;	   /* counts logs: tuple->id is good where tuple->gen is this */
	struct list dirty; /* inodes with attributes to log; each holds a reference */

	bool space_loaded;
	struct ranges free;
	struct ranges logged;	       /* the log's extents */
	struct ranges pending;	       /* freed, but the log may still say otherwise */
	struct log_extent log_reserve; /* the log's next extent, taken from free */
	uint64_t log_want;	       /* size of the log's next extent */
	uint64_t reserved;	       /* blocks promised */
	uint64_t lost;		       /* blocks that the next mount will find free */
	uint64_t goal;
	uint64_t files;	 /* inodes, once space is loaded */
	uint64_t inodes; /* handles held */
};

/* Damage: remember the first, and never write again. */
void tfs_damaged(struct tfs *, uint64_t off, const char *what);
must_check err_t tfs_writable(const struct tfs *);

/* --- encode.c, decode.c, dict.c -------------------------------------------------------------- */

enum { GEN_MASK = 0x3ffffff };

static inline bool in_log(const struct tfs *fs, const struct tuple *t)
{
	return t->id && t->gen == fs->gen;
}

/* The dictionary of a log being read: tagged pointers by index; index 0 is not used. */
struct dict {
	uintptr_t *v; /* bit 0: a symbol */
	uint32_t n, cap;
	bool shared; /* a tuple was referred to as a value: there may be a cycle */
};

void dict_init(struct dict *);
must_check err_t dict_add(struct tfs *, struct dict *, uintptr_t);
/* NULL: no such index, or it is of the other kind. */
struct tuple *dict_tuple(const struct dict *, uint64_t i);
struct sym *dict_sym(const struct dict *, uint64_t i);
must_check err_t stack_push(struct tfs *, struct tuple *, struct sym *key, uint32_t left,
			    bool vector);
/* `keep`: false when the tree is to be taken apart, cycles and all. */
void dict_fini(struct tfs *, struct dict *, bool keep);
/* One blob: a tuple, or changes to one.  *used: bytes it took. -EUCLEAN: not an encoding. */
must_check err_t decode_blob(struct tfs *, struct dict *, const uint8_t *p, size_t len,
			     size_t *used);
/* -EUCLEAN: a directory is in two places, or a tuple inside itself. */
must_check err_t tree_is_sound(struct tfs *, const struct dict *);

/* An upper bound of the encoded length of a value; makes the stack large enough to encode it. */
must_check err_t encode_bound(struct tfs *, const struct value *, size_t *bytes);
size_t key_bound(const struct sym *);
enum { HEADER_BOUND = 16 };
/* `b` has room.  encode_update(): the header of a change of `count` entries to a tuple in the log. */
void encode_update(struct tfs *, struct bytes *b, const struct tuple *, uint32_t count);
void encode_key(struct tfs *, struct bytes *b, struct sym *);
void encode_value(struct tfs *, struct bytes *b, const struct value *);
void encode_varint(struct bytes *b, uint64_t n);
size_t varint_len(uint64_t n);
/* False when the bytes end or the number is too large. */
bool decode_varint(const uint8_t *p, size_t len, size_t *at, uint64_t *out);

/* --- edit.c ---------------------------------------------------------------------------------- */

struct edit {
	struct tuple *t;
	struct sym *key; /* a reference that the list holds */
	struct value v;	 /* owned by the list until applied */
};

struct edits {
	struct edit *v;
	uint32_t n, cap;
	bool failed; /* out of memory on the way; edits_apply() says so */
	struct edit some[8];
};

void edits_init(struct edits *);
/* Both take over `v`.  The key by symbol: a reference is taken. */
void edits_add(struct tfs *, struct edits *, struct tuple *, struct sym *, struct value v);
void edits_name(struct tfs *, struct edits *, struct tuple *, const char *name, size_t len,
		struct value v);
/* All or nothing, and the list is empty afterwards. */
must_check err_t edits_apply(struct tfs *, struct edits *);
void edits_drop(struct tfs *, struct edits *);

/* --- log.c and the formats ------------------------------------------------------------------- */

must_check err_t log_read(struct tfs *, uint64_t sector, void *buf, uint64_t n);
must_check err_t log_write(struct tfs *, uint64_t sector, const void *buf, uint64_t n);
must_check err_t log_flush(struct tfs *);
must_check err_t log_add_extent(struct tfs *, uint64_t sector, uint64_t n);
/* Space for the log's next extent, `need` sectors at least. */
must_check err_t log_new_extent(struct tfs *, uint64_t need, struct log_extent *out);
/* Stage to log.  No flush at the end. */
must_check err_t log_commit(struct tfs *);
/* A new log with the whole tree, and switch to it. */
must_check err_t log_compact(struct tfs *);
bool log_wants_compact(const struct tfs *);

must_check err_t log5_replay(struct tfs *, struct dict *);
must_check err_t log5_append(struct tfs *, const struct bytes *stage);
must_check err_t log5_begin(struct tfs *, const struct log_extent *);
must_check err_t log5_switch(struct tfs *, const struct log_extent *first);
must_check err_t log6_replay(struct tfs *, struct dict *);
must_check err_t log6_append(struct tfs *, const struct bytes *stage);
must_check err_t log6_begin(struct tfs *, const struct log_extent *);
must_check err_t log6_switch(struct tfs *, const struct log_extent *first);
/* After a flush: bring the head's `reached` up to date if an extent was added. */
must_check err_t log6_flushed(struct tfs *);

/* --- space.c --------------------------------------------------------------------------------- */

uint64_t space_first(const struct tfs *);
must_check err_t space_load(struct tfs *);
/* Up to `want` blocks near `goal`.  -ENOSPC. */
must_check err_t space_take(struct tfs *, uint64_t goal, uint64_t want, bool reserved,
			    struct log_extent *out);
/* Never in the log: free at once. */
void space_undo(struct tfs *, uint64_t sector, uint64_t n);
/* Free once what is staged now is durable. */
void space_free(struct tfs *, uint64_t sector, uint64_t n);
void space_settle(struct tfs *);
/* Blocks that could be promised. */
uint64_t space_avail(const struct tfs *);

/* --- inode.c --------------------------------------------------------------------------------- */

enum {
	S_IFMT_ = 0170000,
	S_IFSOCK_ = 0140000,
	S_IFLNK_ = 0120000,
	S_IFREG_ = 0100000,
	S_IFBLK_ = 0060000,
	S_IFDIR_ = 0040000,
	S_IFCHR_ = 0020000,
	S_IFIFO_ = 0010000,

	DIRTY_MODE = 1 << 0,
	DIRTY_UID = 1 << 1,
	DIRTY_GID = 1 << 2,
	DIRTY_ATIME = 1 << 3,
	DIRTY_MTIME = 1 << 4,
	DIRTY_CTIME = 1 << 5,
	DIRTY_SIZE = 1 << 6,
};

uint32_t tfs_inode_type(const struct tfs *, const struct tuple *);
must_check err_t tfs_inode_get(struct tfs *, struct tuple *, struct tfs_inode *parent,
			       struct tfs_inode **out);
struct tuple *tfs_inode_children(const struct tfs_inode *);
void tfs_inode_touch(struct tfs_inode *, unsigned dirty);
/* What is dirty becomes edits: of one inode, of all on the list. */
must_check err_t tfs_inode_stage(struct tfs_inode *);
/* At unmount: handles that only the dirty list holds. */
void tfs_inodes_forget(struct tfs *);
must_check err_t tfs_inodes_stage(struct tfs *);
/* The inode, of which the caller holds a reference, has lost its last name. */
void tfs_inode_orphan(struct tfs_inode *);
struct value time_value(int64_t ns);
int64_t value_time(const struct value *);

/* --- extent.c -------------------------------------------------------------------------------- */

/* Read the extents tuple, once.  -EUCLEAN. */
must_check err_t map_load(struct tfs_inode *);
/* Index of the first extent that ends behind `block`; map.n at the end. */
uint32_t map_find(const struct tfs_inode *, uint64_t block);
void map_drop(struct tfs_inode *);

enum map_op {
	MAP_WRITTEN, /* PENDING and UNINIT become DATA */
	MAP_ZERO,    /* everything becomes UNINIT */
	MAP_PUNCH,   /* everything goes */
	MAP_ABORT,   /* PENDING goes */
};

/* Change the map in [block, block + n), together with the edits in *also (NULL: none), or not at all. */
must_check err_t map_change(struct tfs_inode *, uint64_t block, uint64_t n, enum map_op,
			    struct edits *also);
/* Put new space into a hole. */
must_check err_t map_insert(struct tfs_inode *, const struct tfs_ext *);
/* All space of an unlinked file. */
void map_release(struct tfs_inode *);
/* One extent of the tree: -EUCLEAN when it makes no sense. */
must_check err_t extent_parse(const struct tfs *, const struct entry *, struct tfs_ext *out);
