/* lineside analyse: recordings to rows. Each recording is one run with one commit: one that fails
 * leaves nothing behind and does not keep the others from being analysed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/analyse_report.h"
#include "cli/batch.h"
#include "cli/database.h"
#include "cli/figure_file.h"
#include "cli/output.h"
#include "cli/patterns_say.h"
#include "cli/progress.h"
#include "cli/raw_options.h"
#include "cli/stop.h"
#include "cli/verbs.h"
#include "model/calibration.h"
#include "report/figures.h"
#include "survey/analyse.h"
#include "survey/search.h"

static const char *const taps[] = {"4", "8", "12", NULL};
static const char *const modes[] = {"bank", "stft", NULL};

static const struct ls_option own_rows[] = {
    {.name = "plan",
     .kind = LS_OPTION_TEXT,
     .value = "NAME|FILE",
     .help = "band plan of the region: tells how long a gap one radio may leave"},
    {.name = "label",
     .kind = LS_OPTION_NAME,
     .value = "TEXT",
     .high = LS_LABEL_BYTES - 1,
     .help = "classification of the rows, which exports and reports inherit"},
    {.name = "sensor",
     .kind = LS_OPTION_NAME,
     .value = "NAME",
     .high = LS_SENSOR_BYTES - 1,
     .help = "name of the receiver; else the recorder that the recording names, else 'recording'"},
    {.name = "bursts",
     .kind = LS_OPTION_TEXT,
     .value = "FILE",
     .help = "write every burst as a JSON line, with its transmission"},
    {.name = "waterfall",
     .kind = LS_OPTION_TEXT,
     .value = "FILE",
     .help = "draw the recording, with boxes around what was found: FILE.svg or FILE.png"},
    {.name = "channel-spacing",
     .kind = LS_OPTION_HZ,
     .value = "HZ",
     .what = "channel spacing",
     .help = "of the filter bank: 6.25k, 12.5k, 25k; else chosen from the rate"},
    {.name = "taps",
     .kind = LS_OPTION_CHOICE,
     .value = "N",
     .what = "number of taps",
     .choices = taps,
     .help = "of the filter bank, a channel: 4 (fast), 8 or 12 (sharp); else 8"},
    {.name = "mode",
     .kind = LS_OPTION_CHOICE,
     .value = "MODE",
     .choices = modes,
     .help = "bank: a filter bank; stft: plain windowed transforms, faster and less sharp"},
    {.name = "false-alarms",
     .kind = LS_OPTION_NUMBER,
     .value = "N",
     .what = "number of false alarms",
     .help = "how many boxes noise alone may make in a day of listening; else 10"},
    {.name = "spur",
     .kind = LS_OPTION_HZ,
     .value = "HZ",
     .what = "frequency",
     .repeats = true,
     .help = "a line that the receiver itself makes, to be masked; may be given again"},
    {.name = "calibration",
     .kind = LS_OPTION_TEXT,
     .value = "LEVEL",
     .help = "what reads 0 dBFS: -31.5dBm, or 433M:-30.2,868M:-31.5; levels are then in dBm too"},
    {.name = "threads",
     .kind = LS_OPTION_COUNT,
     .value = "N",
     .what = "number of threads",
     .low = 1,
     .high = LS_THREADS_MAX,
     .help = "1 to 4, else one a processor; rows do not depend on it"},
    {.name = "no-hash",
     .kind = LS_OPTION_FLAG,
     .help = "do without the SHA-512 of the recording; a second run then adds its rows again"},
    {.name = "json", .kind = LS_OPTION_FLAG, .help = "one JSON object a recording"},
};
static const struct ls_option_table own = {
    .title = "Analysis", .rows = own_rows, .count = LS_COUNT(own_rows)};

static const struct ls_option_table *const tables[] = {&own, &ls_raw_options, NULL};

struct job {
    const struct ls_call *call;
    struct ls_analyse_opts opts;
    struct ls_plan *plan;
    struct ls_output *bursts;
    const char *waterfall_path; /* NULL: none is wanted */
    struct ls_waterfall waterfall;
    struct ls_store *store;
    struct ls_progress *progress; /* of the recording under way */
    bool incomplete;
};

/* --- options --- */

static int check_recordings(const struct ls_args *args, struct ls_err *err) {
    static const char *const alone[] = {"start", "waterfall"};
    size_t count = ls_args_words(args);
    for (size_t i = 0; i < LS_COUNT(alone); i++) {
        if (count > 1 && ls_args_given(args, alone[i])) {
            return ls_err_set(err, LS_ERR_ARG,
                              "option '--%s' is for one recording, and %zu are named: analyse each "
                              "with its own",
                              alone[i], count);
        }
    }
    return LS_OK;
}

static int read_bank(const struct ls_args *args, struct ls_analyse_opts *opts, struct ls_err *err) {
    static const size_t counts[] = {4, 8, 12};
    size_t choice;
    if (ls_args_choice(args, "taps", &choice)) {
        opts->taps = counts[choice];
    }
    if (ls_args_choice(args, "mode", &choice) && strcmp(modes[choice], "stft") == 0) {
        if (opts->taps > 0) {
            return ls_err_set(err, LS_ERR_ARG,
                              "option '--taps' is for '--mode bank': plain transforms have none");
        }
        opts->taps = 1;
    }
    return LS_OK;
}

static int read_options(struct job *job, struct ls_err *err) {
    const struct ls_args *args = job->call->args;
    struct ls_analyse_opts *opts = &job->opts;
    int code = ls_raw_options_read(&opts->source, args, err);
    if (code != LS_OK) {
        return code;
    }
    if (ls_args_hz(args, "channel-spacing", &opts->channel_hz) && opts->channel_hz <= 0.0) {
        return ls_err_set(err, LS_ERR_ARG, "option '--channel-spacing' must be above 0 Hz");
    }
    opts->sensor = ls_args_text(args, "sensor");
    opts->calibration = ls_args_text(args, "calibration");
    struct ls_calibration calibration;
    if (opts->calibration != NULL &&
        ls_calibration_parse(opts->calibration, &calibration, err) != LS_OK) {
        return ls_err_wrap(err, "option '--calibration'");
    }
    opts->label = ls_args_text(args, "label");
    ls_args_number(args, "false-alarms", &opts->false_alarms_per_day);
    opts->spurs_hz = ls_args_hz_list(args, "spur", &opts->spur_count);
    ls_args_count(args, "threads", &opts->threads);
    opts->skip_hash = ls_args_given(args, "no-hash");
    code = read_bank(args, opts, err);
    return code == LS_OK ? check_recordings(args, err) : code;
}

static void show_progress(void *context, const struct ls_analyse_progress *now) {
    struct job *job = context;
    bool timed = now->elapsed_s > 0.0;
    struct ls_progress_state state = {
        .share = now->samples_total > 0 ? (double)now->samples_done / (double)now->samples_total
                                        : (double)NAN,
        .elapsed_s = now->elapsed_s,
        .realtime = timed ? now->recording_s / now->elapsed_s : (double)NAN,
        .rate_sps = timed ? (double)now->samples_done / now->elapsed_s : (double)NAN,
    };
    ls_progress_update(job->progress, &state);
}

/* FILE takes the place of what has its name: that must not be what is about to be read. */
static int refuse_recording(const struct job *job, const char *option, const char *path,
                            struct ls_err *err) {
    const struct ls_args *args = job->call->args;
    for (size_t i = 0; i < ls_args_words(args); i++) {
        struct ls_source_opts opts = job->opts.source;
        struct ls_source *source = NULL;
        opts.path = ls_args_word(args, i);
        bool same = ls_output_same(path, opts.path);
        if (!same && ls_source_open(&source, &opts, NULL) == LS_OK) {
            same = ls_output_same(path, ls_source_info(source)->data_path);
            ls_source_destroy(source);
        }
        if (same) {
            return ls_err_set(err, LS_ERR_ARG,
                              "option '--%s': '%.300s' is of a recording: name another file",
                              option, path);
        }
    }
    return LS_OK;
}

/* A lone recording that cannot be opened says so before a database is made for it. */
static int check_recording(const struct job *job, struct ls_err *err) {
    if (ls_args_words(job->call->args) != 1) {
        return LS_OK;
    }
    struct ls_source_opts opts = job->opts.source;
    struct ls_source *source;
    opts.path = ls_args_word(job->call->args, 0);
    int code = ls_source_open(&source, &opts, err);
    if (code == LS_OK) {
        ls_source_destroy(source);
    }
    return code;
}

/* Everything that is wrong about the call itself shows here, before a database is made. */
static int begin(struct job *job, struct ls_err *err) {
    const struct ls_args *args = job->call->args;
    int code = read_options(job, err);
    const char *plan = ls_args_text(args, "plan");
    if (code == LS_OK && plan != NULL) {
        code = ls_plan_load(&job->plan, plan, err);
        if (code != LS_OK) {
            ls_err_wrap(err, "option '--plan'");
            return code == LS_ERR_NOMEM ? code : LS_ERR_ARG;
        }
        job->opts.plan = job->plan;
    }
    if (code == LS_OK) {
        code = check_recording(job, err);
    }
    job->waterfall_path = ls_args_text(args, "waterfall");
    if (code == LS_OK && job->waterfall_path != NULL) {
        code = ls_figure_file_check(job->call, "waterfall", job->waterfall_path, err);
        job->opts.waterfall = &job->waterfall;
    }
    const char *bursts = ls_args_text(args, "bursts");
    if (code == LS_OK && bursts != NULL) {
        code = ls_database_refuse(job->call, "bursts", bursts, err);
    }
    if (code == LS_OK && bursts != NULL) {
        code = refuse_recording(job, "bursts", bursts, err);
    }
    if (code == LS_OK && bursts != NULL) {
        code = ls_output_open(&job->bursts, bursts, err);
        if (code == LS_OK) {
            job->opts.bursts = ls_output_file(job->bursts);
        }
    }
    if (code == LS_OK) {
        code = ls_database_open(&job->store, job->call, LS_STORE_WRITE, err);
    }
    job->opts.stop = ls_stop_flag();
    job->opts.progress = show_progress;
    job->opts.progress_context = job;
    return code;
}

/* --- one recording --- */

static int draw_waterfall(const struct job *job, struct ls_err *err) {
    struct ls_canvas *canvas;
    int code = ls_figure_waterfall(&canvas, &job->waterfall, err);
    if (code == LS_OK) {
        code = ls_figure_file_write(canvas, job->waterfall_path, err);
        ls_canvas_destroy(canvas);
    }
    return code;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

static int analyse_one(void *context, const char *path, struct ls_err *err) {
    struct job *job = context;
    struct ls_analyse_result result = {.samples = 0};
    long long mark = job->bursts == NULL ? 0 : ls_output_mark(job->bursts);
    job->opts.source.path = path;
    job->progress = ls_progress_create(stderr, base_name(path));
    int code = ls_analyse(job->store, &job->opts, &result, err);
    ls_progress_destroy(job->progress);
    job->progress = NULL;
    if (code != LS_OK) {
        if (job->bursts != NULL) {
            ls_output_rewind(job->bursts, mark);
        }
        return code;
    }
    job->incomplete |= result.run.incomplete;
    int written = ls_args_given(job->call->args, "json")
                      ? ls_analyse_report_json(stdout, path, job->call->db_path, &result)
                      : ls_analyse_report_text(stdout, path, &result);
    if (written != LS_OK) {
        return ls_output_failed(NULL, err);
    }
    return job->waterfall_path != NULL ? draw_waterfall(job, err) : LS_OK;
}

/* What was analysed is stored, so its bursts and where its rows are come out, whatever else failed.
 */
static int conclude(struct job *job, int code, struct ls_err *err) {
    const struct ls_args *args = job->call->args;
    struct ls_err late;
    int committed = LS_OK;
    if (job->bursts != NULL) {
        committed = ls_output_commit(job->bursts, &late);
        job->bursts = NULL;
    }
    if (!ls_args_given(args, "json")) {
        bool named = ls_args_given(args, "db");
        printf("rows are in '%s': 'lineside transmissions%s%s' shows them\n", job->call->db_path,
               named ? " --db " : "", named ? job->call->db_path : "");
    }
    if (code == LS_OK && committed != LS_OK) {
        *err = late;
        return committed;
    }
    return code;
}

static int run_analyse(struct ls_call *call, struct ls_err *err) {
    struct job job = {.call = call};
    ls_stop_install();
    int code = begin(&job, err);
    if (code == LS_OK) {
        size_t done;
        code = ls_batch_run(call->args, "recordings", analyse_one, &job, &done, err);
        if (done > 0) {
            code = conclude(&job, code, err);
        }
        code = ls_patterns_follow(job.store, job.plan, done, code, err);
        call->incomplete = job.incomplete;
    }
    ls_output_abandon(job.bursts);
    ls_waterfall_finish(&job.waterfall);
    if (job.store != NULL) {
        ls_store_close(job.store);
    }
    ls_plan_destroy(job.plan);
    return code;
}

const struct ls_verb ls_verb_analyse = {
    .name = "analyse",
    .needs = LS_NEEDS_DATABASE,
    .summary = "find the transmissions in recordings",
    .arguments = "RECORDING...",
    .min_arguments = 1,
    .max_arguments = SIZE_MAX,
    .text = "Finds the transmissions in recorded I/Q and stores them with the ledger of what was "
            "listened to. RECORDING is SigMF (.sigmf-meta, .sigmf-data or a .sigmf archive) or a "
            "raw file, whose format, rate and frequency are read from a name such as "
            "g001_433.92M_250k.cu8 or given here. The same recording again replaces its rows.",
    .tables = tables,
    .example = "lineside analyse --plan eu km-12.sigmf-meta\n"
               "lineside analyse --waterfall km-12.svg km-12.sigmf-meta\n"
               "lineside analyse --format cs16 --rate 2.4M --freq 878M capture.bin",
    .run = run_analyse,
};
