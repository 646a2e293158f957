#include "survey/patterns.h"

#include <assert.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/incidents.h"
#include "pattern/kind.h"
#include "survey/crew.h"
#include "survey/emitters.h"
#include "survey/relay.h"

static const int64_t day_ns = 86400 * LS_NS_PER_S;

/* A finding that is reported, with its evidence. */
struct kept {
    struct ls_finding finding;
    int64_t *evidence;
};

struct run_span {
    int64_t id;
    int64_t first_ns;
    bool no_clock;
};

struct job {
    struct ls_store *store;
    const struct ls_patterns_opts *opts;
    struct ls_patterns_result *result;
    struct ls_pattern *engine;
    struct ls_emitter_run *emitters;
    struct ls_crew *crew;
    struct ls_relay *relay;

    struct run_span *runs; /* ascending id */
    size_t run_count;
    size_t run_capacity;
    size_t without_clock; /* runs */
    int64_t first_ns;     /* of all runs; first > last: there are none */
    int64_t last_ns;

    int64_t slice_ns;     /* start of the day under way */
    uint64_t rows_before; /* in the state that was loaded */

    struct kept *kept;
    size_t kept_count;
    size_t kept_capacity;
    struct ls_pattern_search *searches; /* a row a kind */
    size_t kinds;

    bool storing; /* the transaction of the findings has begun, with the emitters */

    struct ls_permit *permits;
    size_t permit_count;
    size_t permit_capacity;
    struct ls_incidents *incidents;
};

static int64_t day_of(int64_t ns) {
    int64_t into = ns % day_ns;
    return ns - (into < 0 ? into + day_ns : into);
}

/* --- the runs behind the rows --- */

static int see_run(void *context, const struct ls_run *run, struct ls_err *err) {
    struct job *job = context;
    void *runs = job->runs;
    if (ls_grow(&runs, &job->run_capacity, job->run_count, sizeof *job->runs) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    job->runs = runs;
    job->runs[job->run_count++] =
        (struct run_span){.id = run->id, .first_ns = run->first_ns, .no_clock = run->no_clock};
    job->without_clock += run->no_clock;
    job->first_ns = run->first_ns < job->first_ns ? run->first_ns : job->first_ns;
    job->last_ns = run->last_ns > job->last_ns ? run->last_ns : job->last_ns;
    return LS_OK;
}

static int compare_ids(const void *key, const void *item) {
    int64_t id = *(const int64_t *)key;
    const struct run_span *run = item;
    return id < run->id ? -1 : id > run->id;
}

/* Recordings without a start time all begin in 1970; of several nobody knows the order. */
static bool has_place(const struct job *job, int64_t run_id) {
    if (job->without_clock < 2) {
        return true;
    }
    const struct run_span *run =
        bsearch(&run_id, job->runs, job->run_count, sizeof *job->runs, compare_ids);
    return run == NULL || !run->no_clock;
}

/* Of every run with rows before until_ns: another set of runs is another log. */
static void digest_runs(const struct job *job, int64_t until_ns, char ret[LS_SHA512_HEX_BYTES]) {
    unsigned char digest[crypto_hash_sha512_BYTES];
    crypto_hash_sha512_state hash;
    crypto_hash_sha512_init(&hash);
    for (size_t i = 0; i < job->run_count; i++) {
        if (job->runs[i].first_ns < until_ns) {
            crypto_hash_sha512_update(&hash, (const unsigned char *)&job->runs[i].id,
                                      sizeof job->runs[i].id);
        }
    }
    crypto_hash_sha512_final(&hash, digest);
    sodium_bin2hex(ret, LS_SHA512_HEX_BYTES, digest, sizeof digest);
}

/* --- rows into the engine --- */

/* Each observation in pieces of a day, so that one that still grows is taken as far as it is known;
 * a day ahead of the transmissions, which may last into it. */
static int observe(void *context, const struct ls_observation *row, struct ls_err *err) {
    struct job *job = context;
    struct ls_observation piece = *row;
    int64_t from_ns = job->slice_ns + day_ns;
    bool first = job->slice_ns == day_of(job->first_ns);
    from_ns = first ? job->slice_ns : from_ns;
    int64_t until_ns = job->slice_ns + 2 * day_ns;
    piece.start_ns = piece.start_ns < from_ns ? from_ns : piece.start_ns;
    piece.stop_ns = piece.stop_ns > until_ns ? until_ns : piece.stop_ns;
    if (piece.start_ns >= piece.stop_ns || !has_place(job, row->run_id)) {
        return LS_OK;
    }
    return ls_relay_observe(job->relay, &piece, err);
}

static int push(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct job *job = context;
    if (job->opts->stop != NULL && *job->opts->stop != 0) {
        return ls_err_set(err, LS_ERR_STOPPED, "stopped: no findings were stored");
    }
    if (row->start_ns < job->slice_ns) {
        return LS_OK; /* it was in the day before */
    }
    if (!has_place(job, row->run_id)) {
        job->result->without_clock++;
        return LS_OK;
    }
    job->result->new_rows++;
    int code = ls_relay_push(job->relay, row, err);
    return code == LS_OK ? ls_emitter_run_push(job->emitters, row, err) : code;
}

static int read_day(struct job *job, struct ls_err *err) {
    bool first = job->slice_ns == day_of(job->first_ns);
    struct ls_filter ahead = {.since_ns = job->slice_ns + (first ? 0 : day_ns),
                              .until_ns = job->slice_ns + 2 * day_ns,
                              .has_since = true,
                              .has_until = true};
    struct ls_filter today = {.since_ns = job->slice_ns,
                              .until_ns = job->slice_ns + day_ns,
                              .has_since = true,
                              .has_until = true};
    int code = ls_store_each_observation(job->store, &ahead, observe, job, err);
    code = code == LS_OK ? ls_store_each_transmission(job->store, &today, push, job, err) : code;
    return code == LS_OK ? ls_emitter_run_stage(job->emitters, err) : code;
}

static int read_days(struct job *job, int64_t until_ns, struct ls_err *err) {
    int code = LS_OK;
    while (code == LS_OK && job->slice_ns < until_ns) {
        code = read_day(job, err);
        job->slice_ns += day_ns;
    }
    return code == LS_OK ? ls_relay_drain(job->relay, err) : code;
}

static void count_refused(const struct ls_pattern *engine, uint64_t ret[LS_PATTERN_REASONS]) {
    for (int i = 0; i < LS_PATTERN_REASONS; i++) {
        ret[i] = ls_pattern_refused(engine, (enum ls_pattern_reason)i) - ret[i];
    }
}

/* --- the state --- */

/* Both engines from one state: the length of the first, then one after the other. */
static bool load_engines(struct job *job, const struct ls_pattern_opts *opts,
                         const struct ls_pattern_state *state) {
    uint64_t size = 0;
    const unsigned char *bytes = state->bytes;
    if (state->size < sizeof size) {
        return false;
    }
    memcpy(&size, bytes, sizeof size);
    if (size > state->size - sizeof size) {
        return false;
    }
    bytes += sizeof size;
    size_t rest = state->size - sizeof size - (size_t)size;
    return ls_pattern_load(&job->engine, opts, bytes, (size_t)size, NULL) == LS_OK &&
           ls_emitter_run_create(&job->emitters, job->store, bytes + size, rest, state->until_ns,
                                 NULL) == LS_OK;
}

/* The engines as they were, or new ones. */
static int begin_engines(struct job *job, struct ls_err *err) {
    struct ls_pattern_opts opts = {.plan = job->opts->plan,
                                   .jobs = {.run = ls_crew_run, .crew = job->crew}};
    struct ls_pattern_state state;
    char digest[LS_SHA512_HEX_BYTES];
    int code = job->opts->fresh ? LS_EOF : ls_store_pattern_state(job->store, &state, err);
    job->slice_ns = day_of(job->first_ns);
    if (code == LS_OK) {
        digest_runs(job, state.until_ns, digest);
        bool fits = strcmp(state.program, LS_VERSION) == 0 && strcmp(state.runs, digest) == 0 &&
                    state.until_ns > job->slice_ns;
        /* Whatever is wrong with a state, the rows are there. */
        job->result->resumed = fits && load_engines(job, &opts, &state);
        free(state.bytes);
    }
    if (job->result->resumed) {
        job->slice_ns = state.until_ns;
        job->rows_before = state.rows;
        return LS_OK;
    }
    ls_pattern_destroy(job->engine);
    job->engine = NULL;
    code = code == LS_OK || code == LS_EOF ? ls_pattern_create(&job->engine, &opts, err) : code;
    return code == LS_OK
               ? ls_emitter_run_create(&job->emitters, job->store, NULL, 0, job->slice_ns, err)
               : code;
}

static int save_engines(const struct job *job, struct ls_pattern_state *ret, struct ls_err *err) {
    void *first = NULL;
    void *second = NULL;
    size_t first_size = 0;
    size_t second_size = 0;
    int code = ls_pattern_save(job->engine, &first, &first_size, err);
    code = code == LS_OK ? ls_emitter_run_save(job->emitters, &second, &second_size, err) : code;
    uint64_t length = first_size;
    unsigned char *bytes = code == LS_OK ? malloc(sizeof length + first_size + second_size) : NULL;
    if (bytes != NULL) {
        memcpy(bytes, &length, sizeof length);
        memcpy(bytes + sizeof length, first, first_size);
        memcpy(bytes + sizeof length + first_size, second, second_size);
        ret->bytes = bytes;
        ret->size = sizeof length + first_size + second_size;
    } else if (code == LS_OK) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    free(first);
    free(second);
    return code;
}

/* Days that are complete, with the day after them, go into the state. */
static int save_state(struct job *job, struct ls_pattern_state *ret, struct ls_err *err) {
    ls_copy_text(ret->program, sizeof ret->program, LS_VERSION);
    digest_runs(job, job->slice_ns, ret->runs);
    ret->until_ns = job->slice_ns;
    ret->rows = job->rows_before + job->result->new_rows;
    return save_engines(job, ret, err);
}

/* --- findings --- */

static int keep(struct job *job, const struct ls_finding *finding, struct ls_err *err) {
    void *kept = job->kept;
    if (ls_grow(&kept, &job->kept_capacity, job->kept_count, sizeof *job->kept) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    job->kept = kept;
    int64_t *evidence = malloc((finding->evidence_count + 1) * sizeof *evidence);
    if (evidence == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    if (finding->evidence_count > 0) {
        memcpy(evidence, finding->evidence, finding->evidence_count * sizeof *evidence);
    }
    struct kept *entry = &job->kept[job->kept_count++];
    *entry = (struct kept){.finding = *finding, .evidence = evidence};
    entry->finding.evidence = evidence;
    return LS_OK;
}

static int take_finding(void *context, const struct ls_finding *finding, struct ls_err *err) {
    struct job *job = context;
    for (size_t i = 0; i < job->kinds; i++) {
        if (strcmp(job->searches[i].kind, finding->kind) == 0) {
            job->searches[i].searches = finding->searches;
            job->searches[i].trials = finding->trials;
        }
    }
    int code = LS_OK;
    if (job->opts->each != NULL) {
        code = job->opts->each(job->opts->context, finding, err);
    }
    return code == LS_OK && finding->reported ? keep(job, finding, err) : code;
}

static int compare_kept(const void *a, const void *b) {
    return ls_incidents_order(&((const struct kept *)a)->finding,
                              &((const struct kept *)b)->finding);
}

static int find(struct job *job, struct ls_err *err) {
    const struct ls_kind *const *kinds = ls_kinds(&job->kinds);
    job->searches = calloc(job->kinds + 1, sizeof *job->searches);
    if (job->searches == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < job->kinds; i++) {
        job->searches[i] = (struct ls_pattern_search){
            .kind = kinds[i]->id, .version = kinds[i]->version, .rows = job->result->rows};
    }
    int code = ls_pattern_findings(job->engine, take_finding, job, err);
    if (job->kept_count > 1) {
        qsort(job->kept, job->kept_count, sizeof *job->kept, compare_kept);
    }
    for (size_t i = 0; i < job->kinds; i++) {
        job->result->searches += job->searches[i].searches;
    }
    job->result->reported = job->kept_count;
    return code;
}

/* --- incidents --- */

static int see_permit(void *context, const struct ls_permit *permit, struct ls_err *err) {
    struct job *job = context;
    void *permits = job->permits;
    if (ls_grow(&permits, &job->permit_capacity, job->permit_count, sizeof *job->permits) !=
        LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    job->permits = permits;
    job->permits[job->permit_count++] = *permit;
    return LS_OK;
}

static int see_incident(void *context, const struct ls_incident *row, struct ls_err *err) {
    struct job *job = context;
    return ls_incidents_know(job->incidents, row, err);
}

struct listening {
    const struct ls_finding *finding;
    double ns;
};

static int add_listening(void *context, const struct ls_observation *row, struct ls_err *err) {
    (void)err;
    struct listening *listening = context;
    const struct ls_finding *finding = listening->finding;
    int64_t start_ns = row->start_ns > finding->start_ns ? row->start_ns : finding->start_ns;
    int64_t stop_ns = row->stop_ns < finding->stop_ns ? row->stop_ns : finding->stop_ns;
    if (row->state == LS_OBSERVED && stop_ns > start_ns) {
        listening->ns += (double)(stop_ns - start_ns);
    }
    return LS_OK;
}

/* Share of the time of a finding in which its middle was listened to. */
static int listened(struct job *job, const struct ls_finding *finding, double *ret,
                    struct ls_err *err) {
    double center_hz = (finding->low_hz + finding->high_hz) / 2.0;
    struct listening listening = {.finding = finding};
    struct ls_filter filter = {.since_ns = finding->start_ns,
                               .until_ns = finding->stop_ns,
                               .has_since = true,
                               .has_until = true,
                               .low_hz = center_hz,
                               .high_hz = center_hz,
                               .has_freq = true,
                               .sensor = finding->sensor};
    int code = ls_store_each_observation(job->store, &filter, add_listening, &listening, err);
    double whole_ns = (double)(finding->stop_ns - finding->start_ns);
    *ret = whole_ns > 0.0 ? fmin(1.0, listening.ns / whole_ns) : (double)NAN;
    return code;
}

/* Incidents from what was known and what was found; ret_index: [kept_count], SIZE_MAX for none. */
static int make_incidents(struct job *job, size_t *ret_index, struct ls_err *err) {
    size_t searched = 0;
    for (size_t i = 0; i < job->kinds; i++) {
        searched += job->searches[i].searches > 0;
    }
    int code = ls_store_each_permit(job->store, see_permit, job, err);
    struct ls_incidents_opts opts = {.plan = job->opts->plan,
                                     .permits = job->permits,
                                     .permit_count = job->permit_count,
                                     .kinds = searched};
    static const struct ls_incident_filter all = {.kind = NULL};
    if (code == LS_OK) {
        code = ls_incidents_create(&job->incidents, &opts, err);
    }
    if (code == LS_OK) {
        code = ls_store_each_incident(job->store, &all, see_incident, job, err);
    }
    for (size_t i = 0; i < job->kept_count && code == LS_OK; i++) {
        double share;
        ret_index[i] = SIZE_MAX;
        code = listened(job, &job->kept[i].finding, &share, err);
        if (code == LS_OK) {
            code =
                ls_incidents_add(job->incidents, &job->kept[i].finding, share, &ret_index[i], err);
        }
        if (code == LS_EOF) {
            ret_index[i] = SIZE_MAX;
            code = LS_OK;
        }
    }
    if (code == LS_OK) {
        ls_incidents_conclude(job->incidents);
    }
    return code;
}

static int store_rows(struct job *job, const struct ls_pattern_state *state, const size_t *index,
                      struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < job->kinds && code == LS_OK; i++) {
        code = ls_store_add_search(job->store, &job->searches[i], err);
    }
    for (size_t i = 0; i < ls_incidents_count(job->incidents) && code == LS_OK; i++) {
        struct ls_incident *incident = ls_incidents_at(job->incidents, i);
        if (ls_incidents_changed(job->incidents, i)) {
            job->result->incidents[incident->severity]++;
            code = ls_store_put_incident(job->store, incident, job->last_ns, err);
        }
    }
    for (size_t i = 0; i < job->kept_count && code == LS_OK; i++) {
        if (index[i] != SIZE_MAX) {
            code = ls_store_add_finding(job->store, &job->kept[i].finding,
                                        ls_incidents_at(job->incidents, index[i])->id, err);
        }
    }
    if (code == LS_OK && job->emitters != NULL && !job->storing) {
        code = ls_emitter_run_put(job->emitters, err);
    }
    if (code == LS_OK && state->bytes != NULL) {
        code = ls_store_set_pattern_state(job->store, state, err);
    }
    return code;
}

static int store_all(struct job *job, const struct ls_pattern_state *state, struct ls_err *err) {
    size_t *index = malloc((job->kept_count + 1) * sizeof *index);
    if (index == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    int code = make_incidents(job, index, err);
    if (code == LS_OK && !job->storing) {
        code = ls_store_begin_patterns(job->store, err);
    }
    code = code == LS_OK ? store_rows(job, state, index, err) : code;
    code = code == LS_OK ? ls_store_finish_patterns(job->store, err) : code;
    free(index);
    return code;
}

static size_t thread_count(const struct ls_patterns_opts *opts) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = opts->threads > 0 ? opts->threads : (size_t)(processors > 0 ? processors : 1);
    return wanted < LS_THREADS_MAX ? wanted : LS_THREADS_MAX;
}

/* Which of ten million rows is whose takes a tenth of a search to store, and no thread helps: where
 * all is stored anew, it goes on while findings are made. Of a resumed run it is little, and the
 * database stays free for others meanwhile. */
static int find_and_store(struct job *job, size_t threads, struct ls_err *err) {
    if (threads == 1 || job->result->resumed) {
        return find(job, err);
    }
    int code = ls_store_begin_patterns(job->store, err);
    if (code != LS_OK) {
        return code;
    }
    job->storing = true;
    code = ls_emitter_run_begin_put(job->emitters, err);
    code = code == LS_OK ? find(job, err) : code;
    int put = ls_emitter_run_end_put(job->emitters, code == LS_OK ? err : NULL);
    return code == LS_OK ? put : code;
}

static int search(struct job *job, struct ls_pattern_state *state, struct ls_err *err) {
    size_t threads = thread_count(job->opts);
    int code = ls_crew_create(&job->crew, threads, err);
    code = code == LS_OK ? begin_engines(job, err) : code;
    code = code == LS_OK ? ls_relay_create(&job->relay, job->engine, threads > 1, err) : code;
    if (code != LS_OK) {
        return code;
    }
    uint64_t refused[LS_PATTERN_REASONS] = {0};
    count_refused(job->engine, refused); /* by the runs before */
    /* The last two days may still grow. */
    int64_t settled_ns = day_of(job->last_ns) - day_ns;
    bool moves = settled_ns > job->slice_ns;
    if (moves) {
        code = read_days(job, settled_ns, err);
        code = code == LS_OK ? save_state(job, state, err) : code;
    }
    if (code == LS_OK) {
        code = read_days(job, job->last_ns + 1, err);
    }
    job->result->rows = job->rows_before + job->result->new_rows;
    count_refused(job->engine, refused);
    memcpy(job->result->left_out, refused, sizeof refused);
    code = code == LS_OK ? ls_emitter_run_end(job->emitters, err) : code;
    return code == LS_OK ? find_and_store(job, threads, err) : code;
}

static void finish(struct job *job) {
    for (size_t i = 0; i < job->kept_count; i++) {
        free(job->kept[i].evidence);
    }
    free(job->kept);
    free(job->runs);
    free(job->permits);
    free(job->searches);
    ls_incidents_destroy(job->incidents);
    ls_relay_destroy(job->relay); /* first: its thread has the engine */
    ls_pattern_destroy(job->engine);
    ls_emitter_run_destroy(job->emitters);
    ls_crew_destroy(job->crew);
}

int ls_patterns_run(struct ls_store *store, const struct ls_patterns_opts *opts,
                    struct ls_patterns_result *ret, struct ls_err *err) {
    struct ls_patterns_result result = {.rows = 0};
    struct ls_pattern_state state = {.bytes = NULL};
    struct job job = {.store = store,
                      .opts = opts,
                      .result = &result,
                      .first_ns = INT64_MAX,
                      .last_ns = INT64_MIN};
    int code = ls_store_each_run(store, see_run, &job, err);
    if (code == LS_OK && job.first_ns <= job.last_ns) {
        code = search(&job, &state, err);
    }
    if (code == LS_OK) {
        code = store_all(&job, &state, err);
    }
    if (code != LS_OK) {
        ls_store_abandon_patterns(store);
    }
    free(state.bytes);
    finish(&job);
    if (code == LS_OK) {
        *ret = result;
    }
    return code;
}
