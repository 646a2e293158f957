#include "model/waterfall.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ls_waterfall_finish(struct ls_waterfall *waterfall) {
    free(waterfall->mean_pow);
    free(waterfall->most_pow);
    free(waterfall->floor_pow);
    memset(waterfall, 0, sizeof *waterfall);
}

static double strength(const struct ls_waterfall_box *box) {
    return isnan(box->snr_db) ? -HUGE_VAL : box->snr_db;
}

static size_t weakest(const struct ls_waterfall *waterfall) {
    size_t found = 0;
    for (size_t i = 1; i < waterfall->box_count; i++) {
        if (strength(&waterfall->boxes[i]) < strength(&waterfall->boxes[found])) {
            found = i;
        }
    }
    return found;
}

static int by_start(const void *left, const void *right) {
    const struct ls_waterfall_box *a = left;
    const struct ls_waterfall_box *b = right;
    int order = (a->start_ns > b->start_ns) - (a->start_ns < b->start_ns);
    return order != 0 ? order : (a->low_hz > b->low_hz) - (a->low_hz < b->low_hz);
}

void ls_waterfall_add_box(struct ls_waterfall *waterfall, const struct ls_waterfall_box *box) {
    waterfall->box_total++;
    if (waterfall->box_count < LS_WATERFALL_BOXES_MAX) {
        waterfall->boxes[waterfall->box_count++] = *box;
    } else {
        size_t i = weakest(waterfall);
        if (strength(box) <= strength(&waterfall->boxes[i])) {
            return;
        }
        waterfall->boxes[i] = *box;
    }
    qsort(waterfall->boxes, waterfall->box_count, sizeof waterfall->boxes[0], by_start);
}
