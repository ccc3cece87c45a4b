/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs/extent.c: a file's map: its extents as an array in order of file blocks, read from the tree when
 * it is first wanted.  Every change replaces a run of the array by another and makes the edits that bring the tree there; both or
 * neither happen.
 */
#include "fs/tfs_int.h"

#include "lib/fmt.h"

static err_t get_number(const struct tuple *t, const struct sym *key, uint64_t *out)
{
	return value_get_u64(tuple_find(t, key), out) ? -EUCLEAN : 0;
}

err_t extent_parse(const struct tfs *fs, const struct entry *e, struct tfs_ext *out)
{
	struct value key = { .type = VALUE_STRING };
	struct tfs_ext x = { .state = TFS_DATA };
	uint64_t allocated;

	if (!e->key || e->v.type != VALUE_TUPLE)
		return -EUCLEAN;
	key.s = e->key->s;
	key.len = e->key->len;
	x.t = e->v.t;
	if (value_get_u64(&key, &x.block) || get_number(x.t, fs->k.offset, &x.sector) ||
	    get_number(x.t, fs->k.length, &x.n))
		return -EUCLEAN;
	if (value_get_u64(tuple_find(x.t, fs->k.allocated), &allocated) || allocated < x.n)
		allocated = x.n;
	x.spare = allocated - x.n;
	if (tuple_find(x.t, fs->k.uninited))
		x.state = TFS_UNINIT;
	if (x.sector < space_first(fs) || x.sector > fs->w.nsect ||
	    allocated > fs->w.nsect - x.sector || x.block > UINT64_MAX / 1024 - allocated)
		return -EUCLEAN;
	*out = x;
	return 0;
}

/* --- reading the tree ------------------------------------------------------------------------- */

static struct tuple *extents_of(const struct tfs_inode *i)
{
	const struct value *v = tuple_find(i->t, i->fs->k.extents);

	return v && v->type == VALUE_TUPLE ? v->t : NULL;
}

static err_t map_reserve(struct tfs_inode *i, uint32_t n)
{
	struct tfs_map *m = &i->map;
	struct tfs_ext *e;
	uint32_t cap;

	if (n <= m->cap)
		return 0;
	cap = MAX(n, m->cap + m->cap / 2);
	e = i->fs->a->resize(i->fs->a, m->e, m->cap * sizeof(*e), cap * sizeof(*e));
	if (!e)
		return -ENOMEM;
	m->e = e;
	m->cap = cap;
	return 0;
}

static void sift(struct tfs_ext *e, uint32_t root, uint32_t n)
{
	for (uint32_t child; (child = 2 * root + 1) < n; root = child) {
		struct tfs_ext x = e[root];

		if (child + 1 < n && e[child].block < e[child + 1].block)
			child++;
		if (x.block >= e[child].block)
			return;
		e[root] = e[child];
		e[child] = x;
	}
}

/* Heapsort: the order is the writer's choice, the time must not be. */
static void sort(struct tfs_ext *e, uint32_t n)
{
	for (uint32_t i = n / 2; i--;)
		sift(e, i, n);
	while (n > 1) {
		struct tfs_ext x = e[--n];

		e[n] = e[0];
		e[0] = x;
		sift(e, 0, n);
	}
}

static bool in_order(const struct tfs_ext *e, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		if (e[i - 1].block + e[i - 1].n > e[i].block)
			return false;
	return true;
}

static err_t read_extents(struct tfs_inode *i, const struct tuple *t)
{
	const struct entry *e;
	struct tfs_ext x;
	uint32_t at = 0;
	err_t err = map_reserve(i, t->live);

	while (!err && (e = tuple_next(t, &at)) != NULL) {
		err = extent_parse(i->fs, e, &x);
		if (!err && x.n)
			i->map.e[i->map.n++] = x;
	}
	if (!err && !in_order(i->map.e, i->map.n)) {
		sort(i->map.e, i->map.n);
		if (!in_order(i->map.e, i->map.n))
			err = -EUCLEAN;
	}
	return err;
}

err_t map_load(struct tfs_inode *i)
{
	const struct tuple *t = extents_of(i);
	err_t err;

	if (i->mapped)
		return 0;
	i->map.n = 0;
	err = t ? read_extents(i, t) : 0;
	if (err)
		return err;
	i->mapped = true;
	return 0;
}

uint32_t map_find(const struct tfs_inode *i, uint64_t block)
{
	uint32_t lo = 0, hi = i->map.n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (i->map.e[mid].block + i->map.e[mid].n <= block)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Space that never got its data is nobody's. */
void map_drop(struct tfs_inode *i)
{
	for (uint32_t k = 0; k < i->map.n; k++)
		if (i->map.e[k].state == TFS_PENDING)
			space_undo(i->fs, i->map.e[k].sector, i->map.e[k].n);
	alloc_put(i->fs->a, i->map.e, i->map.cap * sizeof(*i->map.e));
	i->map = (struct tfs_map){ 0 };
	i->mapped = false;
}

void map_release(struct tfs_inode *i)
{
	if (map_load(i))
		return;
	for (uint32_t k = 0; k < i->map.n; k++) {
		const struct tfs_ext *x = &i->map.e[k];

		if (x->state != TFS_PENDING)
			space_free(i->fs, x->sector, x->n + x->spare);
	}
}

/* --- changing --------------------------------------------------------------------------------- */

/* The pieces that take the place of map entries [from, to), and the space that they no longer need. */
struct change {
	struct tfs_inode *i;
	uint32_t from, to;
	struct tfs_ext *e, *gone;
	uint32_t n, ngone, cap;
};

static bool joins(const struct tfs_ext *a, const struct tfs_ext *b)
{
	return a->state == b->state && a->block + a->n == b->block &&
	       a->sector + a->n == b->sector && !a->spare;
}

static void push(struct change *c, const struct tfs_ext *x)
{
	struct tfs_ext *last = c->n ? &c->e[c->n - 1] : NULL;

	if (last && joins(last, x)) {
		last->n += x->n;
		last->spare = x->spare;
	} else {
		c->e[c->n++] = *x;
	}
}

static err_t change_init(struct change *c, struct tfs_inode *i, uint32_t from, uint32_t to)
{
	uint32_t cap = (to - from) + 4;

	*c = (struct change){ .i = i, .from = from, .to = to, .cap = cap };
	c->e = alloc_get(i->fs->a, 2 * cap * sizeof(*c->e));
	if (!c->e)
		return -ENOMEM;
	c->gone = c->e + cap;
	return 0;
}

static void change_fini(struct change *c)
{
	alloc_put(c->i->fs->a, c->e, 2 * c->cap * sizeof(*c->e));
}

/* The blocks [lo, hi) of an extent. */
static struct tfs_ext part(const struct tfs_ext *x, uint64_t lo, uint64_t hi)
{
	struct tfs_ext p = *x;

	p.block = lo;
	p.sector += lo - x->block;
	p.n = hi - lo;
	if (lo != x->block)
		p.t = NULL;
	if (hi != x->block + x->n)
		p.spare = 0;
	return p;
}

/* What becomes of a piece inside the range. */
static void transform(struct change *c, struct tfs_ext p, enum map_op op)
{
	bool pending = p.state == TFS_PENDING;

	switch (op) {
	case MAP_WRITTEN:
		p.state = TFS_DATA;
		break;
	case MAP_ZERO:
		p.state = TFS_UNINIT;
		break;
	case MAP_PUNCH:
		c->gone[c->ngone++] = p;
		return;
	case MAP_ABORT:
		if (pending) {
			c->gone[c->ngone++] = p;
			return;
		}
		break;
	}
	push(c, &p);
}

static void cut(struct change *c, const struct tfs_ext *x, uint64_t lo, uint64_t hi, enum map_op op)
{
	uint64_t a = MAX(x->block, lo), b = MIN(x->block + x->n, hi);
	struct tfs_ext p;

	if (a >= b) { /* a neighbour */
		push(c, x);
		return;
	}
	if (x->block < a) {
		p = part(x, x->block, a);
		push(c, &p);
	}
	transform(c, part(x, a, b), op);
	if (b < x->block + x->n) {
		p = part(x, b, x->block + x->n);
		push(c, &p);
	}
}

static struct value extent_value(struct tfs *fs, const struct tfs_ext *x)
{
	struct value none = { .type = VALUE_NONE };
	struct tuple *t = tuple_new(&fs->vs, 4);
	err_t err;

	if (!t)
		return none;
	err = tuple_set(&fs->vs, t, fs->k.offset, value_uint(x->sector));
	if (!err)
		err = tuple_set(&fs->vs, t, fs->k.length, value_uint(x->n));
	if (!err)
		err = tuple_set(&fs->vs, t, fs->k.allocated, value_uint(x->n + x->spare));
	if (!err && x->state == TFS_UNINIT) {
		struct value flag = value_buffer(&fs->vs, "", 1);

		err = flag.type == VALUE_NONE ? -ENOMEM
					      : tuple_set(&fs->vs, t, fs->k.uninited, flag);
	}
	if (err) {
		tuple_put(&fs->vs, t);
		return none;
	}
	return value_tuple(t);
}

static void edit_key(struct change *c, struct edits *es, struct tuple *extents, uint64_t block,
		     struct value v)
{
	char key[24];
	size_t len = fmt(key, sizeof(key), "%llu", (unsigned long long)block);

	edits_name(c->i->fs, es, extents, key, len, v);
}

static const struct tfs_ext *with_tuple(const struct tfs_ext *e, uint32_t n, const struct tuple *t)
{
	for (uint32_t k = 0; k < n; k++)
		if (e[k].t == t)
			return &e[k];
	return NULL;
}

/*
 * Old extents without a successor go, new ones without a tuple get one.  Both arrays are in the order of blocks
 * and a tuple stays with its block, so that one pass finds every pair.
 */
static void edit_extents(struct change *c, struct edits *es, struct tuple *extents)
{
	struct tfs *fs = c->i->fs;
	uint32_t k = 0;

	for (uint32_t o = c->from; o < c->to; o++) {
		const struct tfs_ext *old = &c->i->map.e[o];

		if (!old->t)
			continue;
		while (k < c->n && c->e[k].block < old->block)
			k++;
		if (!with_tuple(c->e + k, MIN(c->n - k, 1u), old->t))
			edit_key(c, es, extents, old->block, (struct value){ .type = VALUE_NONE });
	}
	for (k = 0; k < c->n; k++) {
		struct tfs_ext *x = &c->e[k];
		struct value v;

		if (x->t || x->state == TFS_PENDING)
			continue;
		v = extent_value(fs, x);
		es->failed |= v.type == VALUE_NONE;
		x->t = v.type == VALUE_NONE ? NULL : v.t;
		if (x->t)
			edit_key(c, es, extents, x->block, v);
	}
}

/* Extents that keep their tuple and change in length or state. */
static void edit_kept(struct change *c, struct edits *es)
{
	struct tfs *fs = c->i->fs;
	uint32_t k = 0;

	for (uint32_t o = c->from; o < c->to; o++) {
		const struct tfs_ext *old = &c->i->map.e[o], *x;

		while (k < c->n && c->e[k].block < old->block)
			k++;
		if (!old->t || k == c->n || c->e[k].t != old->t)
			continue;
		x = &c->e[k];
		if (x->n != old->n)
			edits_add(fs, es, x->t, fs->k.length, value_uint(x->n));
		if (x->n + x->spare != old->n + old->spare)
			edits_add(fs, es, x->t, fs->k.allocated, value_uint(x->n + x->spare));
		if (x->state == old->state)
			continue;
		if (x->state == TFS_UNINIT) {
			struct value flag = value_buffer(&fs->vs, "", 1);

			es->failed |= flag.type == VALUE_NONE;
			edits_add(fs, es, x->t, fs->k.uninited, flag);
		} else {
			edits_add(fs, es, x->t, fs->k.uninited,
				  (struct value){ .type = VALUE_NONE });
		}
	}
}

static void splice(struct change *c)
{
	struct tfs_map *m = &c->i->map;

	if (m->n > c->to)
		memmove(m->e + c->from + c->n, m->e + c->to, (m->n - c->to) * sizeof(*m->e));
	if (c->n)
		memcpy(m->e + c->from, c->e, c->n * sizeof(*m->e));
	m->n += c->n - (c->to - c->from);
}

/* Blocks that entries [from, to) take. */
static uint64_t settled(const struct tfs_ext *e, uint32_t from, uint32_t to)
{
	uint64_t sum = 0;

	for (uint32_t k = from; k < to; k++)
		sum += e[k].n + e[k].spare;
	return sum;
}

static void release_gone(struct change *c)
{
	for (uint32_t k = 0; k < c->ngone; k++) {
		const struct tfs_ext *x = &c->gone[k];

		if (x->state == TFS_PENDING)
			space_undo(c->i->fs, x->sector, x->n);
		else
			space_free(c->i->fs, x->sector, x->n + x->spare);
	}
}

/* A file by another writer may have no extents tuple yet. */
static err_t want_extents(struct tfs_inode *i, struct tuple **out)
{
	struct tuple *t = extents_of(i);
	struct edits es;
	err_t err;

	*out = t;
	if (t)
		return 0;
	t = tuple_new(&i->fs->vs, 0);
	if (!t)
		return -ENOMEM;
	edits_init(&es);
	edits_add(i->fs, &es, i->t, i->fs->k.extents, value_tuple(t));
	err = edits_apply(i->fs, &es);
	*out = extents_of(i);
	return err;
}

/* Takes over the edits in `es`, applied or dropped. */
static err_t commit(struct change *c, struct edits *es)
{
	struct tfs_inode *i = c->i;
	struct tuple *extents;
	uint64_t before = settled(i->map.e, c->from, c->to);
	err_t err;

	err = map_reserve(i, i->map.n - (c->to - c->from) + c->n);
	if (!err)
		err = want_extents(i, &extents);
	if (err) {
		edits_drop(i->fs, es);
		return err;
	}
	edit_extents(c, es, extents);
	edit_kept(c, es);
	if (es->n || es->failed)
		err = edits_apply(i->fs, es);
	else
		edits_drop(i->fs, es);
	if (err)
		return err;
	i->blocks = i->blocks - before + settled(c->e, 0, c->n);
	splice(c);
	release_gone(c);
	return 0;
}

err_t map_change(struct tfs_inode *i, uint64_t block, uint64_t n, enum map_op op,
		 struct edits *also)
{
	uint64_t end = block + n;
	struct edits none, *es = also ? also : &none;
	struct change c;
	uint32_t from, to;
	err_t err;

	if (!also)
		edits_init(&none);
	err = op == MAP_PUNCH ? space_load(i->fs) : 0;
	if (err) {
		edits_drop(i->fs, es);
		return err;
	}
	from = map_find(i, block);
	for (to = from; to < i->map.n && i->map.e[to].block < end; to++)
		;
	/* Neighbours, which the change may join. */
	if (from && i->map.e[from - 1].block + i->map.e[from - 1].n == block)
		from--;
	if (to < i->map.n && i->map.e[to].block == end)
		to++;
	err = change_init(&c, i, from, to);
	if (err) {
		edits_drop(i->fs, es);
		return err;
	}
	for (uint32_t k = from; k < to; k++)
		cut(&c, &i->map.e[k], block, end, op);
	err = commit(&c, es);
	change_fini(&c);
	return err;
}

err_t map_insert(struct tfs_inode *i, const struct tfs_ext *x)
{
	uint32_t at = map_find(i, x->block), from = at, to = at;
	struct edits es;
	struct change c;
	err_t err;

	if (from && i->map.e[from - 1].block + i->map.e[from - 1].n == x->block)
		from--;
	if (to < i->map.n && i->map.e[to].block == x->block + x->n)
		to++;
	err = change_init(&c, i, from, to);
	if (err)
		return err;
	if (from < at)
		push(&c, &i->map.e[from]);
	push(&c, x);
	if (at < to)
		push(&c, &i->map.e[at]);
	edits_init(&es);
	err = commit(&c, &es);
	change_fini(&c);
	return err;
}
