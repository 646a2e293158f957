#include "pattern/visits.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

static const int64_t silence_ns = 120 * LS_NS_PER_S;
static const int64_t longest_ns = 900 * LS_NS_PER_S;
static const int64_t joint_ns = LS_NS_PER_S / 2;

enum {
    RECENT = 64, /* rows that are remembered for what begins together */
    SPARE = 512  /* visits that are over and are used again: many end at once */
};

struct recent {
    uint64_t serial; /* of its channel; 0: none */
    uint32_t slot;
    uint32_t sensor;
    int64_t start_ns;
    bool joint;
};

/* What goes on in one channel. */
struct open {
    uint64_t thin; /* every so many rows are kept */
    bool endless;  /* too long already */
    struct ls_visit visit;
};

/* All of it but the rows. */
static const size_t head_size = offsetof(struct open, visit) + offsetof(struct ls_visit, row);

struct ls_visits {
    struct ls_visits_opts opts;
    struct ls_channels *channels;
    struct open *open[LS_CHANNELS_MAX]; /* NULL: silent */
    int64_t swept_ns;                   /* when silent ones were last looked for */
    struct recent recent[RECENT];       /* a ring */
    uint64_t seen;
    struct open *spare[SPARE];
    size_t spares;
};

int ls_visits_create(struct ls_visits **ret, const struct ls_visits_opts *opts,
                     struct ls_err *err) {
    struct ls_visits *visits = calloc(1, sizeof *visits);
    if (visits == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for visits");
    }
    visits->opts = *opts;
    visits->swept_ns = INT64_MIN;
    int code = ls_channels_create(&visits->channels, err);
    if (code != LS_OK) {
        ls_visits_destroy(visits);
        return code;
    }
    *ret = visits;
    return LS_OK;
}

void ls_visits_destroy(struct ls_visits *visits) {
    for (size_t i = 0; visits != NULL && i < LS_CHANNELS_MAX; i++) {
        free(visits->open[i]);
    }
    for (size_t i = 0; visits != NULL && i < visits->spares; i++) {
        free(visits->spare[i]);
    }
    if (visits != NULL) {
        ls_channels_destroy(visits->channels);
    }
    free(visits);
}

void ls_visit_copy(struct ls_visit *ret, const struct ls_visit *visit) {
    memcpy(ret, visit, offsetof(struct ls_visit, row) + visit->count * sizeof visit->row[0]);
    memset(&ret->row[visit->count], 0, (LS_VISIT_ROWS - visit->count) * sizeof visit->row[0]);
}

/* Rows of one that is used again stay as they are: nobody looks beyond the count. */
static struct open *make_open(struct ls_visits *visits) {
    if (visits->spares == 0) {
        return calloc(1, sizeof(struct open));
    }
    struct open *open = visits->spare[--visits->spares];
    memset(open, 0, head_size);
    return open;
}

static void put_by(struct ls_visits *visits, struct open *open) {
    if (visits->spares == SPARE) {
        free(open);
    } else {
        visits->spare[visits->spares++] = open;
    }
}

static int end(struct ls_visits *visits, uint32_t slot, struct ls_err *err) {
    struct open *open = visits->open[slot];
    visits->open[slot] = NULL;
    int code = open->endless ? LS_OK : visits->opts.ended(visits->opts.context, &open->visit, err);
    put_by(visits, open);
    return code;
}

/* Ends what has been silent, once in so much time: ends come in order of slot. */
static int sweep(struct ls_visits *visits, int64_t now_ns, struct ls_err *err) {
    int code = LS_OK;
    if (visits->swept_ns != INT64_MIN && now_ns - visits->swept_ns < silence_ns) {
        return LS_OK;
    }
    visits->swept_ns = now_ns;
    for (uint32_t i = 0; i < LS_CHANNELS_MAX && code == LS_OK; i++) {
        if (visits->open[i] != NULL && now_ns - visits->open[i]->visit.stop_ns > silence_ns) {
            code = end(visits, i, err);
        }
    }
    return code;
}

static void thin_out(struct open *open) {
    struct ls_visit *visit = &open->visit;
    for (uint32_t i = 0; i < LS_VISIT_ROWS / 2; i++) {
        visit->row[i] = visit->row[2 * i];
    }
    visit->count = LS_VISIT_ROWS / 2;
    open->thin *= 2;
}

static void add_row(struct open *open, const struct ls_visit_row *row) {
    struct ls_visit *visit = &open->visit;
    if (visit->rows++ % open->thin != 0) {
        return;
    }
    if (visit->count == LS_VISIT_ROWS) {
        thin_out(open);
    }
    /* Field by field over zeros: what lies behind them is saved too. */
    struct ls_visit_row *mine = &visit->row[visit->count++];
    memset(mine, 0, sizeof *mine);
    mine->t_ns = row->t_ns;
    mine->id = row->id;
    mine->level_db = row->level_db;
    mine->offset_hz = row->offset_hz;
    mine->exact = row->exact;
}

/* A long transmission counts by the points of its trail. */
static void add(struct open *open, const struct ls_transmission *row) {
    struct ls_visit *visit = &open->visit;
    int64_t stop_ns = row->start_ns + row->duration_ns;
    visit->stop_ns = stop_ns > visit->stop_ns ? stop_ns : visit->stop_ns;
    open->endless = open->endless || visit->stop_ns - visit->start_ns > longest_ns;
    double apart_hz = row->center_hz - visit->channel.center_hz;
    size_t known = 0;
    for (size_t i = 0; i < row->trail.count; i++) {
        known += isfinite(row->trail.points[i].offset_hz);
    }
    /* Where most points have a carrier, those in a fade that have none are left out. */
    bool carriers = 2 * known > row->trail.count;
    visit->transmissions++;
    for (size_t i = 0; i < row->trail.count; i++) {
        const struct ls_trail_point *p = &row->trail.points[i];
        bool exact = isfinite(p->offset_hz);
        if (carriers && !exact) {
            continue;
        }
        add_row(open, &(struct ls_visit_row){
                          .t_ns = row->start_ns + ls_ns_from_seconds((double)p->t_s),
                          .id = row->id,
                          .level_db = (double)p->level_dbfs,
                          .offset_hz = exact ? apart_hz + (double)p->offset_hz : apart_hz,
                          .exact = exact});
    }
    if (row->trail.count == 0) {
        bool exact = isfinite(row->offset_hz);
        add_row(open, &(struct ls_visit_row){.t_ns = row->start_ns + row->duration_ns / 2,
                                             .id = row->id,
                                             .level_db = isfinite(row->level_dbfs) ? row->level_dbfs
                                                                                   : row->snr_db,
                                             .offset_hz = exact ? row->offset_hz : apart_hz,
                                             .exact = exact});
    }
}

/* Counts a row, and those before it that began with it in other channels, as joint. */
static void count_joint(struct ls_visits *visits, const struct ls_event *event, uint32_t slot) {
    const struct ls_channel *mine = ls_channels_at(visits->channels, slot);
    struct recent row = {mine->serial, slot, event->sensor, event->row->start_ns, false};
    for (size_t i = 0; i < RECENT; i++) {
        struct recent *other = &visits->recent[i];
        if (other->serial == 0 || other->sensor != row.sensor || other->slot == slot ||
            row.start_ns - other->start_ns > joint_ns) {
            continue;
        }
        const struct ls_channel *channel = ls_channels_at(visits->channels, other->slot);
        if (channel == NULL || channel->serial != other->serial ||
            fabs(channel->center_hz - mine->center_hz) <=
                0.5 * (channel->bandwidth_hz + mine->bandwidth_hz)) {
            continue; /* pieces of one emission */
        }
        row.joint = true;
        if (!other->joint && visits->open[other->slot] != NULL) {
            visits->open[other->slot]->visit.joint++;
        }
        other->joint = true;
    }
    visits->open[slot]->visit.joint += row.joint;
    visits->recent[visits->seen++ % RECENT] = row;
}

int ls_visits_push(struct ls_visits *visits, const struct ls_event *event, struct ls_err *err) {
    const struct ls_transmission *row = event->row;
    bool begins;
    bool known;
    int code = sweep(visits, row->start_ns, err);
    if (code != LS_OK) {
        return code;
    }
    uint32_t slot = ls_channels_push(visits->channels, row, event->sensor, &begins, &known);
    struct open *open = visits->open[slot];
    if (open != NULL && (begins || row->start_ns - open->visit.stop_ns > silence_ns)) {
        code = end(visits, slot, err);
        open = NULL;
    }
    if (begins && visits->opts.gone != NULL) {
        visits->opts.gone(visits->opts.context, slot);
    }
    if (code == LS_OK && open == NULL) {
        open = make_open(visits);
        if (open == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for visits");
        }
        visits->open[slot] = open;
        open->thin = 1;
        open->visit.slot = slot;
        open->visit.channel = *ls_channels_at(visits->channels, slot);
        open->visit.start_ns = row->start_ns;
    }
    if (code == LS_OK) {
        add(open, row);
        count_joint(visits, event, slot);
    }
    return code;
}

int ls_visits_open(const struct ls_visits *visits, ls_visit_each *each, void *context,
                   struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < LS_CHANNELS_MAX && code == LS_OK; i++) {
        if (visits->open[i] != NULL && !visits->open[i]->endless) {
            code = each(context, &visits->open[i]->visit, err);
        }
    }
    return code;
}

/* --- the state as bytes --- */

int ls_visits_save(const struct ls_visits *visits, struct ls_blob *blob, struct ls_err *err) {
    uint64_t count = 0;
    for (size_t i = 0; i < LS_CHANNELS_MAX; i++) {
        count += visits->open[i] != NULL;
    }
    int code = ls_channels_save(visits->channels, blob, err);
    code = code == LS_OK ? ls_blob_put(blob, &visits->swept_ns, sizeof(int64_t), err) : code;
    code = code == LS_OK ? ls_blob_put(blob, visits->recent, sizeof visits->recent, err) : code;
    code = code == LS_OK ? ls_blob_put_count(blob, visits->seen, err) : code;
    code = code == LS_OK ? ls_blob_put_count(blob, count, err) : code;
    for (size_t i = 0; i < LS_CHANNELS_MAX && code == LS_OK; i++) {
        if (visits->open[i] != NULL) {
            const struct open *open = visits->open[i];
            size_t rows = open->visit.count * sizeof open->visit.row[0];
            code = ls_blob_put(blob, open, head_size, err);
            code = code == LS_OK ? ls_blob_put(blob, open->visit.row, rows, err) : code;
        }
    }
    return code;
}

static int load_open(struct ls_visits *visits, struct ls_blob_reader *in, struct ls_err *err) {
    struct open *open = calloc(1, sizeof *open);
    if (open == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for visits");
    }
    int code = ls_blob_get(in, open, head_size, err);
    const struct ls_visit *visit = &open->visit;
    if (code == LS_OK && (visit->slot >= LS_CHANNELS_MAX || visits->open[visit->slot] != NULL ||
                          visit->count > LS_VISIT_ROWS || open->thin == 0 ||
                          visit->channel.sensor >= LS_SENSORS_MAX)) {
        code = ls_err_set(err, LS_ERR_FORMAT, "saved visits of the pattern engine are damaged");
    }
    if (code == LS_OK) {
        code = ls_blob_get(in, open->visit.row, visit->count * sizeof visit->row[0], err);
    }
    if (code != LS_OK) {
        free(open);
        return code;
    }
    visits->open[visit->slot] = open;
    return LS_OK;
}

int ls_visits_load(struct ls_visits *visits, struct ls_blob_reader *in, struct ls_err *err) {
    uint64_t count = 0;
    int code = ls_channels_load(visits->channels, in, err);
    code = code == LS_OK ? ls_blob_get(in, &visits->swept_ns, sizeof(int64_t), err) : code;
    code = code == LS_OK ? ls_blob_get(in, visits->recent, sizeof visits->recent, err) : code;
    code = code == LS_OK ? ls_blob_get_count(in, UINT64_MAX, &visits->seen, err) : code;
    for (size_t i = 0; i < RECENT && code == LS_OK; i++) {
        if (visits->recent[i].slot >= LS_CHANNELS_MAX) {
            code = ls_err_set(err, LS_ERR_FORMAT, "saved visits of the pattern engine are damaged");
        }
    }
    code = code == LS_OK ? ls_blob_get_count(in, LS_CHANNELS_MAX, &count, err) : code;
    for (uint64_t i = 0; i < count && code == LS_OK; i++) {
        code = load_open(visits, in, err);
    }
    return code;
}
