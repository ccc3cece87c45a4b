/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init/config.h: the settings of this run: the keys of the boot module where it has them, else those of the root file
 * system's manifest (doc/run.md 1.2).  Values are constant while steps of init read them.
 */
#pragma once

#include "lib/err.h"
#include "lib/value.h"

err_t config_init(void)
	must_check; /* parses the boot module; a bad one ends the boot with a line */
void config_set_root(const struct tuple *t); /* the root file system is mounted */
/* NULL: neither has it. */
const struct value *config_get(const char *key);
bool config_flag(const char *key);
/* The text of a string value; NULL: absent, or not text. */
const char *config_text(const char *key);
/* Does the value at `key`, a vector or a single word, name `word`? */
bool config_names(const char *key, const char *word);
