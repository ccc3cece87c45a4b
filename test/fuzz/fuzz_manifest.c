/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_manifest.c: any text is a manifest or an error with a position inside it; keys are checked either way. */
#include <stdlib.h>
#include <string.h>

#include "image/manifest.h"
#include "test/lib/failalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(struct manifest_sink *s, enum manifest_severity v,
		   const struct manifest_error *e)
{
	(void)s;
	(void)v;
	if (!memchr(e->what, 0, sizeof(e->what)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest_sink sink = { .found = ignore };
	struct manifest_error e = { 0 };
	struct tuple *root;
	struct failalloc mem;
	struct vstore vs;
	/* Exact size: a read past the end is seen. */
	char *text = malloc(size ? size : 1);
	err_t err;

	memcpy(text, data, size);
	failalloc_init(&mem);
	if (vstore_init(&vs, &mem.a))
		abort();
	if (size && data[0] == '!') /* out of memory somewhere */
		mem.fail_at = size;
	err = manifest_parse(&vs, text, size, &root, &e);
	mem.fail_at = 0;
	if (err == 0) {
		manifest_check(root, text, size, &sink);
		if (!manifest_find(root, "a.b.c") && manifest_find(root, "a.b.c"))
			abort();
		tuple_put(&vs, root);
	} else if (err == -EINVAL && (!e.line || !e.col || !e.what[0])) {
		abort();
	}
	vstore_fini(&vs);
	if (mem.held)
		abort();
	free(text);
	return 0;
}
