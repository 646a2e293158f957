/* The sensor calls back from three threads. Rows of health gather in a queue behind a lock, and are
 * stored where the sensor's own rows are, after a commit: so they wait as long as the database
 * does, and nothing here waits for it. */
#include "survey/watch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/text.h"
#include "base/time.h"
#include "base/util.h"
#include "store/health.h"
#include "survey/flood.h"
#include "survey/metrics.h"
#include "survey/watch_opts.h"
#include "survey/watch_text.h"

enum { ROWS_MAX = 4096, ROWS_AT_ONCE = 256 };

/* Numbers of transmissions that were counted, each at its remainder: one that goes on comes again
 * with every commit, and rows are stored in the order of their ends, not of their numbers. */
enum { COUNTED = 16384 };

struct watch {
    const struct ls_watch_opts *opts;
    struct ls_config *config; /* in use; owned unless it is that of opts */
    uint64_t seed;            /* drawn at the start */
    struct ls_sensor *sensor;
    struct ls_metrics *metrics;
    struct ls_gpsd *gpsd;
    struct ls_reference *reference;
    struct ls_rounds *rounds;
    struct ls_iq_ring *ring;
    struct ls_keeper *keeper;
    struct ls_sensor_status last;
    bool ready;
    int64_t fed_ns;    /* last_sample_ns at the last alive */
    int64_t rounds_ns; /* steady, of the last round */
    enum ls_health_level said[LS_JUDGE_SUBJECTS];
    pthread_mutex_t lock; /* of what follows */
    struct ls_flood flood;
    struct ls_health *rows;
    size_t row_count;
    uint64_t lost_rows;
    int64_t *counted;
    uint64_t transmissions;
};

/* --- rows of health --- */

static void queue_row(struct watch *watch, const struct ls_health *row) {
    pthread_mutex_lock(&watch->lock);
    if (watch->row_count == ROWS_MAX) {
        watch->lost_rows++;
    } else {
        struct ls_health *queued = &watch->rows[watch->row_count++];
        *queued = *row;
        ls_text_mend(queued->text); /* a driver's words may be in it */
        if (queued->sensor[0] == '\0') {
            ls_copy_text(queued->sensor, sizeof queued->sensor, watch->opts->config->sensor.name);
        }
        if (queued->t_ns == 0) {
            queued->t_ns = ls_time_now();
        }
    }
    pthread_mutex_unlock(&watch->lock);
}

static void say_row(const struct watch *watch, const struct ls_health *row) {
    static const enum ls_log_level levels[] = {
        [LS_HEALTH_OK] = LS_LOG_INFO,
        [LS_HEALTH_WARN] = LS_LOG_WARNING,
        [LS_HEALTH_FAIL] = LS_LOG_ERROR,
    };
    char text[256];
    snprintf(text, sizeof text, "%s: %s", row->subject, row->text);
    watch->opts->say(watch->opts->context, levels[row->level], text);
}

/* Of the sensor and of the keeper: any thread. */
static void take_event(void *context, const struct ls_health *row) {
    struct watch *watch = context;
    struct ls_health told = *row;
    pthread_mutex_lock(&watch->lock);
    bool pass = ls_flood_pass(&watch->flood, &told, ls_time_steady());
    pthread_mutex_unlock(&watch->lock);
    if (pass) {
        queue_row(watch, &told);
        say_row(watch, &told);
    }
}

/* Of the rounds. That all is still well is for the database; the log has what changed. */
static void take_reading(void *context, const struct ls_health *row) {
    struct watch *watch = context;
    size_t i = 0;
    while (i < LS_JUDGE_SUBJECTS &&
           strcmp(ls_judge_name((enum ls_judge_subject)i), row->subject) != 0) {
        i++;
    }
    if (i == LS_JUDGE_SUBJECTS || row->level != watch->said[i]) {
        say_row(watch, row);
    }
    if (i < LS_JUDGE_SUBJECTS) {
        watch->said[i] = row->level;
    }
    queue_row(watch, row);
}

/* Rows that could not be stored wait for the next commit. */
static int store_rows(struct watch *watch, struct ls_store *store, struct ls_err *err) {
    struct ls_health rows[ROWS_AT_ONCE];
    pthread_mutex_lock(&watch->lock);
    size_t count = watch->row_count < ROWS_AT_ONCE ? watch->row_count : ROWS_AT_ONCE;
    memcpy(rows, watch->rows, count * sizeof rows[0]);
    pthread_mutex_unlock(&watch->lock);
    int code = count == 0 ? LS_OK : ls_store_add_health(store, rows, count, err);
    if (code != LS_OK || count == 0) {
        return code;
    }
    pthread_mutex_lock(&watch->lock);
    watch->row_count -= count;
    memmove(watch->rows, watch->rows + count, watch->row_count * sizeof rows[0]);
    pthread_mutex_unlock(&watch->lock);
    return LS_OK;
}

/* --- callbacks of the sensor --- */

static void take_block(void *context, const struct ls_block *block) {
    struct watch *watch = context;
    ls_reference_block(watch->reference, block);
    if (watch->ring != NULL) {
        ls_iq_ring_push(watch->ring, block);
    }
}

static int take_commit(void *context, struct ls_store *store, const struct ls_store_rows *rows,
                       struct ls_err *err) {
    struct watch *watch = context;
    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; i < rows->transmission_count; i++) {
        int64_t id = rows->transmissions[i].id;
        watch->transmissions += watch->counted[id % COUNTED] != id;
        watch->counted[id % COUNTED] = id;
    }
    pthread_mutex_unlock(&watch->lock);
    ls_keeper_transmissions(watch->keeper, rows->transmissions, rows->transmission_count);
    int code = store_rows(watch, store, err);
    /* Of a full disk or a lock the sensor tells itself, with its next commit. */
    return code == LS_ERR_BUSY || code == LS_ERR_FULL ? LS_OK : code;
}

static void show_metrics(struct watch *watch) {
    struct ls_watch_facts facts = {
        .sensor = watch->config->sensor.name, .status = &watch->last, .rounds = watch->rounds};
    if (watch->metrics == NULL) {
        return;
    }
    ls_keeper_read(watch->keeper, &facts.keeper);
    pthread_mutex_lock(&watch->lock);
    facts.transmissions = watch->transmissions;
    facts.lost_health_rows = watch->lost_rows;
    pthread_mutex_unlock(&watch->lock);
    LS_AUTO(char) text = ls_watch_text_metrics(&facts);
    LS_AUTO(char) health = ls_watch_text_health(&facts);
    if (text != NULL && health != NULL) {
        bool fails = ls_judge_worst(ls_rounds_judge(watch->rounds)) == LS_HEALTH_FAIL;
        ls_metrics_set(watch->metrics, text, health, watch->ready && !fails);
    }
}

static void show(struct watch *watch) {
    const struct ls_judge *judge = ls_rounds_judge(watch->rounds);
    struct ls_watch_view view = {.config = watch->config,
                                 .sensor = &watch->last,
                                 .health = ls_judge_worst(judge),
                                 .worst = ""};
    for (int i = 0; view.health != LS_HEALTH_OK && i < LS_JUDGE_SUBJECTS; i++) {
        if (ls_judge_level(judge, (enum ls_judge_subject)i) == view.health) {
            view.worst = ls_judge_name((enum ls_judge_subject)i);
        }
    }
    pthread_mutex_lock(&watch->lock);
    view.transmissions = watch->transmissions;
    pthread_mutex_unlock(&watch->lock);
    watch->opts->show(watch->opts->context, &view);
}

/* --- reading the configuration again --- */

/* Keys that wait for the next start keep what they have. */
static int keep_restart_keys(struct watch *watch, struct ls_config *config, size_t *ret_applied,
                             struct ls_err *err) {
    size_t count;
    const struct ls_config_key *keys = ls_config_keys(&count);
    size_t changed[256];
    size_t changes = ls_config_changes(watch->config, config, changed);
    *ret_applied = 0;
    for (size_t i = 0; i < changes; i++) {
        const struct ls_config_key *key = &keys[changed[i]];
        if (key->change != LS_CONFIG_RESTART) {
            ++*ret_applied;
            continue;
        }
        char text[256];
        snprintf(text, sizeof text, "'%s.%s' waits for the next start", key->section, key->name);
        watch->opts->say(watch->opts->context, LS_LOG_WARNING, text);
        int code = ls_config_keep(config, watch->config, changed[i], err);
        if (code != LS_OK) {
            return code;
        }
    }
    return LS_OK;
}

static int sensor_opts(const struct watch *watch, const struct ls_config *config,
                       struct ls_sensor_opts *ret, struct ls_watch_opts_memory *ret_memory,
                       struct ls_err *err) {
    int code = ls_watch_opts_init(ret, ret_memory, config, err);
    if (code == LS_OK && ret->seed == 0) {
        ret->seed = watch->seed;
    }
    return code;
}

static int apply(struct watch *watch, struct ls_config *config, struct ls_err *err) {
    struct ls_sensor_opts opts;
    struct ls_watch_opts_memory memory;
    int code = sensor_opts(watch, config, &opts, &memory, err);
    if (code == LS_OK) {
        code = ls_sensor_reload(watch->sensor, &opts, err);
        ls_watch_opts_finish(&memory);
    }
    if (code == LS_OK) {
        ls_rounds_configure(watch->rounds, config);
        code = ls_keeper_configure(watch->keeper, config, err);
    }
    return code;
}

static void forget_config(struct watch *watch) {
    if (watch->config != watch->opts->config) {
        ls_config_destroy(watch->config);
    }
}

static int take_new(struct watch *watch, size_t *ret_applied, struct ls_err *err) {
    struct ls_config *config = NULL;
    int code = watch->opts->load(watch->opts->context, &config, err);
    if (code != LS_OK) {
        return code;
    }
    code = keep_restart_keys(watch, config, ret_applied, err);
    if (code == LS_OK) {
        code = apply(watch, config, err);
    }
    if (code != LS_OK) {
        ls_config_destroy(config);
        return code;
    }
    forget_config(watch);
    watch->config = config;
    return LS_OK;
}

static void reload(struct watch *watch) {
    struct ls_err err = {.text = ""};
    size_t applied = 0;
    char text[LS_ERR_TEXT_BYTES + 64];
    watch->opts->reloading(watch->opts->context);
    int code = take_new(watch, &applied, &err);
    if (code == LS_OK) {
        snprintf(text, sizeof text, "configuration read again: %zu key%s changed", applied,
                 applied == 1 ? "" : "s");
    } else {
        snprintf(text, sizeof text, "configuration not taken, the old one goes on: %s", err.text);
    }
    watch->opts->say(watch->opts->context, code == LS_OK ? LS_LOG_INFO : LS_LOG_ERROR, text);
    if (watch->ready) {
        watch->opts->ready(watch->opts->context);
    }
}

static void take_status(void *context, const struct ls_sensor_status *now) {
    struct watch *watch = context;
    int64_t steady_ns = ls_time_steady();
    watch->last = *now;
    bool first = !watch->ready && now->blocks > 0;
    watch->ready |= first;
    if (now->last_sample_ns > watch->fed_ns || now->waiting) {
        watch->fed_ns = now->last_sample_ns;
        watch->opts->alive(watch->opts->context);
    }
    if (watch->opts->reload != NULL && atomic_exchange(watch->opts->reload, 0) != 0) {
        reload(watch);
        watch->rounds_ns = steady_ns; /* what is known now was read under the old settings */
    }
    if ((double)(steady_ns - watch->rounds_ns) >= watch->config->health.interval_s * 1e9) {
        watch->rounds_ns = steady_ns;
        ls_rounds_make(watch->rounds, now, steady_ns, take_reading, watch);
    }
    show_metrics(watch);
    show(watch);
    if (first) {
        watch->opts->ready(watch->opts->context);
    }
}

/* --- the whole --- */

static int make_snippets(struct watch *watch, struct ls_err *err) {
    const struct ls_config *config = watch->config;
    if (!config->snippets.enabled) {
        return LS_OK;
    }
    int code = ls_iq_ring_create(&watch->ring, (size_t)config->snippets.ring_bytes, err);
    if (code == LS_OK) {
        char text[256];
        snprintf(text, sizeof text, "raw I/Q around transmissions is kept for case '%s'",
                 config->snippets.case_id);
        watch->opts->say(watch->opts->context, LS_LOG_WARNING, text);
    }
    return code;
}

static int make_parts(struct watch *watch, struct ls_err *err) {
    const struct ls_config *config = watch->config;
    int code = LS_OK;
    watch->rows = calloc(ROWS_MAX, sizeof *watch->rows);
    watch->counted = calloc(COUNTED, sizeof *watch->counted);
    if (watch->rows == NULL || watch->counted == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    if (config->metrics.listen != NULL) {
        code = ls_metrics_create(&watch->metrics, config->metrics.listen, err);
    }
    if (code == LS_OK && config->clock.gpsd != NULL) {
        code = ls_gpsd_create(&watch->gpsd, config->clock.gpsd, err);
    }
    if (code == LS_OK) {
        code = ls_reference_create(&watch->reference, err);
    }
    if (code == LS_OK) {
        code = ls_rounds_create(&watch->rounds, config, watch->reference, watch->gpsd, err);
    }
    if (code == LS_OK) {
        code = make_snippets(watch, err);
    }
    if (code == LS_OK) {
        const struct ls_keeper_opts opts = {
            .config = config, .ring = watch->ring, .event = take_event, .context = watch};
        code = ls_keeper_create(&watch->keeper, &opts, err);
    }
    return code;
}

static int make_sensor(struct watch *watch, struct ls_err *err) {
    struct ls_sensor_opts opts;
    struct ls_watch_opts_memory memory;
    int code = sensor_opts(watch, watch->config, &opts, &memory, err);
    if (code != LS_OK) {
        return code;
    }
    opts.device = watch->opts->device;
    opts.stop = watch->opts->stop;
    opts.context = watch;
    opts.status = take_status;
    opts.event = take_event;
    opts.block = take_block;
    opts.committed = take_commit;
    code = ls_sensor_create(&watch->sensor, &opts, err);
    ls_watch_opts_finish(&memory);
    return code;
}

/* What came after the last commit; best effort, as all that matters is stored already. */
static void store_last_rows(struct watch *watch) {
    struct ls_store *store = NULL;
    if (watch->row_count > 0 &&
        ls_store_open(&store, watch->config->store.database, LS_STORE_WRITE, NULL) == LS_OK) {
        while (watch->row_count > 0 && store_rows(watch, store, NULL) == LS_OK) {
        }
        ls_store_close(store);
    }
}

static void unmake(struct watch *watch) {
    ls_sensor_destroy(watch->sensor);
    ls_keeper_destroy(watch->keeper);
    ls_metrics_destroy(watch->metrics);
    ls_rounds_destroy(watch->rounds);
    ls_gpsd_destroy(watch->gpsd);
    ls_reference_destroy(watch->reference);
    ls_iq_ring_destroy(watch->ring);
    forget_config(watch);
    pthread_mutex_destroy(&watch->lock);
    free(watch->rows);
    free(watch->counted);
    free(watch);
}

/* Not 0, and a number that every reader of JSON takes as it is. */
static uint64_t draw_seed(void) {
    uint32_t drawn = 0;
    if (getrandom(&drawn, sizeof drawn, GRND_NONBLOCK) != sizeof drawn) {
        drawn = (uint32_t)ls_time_now();
    }
    return (uint64_t)drawn + 1;
}

int ls_watch_run(const struct ls_watch_opts *opts, struct ls_watch_result *ret,
                 struct ls_err *err) {
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    watch->opts = opts;
    watch->config = opts->config;
    watch->seed = draw_seed();
    pthread_mutex_init(&watch->lock, NULL);
    int code = make_parts(watch, err);
    if (code == LS_OK) {
        code = make_sensor(watch, err);
    }
    if (code == LS_OK) {
        code = ls_sensor_run(watch->sensor, err);
        store_last_rows(watch);
        show(watch); /* with what the last commit stored */
    }
    ret->last = watch->last;
    ret->incomplete = watch->last.lost_s > 0.0 || watch->last.unstored_rows > 0;
    unmake(watch);
    return code;
}
