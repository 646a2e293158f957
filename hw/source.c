#include "hw/source.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/util.h"
#include "hw/file.h"
#include "hw/kind.h"
#include "hw/limits.h"

enum { BLOCK_SAMPLES_DEFAULT = 65536, BLOCK_SAMPLES_MAX = 1 << 26 };

/* The first kind that claims the path opens it; raw takes everything that is left. */
static const struct ls_source_kind *const kinds[] = {&ls_sigmf_kind, &ls_raw_kind};

static int check_path(const char *path, struct ls_err *err) {
    if (path == NULL || path[0] == '\0') {
        return ls_err_set(err, LS_ERR_ARG, "no recording named; give the path of one");
    }
    /* Room for the suffixes that are tried behind it. */
    if (strlen(path) >= PATH_MAX - sizeof ".sigmf-collection") {
        return ls_err_set(err, LS_ERR_ARG,
                          "path of recording '...%s' is too long; use a shorter one",
                          ls_file_shown(path));
    }
    return LS_OK;
}

static int check_opts(const struct ls_source_opts *opts, struct ls_err *err) {
    int code = check_path(opts->path, err);
    if (code == LS_OK && opts->rate_sps != 0.0) {
        code = ls_limits_check_rate(opts->rate_sps, "--rate", err);
    }
    if (code == LS_OK && opts->center_given) {
        code = ls_limits_check_center(opts->center_hz, "--freq", err);
    }
    if (code == LS_OK && opts->block_samples > BLOCK_SAMPLES_MAX) {
        code = ls_err_set(err, LS_ERR_ARG, "a block of %zu samples is too long; %d is the most",
                          opts->block_samples, BLOCK_SAMPLES_MAX);
    }
    return code;
}

int ls_source_open(struct ls_source **ret, const struct ls_source_opts *opts, struct ls_err *err) {
    int code = check_opts(opts, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_source_opts filled = *opts;
    if (filled.block_samples == 0) {
        filled.block_samples = BLOCK_SAMPLES_DEFAULT;
    }
    for (size_t i = 0; i < LS_COUNT(kinds); i++) {
        if (kinds[i]->claims(&filled)) {
            return kinds[i]->open(ret, &filled, err);
        }
    }
    assert(!"raw claims every path");
    return LS_ERR_ARG;
}

void ls_source_destroy(struct ls_source *source) {
    if (source != NULL) {
        source->kind->destroy(source);
    }
}

const struct ls_source_info *ls_source_info(const struct ls_source *source) {
    return source->kind->info(source);
}

int ls_source_read(struct ls_source *source, struct ls_block *ret, struct ls_err *err) {
    return source->kind->read(source, ret, err);
}

int ls_source_read_at(const struct ls_source *source, uint64_t pos, size_t count, void *ret,
                      struct ls_err *err) {
    return source->kind->read_at(source, pos, count, ret, err);
}

int ls_source_hash(const struct ls_source *source, const atomic_int *stop, char ret_hex[129],
                   struct ls_err *err) {
    return source->kind->hash(source, stop, ret_hex, err);
}
