/* Event time of the ring is that of the sample clock; rows and blocks that leave this thread are in
 * corrected time (survey/clock.h), which the warp gives. A checkpoint claims as observed no more
 * than what has been searched: what the program heard and had not searched when it was killed
 * counts as not heard. */
#include "survey/live.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "dsp/convert.h"
#include "survey/ledger.h"
#include "survey/run_note.h"
#include "survey/search.h"

enum { SOUNDED_SAMPLES = 1024 }; /* of a block, for its level */

/* A transmission that has been on for longer is stored before it ends. */
static const int64_t LONG_NS = LS_NS_PER_S;
static const int64_t WAIT_NS = LS_NS_PER_S / 20;
static const int64_t STATUS_NS = LS_NS_PER_S;

/* Levels of the present second. */
struct sounding {
    double power;
    uint64_t samples;
    uint64_t clipped;
    int64_t since_ns; /* steady clock */
};

struct ls_live {
    struct ls_live_opts opts;
    struct ls_settings *settings; /* of the present run */
    pthread_t thread;
    struct ls_warp warp;
    /* the present run */
    bool in_run;
    struct ls_run run;
    struct ls_transmissions *transmissions;
    struct ls_search *search;
    struct ls_ledger ledger;
    bool in_stretch;
    int64_t rows;          /* of the ledger, finished */
    int64_t checkpoint_ns; /* steady clock: when the next one is due */
    uint64_t pos;
    /* of runs that are over */
    double observed_s;
    double lost_s;
    double retuning_s;
    double off_s;
    struct sounding sounding;
    float complex sounded[SOUNDED_SAMPLES];
};

static double hang_of_plan(const void *context, double hz) { return ls_plan_hang_s(context, hz); }

static double channel_of_plan(const void *context, double hz) {
    return ls_plan_channel_hz(context, hz);
}

static const struct ls_sensor_opts *asked(const struct ls_live *live) {
    return ls_settings_opts(live->settings);
}

/* --- rows --- */

static struct ls_transmission in_true_time(const struct ls_live *live,
                                           const struct ls_transmission *row) {
    struct ls_transmission ret = *row;
    ret.start_ns = ls_warp_time(&live->warp, row->start_ns);
    int64_t stop_ns = ls_warp_time(&live->warp, row->start_ns + row->duration_ns);
    ret.duration_ns = stop_ns > ret.start_ns ? stop_ns - ret.start_ns : row->duration_ns;
    ls_copy_text(ret.sensor, sizeof ret.sensor, live->run.sensor);
    return ret;
}

static int transmission_done(void *context, const struct ls_transmission *row, struct ls_err *err) {
    struct ls_live *live = context;
    struct ls_transmission stored = in_true_time(live, row);
    return ls_writer_transmission(live->opts.writer, &stored, false, err);
}

static int transmission_goes_on(void *context, const struct ls_transmission *row,
                                struct ls_err *err) {
    struct ls_live *live = context;
    struct ls_transmission stored = in_true_time(live, row);
    return ls_writer_transmission(live->opts.writer, &stored, true, err);
}

static struct ls_observation ledger_row(const struct ls_live *live,
                                        const struct ls_observation *row, int64_t number) {
    struct ls_observation ret = *row;
    ret.id = number;
    ret.start_ns = ls_warp_time(&live->warp, row->start_ns);
    ret.stop_ns = ls_warp_time(&live->warp, row->stop_ns);
    ls_copy_text(ret.sensor, sizeof ret.sensor, live->run.sensor);
    return ret;
}

static int observation_done(void *context, const struct ls_observation *row, struct ls_err *err) {
    struct ls_live *live = context;
    struct ls_observation stored = ledger_row(live, row, ++live->rows);
    if (row->state == LS_OBSERVED && live->in_stretch) {
        int code = ls_search_settle(live->search, err);
        if (code != LS_OK) {
            return code;
        }
        stored.noise = ls_search_noise(live->search);
    }
    return ls_writer_observation(live->opts.writer, &stored, false, err);
}

static bool stretch_too_short(void *context, uint64_t samples) {
    struct ls_live *live = context;
    return live->in_stretch && ls_search_too_short(live->search, samples);
}

/* --- runs --- */

static int create_tools(struct ls_live *live, struct ls_err *err) {
    const struct ls_sensor_opts *o = asked(live);
    struct ls_transmissions_opts rows = {.hang_s = hang_of_plan,
                                         .channel_hz = channel_of_plan,
                                         .hang_context = o->plan,
                                         .done = transmission_done,
                                         .context = live};
    int code = ls_transmissions_create(&live->transmissions, &rows, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_search_opts search = {.threads = o->threads,
                                    .channel_hz = o->channel_hz,
                                    .taps = o->taps,
                                    .false_alarms_per_day = o->false_alarms_per_day,
                                    .spurs_hz = o->spurs_hz,
                                    .spur_count = o->spur_count,
                                    .transmissions = live->transmissions};
    return ls_search_create(&live->search, &search, err);
}

static void drop_tools(struct ls_live *live) {
    ls_search_destroy(live->search);
    ls_transmissions_destroy(live->transmissions);
    live->search = NULL;
    live->transmissions = NULL;
}

static int begin_run(struct ls_live *live, int64_t t_ns, struct ls_err *err) {
    memset(&live->run, 0, sizeof live->run);
    ls_settings_describe(live->settings, &live->run);
    pthread_mutex_lock(&live->opts.board->lock);
    ls_copy_text(live->run.input, sizeof live->run.input, live->opts.board->input);
    pthread_mutex_unlock(&live->opts.board->lock);
    live->run.started_ns = ls_time_now();
    live->run.first_ns = ls_warp_time(&live->warp, t_ns);
    live->run.last_ns = live->run.first_ns;
    ls_ledger_init(&live->ledger, observation_done, live);
    live->ledger.too_short = stretch_too_short;
    live->rows = 0;
    int code = create_tools(live, err);
    if (code == LS_OK) {
        code = ls_writer_begin(live->opts.writer, &live->run, err);
    }
    live->in_run = code == LS_OK;
    return code;
}

/* What of the ledger's open row has been searched. False: nothing. */
static bool searched_row(struct ls_live *live, struct ls_observation *ret) {
    if (!ls_ledger_open_row(&live->ledger, ret)) {
        return false;
    }
    if (ret->state == LS_OBSERVED && live->in_stretch) {
        int64_t done_ns = ls_search_done_ns(live->search);
        ret->stop_ns = done_ns < ret->stop_ns ? done_ns : ret->stop_ns;
        double seconds = (double)(ret->stop_ns - ret->start_ns) / 1e9;
        ret->samples = (uint64_t)llround(fmax(0.0, seconds * ret->rate_sps));
        ret->noise = ls_search_noise(live->search);
    }
    return ret->stop_ns > ret->start_ns;
}

static int checkpoint(struct ls_live *live, struct ls_err *err) {
    int code = live->in_stretch ? ls_search_poll(live->search, err) : LS_OK;
    struct ls_observation row;
    bool grows = searched_row(live, &row);
    struct ls_observation open;
    bool any = ls_ledger_open_row(&live->ledger, &open);
    int64_t last_ns = grows ? row.stop_ns : any ? open.start_ns : live->ledger.last_ns;
    live->run.last_ns = ls_warp_time(&live->warp, last_ns);
    live->run.incomplete = live->ledger.lost_s + live->ledger.off_s > 0.0;
    if (code == LS_OK && grows) {
        struct ls_observation stored = ledger_row(live, &row, live->rows + 1);
        code = ls_writer_observation(live->opts.writer, &stored, true, err);
    }
    if (code == LS_OK && live->in_stretch) {
        code = ls_search_open(live->search, ls_search_done_ns(live->search) - LONG_NS,
                              transmission_goes_on, live, err);
    }
    return code == LS_OK ? ls_writer_checkpoint(live->opts.writer, &live->run, false, err) : code;
}

static int end_stretch(struct ls_live *live, struct ls_err *err) {
    int code = live->in_stretch ? ls_search_end(live->search, err) : LS_OK;
    live->in_stretch = false;
    return code;
}

static void conclude(struct ls_live *live) {
    const struct ls_search_counts *counts = ls_search_counts(live->search);
    live->run.last_ns = ls_warp_time(&live->warp, live->ledger.last_ns);
    live->run.incomplete =
        live->ledger.lost_s + live->ledger.off_s > 0.0 || counts->invalid_samples > 0;
    ls_run_note_search(&live->run, counts);
    live->observed_s += live->ledger.observed_s;
    live->lost_s += live->ledger.lost_s;
    live->retuning_s += live->ledger.retuning_s;
    live->off_s += live->ledger.off_s;
    memset(&live->ledger, 0, sizeof live->ledger);
}

static int finish_run(struct ls_live *live, const char *reason, struct ls_err *err) {
    if (!live->in_run) {
        return LS_OK;
    }
    live->in_run = false;
    int code = ls_ledger_finish(&live->ledger, err);
    if (code == LS_OK) {
        code = end_stretch(live, err);
    }
    live->in_stretch = false;
    if (reason[0] != '\0') {
        ls_run_note_add(&live->run, reason);
    }
    conclude(live);
    drop_tools(live);
    return code == LS_OK ? ls_writer_checkpoint(live->opts.writer, &live->run, true, err) : code;
}

/* --- blocks --- */

static void sound(struct ls_live *live, const struct ls_ring_slot *slot) {
    size_t count = slot->count < SOUNDED_SAMPLES ? slot->count : SOUNDED_SAMPLES;
    struct ls_convert_stats stats = {0};
    ls_convert(slot->tuning.format, slot->samples, count, live->sounded, &stats);
    for (size_t i = 0; i < count; i++) {
        double re = (double)crealf(live->sounded[i]);
        double im = (double)cimagf(live->sounded[i]);
        live->sounding.power += re * re + im * im;
    }
    live->sounding.samples += count;
    live->sounding.clipped += stats.clipped;
}

static double skipped_share(const struct ls_box_counts *counts) {
    return counts->boxes > 0 ? (double)counts->skipped / (double)counts->boxes : 0.0;
}

static void post_levels(struct ls_live *live, int64_t now_ns) {
    struct sounding *s = &live->sounding;
    if (now_ns - s->since_ns < STATUS_NS) {
        return;
    }
    double samples = (double)s->samples;
    double level = s->samples > 0 ? 10.0 * log10(s->power / samples) : (double)NAN;
    struct ls_noise noise = {.known = false};
    if (live->in_stretch) {
        noise = ls_search_noise(live->search);
    }
    double band_db = 10.0 * log10(live->ledger.tuning.rate_sps);
    double floor = noise.known ? noise.floor_dbfs_hz + band_db : (double)NAN;
    double clipped = s->samples > 0 ? (double)s->clipped / samples : 0.0;
    double skipped = live->in_stretch ? skipped_share(&ls_search_counts(live->search)->boxes) : 0.0;
    struct ls_sensor_status *status = &live->opts.board->status;
    pthread_mutex_lock(&live->opts.board->lock);
    status->level_dbfs = level;
    status->floor_dbfs = isnan(floor) && s->samples > 0 ? status->floor_dbfs : floor;
    status->clipped_share = clipped;
    status->skipped_share = skipped;
    pthread_mutex_unlock(&live->opts.board->lock);
    *s = (struct sounding){.since_ns = now_ns};
}

static void post_ledger(struct ls_live *live, bool searched) {
    struct ls_observation open;
    double seconds[4] = {
        live->observed_s + live->ledger.observed_s, live->lost_s + live->ledger.lost_s,
        live->retuning_s + live->ledger.retuning_s, live->off_s + live->ledger.off_s};
    if (ls_ledger_open_row(&live->ledger, &open)) {
        seconds[open.state] += (double)(open.stop_ns - open.start_ns) / 1e9;
    }
    struct ls_sensor_status *status = &live->opts.board->status;
    pthread_mutex_lock(&live->opts.board->lock);
    status->observed_s = seconds[LS_OBSERVED];
    status->lost_s = seconds[LS_LOST];
    status->retuning_s = seconds[LS_RETUNING];
    status->off_s = seconds[LS_OFF];
    if (searched) {
        status->blocks++;
        status->last_sample_ns = ls_time_steady();
    }
    pthread_mutex_unlock(&live->opts.board->lock);
}

static int take_gaps(struct ls_live *live, const struct ls_ring_slot *slot, struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < slot->gap_count && code == LS_OK; i++) {
        const struct ls_gap *gap = &slot->gaps[i];
        struct ls_observation row = {
            .state = gap->state, .stop_ns = gap->stop_ns, .samples = gap->samples};
        ls_copy_text(row.cause, sizeof row.cause, gap->cause);
        code = ls_ledger_gap(&live->ledger, &row, err);
    }
    return code == LS_OK && slot->gap_count > 0 ? end_stretch(live, err) : code;
}

/* The tools are those of the run that follows from here on. */
static int change_run(struct ls_live *live, struct ls_ring_slot *slot, struct ls_err *err) {
    int code = finish_run(live, slot->reason, err);
    if (slot->settings != NULL) {
        ls_settings_drop(live->settings);
        live->settings = slot->settings;
        slot->settings = NULL;
    }
    if (slot->clock_restart) {
        ls_warp_init(&live->warp);
    }
    return code;
}

static int take_samples(struct ls_live *live, const struct ls_ring_slot *slot, struct ls_err *err) {
    int code = live->in_run ? LS_OK : begin_run(live, slot->t_ns, err);
    if (code != LS_OK) {
        return code;
    }
    bool breaks = !slot->continues || !live->in_stretch;
    struct ls_block block = {.pos = live->pos,
                             .t_ns = slot->t_ns,
                             .flags = breaks ? LS_BLOCK_GAP : 0,
                             .tuning = slot->tuning,
                             .count = slot->count,
                             .samples = slot->samples};
    live->pos += slot->count;
    const struct ls_sensor_opts *o = asked(live);
    if (o->block != NULL) {
        struct ls_block shown = block;
        shown.t_ns = ls_warp_time(&live->warp, block.t_ns);
        o->block(o->context, &shown);
    }
    bool continues;
    int64_t t_ns;
    code = ls_ledger_block(&live->ledger, &block, &continues, &t_ns, err);
    if (code == LS_OK && !continues) {
        code = end_stretch(live, err);
    }
    if (code == LS_OK && !continues) {
        code = ls_search_begin(live->search, &block.tuning, t_ns, err);
        live->in_stretch = code == LS_OK;
    }
    return code == LS_OK ? ls_search_samples(live->search, block.samples, block.count, err) : code;
}

static void take_knots(struct ls_live *live, const struct ls_ring_slot *slot) {
    for (size_t i = 0; i < slot->knot_count; i++) {
        ls_warp_add(&live->warp, slot->knots[i]);
    }
}

static int take_slot(struct ls_live *live, struct ls_ring_slot *slot, struct ls_err *err) {
    /* Before the row that ends here is stamped, as the one that begins here will be; but those of
     * another clock say nothing about the run that ends. */
    if (!slot->clock_restart) {
        take_knots(live, slot);
    }
    int code = live->in_run ? take_gaps(live, slot, err) : LS_OK;
    if (code == LS_OK && slot->new_run) {
        code = change_run(live, slot, err);
    }
    take_knots(live, slot);
    if (code == LS_OK && slot->count > 0) {
        sound(live, slot);
        code = take_samples(live, slot, err);
    }
    post_ledger(live, slot->count > 0 && code == LS_OK);
    return code;
}

static int step(struct ls_live *live, struct ls_err *err) {
    struct ls_ring_slot *slot = ls_ring_next(live->opts.ring, WAIT_NS);
    int code = LS_OK;
    if (slot != NULL) {
        code = take_slot(live, slot, err);
        ls_ring_release(live->opts.ring);
    }
    int64_t now_ns = ls_time_steady();
    if (code == LS_OK && live->in_run && now_ns >= live->checkpoint_ns) {
        live->checkpoint_ns = now_ns + ls_ns_from_seconds(asked(live)->commit_s / 2.0);
        code = checkpoint(live, err);
    }
    post_levels(live, now_ns);
    return code;
}

/* So that the device thread finds room, and can end. */
static void empty_ring(struct ls_live *live) {
    while (!ls_ring_ended(live->opts.ring)) {
        struct ls_ring_slot *slot = ls_ring_next(live->opts.ring, WAIT_NS);
        if (slot != NULL) {
            ls_settings_drop(slot->settings);
            slot->settings = NULL;
            ls_ring_release(live->opts.ring);
        }
    }
}

static void *work(void *context) {
    struct ls_live *live = context;
    struct ls_err err = {0};
    int code = LS_OK;
    while (code == LS_OK && !ls_ring_ended(live->opts.ring)) {
        code = step(live, &err);
    }
    if (code == LS_OK) {
        code = finish_run(live, "", &err);
    }
    if (code != LS_OK) {
        ls_board_fail(live->opts.board, &err);
        empty_ring(live);
    }
    return NULL;
}

int ls_live_create(struct ls_live **ret, const struct ls_live_opts *opts, struct ls_err *err) {
    struct ls_live *live = calloc(1, sizeof *live);
    if (live == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the search");
    }
    live->opts = *opts;
    live->settings = ls_settings_hold(opts->settings);
    ls_warp_init(&live->warp);
    live->sounding.since_ns = ls_time_steady();
    if (pthread_create(&live->thread, NULL, work, live) != 0) {
        ls_settings_drop(live->settings);
        free(live);
        return ls_err_set(err, LS_ERR_IO, "cannot start a thread for the search");
    }
    *ret = live;
    return LS_OK;
}

void ls_live_destroy(struct ls_live *live) {
    if (live == NULL) {
        return;
    }
    pthread_join(live->thread, NULL);
    drop_tools(live);
    ls_settings_drop(live->settings);
    free(live);
}
