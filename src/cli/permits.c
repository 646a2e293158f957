/* lineside permits add|list|end: registered, authorised activities. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/time.h"
#include "base/util.h"
#include "cli/database.h"
#include "cli/evidence.h"
#include "cli/output.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "store/patterns.h"

static const struct ls_option own_rows[] = {
    {.name = "owner",
     .kind = LS_OPTION_NAME,
     .value = "TEXT",
     .high = sizeof((struct ls_permit *)0)->owner - 1,
     .help = "add: who; must be given"},
    {.name = "purpose",
     .kind = LS_OPTION_NAME,
     .value = "TEXT",
     .high = sizeof((struct ls_permit *)0)->purpose - 1,
     .help = "add: what for; must be given"},
    {.name = "freq",
     .kind = LS_OPTION_HZ_RANGE,
     .value = "LO:HI",
     .help = "add: where in the spectrum; must be given"},
    {.name = "place",
     .kind = LS_OPTION_NAME,
     .value = "SENSOR",
     .high = sizeof((struct ls_permit *)0)->place - 1,
     .help = "add: at this sensor; else everywhere"},
    {.name = "from",
     .kind = LS_OPTION_TIME,
     .value = "TIME",
     .help = "add: holds from TIME on; else from now on"},
    {.name = "until",
     .kind = LS_OPTION_TIME,
     .value = "TIME",
     .help = "add, end: holds until TIME; else until it is ended, and ends now"},
    {.name = "json", .kind = LS_OPTION_FLAG, .help = "list: one JSON object a line"},
};
static const struct ls_option_table own = {
    .title = "Permits", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, NULL};

/* --- add and end --- */

static int take_text(const struct ls_args *args, const char *name, char *ret, size_t size,
                     struct ls_err *err) {
    const char *text = ls_args_text(args, name);
    if (text == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "a permit needs --%s", name);
    }
    ls_copy_text(ret, size, text);
    return LS_OK;
}

static int read_permit(struct ls_permit *ret, const struct ls_args *args, struct ls_err *err) {
    *ret = (struct ls_permit){.since_ns = ls_time_now(), .until_ns = INT64_MAX};
    int code = take_text(args, "owner", ret->owner, sizeof ret->owner, err);
    if (code == LS_OK) {
        code = take_text(args, "purpose", ret->purpose, sizeof ret->purpose, err);
    }
    if (code == LS_OK && ls_args_given(args, "place")) {
        code = take_text(args, "place", ret->place, sizeof ret->place, err);
    }
    if (code == LS_OK && !ls_args_range(args, "freq", &ret->low_hz, &ret->high_hz)) {
        code = ls_err_set(err, LS_ERR_ARG, "a permit needs --freq");
    }
    ls_args_time(args, "from", &ret->since_ns);
    ls_args_time(args, "until", &ret->until_ns);
    if (code == LS_OK && ret->until_ns <= ret->since_ns) {
        code = ls_err_set(err, LS_ERR_ARG, "--until is not later than its beginning");
    }
    return code;
}

/* All that is wrong about the call shows before a database is made for it. */
static int add(const struct ls_call *call, struct ls_store **ret_store, struct ls_err *err) {
    struct ls_permit permit;
    int64_t id;
    int code = read_permit(&permit, call->args, err);
    if (code == LS_OK) {
        code = ls_database_open(ret_store, call, LS_STORE_WRITE, err);
    }
    if (code == LS_OK) {
        code = ls_store_add_permit(*ret_store, &permit, &id, err);
    }
    if (code == LS_OK) {
        printf("permit %" PRId64 " is added; it holds for incidents of the next pattern run\n", id);
    }
    return code;
}

static int end(const struct ls_call *call, struct ls_store **ret_store, struct ls_err *err) {
    const char *word = ls_args_word(call->args, 1);
    char *rest;
    long long id = strtoll(word, &rest, 10);
    int64_t until_ns = ls_time_now();
    if (*rest != '\0' || rest == word || id < 1) {
        return ls_err_set(err, LS_ERR_ARG, "'%.40s' is no permit: give its number", word);
    }
    ls_args_time(call->args, "until", &until_ns);
    int code = ls_evidence_open(ret_store, call, err);
    if (code == LS_OK) {
        code = ls_store_end_permit(*ret_store, id, until_ns, err);
    }
    if (code == LS_OK) {
        printf("permit %lld ends\n", id);
    }
    return code;
}

/* --- list --- */

enum { ID, FROM, UNTIL, LOW, HIGH, PLACE, OWNER, PURPOSE, COLUMNS };

static const struct ls_column columns[COLUMNS] = {
    [ID] = {.title = "ID", .align = LS_ALIGN_RIGHT},
    [FROM] = {.title = "FROM (UTC)", .align = LS_ALIGN_LEFT},
    [UNTIL] = {.title = "UNTIL (UTC)", .align = LS_ALIGN_LEFT},
    [LOW] = {.title = "FROM MHz", .align = LS_ALIGN_RIGHT},
    [HIGH] = {.title = "TO MHz", .align = LS_ALIGN_RIGHT},
    [PLACE] = {.title = "PLACE", .align = LS_ALIGN_LEFT, .text = true, .spare = 1},
    [OWNER] = {.title = "OWNER", .align = LS_ALIGN_LEFT, .text = true},
    [PURPOSE] = {.title = "PURPOSE", .align = LS_ALIGN_LEFT, .text = true, .spare = 2},
};

static void show_minute(int64_t ns, char ret[LS_SHOW_BYTES]) {
    ls_show_time(ns, false, ret);
    ret[strlen("2026-11-20 08:00")] = '\0';
}

struct listing {
    struct ls_table *table;
    size_t rows;
};

static int draw(void *context, const struct ls_permit *permit, struct ls_err *err) {
    struct listing *listing = context;
    char id[LS_SHOW_BYTES];
    char from[LS_SHOW_BYTES];
    char until[LS_SHOW_BYTES] = "";
    char low[LS_SHOW_BYTES];
    char high[LS_SHOW_BYTES];
    ls_show_count((uint64_t)permit->id, id);
    show_minute(permit->since_ns, from);
    if (permit->until_ns != INT64_MAX) {
        show_minute(permit->until_ns, until);
    }
    ls_show_mhz(permit->low_hz, low);
    ls_show_mhz(permit->high_hz, high);
    const char *cells[COLUMNS] = {
        [ID] = id,
        [FROM] = from,
        [UNTIL] = until,
        [LOW] = low,
        [HIGH] = high,
        [PLACE] = permit->place[0] == '\0' ? "everywhere" : permit->place,
        [OWNER] = permit->owner,
        [PURPOSE] = permit->purpose,
    };
    listing->rows++;
    return ls_table_add(listing->table, cells, err);
}

static int print_json(void *context, const struct ls_permit *permit, struct ls_err *err) {
    (void)context;
    char since[LS_TIME_TEXT_BYTES];
    char until[LS_TIME_TEXT_BYTES];
    ls_time_format(permit->since_ns, since);
    json_t *object = json_pack("{s:s, s:I, s:s, s:s, s:s, s:f, s:f, s:s}", "type", "permit", "id",
                               (json_int_t)permit->id, "owner", permit->owner, "purpose",
                               permit->purpose, "place", permit->place, "low_hz", permit->low_hz,
                               "high_hz", permit->high_hz, "since", since);
    if (object != NULL && permit->until_ns != INT64_MAX) {
        ls_time_format(permit->until_ns, until);
        json_object_set_new(object, "until", json_string(until));
    }
    LS_AUTO(char)
    text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(12));
    json_decref(object);
    if (text == NULL) {
        return ls_err_set(err, LS_ERR_FORMAT, "permit %" PRId64 " holds text that is not UTF-8",
                          permit->id);
    }
    return printf("%s\n", text) < 0 ? ls_output_failed(NULL, err) : LS_OK;
}

static int list(const struct ls_call *call, struct ls_store **ret_store, struct ls_err *err) {
    struct listing listing = {.rows = 0};
    int code = ls_database_open(ret_store, call, LS_STORE_READ, err);
    if (code == LS_OK && ls_args_given(call->args, "json")) {
        return ls_store_each_permit(*ret_store, print_json, NULL, err);
    }
    if (code == LS_OK) {
        code = ls_table_create(&listing.table, stdout, columns, COLUMNS, err);
    }
    if (code != LS_OK) {
        return code;
    }
    code = ls_store_each_permit(*ret_store, draw, &listing, err);
    if (code == LS_OK) {
        code = ls_table_finish(listing.table, err);
    }
    if (code == LS_OK && listing.rows == 0) {
        ls_log(LS_LOG_INFO, "no permits are registered");
    }
    ls_table_destroy(listing.table);
    return code;
}

/* --- the verb --- */

static const struct action {
    const char *name;
    /* Opens *ret_store, which is NULL; the caller closes it. */
    int (*run)(const struct ls_call *call, struct ls_store **ret_store, struct ls_err *err);
    size_t words; /* behind it */
} actions[] = {
    {.name = "add", .run = add, .words = 0},
    {.name = "list", .run = list, .words = 0},
    {.name = "end", .run = end, .words = 1},
};

static int run_permits(struct ls_call *call, struct ls_err *err) {
    const char *names[LS_COUNT(actions)];
    for (size_t i = 0; i < LS_COUNT(actions); i++) {
        names[i] = actions[i].name;
    }
    size_t chosen;
    const char *word = ls_args_word(call->args, 0);
    int code = ls_word_parse(word, "permits action", names, LS_COUNT(names), &chosen, err);
    if (code != LS_OK) {
        return code;
    }
    const struct action *action = &actions[chosen];
    if (ls_args_words(call->args) != 1 + action->words) {
        return ls_err_set(err, LS_ERR_ARG, "permits %s takes %s", action->name,
                          action->words == 0 ? "no further words: see 'lineside permits --help'"
                                             : "the number of one permit");
    }
    struct ls_store *store = NULL;
    code = action->run(call, &store, err);
    ls_store_close(store);
    return code;
}

const struct ls_verb ls_verb_permits = {
    .name = "permits",
    .needs = LS_NEEDS_DATABASE,
    .summary = "register authorised activities",
    .arguments = "add|list|end [ID]",
    .min_arguments = 1,
    .max_arguments = 2,
    .text = "Registers activities that are authorised: who, what for, which frequencies, where and "
            "when. A permit explains incidents, which are then 'permitted'; it hides none. Permits "
            "that ended stay listed.",
    .tables = tables,
    .example = "lineside permits add --owner Works --purpose telemetry --freq 868M:868.6M\n"
               "lineside permits list\n"
               "lineside permits end 1",
    .run = run_permits,
};
