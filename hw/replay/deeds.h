/* hw/replay/deeds.h: what the device did, a JSON object a line, so that a test or a person can
 * balance what a sensor made of it. Samples count from the first start of the stream. */
#ifndef HW_REPLAY_DEEDS_H
#define HW_REPLAY_DEEDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct ls_deeds;

/* path NULL: nothing is written. LS_ERR_IO and such. The caller destroys *ret. */
int ls_deeds_create(struct ls_deeds **ret, const char *path, struct ls_err *err);
void ls_deeds_destroy(struct ls_deeds *deeds);

/* Samples of the stream by what became of them; their sum is the position. */
struct ls_deeds_totals {
    uint64_t delivered_samples;
    uint64_t lost_samples; /* while the stream ran */
    uint64_t off_samples;  /* while it did not */
};

/* samples: how many it takes or lasts, UINT64_MAX for good. */
void ls_deeds_fault(struct ls_deeds *deeds, uint64_t pos, const char *fault, uint64_t samples,
                    double value);
void ls_deeds_tune(struct ls_deeds *deeds, uint64_t pos, double center_hz, bool heard);

/* event: "open", "start", "stop", "close". */
void ls_deeds_event(struct ls_deeds *deeds, const char *event, uint64_t pos,
                    const struct ls_deeds_totals *totals);

#endif
