/* Blocks go to the ledger, which says whether they continue the stretch, and to the search; what
 * the search finds comes back as rows, which go to the store. Everything of one run is one
 * transaction of the store: it is there as a whole or not at all. */
#include "survey/analyse.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "base/util.h"
#include "model/line.h"
#include "survey/ledger.h"
#include "survey/painter.h"
#include "survey/run_note.h"
#include "survey/search.h"

static const double DEFAULT_FALSE_ALARMS = 10.0; /* boxes a day of noise alone */
static const int64_t PROGRESS_NS = LS_NS_PER_S / 5;
static const int64_t HASH_POLL_NS = LS_NS_PER_S / 20; /* how soon a stop ends the wait for it */

struct analysis {
    const struct ls_analyse_opts *opts;
    struct ls_analyse_result *result;
    struct ls_store *store;
    struct ls_source *source;
    struct ls_transmissions *transmissions;
    struct ls_search *search;
    struct ls_painter *painter; /* NULL: no waterfall is wanted */
    struct ls_ledger ledger;
    int64_t first_id; /* row id of transmission 1 */
    bool in_stretch;
    bool begun; /* a run of the store */
    int64_t started_steady_ns;
    int64_t progress_ns;
};

/* SHA-512 of the recording beside the analysis: a thread of its own, since it takes longer than the
 * search. */
struct hasher {
    const struct ls_source *source;
    pthread_t thread;
    bool running;
    atomic_int stop;
    int code;
    struct ls_err err;
    char hex[LS_SHA512_HEX_BYTES];
};

static void *hash_recording(void *context) {
    struct hasher *hasher = context;
    hasher->code = ls_source_hash(hasher->source, &hasher->stop, hasher->hex, &hasher->err);
    return NULL;
}

static double hang_of_plan(const void *context, double hz) { return ls_plan_hang_s(context, hz); }

static double channel_of_plan(const void *context, double hz) {
    return ls_plan_channel_hz(context, hz);
}

static int transmission_done(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct analysis *a = context;
    struct ls_transmission stored = *row;
    stored.id = a->first_id + row->id - 1;
    ls_copy_text(stored.sensor, sizeof stored.sensor, a->result->run.sensor);
    a->result->transmissions++;
    if (a->painter != NULL) {
        double half_hz = row->bandwidth_hz / 2.0;
        struct ls_waterfall_box box = {.start_ns = row->start_ns,
                                       .stop_ns = row->start_ns + row->duration_ns,
                                       .low_hz = row->center_hz - half_hz,
                                       .high_hz = row->center_hz + half_hz,
                                       .snr_db = row->snr_db};
        ls_waterfall_add_box(a->opts->waterfall, &box);
    }
    return a->store == NULL ? LS_OK : ls_store_add_transmission(a->store, &stored, err);
}

static int burst_done(void *context, const struct ls_burst *burst, int64_t number,
                      struct ls_err *err) {
    struct analysis *a = context;
    a->result->bursts++;
    if (a->opts->bursts != NULL && ls_line_write_burst(a->opts->bursts, a->result->run.sensor,
                                                       burst, a->first_id + number - 1) != LS_OK) {
        return ls_err_set(err, LS_ERR_IO, "cannot write burst lines: is the disk full?");
    }
    return LS_OK;
}

static int observation_done(void *context, const struct ls_observation *row, struct ls_err *err) {
    struct analysis *a = context;
    struct ls_observation stored = *row;
    ls_copy_text(stored.sensor, sizeof stored.sensor, a->result->run.sensor);
    if (row->state == LS_OBSERVED && a->in_stretch) {
        int code = ls_search_settle(a->search, err);
        if (code != LS_OK) {
            return code;
        }
        stored.noise = ls_search_noise(a->search);
    }
    return a->store == NULL ? LS_OK : ls_store_add_observation(a->store, &stored, err);
}

static bool stretch_too_short(void *context, uint64_t samples) {
    struct analysis *a = context;
    return a->in_stretch && ls_search_too_short(a->search, samples);
}

/* Every option that can change rows, so that a run can be made again. */
static int describe_options(struct analysis *a, struct ls_run *run, struct ls_err *err) {
    const struct ls_analyse_opts *o = a->opts;
    json_t *spurs = json_array();
    for (size_t i = 0; i < o->spur_count; i++) {
        json_array_append_new(spurs, json_real(o->spurs_hz[i]));
    }
    double alarms = o->false_alarms_per_day > 0.0 ? o->false_alarms_per_day : DEFAULT_FALSE_ALARMS;
    json_t *json = json_pack("{s:f, s:f, s:o}", "channel_hz", o->channel_hz, "false_alarms_per_day",
                             alarms, "spurs_hz", spurs);
    if (o->taps > 0) {
        json_object_set_new(json, "taps", json_integer((json_int_t)o->taps));
    }
    if (o->calibration != NULL) {
        json_object_set_new(json, "calibration", json_string(o->calibration));
    }
    const struct ls_source_opts *s = &o->source;
    if (s->format != LS_FORMAT_NONE) {
        json_object_set_new(json, "format", json_string(ls_format_name(s->format)));
    }
    if (s->rate_sps > 0.0) {
        json_object_set_new(json, "rate_sps", json_real(s->rate_sps));
    }
    if (s->center_given) {
        json_object_set_new(json, "center_hz", json_real(s->center_hz));
    }
    if (s->start_given) {
        char text[LS_TIME_TEXT_BYTES];
        ls_time_format(s->start_ns, text);
        json_object_set_new(json, "start", json_string(text));
    }
    char *text = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);
    json_decref(json);
    if (text == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the options of the run");
    }
    if (strlen(text) >= sizeof run->options) {
        free(text);
        return ls_err_set(err, LS_ERR_ARG,
                          "%zu known spurs and the calibration do not fit the record of the run; "
                          "name fewer",
                          o->spur_count);
    }
    ls_copy_text(run->options, sizeof run->options, text);
    free(text);
    return LS_OK;
}

static int describe_run(struct analysis *a, struct ls_err *err) {
    const struct ls_source_info *info = ls_source_info(a->source);
    struct ls_run *run = &a->result->run;
    const char *recorder = info->recorder[0] != '\0' ? info->recorder : "recording";
    ls_copy_text(run->sensor, sizeof run->sensor,
                 a->opts->sensor != NULL ? a->opts->sensor : recorder);
    ls_copy_text(run->verb, sizeof run->verb, "analyse");
    ls_copy_text(run->label, sizeof run->label, a->opts->label == NULL ? "" : a->opts->label);
    ls_copy_text(run->version, sizeof run->version, LS_VERSION);
    ls_copy_text(run->input, sizeof run->input, a->opts->source.path);
    ls_text_mend(run->input);
    ls_copy_text(run->note, sizeof run->note, info->note);
    if (a->opts->plan != NULL) {
        snprintf(run->plan, sizeof run->plan, "%.100s/%u", a->opts->plan->name,
                 a->opts->plan->version);
    }
    run->started_ns = ls_time_now();
    run->no_clock = info->no_clock;
    run->incomplete = info->truncated;
    return describe_options(a, run, err);
}

static size_t thread_count(const struct ls_analyse_opts *opts) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = opts->threads > 0 ? opts->threads : (size_t)(processors > 0 ? processors : 1);
    return wanted < LS_THREADS_MAX ? wanted : LS_THREADS_MAX;
}

/* Samples of the recording for the search, capture by capture. */
static int read_samples(void *context, uint64_t pos, size_t count, void *ret, struct ls_err *err) {
    const struct ls_source *source = context;
    const struct ls_source_info *info = ls_source_info(source);
    char *to = ret;
    int code = LS_OK;
    for (size_t i = 0; i < info->capture_count && count > 0 && code == LS_OK; i++) {
        const struct ls_capture *capture = &info->captures[i];
        uint64_t end = capture->first_sample + capture->samples;
        if (pos >= end) {
            continue;
        }
        size_t part = count < end - pos ? count : (size_t)(end - pos);
        code = ls_source_read_at(source, pos, part, to, err);
        to += part * ls_format_bytes(capture->tuning.format);
        pos += part;
        count -= part;
    }
    return code;
}

static int create_tools(struct analysis *a, struct ls_err *err) {
    struct ls_transmissions_opts rows = {.hang_s = hang_of_plan,
                                         .channel_hz = channel_of_plan,
                                         .hang_context = a->opts->plan,
                                         .done = transmission_done,
                                         .burst = burst_done,
                                         .context = a};
    int code = ls_transmissions_create(&a->transmissions, &rows, err);
    if (code == LS_OK && a->opts->waterfall != NULL) {
        code = ls_painter_create(&a->painter, ls_source_info(a->source), a->opts->channel_hz, err);
    }
    if (code != LS_OK) {
        return code;
    }
    double alarms = a->opts->false_alarms_per_day;
    struct ls_search_opts search = {.threads = thread_count(a->opts),
                                    .channel_hz = a->opts->channel_hz,
                                    .taps = a->opts->taps,
                                    .false_alarms_per_day =
                                        alarms > 0.0 ? alarms : DEFAULT_FALSE_ALARMS,
                                    .spurs_hz = a->opts->spurs_hz,
                                    .spur_count = a->opts->spur_count,
                                    .transmissions = a->transmissions,
                                    .painter = a->painter,
                                    .reader = {.read = read_samples, .context = a->source}};
    ls_ledger_init(&a->ledger, observation_done, a);
    a->ledger.too_short = stretch_too_short;
    return ls_search_create(&a->search, &search, err);
}

static void report_progress(struct analysis *a, double recording_s) {
    int64_t now = ls_time_steady();
    if (a->opts->progress == NULL || now < a->progress_ns) {
        return;
    }
    a->progress_ns = now + PROGRESS_NS;
    struct ls_analyse_progress progress = {.samples_done = a->result->samples,
                                           .samples_total = ls_source_info(a->source)->samples,
                                           .elapsed_s = (double)(now - a->started_steady_ns) / 1e9,
                                           .recording_s = recording_s};
    a->opts->progress(a->opts->progress_context, &progress);
}

/* In the first capture. */
static int find_stations(struct analysis *a, const struct ls_tuning *tuning, uint64_t pos,
                         struct ls_err *err) {
    const struct ls_source_info *info = ls_source_info(a->source);
    struct ls_sample_reader reader = {.read = read_samples, .context = a->source};
    uint64_t samples = info->capture_count > 0 ? info->captures[0].samples : 0;
    return ls_stations_find(&reader, pos, samples, tuning, &a->result->cells, err);
}

static int take_block(struct analysis *a, const struct ls_block *block, struct ls_err *err) {
    bool continues;
    int64_t t_ns;
    int code = ls_ledger_block(&a->ledger, block, &continues, &t_ns, err);
    if (code == LS_OK && !continues && a->in_stretch) {
        code = ls_search_end(a->search, err);
        a->in_stretch = false;
    }
    if (code == LS_OK && !continues) {
        code = ls_search_begin(a->search, &block->tuning, t_ns, err);
        a->in_stretch = code == LS_OK;
        if (code == LS_OK && a->result->samples == 0) {
            code = find_stations(a, &block->tuning, block->pos, err);
        }
    }
    if (code == LS_OK) {
        code = ls_search_recorded(a->search, block->pos, block->count, err);
    }
    a->result->samples += block->count;
    return code;
}

static int take_blocks(struct analysis *a, struct ls_err *err) {
    double recording_s = 0.0;
    for (;;) {
        struct ls_block block;
        int code = ls_source_read(a->source, &block, err);
        if (code == LS_EOF) {
            break;
        }
        if (code == LS_OK) {
            code = take_block(a, &block, err);
        }
        if (code != LS_OK) {
            return code;
        }
        recording_s += (double)block.count / block.tuning.rate_sps;
        report_progress(a, recording_s);
        if (a->opts->stop != NULL && *a->opts->stop != 0) {
            return ls_err_set(err, LS_ERR_STOPPED,
                              "stopped before the end of '%s': nothing of it was stored",
                              a->opts->source.path);
        }
    }
    int code = ls_ledger_finish(&a->ledger, err);
    if (code == LS_OK && a->in_stretch) {
        code = ls_search_end(a->search, err);
    }
    a->in_stretch = false;
    return code;
}

/* The metadata say what the samples should hash to. Only of a file that is nothing but samples:
 * headers and archives are hashed with what surrounds them. */
static void compare_hash(struct analysis *a) {
    const struct ls_source_info *info = ls_source_info(a->source);
    struct stat st;
    bool plain =
        stat(info->data_path, &st) == 0 && info->capture_count > 0 &&
        (uint64_t)st.st_size == info->samples * ls_format_bytes(info->captures[0].tuning.format);
    if (plain && !info->truncated && info->sha512[0] != '\0' && !a->opts->skip_hash &&
        strcasecmp(info->sha512, a->result->run.input_sha512) != 0) {
        ls_run_note_add(&a->result->run,
                        "the samples are not those that core:sha512 of the metadata names");
    }
}

static void conclude(struct analysis *a) {
    const struct ls_search_counts *counts = ls_search_counts(a->search);
    struct ls_analyse_result *result = a->result;
    struct ls_run *run = &result->run;
    char text[128];
    result->observed_s = a->ledger.observed_s;
    result->lost_s = a->ledger.lost_s;
    result->off_s = a->ledger.off_s;
    result->invalid_samples = counts->invalid_samples;
    result->clipped_samples = counts->clipped_samples;
    result->declined_leakage = counts->declined[LS_DECLINED_LEAKAGE];
    result->declined_image = counts->declined[LS_DECLINED_IMAGE];
    result->declined_floor = counts->declined[LS_DECLINED_FLOOR];
    result->declined_product = counts->declined[LS_DECLINED_PRODUCT];
    result->declined_impulse = counts->declined[LS_DECLINED_IMPULSE];
    result->declined_weak = counts->declined[LS_DECLINED_WEAK];
    result->boxes = counts->boxes;
    run->first_ns = a->ledger.first_ns;
    run->last_ns = a->ledger.last_ns;
    run->incomplete = run->incomplete || a->ledger.lost_s > 0.0 || counts->invalid_samples > 0;
    ls_run_note_search(run, counts);
    if (a->ledger.moved > 0) {
        snprintf(text, sizeof text,
                 "%llu captures begin before the last one ends: moved to its end",
                 (unsigned long long)a->ledger.moved);
        ls_run_note_add(run, text);
    }
}

/* Wait for the hash, which nobody needs when code says that the analysis failed. */
static int end_hash(struct analysis *a, struct hasher *hasher, int code, struct ls_err *err) {
    if (!hasher->running) {
        if (a->opts->skip_hash) {
            ls_run_note_add(&a->result->run, "the recording was not hashed");
        }
        return code;
    }
    bool over = false;
    while (!over) {
        if (code != LS_OK || (a->opts->stop != NULL && *a->opts->stop != 0)) {
            hasher->stop = 1;
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        int64_t ns = until.tv_nsec + HASH_POLL_NS;
        until.tv_sec += ns / LS_NS_PER_S;
        until.tv_nsec = ns % LS_NS_PER_S;
        over = pthread_timedjoin_np(hasher->thread, NULL, &until) == 0;
    }
    hasher->running = false;
    if (code == LS_OK && hasher->code != LS_OK) {
        return ls_err_set(err, hasher->code, "%s", hasher->err.text);
    }
    ls_copy_text(a->result->run.input_sha512, LS_SHA512_HEX_BYTES, hasher->hex);
    return code;
}

static int run_analysis(struct analysis *a, struct hasher *hasher, struct ls_err *err) {
    int code = describe_run(a, err);
    if (code == LS_OK) {
        code = create_tools(a, err);
    }
    a->first_id = 1;
    if (code == LS_OK && a->store != NULL) {
        code = ls_store_begin_run(a->store, &a->result->run, &a->result->run.id, &a->first_id, err);
        a->begun = code == LS_OK;
    }
    if (code == LS_OK) {
        code = take_blocks(a, err);
    }
    if (code == LS_OK && a->painter != NULL) {
        code = ls_painter_take(a->painter, a->opts->waterfall, err);
    }
    code = end_hash(a, hasher, code, err);
    if (code != LS_OK) {
        return code;
    }
    compare_hash(a);
    conclude(a);
    return a->store == NULL ? LS_OK : ls_store_finish_run(a->store, &a->result->run, err);
}

int ls_analyse(struct ls_store *store, const struct ls_analyse_opts *opts,
               struct ls_analyse_result *ret, struct ls_err *err) {
    memset(ret, 0, sizeof *ret);
    struct analysis a = {
        .opts = opts, .result = ret, .store = store, .started_steady_ns = ls_time_steady()};
    struct hasher hasher = {0};
    struct ls_source_opts source = opts->source;
    source.positions_only = true;
    int code = ls_source_open(&a.source, &source, err);
    if (code != LS_OK) {
        return code;
    }
    hasher.source = a.source;
    if (!opts->skip_hash) {
        hasher.running = pthread_create(&hasher.thread, NULL, hash_recording, &hasher) == 0;
        if (!hasher.running) {
            ls_source_destroy(a.source);
            return ls_err_set(err, LS_ERR_IO, "cannot start a thread to hash '%s'; try again",
                              source.path);
        }
    }
    code = run_analysis(&a, &hasher, err);
    if (code != LS_OK && a.begun) {
        ls_store_abandon_run(store);
    }
    ls_search_destroy(a.search);
    ls_painter_destroy(a.painter);
    ls_transmissions_destroy(a.transmissions);
    ls_source_destroy(a.source);
    ret->elapsed_s = (double)(ls_time_steady() - a.started_steady_ns) / 1e9;
    return code;
}
