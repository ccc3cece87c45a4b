/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/vm_area.h: the tree of areas: look-up by address, and the search for a gap.  Pure: no lock, no
 * allocation; unit-tested against a model (test_vm_area.c).
 */
#pragma once

#include "kern/uio.h"
#include "lib/list.h"
#include "lib/rbtree.h"

struct vm_object;
struct vm_name;

/*   [t] the tree's lock   [T] the tree's lock, and the object's where there is one */
struct vm_area {
	struct rb_node node;	  /* [t] */
	uaddr_t start, end;	  /* [T] page-aligned; start < end */
	uint64_t gap;		  /* [t] usable bytes between the area below and this one */
	uint64_t gap_max;	  /* [t] largest gap in this node's subtree */
	uint32_t prot;		  /* [t] VM_READ, ... */
	uint32_t flags;		  /* [t] VM_SHARED, ... */
	uint32_t pt_prot;	  /* [t] PT_* of a page that may be used as prot says */
	struct vm_object *object; /* [t] NULL: anonymous; a reference is held */
	uint64_t pgoff;		  /* [T] page of the object at start */
	struct list link;	  /* object->lock: of object->areas */
	struct vm_name *name;	  /* [t] as the program calls it, a reference; or NULL */
};

struct area_tree {
	struct rb_root root;
};

/* Kept free below an area that grows down (Linux's stack_guard_gap). */
#define AREA_GUARD (256 * 4096ull)

void area_tree_init(struct area_tree *t);
struct vm_area *area_first(const struct area_tree *t);
struct vm_area *area_last(const struct area_tree *t);
struct vm_area *area_next(const struct vm_area *a);
struct vm_area *area_prev(const struct vm_area *a);
/* The lowest area that ends above addr: the one that holds addr, or the next one up; NULL: none. */
struct vm_area *area_find(const struct area_tree *t, uaddr_t addr);
/* It overlaps no other. */
void area_insert(struct area_tree *t, struct vm_area *a);
void area_remove(struct area_tree *t, struct vm_area *a);
/* Move one or both ends within the free space around it. */
void area_resize(struct vm_area *a, uaddr_t start, uaddr_t end);
/* A place of len bytes at a multiple of align, within [low, high): the highest or the lowest there is. */
bool area_gap_down(const struct area_tree *t, uint64_t len, uaddr_t low, uaddr_t high,
		   uint64_t align, uaddr_t *out);
bool area_gap_up(const struct area_tree *t, uint64_t len, uaddr_t low, uaddr_t high, uint64_t align,
		 uaddr_t *out);
