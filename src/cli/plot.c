/* lineside plot: one figure as a file: of an incident, of a stretch of time, or of a recording. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/database.h"
#include "cli/figure_file.h"
#include "cli/period.h"
#include "cli/raw_options.h"
#include "cli/stop.h"
#include "cli/verbs.h"
#include "report/figures.h"
#include "report/period.h"
#include "survey/analyse.h"
#include "survey/search.h"

static const struct ls_option own_rows[] = {
    {.name = "output",
     .short_name = 'o',
     .kind = LS_OPTION_TEXT,
     .value = "FILE",
     .help = "where to: FILE.svg or FILE.png; must be given"},
    {.name = "channel-spacing",
     .kind = LS_OPTION_HZ,
     .value = "HZ",
     .what = "channel spacing",
     .help = "of a recording: of the filter bank, as in 'lineside analyse'"},
    {.name = "threads",
     .kind = LS_OPTION_COUNT,
     .value = "N",
     .what = "number of threads",
     .low = 1,
     .high = LS_THREADS_MAX,
     .help = "of a recording: 1 to 4, else one a processor; the figure does not depend on it"},
    {.name = "range",
     .kind = LS_OPTION_HZ_RANGE,
     .value = "LO:HI",
     .help = "of a period: this range; else that of what was on the air"},
    {.name = "since",
     .kind = LS_OPTION_MOMENT,
     .value = "TIME",
     .help = "of a period: from TIME on, or 7d for that long ago; else from the first row"},
    {.name = "until",
     .kind = LS_OPTION_MOMENT,
     .value = "TIME",
     .help = "of a period: to TIME; else to the last row"},
    {.name = "sensor",
     .kind = LS_OPTION_TEXT,
     .value = "NAME",
     .help = "of a period: of this sensor"},
};
static const struct ls_option_table own = {
    .title = "Options", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, &ls_raw_options, NULL};

enum about { INCIDENT, PERIOD, RECORDING };

static const char *const words_of_about[] = {
    [INCIDENT] = "an incident", [PERIOD] = "a period", [RECORDING] = "a recording"};

/* A figure by its name, and the one of its functions that fits what it is about. */
struct figure {
    const char *name;
    int (*of_recording)(struct ls_canvas **ret, const struct ls_waterfall *waterfall,
                        struct ls_err *err);
    enum about about;
    enum ls_heat_kind heat;
};

static const struct figure figures[] = {
    {.name = "timeline", .about = INCIDENT},
    {.name = "folded", .about = INCIDENT},
    {.name = "cycles", .about = INCIDENT},
    {.name = "pass", .about = INCIDENT},
    {.name = "occupancy", .about = PERIOD, .heat = LS_HEAT_CHANNELS},
    {.name = "hours", .about = PERIOD, .heat = LS_HEAT_HOURS},
    {.name = "waterfall", .about = RECORDING, .of_recording = ls_figure_waterfall},
    {.name = "spectrum", .about = RECORDING, .of_recording = ls_figure_spectrum},
};

static int read_figure(const char *word, const struct figure **ret, struct ls_err *err) {
    const char *names[LS_COUNT(figures)];
    size_t chosen;
    for (size_t i = 0; i < LS_COUNT(figures); i++) {
        names[i] = figures[i].name;
    }
    int code = ls_word_parse(word, "figure", names, LS_COUNT(names), &chosen, err);
    if (code == LS_OK) {
        *ret = &figures[chosen];
    }
    return code;
}

/* An option that says nothing to this figure is a mistake. */
static int check_options(const struct figure *figure, const struct ls_args *args,
                         struct ls_err *err) {
    static const struct {
        const char *name;
        enum about about;
    } of[] = {{"since", PERIOD},     {"until", PERIOD},     {"sensor", PERIOD},
              {"range", PERIOD},     {"format", RECORDING}, {"rate", RECORDING},
              {"freq", RECORDING},   {"start", RECORDING},  {"channel-spacing", RECORDING},
              {"threads", RECORDING}};
    size_t words = ls_args_words(args);
    for (size_t i = 0; i < LS_COUNT(of); i++) {
        if (ls_args_given(args, of[i].name) && of[i].about != figure->about) {
            return ls_err_set(err, LS_ERR_ARG, "--%s is for figures of %s, and '%s' is one of %s",
                              of[i].name, words_of_about[of[i].about], figure->name,
                              words_of_about[figure->about]);
        }
    }
    if (figure->about == PERIOD && words > 1) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'%s' is about a period: choose it with --since and "
                          "--until",
                          figure->name);
    }
    if (figure->about != PERIOD && words < 2) {
        return ls_err_set(err, LS_ERR_ARG, "'%s' is about %s: say which", figure->name,
                          words_of_about[figure->about]);
    }
    return LS_OK;
}

static int read_path(const struct ls_call *call, const char **ret, struct ls_err *err) {
    *ret = ls_args_text(call->args, "output");
    if (*ret == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "say where to with -o FILE.svg or -o FILE.png");
    }
    return ls_figure_file_check(call, "output", *ret, err);
}

/* --- of an incident --- */

static int draw_incident(struct ls_canvas **ret, const struct figure *figure,
                         const struct ls_call *call, struct ls_err *err) {
    struct ls_store *store;
    struct ls_material material;
    size_t id;
    int code = ls_count_parse(ls_args_word(call->args, 1), "number of an incident", 1,
                              1000000000000, &id, err);
    if (code == LS_OK) {
        code = ls_database_open(&store, call, LS_STORE_READ, err);
    }
    if (code != LS_OK) {
        return code;
    }
    code = ls_material_init(&material, store, (int64_t)id, err);
    if (code == LS_OK) {
        code = ls_figure_find(figure->name)(ret, &material, err);
        ls_material_finish(&material);
    }
    ls_store_close(store);
    return code;
}

/* --- of a period --- */

static int draw_period(struct ls_canvas **ret, const struct figure *figure,
                       const struct ls_call *call, struct ls_err *err) {
    struct ls_store *store;
    struct ls_heat heat;
    struct ls_heat_opts opts = {.kind = figure->heat};
    int code = ls_period_read(&opts.filter, call->args, "range", err);
    if (code == LS_OK) {
        code = ls_database_open(&store, call, LS_STORE_READ, err);
    }
    if (code != LS_OK) {
        return code;
    }
    code = ls_period_find(&opts.filter, &opts.no_clock, store, err);
    if (code == LS_OK) {
        code = ls_heat_init(&heat, store, &opts, err);
    }
    if (code == LS_OK) {
        code = ls_figure_occupancy(ret, &heat, err);
        ls_heat_finish(&heat);
    }
    ls_store_close(store);
    return code;
}

/* --- of a recording --- */

static int draw_recording(struct ls_canvas **ret, const struct figure *figure, struct ls_call *call,
                          struct ls_err *err) {
    struct ls_waterfall waterfall = {.rows = 0};
    struct ls_analyse_result result;
    struct ls_analyse_opts opts = {
        .skip_hash = true, .waterfall = &waterfall, .stop = ls_stop_flag()};
    opts.source.path = ls_args_word(call->args, 1);
    ls_stop_install();
    ls_args_count(call->args, "threads", &opts.threads);
    int code = ls_raw_options_read(&opts.source, call->args, err);
    if (code == LS_OK && ls_args_hz(call->args, "channel-spacing", &opts.channel_hz) &&
        opts.channel_hz <= 0.0) {
        code = ls_err_set(err, LS_ERR_ARG, "option '--channel-spacing' must be above 0 Hz");
    }
    if (code == LS_OK) {
        code = ls_analyse(NULL, &opts, &result, err);
    }
    if (code == LS_OK) {
        call->incomplete = result.run.incomplete;
        code = figure->of_recording(ret, &waterfall, err);
    }
    ls_waterfall_finish(&waterfall);
    return code;
}

/* --- the verb --- */

static int draw(struct ls_canvas **ret, const struct figure *figure, struct ls_call *call,
                struct ls_err *err) {
    switch (figure->about) {
    case INCIDENT:
        return draw_incident(ret, figure, call, err);
    case PERIOD:
        return draw_period(ret, figure, call, err);
    case RECORDING:
        break;
    }
    return draw_recording(ret, figure, call, err);
}

static int run_plot(struct ls_call *call, struct ls_err *err) {
    const struct figure *figure = NULL;
    struct ls_canvas *canvas = NULL;
    const char *path = NULL;
    int code = read_figure(ls_args_word(call->args, 0), &figure, err);
    if (code == LS_OK) {
        code = check_options(figure, call->args, err);
    }
    if (code == LS_OK) {
        code = read_path(call, &path, err);
    }
    if (code == LS_OK) {
        code = draw(&canvas, figure, call, err);
    }
    if (code == LS_OK) {
        code = ls_figure_file_write(canvas, path, err);
    }
    ls_canvas_destroy(canvas);
    return code;
}

const struct ls_verb ls_verb_plot = {
    .name = "plot",
    .needs = LS_NEEDS_DATABASE,
    .summary = "draw a figure of an incident, a period or a recording",
    .arguments = "timeline|folded|cycles|pass|occupancy|hours|waterfall|spectrum [ID|RECORDING]",
    .min_arguments = 1,
    .max_arguments = 2,
    .text = "Draws one figure. Of the incident ID: timeline, each transmission in time and "
            "frequency; folded, each start by its place in the period, and how often each part "
            "of that was heard; cycles, how long each was on, and off before it; pass, level and "
            "frequency over time with fitted curves. Of a period: occupancy, how much of each "
            "channel was in use, step by step of time; hours, by day and hour. Of a RECORDING: "
            "waterfall, power over time and frequency with boxes around what was found; spectrum, "
            "with the noise floor and the edges of occupied bandwidths. The ending of FILE says "
            "whether it is SVG or PNG.",
    .tables = tables,
    .example = "lineside plot timeline 3 -o timeline.svg\n"
               "lineside plot occupancy --since 7d -o week.png\n"
               "lineside plot waterfall km-12.sigmf-meta -o km-12.svg",
    .run = run_plot,
};
