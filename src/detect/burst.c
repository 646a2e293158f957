#include "detect/burst.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/* Levels stay finite: floats overflow where samples of 1e15 follow exact zeros. */
static const double LEAST_POW = 1e-30;
static const double LARGEST_POW = 1e30;

/* A burst that is still on. */
struct track {
    double start_frame;
    double stop_frame;
    double channel_low; /* extent over all pieces */
    double channel_high;
    uint32_t last_low; /* extent in the last piece: what the next one is matched with */
    uint32_t last_high;
    double energy;       /* cells' power times frames */
    double floor_frames; /* noise power of a cell times frames */
    struct ls_spectrum spectrum;
    struct ls_features features;
    uint32_t flags;
    uint64_t owner;
    bool matched; /* found its continuation in the present piece */
    bool goes_on; /* which runs into the end of the piece */
};

/* Of a burst that longer windows follow. */
struct slow_owner {
    uint64_t id;
    uint64_t owner;
};

struct ls_bursts {
    struct slow_owner *slow;
    size_t slow_count;
    size_t slow_room;
    struct ls_burst_listener listener;
    struct ls_stretch stretch;
    struct track *tracks; /* still on at the end of the last piece */
    size_t count;
    size_t room;
};

int ls_bursts_create(struct ls_bursts **ret, const struct ls_burst_listener *listener,
                     struct ls_err *err) {
    struct ls_bursts *bursts = calloc(1, sizeof *bursts);
    if (bursts == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for bursts");
    }
    bursts->listener = *listener;
    *ret = bursts;
    return LS_OK;
}

void ls_bursts_destroy(struct ls_bursts *bursts) {
    if (bursts == NULL) {
        return;
    }
    for (size_t i = 0; i < bursts->count; i++) {
        ls_spectrum_finish(&bursts->tracks[i].spectrum);
    }
    free(bursts->tracks);
    free(bursts->slow);
    free(bursts);
}

void ls_bursts_begin(struct ls_bursts *bursts, const struct ls_stretch *stretch) {
    bursts->stretch = *stretch;
    bursts->slow_count = 0;
}

static double cell_floor(const struct track *track) {
    return track->floor_frames / fmax(1e-9, track->stop_frame - track->start_frame);
}

/* Occupied bandwidth from the fine spectrum; from the channels where there is none, or where it is
 * all noise. */
static void measure_frequency(const struct ls_bursts *bursts, const struct track *track,
                              struct ls_burst *ret) {
    const struct ls_stretch *s = &bursts->stretch;
    double low = ls_stretch_channel_hz(s, track->channel_low);
    double high = ls_stretch_channel_hz(s, track->channel_high);
    double noise = ls_stretch_noise_per_bin(s, cell_floor(track));
    if (ls_spectrum_stands_out(&track->spectrum, noise)) {
        struct ls_occupied occupied = ls_spectrum_occupied(&track->spectrum, noise);
        low = ls_stretch_bin_hz(s, occupied.low_bin);
        high = ls_stretch_bin_hz(s, occupied.high_bin);
    }
    double width = fmax(high - low, s->tuning.rate_sps / (double)s->fine_bins);
    ret->center_hz = ls_stretch_round(0.5 * (low + high), 10.0);
    ret->bandwidth_hz = ls_stretch_round(width, 10.0);
}

static struct ls_burst measure(const struct ls_bursts *bursts, const struct track *track) {
    const struct ls_stretch *s = &bursts->stretch;
    struct ls_burst burst = {.flags = track->flags, .features = track->features};
    burst.start_ns = ls_stretch_event_ns(s, track->start_frame);
    int64_t stop_ns = ls_stretch_event_ns(s, track->stop_frame);
    burst.duration_ns = stop_ns > burst.start_ns ? stop_ns - burst.start_ns : 1000;
    measure_frequency(bursts, track, &burst);
    double power = ls_stretch_signal_pow(s, track->energy /
                                                fmax(1e-9, track->stop_frame - track->start_frame));
    power = fmin(fmax(power, LEAST_POW), LARGEST_POW);
    double noise = ls_stretch_noise_per_hz(s, cell_floor(track)) * burst.bandwidth_hz;
    burst.level_dbfs = ls_stretch_round(10.0 * log10(power), 100.0);
    burst.snr_db = ls_stretch_round(10.0 * log10(power / fmax(noise, LEAST_POW)), 100.0);
    if (track->channel_low <= 1.0 || track->channel_high + 1.0 >= (double)s->channels) {
        burst.flags |= LS_BURST_BAND_EDGE;
    }
    return burst;
}

static int end_track(struct ls_bursts *bursts, struct track *track, struct ls_err *err) {
    struct ls_burst burst = measure(bursts, track);
    double noise = ls_stretch_noise_per_bin(&bursts->stretch, cell_floor(track));
    int code = bursts->listener.ends(bursts->listener.context, &burst, &track->spectrum, noise,
                                     track->owner, err);
    ls_spectrum_finish(&track->spectrum);
    return code;
}

/* Add what a piece holds of the burst. */
static int extend_track(struct ls_bursts *bursts, struct track *track, const struct ls_piece *piece,
                        size_t i, struct ls_err *err) {
    const struct ls_box *box = &piece->boxes[i];
    const struct ls_box_spectrum *spectrum = &piece->spectra[i];
    double frames = (double)box->stop_frame - (double)box->start_frame;
    double floor = box->floor_pow / (double)(box->channel_high - box->channel_low);
    track->stop_frame = (double)piece->first_frame + (double)box->stop_frame;
    track->channel_low = fmin(track->channel_low, box->channel_low);
    track->channel_high = fmax(track->channel_high, box->channel_high);
    track->last_low = box->channel_low;
    track->last_high = box->channel_high;
    track->energy += box->excess_pow * frames;
    track->floor_frames += floor * frames;
    track->flags |= piece->clipped ? LS_BURST_CLIPPED : 0;
    track->spectrum.clipped = track->spectrum.clipped || piece->clipped;
    track->matched = true;
    track->goes_on = box->to_stop;
    if (piece->features != NULL) {
        ls_features_add(&track->features, &piece->features[i]);
    }
    if (spectrum->count > 0 &&
        ls_spectrum_add(&track->spectrum, spectrum->first, spectrum->power, spectrum->count,
                        ls_stretch_seconds(&bursts->stretch, frames), spectrum->averages,
                        ls_stretch_noise_per_bin(&bursts->stretch, floor)) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the spectrum of a burst");
    }
    return LS_OK;
}

static void tell_part(const struct ls_bursts *bursts, const struct track *track,
                      const struct ls_piece *piece, size_t i) {
    const struct ls_stretch *s = &bursts->stretch;
    const struct ls_box *box = &piece->boxes[i];
    double first = (double)piece->first_frame + (double)box->start_frame;
    double frames = (double)box->stop_frame - (double)box->start_frame;
    double power = ls_stretch_signal_pow(s, (double)box->excess_pow);
    struct ls_burst_part part = {.t_ns = ls_stretch_event_ns(s, first + frames / 2.0),
                                 .seconds = ls_stretch_seconds(s, frames),
                                 .power = fmin(fmax(power, LEAST_POW), LARGEST_POW)};
    if (piece->carriers != NULL) {
        part.carrier = piece->carriers[i];
        part.carrier.sum_hz += s->tuning.center_hz * part.carrier.weight;
    }
    bursts->listener.part(bursts->listener.context, &part, track->owner);
}

static int begin_track(struct ls_bursts *bursts, const struct ls_piece *piece, size_t i,
                       struct track *ret, struct ls_err *err) {
    const struct ls_box *box = &piece->boxes[i];
    memset(ret, 0, sizeof *ret);
    ret->start_frame = (double)piece->first_frame + (double)box->start_frame;
    ret->channel_low = box->channel_low;
    ret->channel_high = box->channel_high;
    bool cut = piece->first_frame == 0 && box->from_start && box->start_frame <= 0.0F;
    ret->flags = cut ? LS_BURST_CUT_START : 0;
    int code = extend_track(bursts, ret, piece, i, err);
    if (code == LS_OK) {
        struct ls_burst now = measure(bursts, ret);
        code = bursts->listener.begins(bursts->listener.context, &now, &ret->owner, err);
    }
    if (code == LS_OK) {
        tell_part(bursts, ret, piece, i);
    } else {
        ls_spectrum_finish(&ret->spectrum);
    }
    return code;
}

/* The burst of the last piece that shares the most channels with the box: half of the narrower one
 * at least. */
static struct track *find_track(struct ls_bursts *bursts, const struct ls_box *box) {
    struct track *best = NULL;
    double best_shared = 0.0;
    for (size_t i = 0; i < bursts->count; i++) {
        struct track *track = &bursts->tracks[i];
        double from = fmax(track->last_low, box->channel_low);
        double to = fmin(track->last_high, box->channel_high);
        double narrow = fmin((double)(track->last_high - track->last_low),
                             (double)(box->channel_high - box->channel_low));
        if (!track->matched && to - from >= 0.5 * narrow && to - from > best_shared) {
            best = track;
            best_shared = to - from;
        }
    }
    return best;
}

/* Bursts that did not go on in this piece are over. */
static int end_finished(struct ls_bursts *bursts, struct ls_err *err) {
    int code = LS_OK;
    size_t kept = 0;
    for (size_t i = 0; i < bursts->count; i++) {
        if (!bursts->tracks[i].goes_on && code == LS_OK) {
            code = end_track(bursts, &bursts->tracks[i], err);
        } else {
            bursts->tracks[kept++] = bursts->tracks[i];
        }
    }
    bursts->count = kept;
    return code;
}

/* Boxes that continue a burst; taken[i] says which. */
static int continue_tracks(struct ls_bursts *bursts, const struct ls_piece *piece, bool *taken,
                           struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < piece->box_count && code == LS_OK; i++) {
        bool held = piece->held != NULL && piece->held[i];
        bool from_start = piece->boxes[i].from_start && !held;
        struct track *track = from_start ? find_track(bursts, &piece->boxes[i]) : NULL;
        taken[i] = held || track != NULL;
        if (track != NULL) {
            code = extend_track(bursts, track, piece, i, err);
            tell_part(bursts, track, piece, i);
        }
    }
    return code;
}

int ls_bursts_piece(struct ls_bursts *bursts, const struct ls_piece *piece, struct ls_err *err) {
    bool *taken = calloc(piece->box_count + 1, sizeof *taken);
    if (taken == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for bursts");
    }
    for (size_t i = 0; i < bursts->count; i++) {
        bursts->tracks[i].matched = false;
        bursts->tracks[i].goes_on = false;
    }
    int code = continue_tracks(bursts, piece, taken, err);
    if (code == LS_OK) {
        code = end_finished(bursts, err);
    }
    for (size_t i = 0; i < piece->box_count && code == LS_OK; i++) {
        if (taken[i]) {
            continue;
        }
        struct track track;
        code = begin_track(bursts, piece, i, &track, err);
        if (code == LS_OK && !piece->boxes[i].to_stop) {
            code = end_track(bursts, &track, err);
        } else if (code == LS_OK) {
            code = ls_grow((void **)&bursts->tracks, &bursts->room, bursts->count, sizeof track);
            if (code != LS_OK) {
                ls_spectrum_finish(&track.spectrum);
                ls_err_set(err, code, "out of memory for bursts");
            } else {
                bursts->tracks[bursts->count++] = track;
            }
        }
    }
    free(taken);
    return code;
}

void ls_bursts_each(const struct ls_bursts *bursts,
                    void (*each)(void *context, const struct ls_burst *now, double noise_per_bin,
                                 uint64_t owner),
                    void *context) {
    for (size_t i = 0; i < bursts->count; i++) {
        const struct track *track = &bursts->tracks[i];
        struct ls_burst now = measure(bursts, track);
        each(context, &now, ls_stretch_noise_per_bin(&bursts->stretch, cell_floor(track)),
             track->owner);
    }
}

int ls_bursts_end(struct ls_bursts *bursts, struct ls_err *err) {
    int code = LS_OK;
    for (size_t i = 0; i < bursts->count; i++) {
        bursts->tracks[i].flags |= LS_BURST_CUT_STOP;
        if (code == LS_OK) {
            code = end_track(bursts, &bursts->tracks[i], err);
        } else {
            ls_spectrum_finish(&bursts->tracks[i].spectrum);
        }
    }
    bursts->count = 0;
    return code;
}

static struct track slow_track(const struct ls_slow_burst *found) {
    double frames = found->stop_frame - found->start_frame;
    double width = found->channel_high - found->channel_low;
    uint32_t cut_start = found->start_frame <= 0.0 ? LS_BURST_CUT_START : 0;
    uint32_t cut_stop = found->to_stop ? LS_BURST_CUT_STOP : 0;
    return (struct track){.start_frame = found->start_frame,
                          .stop_frame = found->stop_frame,
                          .channel_low = found->channel_low,
                          .channel_high = found->channel_high,
                          .energy = found->excess_pow * frames,
                          .floor_frames = found->floor_pow * frames / width,
                          .flags = cut_start | cut_stop};
}

int ls_bursts_slow_begins(struct ls_bursts *bursts, const struct ls_slow_burst *found,
                          struct ls_err *err) {
    if (ls_grow((void **)&bursts->slow, &bursts->slow_room, bursts->slow_count,
                sizeof *bursts->slow) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for bursts");
    }
    struct track track = slow_track(found);
    struct ls_burst now = measure(bursts, &track);
    struct slow_owner *owner = &bursts->slow[bursts->slow_count];
    owner->id = found->id;
    int code = bursts->listener.begins(bursts->listener.context, &now, &owner->owner, err);
    bursts->slow_count += code == LS_OK;
    return code;
}

int ls_bursts_slow_ends(struct ls_bursts *bursts, const struct ls_slow_burst *found,
                        struct ls_err *err) {
    struct track track = slow_track(found);
    size_t i = 0;
    while (i < bursts->slow_count && bursts->slow[i].id != found->id) {
        i++;
    }
    assert(i < bursts->slow_count);
    track.owner = bursts->slow[i].owner;
    bursts->slow[i] = bursts->slow[--bursts->slow_count];
    return end_track(bursts, &track, err);
}
