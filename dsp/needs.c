#include "dsp/needs.h"

#include <math.h>
#include <string.h>

static const double PLANNED_SHARE = 0.75; /* of the variance that limits are for: new limits */

enum {
    LENGTHS = LS_NEEDS_LONGEST + 1 - LS_NEEDS_SHORTEST, /* of windows, in an octave */
    SHORTER = LS_NEEDS_SHORTEST - LS_NEEDS_LEAST,
};

static const double LONGEST_S = 10.0; /* of a window */

/* Of the band: of wider windows too little is left beside them to be held against. */
static const float WIDEST_SHARE = 0.75F;

/* 1 to 6, then four in an octave; up to a widest one 1, 2, 3, 4, 6, 8, 12 and so on. */
static void list_widths(struct ls_needs *needs) {
    for (size_t w = 1; w <= needs->opts.widest && w <= needs->opts.channels;) {
        needs->widths[needs->width_count++] = w;
        w += w < 4 ? 1 : (w & (w - 1)) == 0 ? w / 2 : w / 3;
    }
    if (needs->opts.widest > 0) {
        return;
    }
    size_t most = (size_t)((double)WIDEST_SHARE * (double)needs->opts.channels);
    for (size_t w = 1; w <= most && needs->width_count < LS_NEEDS_WIDTHS_MAX;) {
        needs->widths[needs->width_count++] = w;
        w += w < 5 ? 1 : w / 4;
    }
}

size_t ls_needs_octaves(double slot_s) {
    size_t octaves = 1;
    while (octaves < LS_NEEDS_OCTAVES_MAX &&
           LS_NEEDS_LONGEST * ldexp(slot_s, (int)octaves - 1) < LONGEST_S) {
        octaves++;
    }
    return octaves;
}

void ls_needs_init(struct ls_needs *needs, const struct ls_needs_opts *opts) {
    memset(needs, 0, sizeof *needs);
    needs->opts = *opts;
    list_widths(needs);
}

float ls_needs_shown(const struct ls_needs *needs, size_t width) {
    return fmaxf(1.0F - WIDEST_SHARE, 1.0F - (float)width / (float)needs->opts.channels);
}

float ls_needs_excess(const struct ls_needs *needs, size_t slots, size_t width) {
    return ls_needs_shown(needs, width) * ls_limits_excess(&needs->limits, slots, width);
}

/* Windows start at every granule, which is a quarter of the shortest one, and at every channel; the
 * limits count two in a window's duration and in its bandwidth, and every channel by itself. */
static void count_tested(const struct ls_needs *needs, double (*ret)[LS_WIDTHS_MAX]) {
    double widths[LS_WIDTHS_MAX] = {0};
    for (size_t i = 0; i < needs->width_count; i++) {
        size_t b = 0;
        while (needs->widths[i] >> (b + 1) > 0) {
            b++;
        }
        widths[b] += ldexp(1.0, b > 0 ? (int)b - 1 : 0);
    }
    for (size_t b = 0; b < LS_WIDTHS_MAX; b++) {
        /* Limits of what is wider than any window serve those between it and the widest. */
        widths[b] = b > 0 && widths[b] == 0.0 ? widths[b - 1] : widths[b];
        for (size_t level = 0; level < LS_LEVELS_MAX; level++) {
            double lengths =
                level > 1 ? LENGTHS * LS_NEEDS_SHORTEST / 2.0 : SHORTER * needs->opts.shorter;
            ret[level][b] = lengths * widths[b];
        }
    }
}

static void plan_limits(struct ls_needs *needs, double variance) {
    const struct ls_needs_opts *o = &needs->opts;
    double tested[LS_LEVELS_MAX][LS_WIDTHS_MAX];
    size_t rows = (size_t)1 << (o->octaves + 2);
    size_t widths = 1;
    size_t widest = o->widest > 0 && o->widest < o->channels ? o->widest : o->channels;
    while (widths < LS_WIDTHS_MAX && ((size_t)1 << widths) <= widest) {
        widths++;
    }
    count_tested(needs, tested);
    struct ls_limits_opts opts = {.looks = o->looks,
                                  .looks_share = o->looks_share,
                                  .levels = o->octaves + 3,
                                  .first_level = 1,
                                  .widths = widths,
                                  .rows = rows,
                                  .channels = o->channels,
                                  .frames_per_row = 2 * o->slot_rows,
                                  .false_alarms =
                                      o->false_alarms_per_day * (double)rows * o->slot_s / 86400.0,
                                  .tested = (const double(*)[LS_WIDTHS_MAX])tested,
                                  .floor_error = sqrt(variance),
                                  .gain_channels = (double)o->channels};
    ls_limits_plan(&needs->limits, &opts);
}

double ls_needs_plan(struct ls_needs *needs, double variance) {
    if (variance <= needs->planned && variance > PLANNED_SHARE * needs->planned) {
        return needs->planned;
    }
    needs->planned = variance;
    plan_limits(needs, variance);
    for (size_t j = 0; j < needs->opts.octaves; j++) {
        for (size_t m = j == 0 ? LS_NEEDS_LEAST : LS_NEEDS_SHORTEST; m <= LS_NEEDS_LONGEST; m++) {
            for (size_t i = 0; i < needs->width_count; i++) {
                size_t slots = m << j;
                size_t width = needs->widths[i];
                needs->sums[j][m][i] =
                    (float)(slots * width) * ls_needs_excess(needs, slots, width);
            }
        }
    }
    return needs->planned;
}
