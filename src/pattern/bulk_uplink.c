/* People sleep and call when they like; posts do neither. For each channel with transfers of a
 * minute or more, two questions: do they begin by a clock (pattern/trial.h), and are the hours in
 * which it transfers spread over day and night more evenly than those of all others? For the second
 * the quiet hours are chosen on the even days and the test is made on the odd ones, then the other
 * way round, so that the choice does not favour the answer. */
#include "pattern/bulk_uplink.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/chance.h"
#include "pattern/channels.h"
#include "pattern/hours_test.h"
#include "pattern/trial.h"

enum { HOURS = LS_HOURS, QUIET = 8, HALVES = 2, RECENT = 256, HOURS_MIN = 12 };

static const int64_t hour_ns = 3600 * LS_NS_PER_S;
static const int64_t transfer_ns = 60 * LS_NS_PER_S; /* a transfer lasts as long or longer */
static const double bits_per_hz =
    6.0; /* 64-QAM without coding: more than one antenna carries far */
static const double least_s_per_day = 3600.0;

struct use {
    uint32_t transfers[HALVES][HOURS]; /* hours of the day with a transfer, even and odd days */
    int64_t transfer_hour;             /* the last one counted */
    uint64_t count;                    /* transfers */
    double airtime_s;
    int64_t day; /* the one under way */
    double day_s;
    double days; /* that ended with a transfer */
    double day_sum_s;
    double day_squares;
    int64_t first_ns;
    int64_t last_ns;
    int64_t recent_ns[RECENT]; /* starts of the last transfers, a ring over count, */
    int64_t recent_id[RECENT]; /* and their rows */
};

struct state {
    struct ls_kind_input input;
    struct ls_channels *channels;
    struct use **uses; /* [LS_CHANNELS_MAX]; NULL: no transfer there */
    /* What channels that gave way had. */
    uint32_t gone[LS_SENSORS_MAX][HALVES][HOURS];
};

static void destroy(void *state) {
    struct state *s = state;
    for (size_t i = 0; s != NULL && s->uses != NULL && i < LS_CHANNELS_MAX; i++) {
        free(s->uses[i]);
    }
    if (s != NULL) {
        free(s->uses);
        ls_channels_destroy(s->channels);
    }
    free(s);
}

static int create(void **ret, const struct ls_kind_input *input, struct ls_err *err) {
    struct state *s = calloc(1, sizeof *s);
    *ret = s;
    if (s != NULL) {
        s->input = *input;
        s->uses = calloc(LS_CHANNELS_MAX, sizeof *s->uses);
    }
    if (s == NULL || s->uses == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for transfers");
    }
    return ls_channels_create(&s->channels, err);
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* Hours count once however much is sent in them: what comes in clumps is no more than one event. */
static void count_hour(uint32_t counts[HALVES][HOURS], int64_t hour, int64_t *last) {
    if (hour != *last) {
        int64_t day = floor_div(hour, HOURS);
        counts[day & 1][hour - day * HOURS]++;
        *last = hour;
    }
}

static void end_day(struct use *use) {
    if (use->day_s > 0.0) {
        use->days += 1.0;
        use->day_sum_s += use->day_s;
        use->day_squares += use->day_s * use->day_s;
        use->day_s = 0.0;
    }
}

static void add(struct use *use, const struct ls_transmission *row) {
    int64_t hour = floor_div(row->start_ns, hour_ns);
    double s = (double)row->duration_ns / 1e9;
    count_hour(use->transfers, hour, &use->transfer_hour);
    if (floor_div(hour, HOURS) != use->day) {
        end_day(use);
        use->day = floor_div(hour, HOURS);
    }
    use->day_s += s;
    use->airtime_s += s;
    use->first_ns = use->count == 0 ? row->start_ns : use->first_ns;
    use->last_ns = row->start_ns + row->duration_ns;
    use->recent_ns[use->count % RECENT] = row->start_ns;
    use->recent_id[use->count % RECENT] = row->id;
    use->count++;
}

static int push(void *state, const struct ls_event *event, struct ls_err *err) {
    struct state *s = state;
    bool begins;
    bool known;
    if (event->row->duration_ns < transfer_ns) {
        return LS_OK;
    }
    uint32_t slot = ls_channels_push(s->channels, event->row, event->sensor, &begins, &known);
    struct use *use = s->uses[slot];
    if (begins && use != NULL) {
        for (size_t i = 0; i < (size_t)HALVES * HOURS; i++) {
            s->gone[event->sensor][i / HOURS][i % HOURS] += use->transfers[i / HOURS][i % HOURS];
        }
        free(use);
        use = s->uses[slot] = NULL;
    }
    if (use == NULL) {
        use = s->uses[slot] = calloc(1, sizeof *use);
        if (use == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for transfers");
        }
        use->transfer_hour = use->day = INT64_MIN;
    }
    add(use, event->row);
    return LS_OK;
}

/* --- the test --- */

static void count_others(const struct state *s, uint32_t slot, uint32_t ret[HALVES][HOURS]) {
    uint32_t sensor = ls_channels_at(s->channels, slot)->sensor;
    memcpy(ret, s->gone[sensor], sizeof s->gone[sensor]);
    for (uint32_t i = 0; i < LS_CHANNELS_MAX; i++) {
        const struct ls_channel *channel = ls_channels_at(s->channels, i);
        if (i == slot || channel == NULL || s->uses[i] == NULL || channel->sensor != sensor) {
            continue;
        }
        for (size_t k = 0; k < (size_t)HALVES * HOURS; k++) {
            ret[k / HOURS][k % HOURS] += s->uses[i]->transfers[k / HOURS][k % HOURS];
        }
    }
}

/* Marks the hours with the least of others'; of equals the earlier. */
static void choose_quiet(const uint32_t others[HOURS], bool ret_quiet[HOURS]) {
    memset(ret_quiet, 0, HOURS * sizeof *ret_quiet);
    for (size_t n = 0; n < QUIET; n++) {
        size_t least = SIZE_MAX;
        for (size_t h = 0; h < HOURS; h++) {
            if (!ret_quiet[h] && (least == SIZE_MAX || others[h] < others[least])) {
                least = h;
            }
        }
        ret_quiet[least] = true;
    }
}

/* How often each hour of the day was listened to, on even and odd days, while the channels of the
 * sensor were known. */
static int count_hours(const struct state *s, const struct ls_channel *channel,
                       uint32_t ret[HALVES][HOURS], uint32_t *ret_others, struct ls_err *err) {
    int64_t first_ns = INT64_MAX;
    int64_t last_ns = INT64_MIN;
    uint32_t channels = 0;
    memset(ret, 0, HALVES * sizeof ret[0]);
    for (uint32_t i = 0; i < LS_CHANNELS_MAX; i++) {
        const struct ls_channel *other = ls_channels_at(s->channels, i);
        if (other != NULL && s->uses[i] != NULL && other->sensor == channel->sensor) {
            const struct use *use = s->uses[i];
            first_ns = use->first_ns < first_ns ? use->first_ns : first_ns;
            last_ns = use->last_ns > last_ns ? use->last_ns : last_ns;
            channels++;
        }
    }
    *ret_others = channels - 1;
    struct ls_good_time good;
    int code = ls_exposure_good_time(s->input.exposure, channel->sensor, channel->center_hz,
                                     first_ns, last_ns, &good, err);
    if (code != LS_OK) {
        return code;
    }
    int64_t counted = INT64_MIN;
    for (size_t i = 0; i < good.count; i++) {
        int64_t hour = floor_div(first_ns + ls_ns_from_seconds(good.start_s[i]), hour_ns);
        int64_t until = floor_div(first_ns + ls_ns_from_seconds(good.stop_s[i]) - 1, hour_ns);
        for (hour = hour > counted ? hour : counted + 1; hour <= until; hour++) {
            count_hour(ret, hour, &counted);
        }
    }
    ls_good_time_finish(&good);
    return LS_OK;
}

/* Hours with transfers. */
struct hours {
    unsigned quiet;
    unsigned busy;
};

static struct hours split_hours(const uint32_t counts[HOURS], const bool quiet[HOURS]) {
    struct hours sum = {0};
    for (size_t h = 0; h < HOURS; h++) {
        *(quiet[h] ? &sum.quiet : &sum.busy) += counts[h];
    }
    return sum;
}

/* Whether the channel is searched; then the logarithms of both halves. */
static int search(const struct state *s, uint32_t slot, double ret_ln_p[HALVES],
                  struct hours *ret_all, bool *ret_searched, struct ls_err *err) {
    const struct use *use = s->uses[slot];
    uint32_t others[HALVES][HOURS];
    uint32_t hours[HALVES][HOURS];
    uint32_t other_channels;
    double seed[HOURS];
    struct ls_chance chance;
    *ret_searched = false;
    int code = count_hours(s, ls_channels_at(s->channels, slot), hours, &other_channels, err);
    if (code != LS_OK) {
        return code;
    }
    count_others(s, slot, others);
    for (size_t h = 0; h < HOURS; h++) {
        seed[h] = use->transfers[0][h] + 1e3 * use->transfers[1][h] + 1e6 * others[0][h];
    }
    ls_chance_init(&chance, ls_chance_seed(seed, HOURS));
    *ret_all = (struct hours){0};
    for (size_t half = 0; half < HALVES; half++) {
        struct ls_hours_table t;
        choose_quiet(others[1 - half], t.quiet);
        ls_hours_table_fill(&t, use->transfers[half], others[half], hours[half], other_channels);
        struct hours mine = split_hours(use->transfers[half], t.quiet);
        struct hours rest = split_hours(others[half], t.quiet);
        if (mine.quiet + mine.busy < HOURS_MIN || rest.quiet + rest.busy < HOURS_MIN) {
            return LS_OK;
        }
        double p;
        code = ls_hours_test(&t, &chance, &p, err);
        if (code != LS_OK) {
            return code;
        }
        ret_ln_p[half] = log(p);
        ret_all->quiet += mine.quiet;
        ret_all->busy += mine.busy;
    }
    *ret_searched = true;
    return LS_OK;
}

/* Fisher's sum of logarithms: chi-squared with four degrees of freedom. */
static double join(const double ln_p[HALVES]) {
    double x = -(ln_p[0] + ln_p[1]);
    return fmin(0.0, (log1p(x) - x) / M_LN10);
}

/* The last transfers in order; returns how many. */
static size_t recent(const struct use *use, int64_t ret_ns[RECENT], int64_t ret_id[RECENT]) {
    size_t n = use->count < RECENT ? (size_t)use->count : RECENT;
    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)((use->count - n + i) % RECENT);
        ret_ns[i] = use->recent_ns[at];
        ret_id[i] = use->recent_id[at];
    }
    return n;
}

/* Whether these starts keep a clock. */
static int judge_clock(const struct state *s, const struct ls_channel *channel, const int64_t *t_ns,
                       size_t n, struct ls_verdict *ret, struct ls_err *err) {
    struct ls_trial *trial;
    struct ls_good_time good;
    double t_s[RECENT];
    double extent_s[RECENT];
    size_t kept[RECENT];
    double gap_s;
    *ret = (struct ls_verdict){.rank = -(double)INFINITY, .period_s = (double)NAN};
    if (n < LS_TRIAL_EVENTS_MIN) {
        return LS_OK;
    }
    int code = ls_exposure_good_time(s->input.exposure, channel->sensor, channel->center_hz,
                                     t_ns[0], t_ns[n - 1] + 1, &good, err);
    if (code != LS_OK) {
        return code;
    }
    for (size_t i = 0; i < n; i++) {
        t_s[i] = (double)(t_ns[i] - t_ns[0]) / 1e9;
    }
    size_t count = ls_surrogate_declump(t_s, n, ls_good_time_total(&good), kept, extent_s, &gap_s);
    for (size_t i = 0; i < count; i++) {
        t_s[i] = t_s[kept[i]];
    }
    if (count >= LS_TRIAL_EVENTS_MIN) {
        struct ls_arrivals arrivals = {
            .t_s = t_s, .extent_s = extent_s, .count = count, .gap_s = gap_s, .good = &good};
        code = ls_trial_create(&trial, err);
        if (code == LS_OK) {
            *ret = ls_trial_verdict(trial, &arrivals);
            ls_trial_destroy(trial);
        }
    }
    ls_good_time_finish(&good);
    return code;
}

/* Both questions, and what each half of the transfers says alone. */
struct answer {
    double log10_p;
    double confirm_log10_p;
    struct ls_verdict clock;
    struct hours all;
};

/* *ret_searched: there is enough to ask. */
static int ask(const struct state *s, uint32_t slot, struct answer *ret, bool *ret_searched,
               struct ls_err *err) {
    const struct ls_channel *channel = ls_channels_at(s->channels, slot);
    int64_t t_ns[RECENT];
    int64_t id[RECENT];
    double ln_p[HALVES];
    int code = search(s, slot, ln_p, &ret->all, ret_searched, err);
    if (code != LS_OK || !*ret_searched) {
        return code;
    }
    size_t n = recent(s->uses[slot], t_ns, id);
    code = judge_clock(s, channel, t_ns, n, &ret->clock, err);
    if (code != LS_OK) {
        return code;
    }
    double day_log10 = join(ln_p);
    double questions = isfinite(ret->clock.rank) ? 2.0 : 1.0;
    ret->log10_p = ls_report_log10_any(fmin(ret->clock.log10_p, day_log10), questions);
    ret->confirm_log10_p = fmax(ln_p[0], ln_p[1]) / M_LN10;
    if (ret->clock.log10_p < day_log10) {
        struct ls_verdict early;
        struct ls_verdict late;
        code = judge_clock(s, channel, t_ns, n / 2, &early, err);
        code = code == LS_OK ? judge_clock(s, channel, t_ns + n / 2, n - n / 2, &late, err) : code;
        ret->confirm_log10_p =
            code == LS_OK ? fmax(early.log10_p, late.log10_p) : ret->confirm_log10_p;
    }
    return code;
}

/* --- the finding --- */

static void describe(const struct ls_channel *channel, const struct use *use,
                     const struct answer *answer, struct ls_finding *finding) {
    const struct hours *all = &answer->all;
    double span_days = fmax((double)(use->last_ns - use->first_ns) / 86400e9, 1.0);
    double per_day = use->airtime_s / span_days;
    double n = fmax(use->days, 1.0);
    double variance = fmax(use->day_squares / n - pow(use->day_sum_s / n, 2.0), 0.0);
    /* The days at both ends are whole only by chance: an hour's worth of doubt at least. */
    double error = fmax(1.645 * sqrt(variance / n), per_day / 24.0);
    double bytes = per_day * channel->bandwidth_hz * bits_per_hz / 8.0;
    ls_finding_number(finding, "airtime_s_per_day", per_day, per_day - error, per_day + error);
    ls_finding_number(finding, "bytes_upper_bound", bytes, (double)NAN, (double)NAN);
    ls_finding_number(finding, "transfers", (double)use->count, (double)NAN, (double)NAN);
    ls_finding_number(finding, "on_s", use->airtime_s / (double)use->count, (double)NAN,
                      (double)NAN);
    if (answer->clock.log10_p <= -3.0 && isfinite(answer->clock.period_s)) {
        ls_finding_number(finding, "period_s", answer->clock.period_s, (double)NAN, (double)NAN);
    }
    if (channel->class_name[0] != '\0') {
        ls_finding_word(finding, "class", channel->class_name);
    }
    ls_copy_text(finding->rivals[0], LS_RIVAL_BYTES,
                 "a camera, a cash point or a wayside box of the railway that reports as much");
    ls_copy_text(
        finding->rivals[1], LS_RIVAL_BYTES,
        "a household whose modem is never off: several users in one channel look the same");
    finding->rival_count = 2;
    snprintf(finding->words, sizeof finding->words,
             "%llu transfers of a minute or more near %.3f MHz, %.0f min a day, in %u of the quiet "
             "hours as in %u of the busy ones",
             (unsigned long long)use->count, channel->center_hz / 1e6, per_day / 60.0, all->quiet,
             all->busy);
    ls_copy_text(finding->limits, sizeof finding->limits, ls_bulk_uplink_kind.fooled);
}

static bool enough(const struct use *use, const struct hours *all) {
    double span_s = (double)(use->last_ns - use->first_ns) / 1e9;
    double hours = all->quiet + all->busy;
    double quiet_rate = (double)all->quiet / QUIET;
    double busy_rate = (double)all->busy / (HOURS - QUIET);
    return span_s >= 1.8 * 86400.0 && use->airtime_s >= least_s_per_day * span_s / 86400.0 &&
           hours >= 0.5 * span_s / 3600.0 && quiet_rate >= 0.5 * busy_rate;
}

static int report_one(void *context, size_t index, struct ls_report *report, struct ls_err *err) {
    const struct state *s = *(const struct state *const *)context;
    uint32_t slot = (uint32_t)index;
    const struct ls_channel *channel = ls_channels_at(s->channels, slot);
    const struct use *use = s->uses[slot];
    struct answer answer;
    bool searched;
    if (use == NULL || use->count < (uint64_t)HALVES * HOURS_MIN) {
        return LS_OK;
    }
    int code = ask(s, slot, &answer, &searched, err);
    if (code != LS_OK || !searched) {
        return code;
    }
    struct ls_finding finding = ls_report_blank(report);
    ls_copy_text(finding.sensor, sizeof finding.sensor,
                 ls_exposure_name(s->input.exposure, channel->sensor));
    finding.log10_p = answer.log10_p;
    finding.trials = HALVES + answer.clock.trials;
    finding.start_ns = use->first_ns;
    finding.stop_ns = use->last_ns;
    finding.low_hz = channel->low_hz - channel->bandwidth_hz / 2.0;
    finding.high_hz = channel->high_hz + channel->bandwidth_hz / 2.0;
    finding.reported = enough(use, &answer.all);
    finding.confirm_log10_p = answer.confirm_log10_p;
    describe(channel, use, &answer, &finding);
    int64_t t_ns[RECENT];
    int64_t evidence[RECENT];
    finding.evidence_count = recent(use, t_ns, evidence);
    finding.evidence = evidence;
    return ls_report_add(report, &finding, err);
}

static int report(const void *state, struct ls_report *out, struct ls_err *err) {
    const struct state *s = state;
    return ls_report_each(out, &s->input.jobs, report_one, &s, LS_CHANNELS_MAX, err);
}

static int save(const void *state, struct ls_blob *blob, struct ls_err *err) {
    const struct state *s = state;
    int code = ls_channels_save(s->channels, blob, err);
    code = code == LS_OK ? ls_blob_put(blob, s->gone, sizeof s->gone, err) : code;
    for (uint32_t i = 0; code == LS_OK && i < LS_CHANNELS_MAX; i++) {
        if (s->uses[i] != NULL) {
            code = ls_blob_put(blob, s->uses[i], sizeof *s->uses[i], err);
        }
    }
    return code;
}

/* A channel of this kind always has a use. */
static int load(void *state, struct ls_blob_reader *in, struct ls_err *err) {
    struct state *s = state;
    int code = ls_channels_load(s->channels, in, err);
    code = code == LS_OK ? ls_blob_get(in, s->gone, sizeof s->gone, err) : code;
    for (uint32_t i = 0; code == LS_OK && i < LS_CHANNELS_MAX; i++) {
        if (ls_channels_at(s->channels, i) == NULL) {
            continue;
        }
        s->uses[i] = calloc(1, sizeof *s->uses[i]);
        if (s->uses[i] == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for transfers");
        }
        code = ls_blob_get(in, s->uses[i], sizeof *s->uses[i], err);
    }
    return code;
}

const struct ls_kind ls_bulk_uplink_kind = {
    .id = "bulk-uplink",
    .version = 2,
    .null = "transfers of a minute or more begin by no clock, and the hours in which a channel has "
            "them follow the same day as those of all other channels that do",
    .test =
        "the tests of periodic-telemetry on their starts; and Zelen's exact test of quiet "
        "against busy hours with and without a transfer, the eight quiet hours chosen on the other "
        "days, two halves joined; "
        "one search, the better of the two, for each channel with transfers in 12 hours of each "
        "half",
    .evidence = "an hour of transfers a day over two days, in half of all hours, at night half as "
                "often as by day or more",
    .rivals = "other equipment that reports; a household",
    .fooled =
        "a post that sends by day only looks like people; one that sends by wire or satellite "
        "is not seen; bytes are an upper bound from airtime and bandwidth, not a measurement",
    .create = create,
    .destroy = destroy,
    .push = push,
    .report = report,
    .save = save,
    .load = load,
};
