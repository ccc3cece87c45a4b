/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/value.h: values as manifests and TFS logs hold them: strings, integers, tuples (maps from a
 * symbol to a value) and vectors.  The root tuple of a file system *is* the manifest of its image, so
 * one type and one set of getters serve both.
 *
 * Memory: a `struct vstore` owns the symbols and gives the memory.  Tuples and vectors are counted
 * references; symbols too.  Out of memory is NULL or -ENOMEM and changes nothing.
 * Locks: none; the owner of the store serialises.
 *
 * Look-up is linear up to VALUE_SMALL entries and hashed above.  Entries keep the order in which they
 * were added; removal leaves a gap that later additions squeeze out, and an entry's `order` (value
 * field) never changes, which makes it a stable cookie for iteration.
 */
#pragma once

#include "lib/alloc.h"
#include "lib/err.h"

enum value_type {
	VALUE_NONE = 0, /* no value: what a look-up of a missing key answers */
	VALUE_STRING,
	VALUE_BUFFER, /* bytes that were not text: symbols used as values, flags */
	VALUE_INT,
	VALUE_TUPLE,
	VALUE_VECTOR,
};

struct tuple;

struct value {
	uint32_t type : 4; /* enum value_type */
	uint32_t neg : 1;  /* VALUE_INT: the value is -u */
	uint32_t pos : 27; /* where its key begins in the manifest's text, plus one; 0: unknown */
	uint32_t len;	   /* STRING, BUFFER: bytes.  TUPLE, VECTOR inside a tuple: order */
	union {
		const char *s;	 /* STRING, BUFFER: len bytes and a NUL */
		uint64_t u;	 /* VALUE_INT: magnitude */
		struct tuple *t; /* TUPLE, VECTOR */
	};
};

enum { VALUE_SMALL = 8 }; /* entries that are searched without a hash table */

/* An interned key.  Equal keys of one store are the same pointer. */
struct sym {
	struct sym *next; /* in its bucket */
	uint32_t refs;
	uint32_t hash;
	uint32_t id; /* the log's dictionary index, 0: none */
	uint32_t len;
	char s[]; /* len bytes and a NUL */
};

struct entry {
	struct sym *key; /* NULL in a vector and in a gap */
	struct value v;	 /* VALUE_NONE: a gap */
};

struct tuple {
	uint32_t refs;
	uint32_t id;	    /* the log's dictionary index, 0: none */
	uint32_t used;	    /* slots in use, gaps included */
	uint32_t live;	    /* entries */
	uint32_t cap;	    /* slots */
	uint32_t order;	    /* the next entry's */
	uint32_t hash : 5;  /* log2 of the size of the table behind the entries; 0: none */
	uint32_t mixed : 1; /* holds more than tuples, so that slots are not sorted by order */
	uint32_t gen : 26;  /* which log `id` is of; the user's */
	uint32_t serial;    /* unlike that of any other tuple of the store */
	struct entry *e;
	void *owner; /* the user's */
};

struct vstore {
	struct alloc *a;
	struct sym **bucket;
	uint32_t nbucket, nsym;
	uint32_t ntuple, serial;
	uint64_t mem; /* bytes held */
};

must_check err_t vstore_init(struct vstore *, struct alloc *);
/* Every tuple and symbol must have been put. */
void vstore_fini(struct vstore *);

/* Symbols.  sym_get() makes or finds one and takes a reference; sym_find() does neither. */
struct sym *sym_get(struct vstore *, const char *s, size_t len);
struct sym *sym_find(const struct vstore *, const char *s, size_t len);
void sym_put(struct vstore *, struct sym *);

/* Tuples and vectors.  `cap` is a hint. */
struct tuple *tuple_new(struct vstore *, uint32_t cap);
void tuple_put(struct vstore *, struct tuple *);
/* Drop all entries: how a cycle, which a damaged log can make, is taken apart. */
void tuple_clear(struct vstore *, struct tuple *);

/* A copy of the bytes; VALUE_NONE when there is no memory. */
struct value value_string(struct vstore *, const char *s, size_t len);
struct value value_buffer(struct vstore *, const char *s, size_t len);
struct value value_int(int64_t i);
struct value value_uint(uint64_t u);
struct value value_tuple(struct tuple *);
struct value value_vector(struct tuple *);
/* Drops what the value holds. */
void value_put(struct vstore *, struct value *);

/* Room for `n` more entries, so that the next n tuple_set/add calls cannot fail. */
must_check err_t tuple_reserve(struct vstore *, struct tuple *, uint32_t n);
/*
 * Set, replace, or (VALUE_NONE) remove a key.  Takes over the value on success; takes its own
 * reference on the key.  The old value is dropped.
 */
must_check err_t tuple_set(struct vstore *, struct tuple *, struct sym *key, struct value v);
/* Append to a vector. */
must_check err_t vector_add(struct vstore *, struct tuple *, struct value v);

/* NULL when there is no such key.  Valid until the tuple changes. */
struct value *tuple_find(const struct tuple *, const struct sym *key);
/* By text. */
const struct value *tuple_get(const struct tuple *, const char *key);
const struct value *tuple_getn(const struct tuple *, const char *key, size_t len);

/*
 * Iteration: start with *i = 0; NULL at the end.  Stable only while the tuple does not change; see
 * tuple_seek() for the other case.
 */
const struct entry *tuple_next(const struct tuple *, uint32_t *i);
/* The slot of the first tuple-valued entry whose order is at least `order`: a start for tuple_next(). */
uint32_t tuple_seek(const struct tuple *, uint32_t order);

/*
 * Typed reading.  Manifests hold text only and TFS written by others holds numbers either way, so a
 * number is accepted as an integer or as its text.  Return 0, -ENOENT (VALUE_NONE or NULL), or
 * -EINVAL (not of that form), -ERANGE.  *out is written on success only.
 */
must_check err_t value_get_u64(const struct value *, uint64_t *out);
must_check err_t value_get_i64(const struct value *, int64_t *out);
/* "64k", "2M", "1g": K, M, G and T of 1024. */
must_check err_t value_get_size(const struct value *, uint64_t *out);
/* Presence is truth; "f", "false", "no", "off" and "0" are not. */
bool value_get_flag(const struct value *);
/* The text; NULL unless it is a string or a buffer.  Always NUL-terminated at [*len]. */
const char *value_text(const struct value *, size_t *len);
bool value_is(const struct value *, const char *text);
/* Elements of a vector, or of a tuple with the keys 0, 1, 2, ...; NULL past the end. */
uint32_t value_count(const struct value *);
const struct value *value_at(const struct value *, uint32_t i);
