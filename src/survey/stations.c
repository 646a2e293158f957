/* Bands are cut out some at a time, so that each block of the recording is transformed once for all
 * of them; what is kept of it is a stretch of each band, whatever the rate of the recording. */
#include "survey/stations.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/narrow.h"
#include "dsp/sync.h"

enum {
    LENGTH = 2048,
    STEP = LENGTH / 2,
    CHUNK = 64,     /* blocks read at a time */
    TOGETHER = 16,  /* bands cut out in one pass */
    EVERY_MAX = 24, /* channels of GSM that are all looked at; of more, */
    STEADIEST = 8,  /* those that are strongest when they are weakest, */
    PROBES = 24,    /* in so many blocks */
    CHANNELS_MAX = 512,
};

static const double look_s = 0.16;
static const double most_sps = 80e6;
static const double least_sps = 400e3;
static const double least_lte_sps = 1.6e6;
static const double gsm_raster_hz = 200e3;
static const double gsm_width_hz = 230e3;
static const double lte_raster_hz = 100e3;
static const double lte_width_hz = 1.1e6;
static const double stands_out = 2.5; /* in power; correction bursts need more */
static const double same_hz = 500.0;  /* drift of a crystal that warms up */
static const double timing_ppm = 3.0; /* a sample or so in a quarter of a second */
/* A base station may be as far off, and so may a raster measured in noise that is not white. */
static const double least_error_ppm = 0.05;
/* The halves of a symbol lean on what is sent beside it: 0.2 ppm without any noise. */
static const double least_lte_error_ppm = 0.2;

struct band {
    double carrier_hz;
    struct ls_narrow_band plan;
    float complex *iq; /* [room] */
    size_t filled;
};

struct look {
    const struct ls_sample_reader *reader;
    uint64_t pos;
    uint64_t total;
    const struct ls_tuning *tuning;
    struct ls_narrow *narrow;
    unsigned char *samples; /* native, [CHUNK * STEP + STEP] */
    size_t count;           /* samples of a look */
    size_t room;
    struct band bands[TOGETHER];
    float complex *thin;  /* [room] */
    struct ls_sync *sync; /* the last one: bands of a kind have one rate */
    struct ls_sync_opts made_for;
    bool empty_middle; /* nothing stands out where LTE would be */
    double weight;
    double sum;
    struct ls_stations cells;
};

static struct ls_narrow_band plan(const struct look *look, double carrier_hz, double width_hz) {
    double rate_sps = look->tuning->rate_sps;
    return ls_narrow_plan(look->narrow, (carrier_hz - look->tuning->center_hz) / rate_sps,
                          fmin(1.0, width_hz / rate_sps));
}

/* Fills the first n bands from a sample on. */
static int cut(struct look *look, uint64_t from, size_t n, struct ls_err *err) {
    size_t bytes = ls_format_bytes(look->tuning->format);
    size_t blocks = look->count >= LENGTH ? (look->count - LENGTH) / STEP + 1 : 0;
    for (size_t k = 0; k < n; k++) {
        look->bands[k].filled = 0;
    }
    for (size_t b = 0; b < blocks; b++) {
        if (b % CHUNK == 0) {
            size_t left = blocks - b < CHUNK ? blocks - b : CHUNK;
            int code = look->reader->read(look->reader->context, from + b * STEP, (left + 1) * STEP,
                                          look->samples, err);
            if (code != LS_OK) {
                return code;
            }
        }
        ls_narrow_block(look->narrow, look->samples + b % CHUNK * STEP * bytes, b);
        for (size_t k = 0; k < n; k++) {
            struct band *band = &look->bands[k];
            ls_narrow_cut(look->narrow, &band->plan, band->iq + band->filled);
            band->filled += band->plan.bins / 2;
        }
    }
    return LS_OK;
}

/* What is in a band that has been cut out. LS_ERR_NOMEM alone is an error. */
static int find(struct look *look, const struct band *band, bool lte, struct ls_sync_value *ret,
                bool *ret_found, struct ls_err *err) {
    struct ls_sync_opts opts = {.rate_sps = band->plan.rate * look->tuning->rate_sps, .lte = lte};
    *ret_found = false;
    if (look->sync == NULL || opts.rate_sps != look->made_for.rate_sps ||
        opts.lte != look->made_for.lte) {
        ls_sync_destroy(look->sync);
        look->sync = NULL;
        look->made_for = opts;
        int code = ls_sync_create(&look->sync, &opts, err);
        if (code != LS_OK) {
            return code == LS_ERR_NOMEM ? code : LS_OK;
        }
    }
    size_t count =
        ls_narrow_decimate(look->narrow, &band->plan, band->iq, band->filled, look->thin);
    *ret_found = ls_sync_find(look->sync, look->thin, count, ret);
    return LS_OK;
}

/* How far what was found is from the carrier that it belongs to. */
static double off_by(const struct look *look, const struct band *band,
                     const struct ls_sync_value *value) {
    return look->tuning->center_hz + band->plan.center * look->tuning->rate_sps + value->hz -
           band->carrier_hz;
}

static void add_cell(struct look *look, double carrier_hz, double off_hz, double error_ppm) {
    double weight = 1.0 / (error_ppm * error_ppm);
    look->weight += weight;
    look->sum += weight * -1e6 * off_hz / carrier_hz;
    look->cells.count++;
}

/* --- GSM --- */

/* Power of each channel over blocks of the look: the least, as a broadcast carrier of GSM is never
 * off, and the sum. */
static int find_levels(struct look *look, const double *carriers_hz, size_t n, double *ret_least,
                       double *ret_sum, struct ls_err *err) {
    for (size_t p = 0; p < PROBES; p++) {
        uint64_t at = (look->count - LENGTH) / PROBES * p;
        int code =
            look->reader->read(look->reader->context, look->pos + at, LENGTH, look->samples, err);
        if (code != LS_OK) {
            return code;
        }
        ls_narrow_block(look->narrow, look->samples, 0);
        for (size_t k = 0; k < n; k++) {
            struct ls_narrow_band band = plan(look, carriers_hz[k], gsm_width_hz);
            double power = 0.0;
            ls_narrow_cut(look->narrow, &band, look->thin);
            for (size_t i = 0; i < band.bins / 2; i++) {
                float complex x = look->thin[i];
                power += (double)(crealf(x) * crealf(x) + cimagf(x) * cimagf(x));
            }
            ret_least[k] = p == 0 || power < ret_least[k] ? power : ret_least[k];
            ret_sum[k] = p == 0 ? power : ret_sum[k] + power;
        }
    }
    return LS_OK;
}

static int compare_levels(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What a tenth of the channels have less than. */
static double quiet_level(const double *levels, size_t n) {
    double sorted[CHANNELS_MAX];
    memcpy(sorted, levels, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_levels);
    return sorted[n / 10];
}

/* Leaves the STEADIEST of carriers, strongest first, and of them those that stand out of the tenth
 * of all channels that has least: what lies lower shows no cell, and noise has none. */
static int choose(struct look *look, double *carriers_hz, size_t *n, struct ls_err *err) {
    double levels[CHANNELS_MAX];
    double sums[CHANNELS_MAX];
    size_t chosen = 0;
    int code = find_levels(look, carriers_hz, *n, levels, sums, err);
    if (code != LS_OK) {
        return code;
    }
    double least = stands_out * quiet_level(levels, *n);
    double quiet = stands_out * quiet_level(sums, *n);
    look->empty_middle = sums[*n / 2 - 1] < quiet || sums[*n / 2 + 1] < quiet;
    for (; chosen < STEADIEST; chosen++) {
        size_t best = chosen;
        for (size_t k = chosen; k < *n; k++) {
            best = levels[k] > levels[best] ? k : best;
        }
        if (levels[best] < least) {
            break;
        }
        double hz = carriers_hz[best];
        carriers_hz[best] = carriers_hz[chosen];
        carriers_hz[chosen] = hz;
        levels[best] = levels[chosen];
    }
    *n = chosen;
    return LS_OK;
}

static size_t list_channels(const struct look *look, double *ret) {
    double center_hz = look->tuning->center_hz;
    double reach_hz = 0.5 * (look->tuning->rate_sps - gsm_width_hz);
    long first = (long)ceil((center_hz - reach_hz) / gsm_raster_hz);
    long last = (long)floor((center_hz + reach_hz) / gsm_raster_hz);
    size_t n = 0;
    for (long k = first; k <= last && n < CHANNELS_MAX; k++) {
        ret[n++] = (double)k * gsm_raster_hz;
    }
    return n;
}

static int look_for_gsm(struct look *look, struct ls_err *err) {
    double carriers_hz[CHANNELS_MAX];
    size_t n = list_channels(look, carriers_hz);
    int code = n > EVERY_MAX ? choose(look, carriers_hz, &n, err) : LS_OK;
    for (size_t done = 0; done < n && code == LS_OK; done += TOGETHER) {
        size_t some = n - done < TOGETHER ? n - done : TOGETHER;
        for (size_t k = 0; k < some; k++) {
            look->bands[k].carrier_hz = carriers_hz[done + k];
            look->bands[k].plan = plan(look, carriers_hz[done + k], gsm_width_hz);
        }
        code = cut(look, look->pos, some, err);
        for (size_t k = 0; k < some && code == LS_OK; k++) {
            struct ls_sync_value value;
            bool found;
            code = find(look, &look->bands[k], false, &value, &found, err);
            if (code == LS_OK && found) {
                double hz = look->bands[k].carrier_hz;
                add_cell(look, hz, off_by(look, &look->bands[k], &value),
                         fmax(1e6 * value.error_hz / hz, least_error_ppm));
            }
        }
    }
    return code;
}

/* --- LTE --- */

/* What LTE broadcasts is a chirp, late or high, and its raster is narrow: in the middle of the
 * recording the carrier must be the same, and the time that has passed meanwhile says which
 * multiple of the raster fits. *ret_off_hz: from the channel that it belongs to. */
static int look_again(struct look *look, const struct ls_sync_value *first, bool *ret_same,
                      double *ret_off_hz, struct ls_err *err) {
    struct ls_sync_value value;
    struct band *band = &look->bands[0];
    double rate_sps = band->plan.rate * look->tuning->rate_sps;
    uint64_t later = look->total / 2;
    bool found;
    *ret_same = false;
    if (look->total < 2 * look->count) {
        return LS_OK;
    }
    int code = cut(look, look->pos + later, 1, err);
    if (code == LS_OK) {
        code = find(look, band, true, &value, &found, err);
    }
    if (code != LS_OK || !found ||
        fabs(value.hz - first->hz) > 4.0 * hypot(value.error_hz, first->error_hz) + same_hz) {
        return code;
    }
    double half_frame = 5e-3 * rate_sps;
    double passed = (double)later / look->tuning->rate_sps * rate_sps;
    double drift = remainder(passed + value.at - first->at, half_frame) / passed;
    double timed_hz = -drift * band->carrier_hz;
    *ret_off_hz += rint((timed_hz - *ret_off_hz) / lte_raster_hz) * lte_raster_hz;
    *ret_same = fabs(timed_hz - *ret_off_hz) <= timing_ppm * 1e-6 * band->carrier_hz;
    return LS_OK;
}

static int look_for_lte(struct look *look, struct ls_err *err) {
    struct ls_sync_value value;
    struct band *band = &look->bands[0];
    bool found;
    band->carrier_hz = round(look->tuning->center_hz / lte_raster_hz) * lte_raster_hz;
    band->plan = plan(look, band->carrier_hz, lte_width_hz);
    int code = cut(look, look->pos, 1, err);
    if (code == LS_OK) {
        code = find(look, band, true, &value, &found, err);
    }
    if (code != LS_OK || !found) {
        return code;
    }
    double off_hz = off_by(look, band, &value);
    code = look_again(look, &value, &found, &off_hz, err);
    if (code == LS_OK && found) {
        double error_ppm = fmax(1e6 * value.error_hz / band->carrier_hz, least_lte_error_ppm);
        add_cell(look, band->carrier_hz, off_hz, error_ppm);
    }
    return code;
}

/* --- both --- */

static int look_everywhere(struct look *look, struct ls_err *err) {
    int code = look_for_gsm(look, err);
    bool lte = look->tuning->rate_sps >= least_lte_sps && !look->empty_middle;
    if (code == LS_OK && look->cells.count == 0 && lte) {
        code = look_for_lte(look, err);
    }
    if (look->cells.count > 0) {
        look->cells.ppm = look->sum / look->weight;
        look->cells.error_ppm = fmax(1.0 / sqrt(look->weight), least_error_ppm);
    }
    return code;
}

static int create(struct look *look, struct ls_err *err) {
    struct ls_narrow_opts opts = {.length = LENGTH, .format = look->tuning->format};
    int code = ls_narrow_create(&look->narrow, &opts, err);
    if (code != LS_OK) {
        return code;
    }
    size_t bins = plan(look, look->tuning->center_hz, lte_width_hz).bins;
    size_t gsm_bins = plan(look, look->tuning->center_hz, gsm_width_hz).bins;
    look->room = (look->count / STEP + 1) * (bins > gsm_bins ? bins : gsm_bins);
    look->samples = malloc((size_t)(CHUNK + 1) * STEP * ls_format_bytes(look->tuning->format));
    look->thin = calloc(look->room, sizeof *look->thin);
    bool ok = look->samples != NULL && look->thin != NULL;
    for (size_t k = 0; k < TOGETHER && ok; k++) {
        size_t room = k == 0 ? look->room : (look->count / STEP + 1) * gsm_bins;
        look->bands[k].iq = calloc(room, sizeof *look->bands[k].iq);
        ok = look->bands[k].iq != NULL;
    }
    return ok ? LS_OK : ls_err_set(err, LS_ERR_NOMEM, "out of memory for cells");
}

int ls_stations_find(const struct ls_sample_reader *reader, uint64_t pos, uint64_t samples,
                     const struct ls_tuning *tuning, struct ls_stations *ret, struct ls_err *err) {
    double wanted = look_s * tuning->rate_sps;
    if (tuning->rate_sps > most_sps || tuning->rate_sps < least_sps || tuning->center_hz < 1e8 ||
        (double)samples < wanted / 2.0) {
        return LS_OK;
    }
    struct look look = {.reader = reader,
                        .pos = pos,
                        .total = samples,
                        .tuning = tuning,
                        .count = (size_t)fmin(wanted, (double)samples)};
    int code = create(&look, err);
    if (code == LS_OK) {
        code = look_everywhere(&look, err);
    }
    if (code == LS_OK && look.cells.count > 0) {
        *ret = look.cells;
    }
    ls_narrow_destroy(look.narrow);
    ls_sync_destroy(look.sync);
    free(look.samples);
    free(look.thin);
    for (size_t k = 0; k < TOGETHER; k++) {
        free(look.bands[k].iq);
    }
    return code;
}
