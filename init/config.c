/* SPDX-License-Identifier: Apache-2.0 */
/* init/config.c: see config.h. */
#include "init/config.h"

#include "arch/boot.h"
#include "arch/mmu.h"
#include "image/manifest.h"
#include "kern/klog.h"
#include "kern/panic.h"
#include "kern/slab.h"
#include "lib/mem.h"

static struct vstore store;
static struct tuple *module; /* NULL: there is none */
static const struct tuple *root;

static void *mem_get(struct alloc *a, size_t size)
{
	(void)a;
	return kmalloc(size);
}

static void *mem_resize(struct alloc *a, void *p, size_t old, size_t size)
{
	(void)a;
	(void)old;
	return krealloc(p, size);
}

static void mem_put(struct alloc *a, void *p, size_t size)
{
	(void)a;
	(void)size;
	kfree(p);
}

static struct alloc mem = { .get = mem_get, .resize = mem_resize, .put = mem_put };

/* Keys that describe an image have no say in a run. */
static bool is_of_image(const char *key)
{
	return !strcmp(key, "children") || !strcmp(key, "boot") || !strcmp(key, "imagesize");
}

static void warn_of_image_keys(void)
{
	const struct entry *e;

	for (uint32_t i = 0; (e = tuple_next(module, &i));)
		if (e->key && is_of_image(e->key->s))
			klog_warn("boot module: %s has no place here; ignored", e->key->s);
}

err_t config_init(void)
{
	const char *text = pa_to_va(boot_info.module_start);
	struct manifest_error why;
	err_t err;

	if (!boot_info.module_len)
		return 0;
	err = vstore_init(&store, &mem);
	if (!err)
		err = manifest_parse(&store, text, boot_info.module_len, &module, &why);
	if (err == -EINVAL)
		vm_fail("boot module: line %u column %u: %s", why.line, why.col, why.what);
	if (!err)
		warn_of_image_keys();
	return err;
}

void config_set_root(const struct tuple *t)
{
	root = t;
}

const struct value *config_get(const char *key)
{
	const struct value *v = NULL;

	if (module && !is_of_image(key))
		v = tuple_get(module, key);
	return v || !root ? v : tuple_get(root, key);
}

bool config_flag(const char *key)
{
	const struct value *v = config_get(key);

	return v && value_get_flag(v);
}

const char *config_text(const char *key)
{
	size_t len;

	return value_text(config_get(key), &len);
}

bool config_names(const char *key, const char *word)
{
	const struct value *v = config_get(key);

	if (!v)
		return false;
	if (value_is(v, word))
		return true;
	for (uint32_t i = 0; i < value_count(v); i++)
		if (value_is(value_at(v, i), word))
			return true;
	return false;
}
