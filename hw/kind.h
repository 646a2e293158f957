/* hw/kind.h: what a kind of source provides. Its object starts with struct ls_source; its row
 * stands in the table in hw/source.c. Only hw includes this. */
#ifndef HW_KIND_H
#define HW_KIND_H

#include <stdatomic.h>
#include <stdbool.h>

#include "hw/source.h"

/* Every slot is set. open may assume that opts are checked (hw/source.c) and fill its own defaults;
 * the rest as in hw/source.h. */
struct ls_source_kind {
    const char *id;                                    /* stable, ls_source_info.kind */
    bool (*claims)(const struct ls_source_opts *opts); /* first kind of the table to say so opens */
    int (*open)(struct ls_source **ret, const struct ls_source_opts *opts, struct ls_err *err);
    const struct ls_source_info *(*info)(const struct ls_source *source);
    int (*read)(struct ls_source *source, struct ls_block *ret, struct ls_err *err);
    int (*read_at)(const struct ls_source *source, uint64_t pos, size_t count, void *ret,
                   struct ls_err *err);
    int (*hash)(const struct ls_source *source, const atomic_int *stop, char ret_hex[129],
                struct ls_err *err);
    void (*destroy)(struct ls_source *source);
};

struct ls_source {
    const struct ls_source_kind *kind;
};

extern const struct ls_source_kind ls_sigmf_kind;
extern const struct ls_source_kind ls_raw_kind;

#endif
