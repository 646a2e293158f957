/* One search for each channel with lines in it: its longest uninterrupted line. What the receiver
 * itself cut, at the end of a dwell or a capture, and finds again is one line. */
#include "pattern/steady_line.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/channels.h"

static const double mean_s = 600.0;   /* of the null */
static const double least_s = 3600.0; /* that is reported */
static const double line_hz = 1e3;    /* wider is modulated */
static const double gap_s = 2.0;      /* a shorter one is a fade */

enum { EVIDENCE = 64 };

struct line {
    int64_t start_ns;
    int64_t stop_ns;
    double on_s;
    bool cut_stop;
    double first_hz;
    double last_hz;
    uint32_t evidence_count;
    int64_t evidence[EVIDENCE];
};

struct lines {
    uint64_t count; /* lines that were tried */
    struct line now;
    struct line best;
};

struct state {
    struct ls_kind_input input;
    struct ls_channels *channels;
    struct lines **lines; /* [LS_CHANNELS_MAX]; NULL: no line there */
    uint64_t gone;
};

static void destroy(void *state) {
    struct state *s = state;
    for (size_t i = 0; s != NULL && s->lines != NULL && i < LS_CHANNELS_MAX; i++) {
        free(s->lines[i]);
    }
    if (s != NULL) {
        free(s->lines);
        ls_channels_destroy(s->channels);
    }
    free(s);
}

static int create(void **ret, const struct ls_kind_input *input, struct ls_err *err) {
    struct state *s = calloc(1, sizeof *s);
    *ret = s;
    if (s != NULL) {
        s->input = *input;
        s->lines = calloc(LS_CHANNELS_MAX, sizeof *s->lines);
    }
    if (s == NULL || s->lines == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for steady lines");
    }
    return ls_channels_create(&s->channels, err);
}

static bool is_line(const struct ls_transmission *row) {
    return strcmp(row->class_name, "carrier") == 0 ||
           ((row->class_name[0] == '\0' || strcmp(row->class_name, "unknown") == 0) &&
            row->bandwidth_hz <= line_hz);
}

static bool goes_on(const struct line *line, const struct ls_event *event) {
    double gap = (double)(event->row->start_ns - line->stop_ns) / 1e9;
    return line->on_s > 0.0 && (gap <= gap_s || (line->cut_stop && event->cut_start));
}

static int take(struct state *s, const struct ls_event *event, uint32_t slot, struct ls_err *err) {
    const struct ls_transmission *row = event->row;
    if (s->lines[slot] == NULL) {
        s->lines[slot] = calloc(1, sizeof *s->lines[slot]);
    }
    struct lines *lines = s->lines[slot];
    if (lines == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for steady lines");
    }
    struct line *now = &lines->now;
    if (!goes_on(now, event)) {
        *now = (struct line){.start_ns = row->start_ns, .first_hz = row->center_hz};
        lines->count++;
    }
    now->on_s += (double)row->duration_ns / 1e9;
    now->stop_ns = row->start_ns + row->duration_ns;
    now->cut_stop = event->cut_stop;
    now->last_hz = row->center_hz;
    if (now->evidence_count < EVIDENCE) {
        now->evidence[now->evidence_count++] = row->id;
    }
    if (now->on_s > lines->best.on_s) {
        lines->best = *now;
    }
    return LS_OK;
}

static int push(void *state, const struct ls_event *event, struct ls_err *err) {
    struct state *s = state;
    bool begins;
    bool known;
    if (!is_line(event->row)) {
        return LS_OK;
    }
    uint32_t slot = ls_channels_push(s->channels, event->row, event->sensor, &begins, &known);
    if (begins && s->lines[slot] != NULL) {
        s->gone++;
        free(s->lines[slot]);
        s->lines[slot] = NULL;
    }
    return take(s, event, slot, err);
}

static void describe(const struct line *line, struct ls_finding *finding) {
    double hours = (double)(line->stop_ns - line->start_ns) / 3600e9;
    double drift = (line->last_hz - line->first_hz) / hours;
    ls_finding_number(finding, "hours", line->on_s / 3600.0, (double)NAN, (double)NAN);
    if (line->evidence_count > 1) {
        ls_finding_number(finding, "drift_hz_per_hour", drift, (double)NAN, (double)NAN);
    } else {
        ls_finding_word(finding, "drift_hz_per_hour", "not estimable");
    }
    ls_copy_text(finding->rivals[0], LS_RIVAL_BYTES,
                 "a spur of the receiver itself: is it there with the antenna taken off?");
    finding->rival_count = 1;
    snprintf(finding->words, sizeof finding->words,
             "an unmodulated line at %.6f MHz stood for %.1f h without a break",
             line->last_hz / 1e6, line->on_s / 3600.0);
    ls_copy_text(finding->limits, sizeof finding->limits, ls_steady_line_kind.fooled);
}

static int report_one(const struct state *s, uint32_t slot, struct ls_report *report,
                      struct ls_err *err) {
    const struct ls_channel *channel = ls_channels_at(s->channels, slot);
    const struct lines *lines = s->lines[slot];
    struct ls_finding finding = ls_report_blank(report);
    ls_copy_text(finding.sensor, sizeof finding.sensor,
                 ls_exposure_name(s->input.exposure, channel->sensor));
    finding.trials = (double)lines->count;
    finding.log10_p =
        ls_report_log10_any(-lines->best.on_s / mean_s / M_LN10, (double)lines->count);
    finding.start_ns = lines->best.start_ns;
    finding.stop_ns = lines->best.stop_ns;
    finding.low_hz = channel->low_hz - channel->bandwidth_hz / 2.0;
    finding.high_hz = channel->high_hz + channel->bandwidth_hz / 2.0;
    finding.reported = lines->best.on_s >= least_s;
    if (finding.reported) {
        describe(&lines->best, &finding);
        finding.evidence = lines->best.evidence;
        finding.evidence_count = lines->best.evidence_count;
    }
    return ls_report_add(report, &finding, err);
}

static int report(const void *state, struct ls_report *out, struct ls_err *err) {
    const struct state *s = state;
    int code = LS_OK;
    ls_report_count(out, s->gone);
    for (uint32_t i = 0; code == LS_OK && i < LS_CHANNELS_MAX; i++) {
        if (s->lines[i] != NULL) {
            code = report_one(s, i, out, err);
        }
    }
    return code;
}

static int save(const void *state, struct ls_blob *blob, struct ls_err *err) {
    const struct state *s = state;
    int code = ls_channels_save(s->channels, blob, err);
    code = code == LS_OK ? ls_blob_put_count(blob, s->gone, err) : code;
    for (uint32_t i = 0; code == LS_OK && i < LS_CHANNELS_MAX; i++) {
        if (s->lines[i] != NULL) {
            code = ls_blob_put(blob, s->lines[i], sizeof *s->lines[i], err);
        }
    }
    return code;
}

/* A channel of this kind always has lines. */
static int load(void *state, struct ls_blob_reader *in, struct ls_err *err) {
    struct state *s = state;
    int code = ls_channels_load(s->channels, in, err);
    code = code == LS_OK ? ls_blob_get_count(in, UINT64_MAX, &s->gone, err) : code;
    for (uint32_t i = 0; code == LS_OK && i < LS_CHANNELS_MAX; i++) {
        if (ls_channels_at(s->channels, i) == NULL) {
            continue;
        }
        s->lines[i] = calloc(1, sizeof *s->lines[i]);
        if (s->lines[i] == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for steady lines");
        }
        code = ls_blob_get(in, s->lines[i], sizeof *s->lines[i], err);
        if (code == LS_OK &&
            (s->lines[i]->count == 0 || s->lines[i]->now.evidence_count > EVIDENCE ||
             s->lines[i]->best.evidence_count > EVIDENCE)) {
            code = ls_err_set(err, LS_ERR_FORMAT, "saved state of steady lines is damaged");
        }
    }
    return code;
}

const struct ls_kind ls_steady_line_kind = {
    .id = "steady-line",
    .version = 1,
    .null =
        "an unmodulated emission ends at a constant rate, once in ten minutes on the average or "
        "more often",
    .test = "the longest line of each channel, against the exponential law of as many lines as the "
            "channel had; what the receiver cut and found again is one line",
    .evidence = "a line that stands for an hour of listening",
    .rivals = "a spur of the receiver itself",
    .fooled =
        "oscillators of receivers leak, but are heard within metres to tens of metres only, "
        "and so is every switching supply: a line is no sign of a receiver, and no line is no "
        "sign of none",
    .create = create,
    .destroy = destroy,
    .push = push,
    .report = report,
    .save = save,
    .load = load,
};
