/* lineside plot: one figure of an incident as a file. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/database.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "report/figures.h"

static const struct ls_option own_rows[] = {
    {.name = "output",
     .short_name = 'o',
     .kind = LS_OPTION_TEXT,
     .value = "FILE",
     .help = "where to: FILE.svg or FILE.png; must be given"},
};
static const struct ls_option_table own = {
    .title = "Options", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, NULL};

static int read_kind(const char *word, ls_figure_draw **ret, struct ls_err *err) {
    size_t count = 0;
    size_t chosen;
    while (ls_figure_names[count] != NULL) {
        count++;
    }
    int code = ls_word_parse(word, "figure", ls_figure_names, count, &chosen, err);
    if (code == LS_OK) {
        *ret = ls_figure_find(ls_figure_names[chosen]);
    }
    return code;
}

/* The ending decides: false is SVG. */
static int read_path(const struct ls_call *call, const char **ret, bool *ret_png,
                     struct ls_err *err) {
    const char *path = ls_args_text(call->args, "output");
    const char *dot = path == NULL ? NULL : strrchr(path, '.');
    bool png = dot != NULL && strcmp(dot, ".png") == 0;
    if (dot == NULL || (!png && strcmp(dot, ".svg") != 0)) {
        return ls_err_set(err, LS_ERR_ARG, "say where to with -o FILE.svg or -o FILE.png");
    }
    *ret = path;
    *ret_png = png;
    return ls_database_refuse(call, "output", path, err);
}

static int draw(struct ls_canvas **ret, const struct ls_call *call, ls_figure_draw *figure,
                size_t id, struct ls_err *err) {
    struct ls_store *store;
    struct ls_material material;
    int code = ls_database_open(&store, call, LS_STORE_READ, err);
    if (code != LS_OK) {
        return code;
    }
    code = ls_material_init(&material, store, (int64_t)id, err);
    if (code == LS_OK) {
        code = figure(ret, &material, err);
        ls_material_finish(&material);
    }
    ls_store_close(store);
    return code;
}

static int write_file(const struct ls_canvas *canvas, const char *path, bool png,
                      struct ls_err *err) {
    struct ls_output *output;
    int code = ls_output_open(&output, path, err);
    if (code != LS_OK) {
        return code;
    }
    FILE *out = ls_output_file(output);
    code = png ? ls_canvas_write_png(canvas, out, err) : ls_canvas_write_svg(canvas, out, err);
    if (code != LS_OK) {
        code = ferror(out) ? ls_output_failed(path, err) : code;
        ls_output_abandon(output);
        return code;
    }
    return ls_output_commit(output, err);
}

static int run_plot(struct ls_call *call, struct ls_err *err) {
    ls_figure_draw *figure = NULL;
    struct ls_canvas *canvas = NULL;
    const char *path = NULL;
    bool png = false;
    size_t id;
    int code = read_kind(ls_args_word(call->args, 0), &figure, err);
    if (code == LS_OK) {
        code = ls_count_parse(ls_args_word(call->args, 1), "number of an incident", 1,
                              1000000000000, &id, err);
    }
    if (code == LS_OK) {
        code = read_path(call, &path, &png, err);
    }
    if (code == LS_OK) {
        code = draw(&canvas, call, figure, id, err);
    }
    if (code == LS_OK) {
        code = write_file(canvas, path, png, err);
    }
    ls_canvas_destroy(canvas);
    return code;
}

const struct ls_verb ls_verb_plot = {
    .name = "plot",
    .needs = LS_NEEDS_DATABASE,
    .summary = "draw a figure of an incident",
    .arguments = "timeline|folded|cycles|pass ID",
    .min_arguments = 2,
    .max_arguments = 2,
    .text = "Draws one of the figures that the HTML of 'lineside report' has. timeline: each "
            "transmission in time and frequency, grey where nobody listened. folded: each start by "
            "its place in the period, and how often each part of that was heard. cycles: how long "
            "each was on, and off before it. pass: level and frequency over time, with fitted "
            "curves. The ending of FILE says whether it is SVG or PNG.",
    .tables = tables,
    .example = "lineside plot timeline 3 -o timeline.svg\n"
               "lineside plot folded 3 -o folded.png",
    .run = run_plot,
};
