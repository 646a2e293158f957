#include "cli/figure_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/database.h"
#include "cli/output.h"

static bool ends_in(const char *path, const char *ending) {
    const char *dot = strrchr(path, '.');
    return dot != NULL && strcmp(dot, ending) == 0;
}

int ls_figure_file_check(const struct ls_call *call, const char *option, const char *path,
                         struct ls_err *err) {
    if (!ends_in(path, ".svg") && !ends_in(path, ".png")) {
        return ls_err_set(err, LS_ERR_ARG,
                          "option '--%s': '%s' is neither FILE.svg nor FILE.png: the ending says "
                          "what to write",
                          option, path);
    }
    struct ls_output *trial = NULL;
    struct stat there;
    int code = ls_database_refuse(call, option, path, err);
    if (code == LS_OK && (stat(path, &there) != 0 || S_ISREG(there.st_mode))) {
        /* What is to be drawn may take hours: a folder that cannot be written shows before. */
        code = ls_output_open(&trial, path, err);
    }
    ls_output_abandon(trial);
    return code;
}

int ls_figure_file_write(const struct ls_canvas *canvas, const char *path, struct ls_err *err) {
    struct ls_output *output;
    int code = ls_output_open(&output, path, err);
    if (code != LS_OK) {
        return code;
    }
    FILE *out = ls_output_file(output);
    code = ends_in(path, ".png") ? ls_canvas_write_png(canvas, out, err)
                                 : ls_canvas_write_svg(canvas, out, err);
    if (code != LS_OK) {
        code = ferror(out) ? ls_output_failed(path, err) : code;
        ls_output_abandon(output);
        return code;
    }
    return ls_output_commit(output, err);
}
