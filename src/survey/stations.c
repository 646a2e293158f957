#include "survey/stations.h"

#include <math.h>
#include <stdlib.h>

#include "dsp/narrow.h"
#include "dsp/sync.h"

enum { LENGTH = 2048, STEP = LENGTH / 2 };

static const double look_s = 0.16;
static const double most_sps = 4e6;
static const double least_sps = 400e3;
static const double least_lte_sps = 1.6e6;
static const double gsm_raster_hz = 200e3;
static const double gsm_width_hz = 230e3;
static const double lte_raster_hz = 100e3;
static const double lte_width_hz = 1.1e6;
static const double same_hz = 500.0;  /* drift of a crystal that warms up */
static const double timing_ppm = 3.0; /* a sample or so in a quarter of a second */
/* A base station may be as far off, and so may a raster measured in noise that is not white. */
static const double least_error_ppm = 0.05;

struct look {
    const struct ls_sample_reader *reader;
    uint64_t pos;
    uint64_t total;
    const struct ls_tuning *tuning;
    struct ls_narrow *narrow;
    unsigned char *samples; /* native */
    size_t count;
    float complex *iq; /* [count] */
    float complex *thin;
    double weight;
    double sum;
    struct ls_stations cells;
};

/* Cuts out what is at hz from the tuned centre. Returns samples; *ret is how it was done. */
static size_t cut(const struct look *look, double hz, double width_hz, struct ls_narrow_band *ret) {
    size_t bytes = ls_format_bytes(look->tuning->format);
    size_t filled = 0;
    *ret = ls_narrow_plan(look->narrow, hz / look->tuning->rate_sps,
                          fmin(1.0, width_hz / look->tuning->rate_sps));
    for (size_t b = 0; b * STEP + LENGTH <= look->count; b++) {
        ls_narrow_block(look->narrow, look->samples + b * STEP * bytes, b);
        ls_narrow_cut(look->narrow, ret, look->iq + filled);
        filled += ret->bins / 2;
    }
    return ls_narrow_decimate(look->narrow, ret, look->iq, filled, look->thin);
}

/* What LTE broadcasts is a chirp, late or high, and its raster is narrow: in the middle of the
 * recording the carrier must be the same, and the time that has passed meanwhile says which
 * multiple of the raster fits. *ret_off_hz: from the channel that it belongs to. */
static int look_again(struct look *look, struct ls_sync *sync, double carrier_hz,
                      const struct ls_sync_value *first, double rate_sps, bool *ret_same,
                      double *ret_off_hz, struct ls_err *err) {
    struct ls_narrow_band band;
    struct ls_sync_value value;
    uint64_t later = look->total / 2;
    *ret_same = false;
    if (look->total < 2 * look->count) {
        return LS_OK;
    }
    int code = look->reader->read(look->reader->context, look->pos + later, look->count,
                                  look->samples, err);
    if (code != LS_OK) {
        return code;
    }
    size_t count = cut(look, carrier_hz - look->tuning->center_hz, lte_width_hz, &band);
    if (!ls_sync_find(sync, look->thin, count, &value) ||
        fabs(value.hz - first->hz) > 4.0 * hypot(value.error_hz, first->error_hz) + same_hz) {
        return LS_OK;
    }
    double half_frame = 5e-3 * rate_sps;
    double passed = (double)later / look->tuning->rate_sps * rate_sps;
    double drift = remainder(passed + value.at - first->at, half_frame) / passed;
    double timed_hz = -drift * carrier_hz;
    *ret_off_hz += rint((timed_hz - *ret_off_hz) / lte_raster_hz) * lte_raster_hz;
    *ret_same = fabs(timed_hz - *ret_off_hz) <= timing_ppm * 1e-6 * carrier_hz;
    return LS_OK;
}

static int look_at(struct look *look, double carrier_hz, bool lte, struct ls_err *err) {
    struct ls_narrow_band band;
    struct ls_sync *sync = NULL;
    struct ls_sync_value value = {.seen = 0};
    double width_hz = lte ? lte_width_hz : gsm_width_hz;
    size_t count = cut(look, carrier_hz - look->tuning->center_hz, width_hz, &band);
    struct ls_sync_opts opts = {.rate_sps = band.rate * look->tuning->rate_sps, .lte = lte};
    int code = ls_sync_create(&sync, &opts, err);
    if (code != LS_OK) {
        return code == LS_ERR_NOMEM ? code : LS_OK;
    }
    bool found = ls_sync_find(sync, look->thin, count, &value);
    double off_hz =
        look->tuning->center_hz + band.center * look->tuning->rate_sps + value.hz - carrier_hz;
    if (found && lte) {
        code = look_again(look, sync, carrier_hz, &value, opts.rate_sps, &found, &off_hz, err);
    }
    if (code == LS_OK && found) {
        double error_ppm = fmax(1e6 * value.error_hz / carrier_hz, least_error_ppm);
        double weight = 1.0 / (error_ppm * error_ppm);
        look->weight += weight;
        look->sum += weight * -1e6 * off_hz / carrier_hz;
        look->cells.count++;
    }
    ls_sync_destroy(sync);
    return code;
}

static int look_everywhere(struct look *look, struct ls_err *err) {
    double center_hz = look->tuning->center_hz;
    double reach_hz = 0.5 * (look->tuning->rate_sps - gsm_width_hz);
    long first = (long)ceil((center_hz - reach_hz) / gsm_raster_hz);
    long last = (long)floor((center_hz + reach_hz) / gsm_raster_hz);
    int code = LS_OK;
    for (long k = first; k <= last && code == LS_OK; k++) {
        code = look_at(look, (double)k * gsm_raster_hz, false, err);
    }
    double nearest_hz = round(center_hz / lte_raster_hz) * lte_raster_hz;
    if (code == LS_OK && look->cells.count == 0 && look->tuning->rate_sps >= least_lte_sps) {
        code = look_at(look, nearest_hz, true, err);
    }
    if (look->cells.count > 0) {
        look->cells.ppm = look->sum / look->weight;
        look->cells.error_ppm = fmax(1.0 / sqrt(look->weight), least_error_ppm);
    }
    return code;
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
    look.samples = malloc(look.count * ls_format_bytes(tuning->format));
    look.iq = calloc(look.count + LENGTH, sizeof *look.iq);
    look.thin = calloc(look.count + LENGTH, sizeof *look.thin);
    int code = LS_OK;
    if (look.samples == NULL || look.iq == NULL || look.thin == NULL) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory for cells");
    }
    if (code == LS_OK) {
        code = ls_narrow_create(
            &look.narrow, &(struct ls_narrow_opts){.length = LENGTH, .format = tuning->format},
            err);
    }
    if (code == LS_OK) {
        code = reader->read(reader->context, pos, look.count, look.samples, err);
    }
    if (code == LS_OK) {
        code = look_everywhere(&look, err);
    }
    if (code == LS_OK && look.cells.count > 0) {
        *ret = look.cells;
    }
    ls_narrow_destroy(look.narrow);
    free(look.samples);
    free(look.iq);
    free(look.thin);
    return code;
}
