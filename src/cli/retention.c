#include "cli/retention.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "cli/settings.h"
#include "cli/show.h"
#include "cli/table.h"
#include "model/config.h"
#include "store/health.h"
#include "store/prune.h"
#include "survey/snippet.h"

static const struct ls_option rows[] = {
    {.name = "config",
     .kind = LS_OPTION_TEXT,
     .value = "FILE",
     .help = "prune: by the limits of its section 'retention'"},
    {.name = "keep",
     .kind = LS_OPTION_SECONDS,
     .value = "DURATION",
     .what = "duration",
     .help = "prune: delete what is older, of every table: 90d"},
    {.name = "vacuum",
     .kind = LS_OPTION_FLAG,
     .help = "prune: then write the file anew without the room of what was deleted"},
    {.name = "dry-run", .kind = LS_OPTION_FLAG, .help = "prune: say what would go, and keep it"},
    {.name = "case",
     .kind = LS_OPTION_NAME,
     .value = "ID",
     .high = sizeof((struct ls_pin *)0)->case_id - 1,
     .help = "pin, unpin: the case that needs the rows"},
    {.name = "since", .kind = LS_OPTION_MOMENT, .value = "TIME", .help = "pin: from this time on"},
    {.name = "until", .kind = LS_OPTION_MOMENT, .value = "TIME", .help = "pin: up to this time"},
    {.name = "freq",
     .kind = LS_OPTION_HZ_RANGE,
     .value = "LO:HI",
     .help = "pin: in this range only: 876M:880M"},
};
const struct ls_option_table ls_retention_options = {
    .title = "Retention", .rows = rows, .count = LS_COUNT(rows)};

/* --- prune --- */

static int take_config(struct ls_prune_opts *opts, const struct ls_args *args, struct ls_err *err) {
    struct ls_config *config = NULL;
    int code = ls_config_load(&config, ls_args_text(args, "config"), NULL, 0, err);
    if (code != LS_OK) {
        return code == LS_ERR_NOMEM ? code : LS_ERR_ARG;
    }
    opts->age_s[LS_PRUNE_TRANSMISSIONS] = config->retention.transmissions_s;
    opts->age_s[LS_PRUNE_OBSERVATIONS] = config->retention.observations_s;
    opts->age_s[LS_PRUNE_HEALTH] = config->retention.health_s;
    opts->bytes[LS_PRUNE_TRANSMISSIONS] = config->retention.transmissions_bytes;
    opts->bytes[LS_PRUNE_OBSERVATIONS] = config->retention.observations_bytes;
    opts->bytes[LS_PRUNE_HEALTH] = config->retention.health_bytes;
    ls_config_destroy(config);
    return LS_OK;
}

static int take_limits(struct ls_prune_opts *opts, const struct ls_args *args, struct ls_err *err) {
    double keep_s = (double)NAN;
    bool config = ls_args_given(args, "config");
    bool keep = ls_args_seconds(args, "keep", &keep_s);
    if (config == keep) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'db prune' needs one of '--config' and '--keep': what is to go must be "
                          "said");
    }
    for (int i = 0; i < LS_PRUNE_TABLES; i++) {
        opts->age_s[i] = keep_s;
        opts->bytes[i] = (double)NAN;
    }
    return config ? take_config(opts, args, err) : LS_OK;
}

static int delete_files(void *context, const char *path) {
    (void)context;
    return ls_snippet_delete(path);
}

static void print_result(const struct ls_prune_result *result, size_t snippets, bool dry_run) {
    const char *verb = dry_run ? "would be deleted" : "deleted";
    for (int i = 0; i < LS_PRUNE_TABLES; i++) {
        char before[LS_SHOW_BYTES] = "any time";
        if (result->tables[i].before_ns > INT64_MIN) {
            ls_show_time(result->tables[i].before_ns, false, before);
        }
        printf("%s: %llu of %llu rows %s, those before %s%s; %llu pinned\n",
               ls_prune_name((enum ls_prune_what)i), (unsigned long long)result->tables[i].deleted,
               (unsigned long long)result->tables[i].before, verb, before,
               result->tables[i].by_size ? " by size" : "",
               (unsigned long long)result->tables[i].pinned);
    }
    printf("snippet: %zu %s, which have expired\n", snippets, verb);
}

int ls_retention_prune(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    struct ls_prune_opts opts = {.now_ns = ls_time_now(),
                                 .dry_run = ls_args_given(call->args, "dry-run")};
    struct ls_prune_result result;
    size_t snippets = 0;
    int code = take_limits(&opts, call->args, err);
    if (code == LS_OK) {
        code = ls_store_prune(store, &opts, &result, err);
    }
    if (code == LS_OK) {
        code = ls_store_expire_snippets(store, opts.now_ns, opts.dry_run, delete_files, NULL,
                                        &snippets, err);
    }
    if (code == LS_OK && snippets > 0 && !opts.dry_run) {
        code = ls_store_record_pruning(store, "snippet", "expiry", opts.now_ns, snippets, err);
    }
    if (code == LS_OK && ls_args_given(call->args, "vacuum") && !opts.dry_run) {
        code = ls_store_vacuum(store, err);
    }
    if (code == LS_OK) {
        print_result(&result, snippets, opts.dry_run);
    }
    return code;
}

/* --- pins --- */

static int need_case(const struct ls_call *call, const char **ret, struct ls_err *err) {
    *ret = ls_args_text(call->args, "case");
    return *ret != NULL ? LS_OK
                        : ls_err_set(err, LS_ERR_ARG, "'db %s' needs '--case ID'",
                                     ls_args_word(call->args, 0));
}

int ls_retention_pin(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    const char *case_id;
    struct ls_pin pin = {.low_hz = -HUGE_VAL, .high_hz = HUGE_VAL, .since_ns = ls_time_now()};
    int code = need_case(call, &case_id, err);
    if (code != LS_OK) {
        return code;
    }
    ls_copy_text(pin.case_id, sizeof pin.case_id, case_id);
    bool since = ls_args_time(call->args, "since", &pin.start_ns);
    bool until = ls_args_time(call->args, "until", &pin.stop_ns);
    ls_args_range(call->args, "freq", &pin.low_hz, &pin.high_hz);
    if (!since || !until || pin.stop_ns <= pin.start_ns) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'db pin' needs '--since' and a later '--until': what is kept for good "
                          "must be said");
    }
    code = ls_store_add_pin(store, &pin, err);
    if (code == LS_OK) {
        printf("pinned for case '%s'\n", case_id);
    }
    return code;
}

int ls_retention_unpin(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    const char *case_id;
    size_t count = 0;
    int code = need_case(call, &case_id, err);
    if (code == LS_OK) {
        code = ls_store_remove_pins(store, case_id, &count, err);
    }
    if (code == LS_OK) {
        printf("%zu pin%s of case '%s' removed\n", count, count == 1 ? "" : "s", case_id);
    }
    return code;
}

enum { CASE, SINCE, UNTIL, LOW, HIGH, COLUMNS };

static const struct ls_column columns[COLUMNS] = {
    [CASE] = {.title = "CASE", .align = LS_ALIGN_LEFT, .text = true},
    [SINCE] = {.title = "FROM (UTC)", .align = LS_ALIGN_LEFT},
    [UNTIL] = {.title = "TO (UTC)", .align = LS_ALIGN_LEFT},
    [LOW] = {.title = "FROM MHz", .align = LS_ALIGN_RIGHT},
    [HIGH] = {.title = "TO MHz", .align = LS_ALIGN_RIGHT},
};

static int draw_pin(void *context, const struct ls_pin *pin, struct ls_err *err) {
    char since[LS_SHOW_BYTES];
    char until[LS_SHOW_BYTES];
    char low[LS_SHOW_BYTES];
    char high[LS_SHOW_BYTES];
    ls_show_time(pin->start_ns, false, since);
    ls_show_time(pin->stop_ns, false, until);
    ls_show_number(isfinite(pin->low_hz) ? pin->low_hz / 1e6 : (double)NAN, 4, low);
    ls_show_number(isfinite(pin->high_hz) ? pin->high_hz / 1e6 : (double)NAN, 4, high);
    const char *cells[COLUMNS] = {
        [CASE] = pin->case_id, [SINCE] = since, [UNTIL] = until, [LOW] = low, [HIGH] = high};
    return ls_table_add(context, cells, err);
}

int ls_retention_pins(struct ls_store *store, const struct ls_call *call, struct ls_err *err) {
    (void)call;
    struct ls_table *table;
    int code = ls_table_create(&table, stdout, columns, COLUMNS, err);
    if (code != LS_OK) {
        return code;
    }
    code = ls_store_each_pin(store, draw_pin, table, err);
    if (code == LS_OK) {
        code = ls_table_finish(table, err);
    }
    ls_table_destroy(table);
    return code;
}
