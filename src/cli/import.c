/* lineside import: logs to rows. Each log is one run with one commit. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/util.h"
#include "cli/batch.h"
#include "cli/database.h"
#include "cli/output.h"
#include "cli/patterns_say.h"
#include "cli/progress.h"
#include "cli/stop.h"
#include "cli/verbs.h"
#include "survey/import.h"

static const struct ls_option own_rows[] = {
    {.name = "label",
     .kind = LS_OPTION_NAME,
     .value = "TEXT",
     .high = LS_LABEL_BYTES - 1,
     .help = "classification of the rows, which exports and reports inherit"},
    {.name = "sensor",
     .kind = LS_OPTION_NAME,
     .value = "NAME",
     .high = LS_SENSOR_BYTES - 1,
     .help = "sensor of lines that name none; else 'import'"},
    {.name = "assume-utc",
     .kind = LS_OPTION_FLAG,
     .help = "take times without a zone as UTC; else they are refused"},
    {.name = "zone",
     .kind = LS_OPTION_TEXT,
     .value = "+HH:MM",
     .help = "take times without a zone as those of this one, all year round"},
    {.name = "freq",
     .kind = LS_OPTION_HZ,
     .value = "HZ",
     .what = "frequency",
     .help = "of rows of a CSV log that name none; else they are refused"},
    {.name = "json", .kind = LS_OPTION_FLAG, .help = "one JSON object a log"},
};
static const struct ls_option_table own = {
    .title = "Import", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, NULL};

struct job {
    const struct ls_call *call;
    struct ls_import_opts opts;
    struct ls_store *store;
    struct ls_progress *progress; /* of the log under way */
    bool incomplete;
};

static void show_progress(void *context, const struct ls_import_progress *now) {
    struct job *job = context;
    struct ls_progress_state state = {
        .share =
            now->bytes_total > 0 ? (double)now->bytes_done / (double)now->bytes_total : (double)NAN,
        .elapsed_s = now->elapsed_s,
        .realtime = (double)NAN,
        .rate_sps = (double)NAN,
    };
    ls_progress_update(job->progress, &state);
}

/* --- what is said --- */

/* Lines that were refused, by reason: on stderr, as they are no data. */
static void warn_refused(const char *path, const struct ls_import_result *result) {
    size_t named = 0;
    for (size_t i = 0; i < result->reason_count; i++) {
        const struct ls_import_reason *reason = &result->reasons[i];
        named += reason->count;
        if (reason->count == 1) {
            ls_log(LS_LOG_WARNING, "'%.300s' line %zu: %s", path, reason->first_line, reason->text);
        } else {
            ls_log(LS_LOG_WARNING, "'%.300s' line %zu and %zu more: %s", path, reason->first_line,
                   reason->count - 1, reason->text);
        }
    }
    if (result->refused > named) {
        ls_log(LS_LOG_WARNING, "'%.300s': %zu more lines for other reasons", path,
               result->refused - named);
    }
}

static int print_text(const char *path, const struct ls_import_result *result) {
    printf("%s: %zu transmission%s, %zu observation%s", path, result->transmissions,
           result->transmissions == 1 ? "" : "s", result->observations,
           result->observations == 1 ? "" : "s");
    if (result->left_out > 0) {
        printf("; %zu line%s of kinds that are not stored", result->left_out,
               result->left_out == 1 ? "" : "s");
    }
    if (result->columns_left_out > 0) {
        printf("; %zu column%s not read", result->columns_left_out,
               result->columns_left_out == 1 ? "" : "s");
    }
    if (result->backwards > 0) {
        printf("; %zu row%s earlier than the one before", result->backwards,
               result->backwards == 1 ? "" : "s");
    }
    if (result->refused > 0) {
        printf("; %zu line%s refused", result->refused, result->refused == 1 ? "" : "s");
    }
    if (result->run.note[0] != '\0') {
        printf("\n  %s", result->run.note);
    }
    return putchar('\n') == EOF ? LS_ERR_IO : LS_OK;
}

static int print_json(const char *path, const char *db, const struct ls_import_result *result) {
    const struct ls_run *run = &result->run;
    LS_AUTO(char) path_text = ls_text_mended(path);
    LS_AUTO(char) db_text = ls_text_mended(db);
    json_t *object = json_pack(
        "{s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:b, s:s, s:s}", "type",
        "run", "run", (json_int_t)run->id, "log", path_text, "db", db_text, "lines",
        (json_int_t)result->lines, "transmissions", (json_int_t)result->transmissions,
        "observations", (json_int_t)result->observations, "left_out", (json_int_t)result->left_out,
        "repeated", (json_int_t)result->repeated, "backwards", (json_int_t)result->backwards,
        "overlaps", (json_int_t)result->overlaps, "refused", (json_int_t)result->refused,
        "elapsed_s", result->elapsed_s, "incomplete", run->incomplete, "note", run->note,
        "input_sha512", run->input_sha512);
    LS_AUTO(char)
    text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(12));
    json_decref(object);
    return text == NULL || printf("%s\n", text) < 0 ? LS_ERR_IO : LS_OK;
}

/* --- the logs --- */

static const char *label_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return strcmp(path, "-") == 0 ? "standard input" : slash == NULL ? path : slash + 1;
}

static int import_one(void *context, const char *path, struct ls_err *err) {
    struct job *job = context;
    struct ls_import_result result = {.lines = 0};
    job->opts.path = path;
    job->progress = ls_progress_create(stderr, label_of(path));
    int code = ls_import(job->store, &job->opts, &result, err);
    ls_progress_destroy(job->progress);
    job->progress = NULL;
    if (code != LS_OK) {
        return code;
    }
    warn_refused(path, &result);
    job->incomplete |= result.refused > 0;
    int written = ls_args_given(job->call->args, "json")
                      ? print_json(path, job->call->db_path, &result)
                      : print_text(path, &result);
    return written == LS_OK ? LS_OK : ls_output_failed(NULL, err);
}

static int read_zone(const char *text, int32_t *ret_s, struct ls_err *err) {
    int digits[4];
    bool ok = strlen(text) == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':';
    for (size_t i = 0; i < LS_COUNT(digits); i++) {
        char c = ok ? text[1 + i + i / 2] : 'x';
        digits[i] = c - '0';
        ok = ok && c >= '0' && c <= '9';
    }
    int hours = ok ? 10 * digits[0] + digits[1] : 24;
    int minutes = ok ? 10 * digits[2] + digits[3] : 60;
    if (hours > 23 || minutes > 59) {
        return ls_err_set(err, LS_ERR_ARG,
                          "option '--zone': '%.40s' is no distance from UTC such as +02:00", text);
    }
    *ret_s = (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return LS_OK;
}

static int read_line_options(struct ls_line_opts *ret, const struct ls_args *args,
                             struct ls_err *err) {
    const char *zone = ls_args_text(args, "zone");
    ret->has_zone = ls_args_given(args, "assume-utc");
    ls_args_hz(args, "freq", &ret->center_hz);
    if (zone == NULL) {
        return LS_OK;
    }
    if (ret->has_zone) {
        return ls_err_set(err, LS_ERR_ARG,
                          "--assume-utc and --zone exclude each other: choose one");
    }
    ret->has_zone = true;
    return read_zone(zone, &ret->zone_s, err);
}

static int run_import(struct ls_call *call, struct ls_err *err) {
    struct job job = {.call = call};
    job.opts.sensor = ls_args_text(call->args, "sensor");
    job.opts.label = ls_args_text(call->args, "label");
    int code = read_line_options(&job.opts.line, call->args, err);
    if (code != LS_OK) {
        return code;
    }
    ls_stop_install();
    code = ls_database_open(&job.store, call, LS_STORE_WRITE, err);
    if (code != LS_OK) {
        return code;
    }
    job.opts.stop = ls_stop_flag();
    job.opts.progress = show_progress;
    job.opts.progress_context = &job;
    size_t done;
    code = ls_batch_run(call->args, "logs", import_one, &job, &done, err);
    call->incomplete = job.incomplete;
    code = ls_patterns_follow(job.store, NULL, done, code, err);
    ls_store_close(job.store);
    return code;
}

const struct ls_verb ls_verb_import = {
    .name = "import",
    .needs = LS_NEEDS_DATABASE,
    .summary = "read logs of other receivers",
    .arguments = "LOG...",
    .min_arguments = 1,
    .max_arguments = SIZE_MAX,
    .text = "Reads logs of one JSON object a line, as 'export' writes them, or as rtl_433 -F json "
            "does; comma-separated values whose heading names a time and a frequency; and the "
            "annotations of SigMF metadata. Payload and names in them are left out. \"-\" is "
            "standard input. The same log again replaces its rows. Lines that cannot be read are "
            "counted and named; the others are stored.",
    .tables = tables,
    .example = "lineside import km-13.jsonl\n"
               "lineside import --sensor km-14 --assume-utc rtl_433.json\n"
               "lineside import --zone +01:00 --freq 433.92M receptions.csv",
    .run = run_import,
};
