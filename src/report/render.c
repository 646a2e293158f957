#include "report/render.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/util.h"

static const struct ls_renderer *const renderers[] = {&ls_render_text, &ls_render_html,
                                                      &ls_render_markdown, &ls_render_json};

const struct ls_renderer *ls_render_find(const char *name) {
    for (size_t i = 0; i < LS_COUNT(renderers); i++) {
        if (strcmp(renderers[i]->name, name) == 0) {
            return renderers[i];
        }
    }
    return NULL;
}

struct ls_render_rows ls_render_rows(const struct ls_part *part, size_t most) {
    size_t count = part->column_count > 0 ? part->cell_count / part->column_count : 0;
    struct ls_render_rows rows = {.count = count, .first = count};
    if (count > most) {
        rows.first = most - most / 3;
        rows.last = most / 3;
    }
    return rows;
}

size_t ls_render_row(const struct ls_render_rows *rows, size_t i) {
    return i < rows->first ? i : rows->count - rows->last + (i - rows->first);
}

const char *ls_render_block(double share) {
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    if (isnan(share)) {
        return "·";
    }
    if (share <= 0.0) {
        return " ";
    }
    int i = (int)(fmin(share, 1.0) * 8.0);
    return blocks[i > 7 ? 7 : i];
}

int ls_render_document(const struct ls_document *doc, const struct ls_renderer *renderer,
                       const struct ls_render_opts *opts, FILE *out, struct ls_err *err) {
    int code = ls_document_check(doc, err);
    if (code != LS_OK) {
        return code;
    }
    errno = 0;
    renderer->write(doc, opts, out);
    if (fflush(out) != 0 || ferror(out)) {
        int e = errno == 0 ? EIO : errno;
        return ls_err_set(err, ls_err_code_from_errno(e), "cannot write the report: %s",
                          strerror(e));
    }
    return LS_OK;
}
