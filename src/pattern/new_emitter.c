/* One search for each time that a channel came up after a silence of the baseline. It lasts as long
 * as it is never silent for more than two hours; the null says how long that would be. */
#include "pattern/new_emitter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/channels.h"

static const int64_t hour_ns = 3600 * LS_NS_PER_S;
static const int64_t silence_ns = 2 * 3600 * LS_NS_PER_S; /* ends what stays */
static const double baseline_s = 2.0 * 86400.0;           /* listened to before, without a row */
static const double mean_s = 4.0 * 3600.0;                /* of the null */
static const double least_s = 86400.0;                    /* that is reported */

enum { EVIDENCE = 64 }; /* rows kept: the first ones, then one an hour */

struct stay {
    bool searched; /* new after the baseline */
    bool over;     /* was silent: until_ns is where it ended */
    int64_t from_ns;
    int64_t until_ns;
    int64_t noted_ns; /* of the last row kept */
    int64_t heard_ns; /* when the last row of the channel stopped, whether it lasted or not */
    uint32_t rows;    /* that lasted */
    uint32_t evidence_count;
    int64_t evidence[EVIDENCE];
};

struct state {
    const struct ls_kind_input *input;
    struct ls_kind_input copy;
    struct ls_channels *channels;
    struct stay *stays;               /* [LS_CHANNELS_MAX] */
    int64_t since_ns[LS_SENSORS_MAX]; /* first row of each sensor; valid with known */
    bool known[LS_SENSORS_MAX];
    uint64_t gone; /* searches of channels that gave way, and of stays before the last */
};

static void destroy(void *state) {
    struct state *s = state;
    if (s != NULL) {
        ls_channels_destroy(s->channels);
        free(s->stays);
    }
    free(s);
}

static int create(void **ret, const struct ls_kind_input *input, struct ls_err *err) {
    struct state *s = calloc(1, sizeof *s);
    *ret = s;
    if (s != NULL) {
        s->copy = *input;
        s->input = &s->copy;
        s->stays = calloc(LS_CHANNELS_MAX, sizeof *s->stays);
    }
    if (s == NULL || s->stays == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for new emitters");
    }
    return ls_channels_create(&s->channels, err);
}

/* Seconds in which somebody listened at hz. */
static int listened_s(const struct state *s, const struct ls_channel *channel, int64_t from_ns,
                      int64_t until_ns, double *ret_s, struct ls_err *err) {
    struct ls_good_time good;
    *ret_s = 0.0;
    if (until_ns <= from_ns) {
        return LS_OK;
    }
    int code = ls_exposure_good_time(s->input->exposure, channel->sensor, channel->center_hz,
                                     from_ns, until_ns, &good, err);
    if (code == LS_OK) {
        *ret_s = ls_good_time_total(&good);
        ls_good_time_finish(&good);
    }
    return code;
}

static void note_row(struct stay *stay, const struct ls_transmission *row) {
    bool early = stay->evidence_count < EVIDENCE / 2;
    if (stay->evidence_count < EVIDENCE && (early || row->start_ns - stay->noted_ns >= hour_ns)) {
        stay->evidence[stay->evidence_count++] = row->id;
        stay->noted_ns = row->start_ns;
    }
}

/* silent_ns: since when the channel was silent. */
static int begin_stay(struct state *s, const struct ls_event *event, uint32_t slot, bool known,
                      int64_t silent_ns, struct ls_err *err) {
    struct stay *stay = &s->stays[slot];
    int64_t start_ns = event->row->start_ns;
    double before_s = 0.0;
    s->gone += stay->searched;
    *stay = (struct stay){.from_ns = start_ns, .until_ns = start_ns};
    /* What was on when listening began may have been on before; and what is close to something that
     * was there may be that, as a crystal drifts. */
    if (known || event->cut_start ||
        ls_channels_beside(s->channels, slot, start_ns - ls_ns_from_seconds(baseline_s))) {
        return LS_OK;
    }
    int code =
        listened_s(s, ls_channels_at(s->channels, slot), silent_ns, start_ns, &before_s, err);
    stay->searched = before_s >= baseline_s;
    return code;
}

/* A row of old, such as a false alarm of the detector, does not make a channel known for ever. */
static int begin_again(struct state *s, const struct ls_event *event, uint32_t slot,
                       struct ls_err *err) {
    struct stay *stay = &s->stays[slot];
    double silent_s = 0.0;
    bool stayed = stay->searched && (double)(stay->until_ns - stay->from_ns) / 1e9 >= least_s;
    if (stayed || (double)(event->row->start_ns - stay->heard_ns) / 1e9 < baseline_s) {
        return LS_OK;
    }
    int code = listened_s(s, ls_channels_at(s->channels, slot), stay->heard_ns,
                          event->row->start_ns, &silent_s, err);
    return code == LS_OK && silent_s >= baseline_s
               ? begin_stay(s, event, slot, false, stay->heard_ns, err)
               : code;
}

static int push(void *state, const struct ls_event *event, struct ls_err *err) {
    struct state *s = state;
    const struct ls_transmission *row = event->row;
    bool begins;
    bool known;
    if (!s->known[event->sensor]) {
        s->known[event->sensor] = true;
        s->since_ns[event->sensor] = row->start_ns;
    }
    uint32_t slot = ls_channels_push(s->channels, row, event->sensor, &begins, &known);
    struct stay *stay = &s->stays[slot];
    int64_t stop_ns = row->start_ns + row->duration_ns;
    int code = begins ? begin_stay(s, event, slot, known, s->since_ns[event->sensor], err)
                      : begin_again(s, event, slot, err);
    stay->heard_ns = begins || stop_ns > stay->heard_ns ? stop_ns : stay->heard_ns;
    if (code != LS_OK || !stay->searched || stay->over) {
        return code;
    }
    if (row->start_ns - stay->until_ns > silence_ns) {
        stay->over = true;
        return LS_OK;
    }
    stay->until_ns = stop_ns > stay->until_ns ? stop_ns : stay->until_ns;
    stay->rows++;
    note_row(stay, row);
    return LS_OK;
}

static void describe(const struct ls_channel *channel, const struct stay *stay, double stays_s,
                     struct ls_finding *finding) {
    char first[LS_TIME_TEXT_BYTES];
    double days = stays_s / 86400.0;
    ls_time_format(stay->from_ns, first);
    first[19] = 'Z';
    first[20] = '\0';
    ls_finding_word(finding, "first_seen", first);
    ls_finding_number(finding, "days", days, days, days + (double)silence_ns / 86400e9);
    ls_finding_number(finding, "transmissions_per_hour", stay->rows / (stays_s / 3600.0),
                      (double)NAN, (double)NAN);
    if (channel->class_name[0] != '\0') {
        ls_finding_word(finding, "class", channel->class_name);
    }
    ls_copy_text(finding->rivals[0], LS_RIVAL_BYTES,
                 "a new licensed user of the channel: ask for its date of installation");
    ls_copy_text(finding->rivals[1], LS_RIVAL_BYTES,
                 "a change of the receiver's own gain or antenna that made an old one audible");
    finding->rival_count = 2;
    snprintf(finding->words, sizeof finding->words,
             "near %.4f MHz there was nothing before %s, and then for %.1f days never a silence of "
             "two hours",
             channel->center_hz / 1e6, first, days);
    ls_copy_text(finding->limits, sizeof finding->limits, ls_new_emitter_kind.fooled);
}

static int report_one(const struct state *s, uint32_t slot, struct ls_report *report,
                      struct ls_err *err) {
    const struct ls_channel *channel = ls_channels_at(s->channels, slot);
    const struct stay *stay = &s->stays[slot];
    double stays_s;
    int code = listened_s(s, channel, stay->from_ns, stay->until_ns, &stays_s, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_finding finding = ls_report_blank(report);
    ls_copy_text(finding.sensor, sizeof finding.sensor,
                 ls_exposure_name(s->input->exposure, channel->sensor));
    finding.log10_p = -stays_s / mean_s / M_LN10;
    finding.trials = 1.0;
    finding.start_ns = stay->from_ns;
    finding.stop_ns = stay->until_ns;
    finding.low_hz = channel->low_hz - channel->bandwidth_hz / 2.0;
    finding.high_hz = channel->high_hz + channel->bandwidth_hz / 2.0;
    finding.reported = stays_s >= least_s;
    if (finding.reported) {
        /* Memoryless: the later half is a test of its own. */
        finding.confirm_log10_p = finding.log10_p / 2.0;
        describe(channel, stay, stays_s, &finding);
        finding.evidence = stay->evidence;
        finding.evidence_count = stay->evidence_count;
    }
    return ls_report_add(report, &finding, err);
}

static int report(const void *state, struct ls_report *out, struct ls_err *err) {
    const struct state *s = state;
    int code = LS_OK;
    ls_report_count(out, s->gone);
    for (uint32_t i = 0; code == LS_OK && i < LS_CHANNELS_MAX; i++) {
        if (s->stays[i].searched) {
            code = report_one(s, i, out, err);
        }
    }
    return code;
}

static int save(const void *state, struct ls_blob *blob, struct ls_err *err) {
    const struct state *s = state;
    int code = ls_channels_save(s->channels, blob, err);
    for (uint32_t i = 0; code == LS_OK && i < LS_CHANNELS_MAX; i++) {
        if (ls_channels_at(s->channels, i) != NULL) {
            code = ls_blob_put(blob, &s->stays[i], sizeof s->stays[i], err);
        }
    }
    code = code == LS_OK ? ls_blob_put(blob, s->since_ns, sizeof s->since_ns, err) : code;
    code = code == LS_OK ? ls_blob_put(blob, s->known, sizeof s->known, err) : code;
    return code == LS_OK ? ls_blob_put_count(blob, s->gone, err) : code;
}

static int load(void *state, struct ls_blob_reader *in, struct ls_err *err) {
    struct state *s = state;
    int code = ls_channels_load(s->channels, in, err);
    for (uint32_t i = 0; code == LS_OK && i < LS_CHANNELS_MAX; i++) {
        if (ls_channels_at(s->channels, i) != NULL) {
            code = ls_blob_get(in, &s->stays[i], sizeof s->stays[i], err);
        }
        if (code == LS_OK && s->stays[i].evidence_count > EVIDENCE) {
            code = ls_err_set(err, LS_ERR_FORMAT, "saved state of new emitters is damaged");
        }
    }
    code = code == LS_OK ? ls_blob_get(in, s->since_ns, sizeof s->since_ns, err) : code;
    code = code == LS_OK ? ls_blob_get(in, s->known, sizeof s->known, err) : code;
    return code == LS_OK ? ls_blob_get_count(in, UINT64_MAX, &s->gone, err) : code;
}

const struct ls_kind ls_new_emitter_kind = {
    .id = "new-emitter",
    .version = 2,
    .null = "what comes up at a frequency that was silent for two days of listening leaves again: "
            "the chance that it falls silent for two hours is constant, once in four hours on the "
            "average or more often",
    .test = "hours of listening from its first transmission to the first silence of two hours, "
            "against the exponential law; one search for each time that a channel comes up",
    .evidence = "a day of listening without a silence of two hours, after two days without a row "
                "at the frequency",
    .rivals = "a new licensed user; a change of the receiver",
    .fooled =
        "what was there before the baseline, or sends less often than every two hours, is "
        "not seen; nor is what comes up within 9 ppm, or a third of its bandwidth, of what was "
        "there; a move of an old emitter by more than that looks new",
    .create = create,
    .destroy = destroy,
    .push = push,
    .report = report,
    .save = save,
    .load = load,
};
