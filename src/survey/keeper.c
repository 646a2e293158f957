/* Requests for snippets wait in a short queue: samples behind the transmission may not have come
 * yet (LS_EOF), and then the request waits in its place. Retention has its own clock. The database
 * is opened for each piece of work, so that a lock or a full disk is met afresh. */
#include "survey/keeper.h"

#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"
#include "model/burst.h"
#include "store/chain.h"
#include "store/health.h"
#include "store/positions.h"
#include "store/prune.h"
#include "survey/patterns.h"
#include "survey/snippet.h"

/* Nice value: samples come first, and a search of months of rows may take its time. */
enum { BACKGROUND = 10 };

enum { QUEUE = 64, RECENT = 256, PATIENCE_S = 30 };

/* What of the configuration is used here, so that the configuration may go. */
struct rules {
    char sensor[LS_SENSOR_BYTES];
    char *database;
    char *folder; /* NULL: no snippets */
    char *key;    /* NULL: the chain is not sealed */
    double seal_s;
    struct ls_position place; /* latitude NAN: not known */
    char case_id[LS_SENSOR_BYTES];
    struct ls_prune_opts limits;
    double period_s;
    double patterns_s;          /* NAN: never */
    const struct ls_plan *plan; /* held */
    double quota_bytes, expiry_s, before_s, after_s, longest_s, min_snr_db;
    struct ls_config_range ranges[32];
    size_t range_count; /* 0: any */
    char classes[32][LS_CLASS_BYTES];
    size_t class_count; /* 0: any */
};

struct request {
    struct ls_transmission row;
    int64_t asked_ns; /* steady */
};

struct ls_keeper {
    struct ls_iq_ring *ring;
    void (*event)(void *context, const struct ls_health *row);
    void *context;
    pthread_t thread;
    bool started;
    atomic_int stop;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t wake;
    struct rules rules;
    struct request queue[QUEUE];
    size_t queued;
    int64_t recent[RECENT]; /* ids taken already */
    size_t recent_next;
    struct ls_keeper_counts counts;
};

/* --- rules --- */

static void drop_rules(struct rules *rules) {
    free(rules->database);
    free(rules->folder);
    free(rules->key);
    ls_plan_destroy(rules->plan);
}

static void take_limits(struct rules *rules, const struct ls_config *config) {
    struct ls_prune_opts *limits = &rules->limits;
    limits->age_s[LS_PRUNE_TRANSMISSIONS] = config->retention.transmissions_s;
    limits->age_s[LS_PRUNE_OBSERVATIONS] = config->retention.observations_s;
    limits->age_s[LS_PRUNE_HEALTH] = config->retention.health_s;
    limits->bytes[LS_PRUNE_TRANSMISSIONS] = config->retention.transmissions_bytes;
    limits->bytes[LS_PRUNE_OBSERVATIONS] = config->retention.observations_bytes;
    limits->bytes[LS_PRUNE_HEALTH] = config->retention.health_bytes;
    rules->period_s = config->retention.period_s;
    rules->patterns_s = config->patterns.period_s;
}

static int take_snippets(struct rules *rules, const struct ls_config *config) {
    if (!config->snippets.enabled) {
        return LS_OK;
    }
    rules->quota_bytes = config->snippets.quota_bytes;
    rules->expiry_s = config->snippets.expiry_s;
    rules->before_s = config->snippets.before_s;
    rules->after_s = config->snippets.after_s;
    rules->longest_s = config->snippets.longest_s;
    rules->min_snr_db = config->snippets.min_snr_db;
    ls_copy_text(rules->case_id, sizeof rules->case_id, config->snippets.case_id);
    for (size_t i = 0; i < config->snippet_range_count && i < LS_COUNT(rules->ranges); i++) {
        rules->ranges[rules->range_count++] = config->snippet_ranges[i];
    }
    for (size_t i = 0; i < config->snippets.classes.count && i < LS_COUNT(rules->classes); i++) {
        ls_copy_text(rules->classes[rules->class_count++], LS_CLASS_BYTES,
                     config->snippets.classes.items[i]);
    }
    rules->folder = strdup(config->snippets.folder);
    return rules->folder == NULL ? LS_ERR_NOMEM : LS_OK;
}

static int take_evidence(struct rules *rules, const struct ls_config *config) {
    rules->seal_s = config->evidence.seal_s;
    rules->place = (struct ls_position){.latitude_deg = config->sensor.latitude_deg,
                                        .longitude_deg = config->sensor.longitude_deg,
                                        .altitude_m = config->sensor.altitude_m};
    ls_copy_text(rules->place.sensor, sizeof rules->place.sensor, config->sensor.name);
    ls_copy_text(rules->place.source, sizeof rules->place.source, "configuration");
    if (config->evidence.key == NULL) {
        return LS_OK;
    }
    rules->key = strdup(config->evidence.key);
    return rules->key == NULL ? LS_ERR_NOMEM : LS_OK;
}

static int take_rules(struct rules *ret, const struct ls_config *config, struct ls_err *err) {
    struct rules rules = {.database = strdup(config->store.database),
                          .plan = ls_plan_hold(config->plan)};
    ls_copy_text(rules.sensor, sizeof rules.sensor, config->sensor.name);
    take_limits(&rules, config);
    if (rules.database == NULL || take_evidence(&rules, config) != LS_OK ||
        take_snippets(&rules, config) != LS_OK) {
        drop_rules(&rules);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    *ret = rules;
    return LS_OK;
}

static bool wanted(const struct rules *rules, const struct ls_transmission *row) {
    bool in_range = rules->range_count == 0;
    bool in_class = rules->class_count == 0;
    for (size_t i = 0; i < rules->range_count; i++) {
        in_range |=
            row->center_hz >= rules->ranges[i].low_hz && row->center_hz <= rules->ranges[i].high_hz;
    }
    for (size_t i = 0; i < rules->class_count; i++) {
        in_class |= strcmp(row->class_name, rules->classes[i]) == 0;
    }
    bool over =
        (row->flags & LS_BURST_CUT_STOP) == 0 || (double)row->duration_ns >= rules->longest_s * 1e9;
    return rules->folder != NULL && over && in_range && in_class &&
           row->snr_db >= rules->min_snr_db;
}

/* --- work --- */

static void say(struct ls_keeper *keeper, const char *sensor, const char *subject,
                enum ls_health_level level, double value, const char *unit, const char *text) {
    struct ls_health row = {.t_ns = ls_time_now(), .level = level, .value = value};
    ls_copy_text(row.sensor, sizeof row.sensor, sensor);
    ls_copy_text(row.subject, sizeof row.subject, subject);
    ls_copy_text(row.unit, sizeof row.unit, unit);
    ls_copy_text(row.text, sizeof row.text, text);
    keeper->event(keeper->context, &row);
}

static int delete_files(void *context, const char *path) {
    (void)context;
    return ls_snippet_delete(path);
}

static int expire(struct ls_store *store, int64_t now_ns, size_t *ret_deleted, struct ls_err *err) {
    int code = ls_store_expire_snippets(store, now_ns, false, delete_files, NULL, ret_deleted, err);
    if (code == LS_OK && *ret_deleted > 0) {
        code = ls_store_record_pruning(store, "snippet", "expiry", now_ns, *ret_deleted, err);
    }
    return code;
}

static void prune(struct ls_keeper *keeper, const struct rules *rules) {
    struct ls_store *store = NULL;
    struct ls_err err = {.text = ""};
    struct ls_prune_result result = {0};
    struct ls_prune_opts opts = rules->limits;
    size_t snippets = 0;
    uint64_t rows = 0;
    opts.now_ns = ls_time_now();
    opts.stop = &keeper->stop;
    int code = ls_store_open(&store, rules->database, LS_STORE_WRITE, &err);
    if (code == LS_OK) {
        code = ls_store_prune(store, &opts, &result, &err);
    }
    if (code == LS_OK) {
        code = expire(store, opts.now_ns, &snippets, &err);
    }
    ls_store_close(store);
    for (int i = 0; i < LS_PRUNE_TABLES; i++) {
        rows += result.tables[i].deleted;
    }
    if (code != LS_OK && code != LS_ERR_STOPPED) {
        say(keeper, rules->sensor, "retention", LS_HEALTH_WARN, (double)NAN, "", err.text);
    } else if (rows > 0 || snippets > 0) {
        char text[160];
        snprintf(text, sizeof text, "%llu rows and %zu snippets deleted by age and size",
                 (unsigned long long)rows, snippets);
        say(keeper, rules->sensor, "retention", LS_HEALTH_OK, (double)rows, "rows", text);
    }
    pthread_mutex_lock(&keeper->lock);
    keeper->counts.pruned += rows;
    pthread_mutex_unlock(&keeper->lock);
}

/* Each day of rows is read once, so a run that follows another is short. */
static void find_patterns(struct ls_keeper *keeper, const struct rules *rules) {
    struct ls_store *store = NULL;
    struct ls_err err = {.text = ""};
    struct ls_patterns_result result = {0};
    const struct ls_patterns_opts opts = {.plan = rules->plan, .threads = 1, .stop = &keeper->stop};
    int code = ls_store_open(&store, rules->database, LS_STORE_WRITE, &err);
    if (code == LS_OK) {
        code = ls_patterns_run(store, &opts, &result, &err);
    }
    ls_store_close(store);
    malloc_trim(0); /* a search of months takes much for a moment, and the sensor little for long */
    uint64_t worth = result.incidents[LS_WATCH] + result.incidents[LS_ALERT];
    if (code != LS_OK && code != LS_ERR_STOPPED) {
        say(keeper, rules->sensor, "patterns", LS_HEALTH_WARN, (double)NAN, "", err.text);
    } else if (worth > 0) {
        char text[160];
        snprintf(text, sizeof text, "%llu incidents of watch or alert: 'lineside incidents' shows",
                 (unsigned long long)worth);
        say(keeper, rules->sensor, "patterns", LS_HEALTH_OK, (double)worth, "incidents", text);
    }
    pthread_mutex_lock(&keeper->lock);
    keeper->counts.pattern_runs += code == LS_OK;
    keeper->counts.incidents += result.incidents[LS_NOTE] + worth;
    pthread_mutex_unlock(&keeper->lock);
}

static void seal(struct ls_keeper *keeper, const struct rules *rules) {
    struct ls_store *store = NULL;
    struct ls_err err = {.text = ""};
    struct ls_key key;
    struct ls_seal done;
    int code = ls_key_load(rules->key, &key, &err);
    if (code == LS_OK) {
        code = ls_store_open(&store, rules->database, LS_STORE_WRITE, &err);
    }
    if (code == LS_OK) {
        code = ls_store_seal(store, &key, &done, &err);
    }
    ls_store_close(store);
    ls_key_forget(&key);
    if (code != LS_OK) {
        say(keeper, rules->sensor, "evidence", LS_HEALTH_WARN, (double)NAN, "", err.text);
    }
}

/* Where the sensor stands, as its configuration states it. */
static void place(struct ls_keeper *keeper, const struct rules *rules) {
    struct ls_store *store = NULL;
    struct ls_err err = {.text = ""};
    struct ls_position position = rules->place;
    position.since_ns = ls_time_now();
    int code = ls_store_open(&store, rules->database, LS_STORE_WRITE, &err);
    if (code == LS_OK) {
        code = ls_store_add_position(store, &position, &err);
    }
    ls_store_close(store);
    if (code != LS_OK) {
        say(keeper, rules->sensor, "evidence", LS_HEALTH_WARN, (double)NAN, "", err.text);
    }
}

static bool same_place(const struct ls_position *a, const struct ls_position *b) {
    return a->latitude_deg == b->latitude_deg && a->longitude_deg == b->longitude_deg;
}

static int keep(struct ls_keeper *keeper, const struct rules *rules, struct ls_store *store,
                const struct ls_transmission *row, struct ls_err *err) {
    uint64_t used = 0;
    int64_t longest_ns = ls_ns_from_seconds(rules->longest_s);
    int64_t length_ns = row->duration_ns < longest_ns ? row->duration_ns : longest_ns;
    struct ls_snippet snippet;
    int code = ls_store_snippet_bytes(store, &used, err);
    if (code != LS_OK) {
        return code;
    }
    const struct ls_snippet_opts opts = {
        .folder = rules->folder,
        .sensor = rules->sensor,
        .case_id = rules->case_id,
        .expires_ns = ls_time_now() + ls_ns_from_seconds(rules->expiry_s),
        .from_ns = row->start_ns - ls_ns_from_seconds(rules->before_s),
        .to_ns = row->start_ns + length_ns + ls_ns_from_seconds(rules->after_s),
        .room_bytes = (double)used < rules->quota_bytes ? (uint64_t)rules->quota_bytes - used : 0,
        .transmission = row,
    };
    code = ls_snippet_write(keeper->ring, &opts, &snippet, err);
    if (code != LS_OK) {
        return code;
    }
    const struct ls_store_snippet stored = {
        .sensor = rules->sensor,
        .transmission_id = row->id,
        .case_id = rules->case_id,
        .path = snippet.path,
        .sha512 = snippet.sha512,
        .start_ns = snippet.start_ns,
        .duration_ns = snippet.duration_ns,
        .center_hz = snippet.center_hz,
        .rate_sps = snippet.rate_sps,
        .bytes = snippet.bytes,
        .expires_ns = opts.expires_ns,
    };
    code = ls_store_add_snippet(store, &stored, err);
    if (code != LS_OK) { /* nobody would ever delete what no row knows */
        ls_snippet_delete(snippet.path);
    }
    return code;
}

/* LS_EOF: the samples behind it have not come yet. */
static int serve(struct ls_keeper *keeper, const struct rules *rules,
                 const struct request *request) {
    struct ls_store *store = NULL;
    struct ls_err err = {.text = ""};
    int code = ls_store_open(&store, rules->database, LS_STORE_WRITE, &err);
    if (code == LS_OK) {
        code = keep(keeper, rules, store, &request->row, &err);
    }
    ls_store_close(store);
    bool late = ls_time_steady() - request->asked_ns > PATIENCE_S * LS_NS_PER_S;
    if ((code == LS_EOF || code == LS_ERR_BUSY) && !late) {
        return LS_EOF;
    }
    pthread_mutex_lock(&keeper->lock);
    keeper->counts.snippets += code == LS_OK;
    keeper->counts.snippets_missed += code != LS_OK;
    bool first = keeper->counts.snippets_missed == 1;
    pthread_mutex_unlock(&keeper->lock);
    if (code != LS_OK && (first || code != LS_ERR_FULL)) {
        say(keeper, rules->sensor, "snippets", LS_HEALTH_WARN, (double)request->row.id, "",
            code == LS_EOF ? "the samples of a snippet did not come" : err.text);
    }
    return LS_OK;
}

/* --- the thread --- */

/* Copies of what the thread works on, its own to drop. */
static bool next_work(struct ls_keeper *keeper, struct rules *rules, struct request *request) {
    struct timespec until; /* a system clock that is set must not hold this up */
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 200000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&keeper->lock);
    if (keeper->stop == 0) {
        pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until);
    }
    *rules = keeper->rules;
    rules->database = strdup(keeper->rules.database);
    rules->folder = keeper->rules.folder == NULL ? NULL : strdup(keeper->rules.folder);
    rules->key = keeper->rules.key == NULL ? NULL : strdup(keeper->rules.key);
    ls_plan_hold(rules->plan);
    bool any = keeper->queued > 0;
    if (any) {
        *request = keeper->queue[0];
    }
    pthread_mutex_unlock(&keeper->lock);
    return any;
}

static void drop_first(struct ls_keeper *keeper) {
    pthread_mutex_lock(&keeper->lock);
    keeper->queued--;
    memmove(keeper->queue, keeper->queue + 1, keeper->queued * sizeof keeper->queue[0]);
    pthread_mutex_unlock(&keeper->lock);
}

/* When a piece of work is due again; the first time once the sensor has got going. */
struct timer {
    int64_t done_ns;
    bool begun;
};

static bool is_due(struct timer *timer, double period_s) {
    double wait_s = timer->begun ? period_s : fmin(period_s, 60.0);
    int64_t now_ns = ls_time_steady();
    if (!((double)(now_ns - timer->done_ns) >= wait_s * 1e9)) { /* also NAN: never */
        return false;
    }
    *timer = (struct timer){.done_ns = now_ns, .begun = true};
    return true;
}

static void *run(void *context) {
    struct ls_keeper *keeper = context;
    /* Of the thread alone. Where it is refused, all threads are alike, as before. */
    setpriority(PRIO_PROCESS, (id_t)gettid(), BACKGROUND);
    struct timer pruning = {.done_ns = ls_time_steady()};
    struct timer patterns = pruning;
    struct timer sealing = pruning;
    struct ls_position placed = {.latitude_deg = (double)NAN};
    while (keeper->stop == 0) {
        struct rules rules;
        struct request request;
        bool any = next_work(keeper, &rules, &request);
        bool whole = rules.database != NULL;
        if (whole && any && rules.folder != NULL && serve(keeper, &rules, &request) == LS_OK) {
            drop_first(keeper);
        }
        if (whole && is_due(&pruning, rules.period_s)) {
            prune(keeper, &rules);
        }
        if (whole && !isnan(rules.patterns_s) && is_due(&patterns, rules.patterns_s)) {
            find_patterns(keeper, &rules);
        }
        if (whole && !isnan(rules.place.latitude_deg) && !isnan(rules.place.longitude_deg) &&
            !same_place(&placed, &rules.place)) {
            place(keeper, &rules);
            placed = rules.place;
        }
        if (whole && rules.key != NULL && is_due(&sealing, rules.seal_s)) {
            seal(keeper, &rules);
        }
        drop_rules(&rules);
    }
    return NULL;
}

/* --- the object --- */

int ls_keeper_create(struct ls_keeper **ret, const struct ls_keeper_opts *opts,
                     struct ls_err *err) {
    struct ls_keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    keeper->ring = opts->ring;
    keeper->event = opts->event;
    keeper->context = opts->context;
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    int code = take_rules(&keeper->rules, opts->config, err);
    if (code == LS_OK && pthread_create(&keeper->thread, NULL, run, keeper) != 0) {
        code = ls_err_set(err, LS_ERR_IO, "cannot start a thread for retention");
    }
    if (code != LS_OK) {
        ls_keeper_destroy(keeper);
        return code;
    }
    keeper->started = true;
    *ret = keeper;
    return LS_OK;
}

void ls_keeper_destroy(struct ls_keeper *keeper) {
    if (keeper == NULL) {
        return;
    }
    pthread_mutex_lock(&keeper->lock);
    keeper->stop = 1;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
    if (keeper->started) {
        pthread_join(keeper->thread, NULL);
    }
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->lock);
    drop_rules(&keeper->rules);
    free(keeper);
}

int ls_keeper_configure(struct ls_keeper *keeper, const struct ls_config *config,
                        struct ls_err *err) {
    struct rules rules;
    int code = take_rules(&rules, config, err);
    if (code != LS_OK) {
        return code;
    }
    pthread_mutex_lock(&keeper->lock);
    struct rules old = keeper->rules;
    keeper->rules = rules;
    pthread_mutex_unlock(&keeper->lock);
    drop_rules(&old);
    return LS_OK;
}

static bool taken_before(struct ls_keeper *keeper, int64_t id) {
    for (size_t i = 0; i < RECENT; i++) {
        if (keeper->recent[i] == id) {
            return true;
        }
    }
    keeper->recent[keeper->recent_next++ % RECENT] = id;
    return false;
}

void ls_keeper_transmissions(struct ls_keeper *keeper, const struct ls_transmission *rows,
                             size_t count) {
    if (keeper->ring == NULL) {
        return;
    }
    pthread_mutex_lock(&keeper->lock);
    for (size_t i = 0; i < count; i++) {
        if (!wanted(&keeper->rules, &rows[i]) || taken_before(keeper, rows[i].id)) {
            continue;
        }
        if (keeper->queued == QUEUE) {
            keeper->counts.snippets_missed++;
            continue;
        }
        keeper->queue[keeper->queued++] =
            (struct request){.row = rows[i], .asked_ns = ls_time_steady()};
    }
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
}

void ls_keeper_read(struct ls_keeper *keeper, struct ls_keeper_counts *ret) {
    pthread_mutex_lock(&keeper->lock);
    *ret = keeper->counts;
    pthread_mutex_unlock(&keeper->lock);
}
