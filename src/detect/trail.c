#include "detect/trail.h"

#include <math.h>
#include <string.h>

enum { POINTS_LEAST = 8 };

static const double first_bin_s = 0.25;

static void join(struct ls_trail_bin *into, const struct ls_trail_bin *from) {
    into->seconds += from->seconds;
    into->energy += from->energy;
    into->moment += from->moment;
    into->carrier_s += from->carrier_s;
    into->turns += from->turns;
}

static void widen(struct ls_trail_builder *trail) {
    for (size_t i = 0; i < LS_TRAIL_POINTS; i++) {
        struct ls_trail_bin bin = trail->bins[i];
        if (i % 2 == 0) {
            trail->bins[i / 2] = bin;
        } else {
            join(&trail->bins[i / 2], &bin);
        }
    }
    memset(&trail->bins[LS_TRAIL_POINTS / 2], 0, LS_TRAIL_POINTS / 2 * sizeof trail->bins[0]);
    trail->bin_s *= 2.0;
}

void ls_trail_add(struct ls_trail_builder *trail, const struct ls_burst_part *part) {
    if (trail->bin_s == 0.0) {
        trail->bin_s = first_bin_s;
        trail->origin_ns = part->t_ns;
    }
    double t_s = fmax((double)(part->t_ns - trail->origin_ns) / 1e9, 0.0);
    while (t_s >= trail->bin_s * LS_TRAIL_POINTS) {
        widen(trail);
    }
    struct ls_trail_bin bin = {.seconds = part->seconds,
                               .energy = part->power * part->seconds,
                               .moment = t_s * part->seconds};
    if (part->carrier.weight > 0.0) {
        bin.carrier_s = part->seconds;
        bin.turns = part->carrier.sum_hz / part->carrier.weight * part->seconds;
    }
    join(&trail->bins[(size_t)(t_s / trail->bin_s)], &bin);
}

void ls_trail_finish(const struct ls_trail_builder *trail, int64_t start_ns, double center_hz,
                     struct ls_trail *ret) {
    double first_s = (double)(trail->origin_ns - start_ns) / 1e9;
    ret->count = 0;
    for (size_t i = 0; i < LS_TRAIL_POINTS; i++) {
        const struct ls_trail_bin *bin = &trail->bins[i];
        if (bin->seconds <= 0.0 || bin->energy <= 0.0) {
            continue;
        }
        double offset_hz =
            bin->carrier_s > 0.0 ? bin->turns / bin->carrier_s - center_hz : (double)NAN;
        ret->points[ret->count++] =
            (struct ls_trail_point){.t_s = (float)(first_s + bin->moment / bin->seconds),
                                    .level_dbfs = (float)(10.0 * log10(bin->energy / bin->seconds)),
                                    .offset_hz = (float)offset_hz};
    }
    if (ret->count < POINTS_LEAST) {
        ret->count = 0;
    }
}
