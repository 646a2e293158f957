#include "dsp/weigh.h"

#include <assert.h>

#include "dsp/fit.h"

void ls_weigh_plan(struct ls_weigh *ret, const struct ls_needs *needs,
                   const struct ls_learnt *learnt, size_t slots, size_t channels) {
    ret->learnt = learnt;
    ret->slots = slots;
    ret->step = channels / LS_WEIGH_GRID > 0 ? channels / LS_WEIGH_GRID : 1;
    ret->needs[0] = 0.0F;
    for (size_t parts = 1; parts <= LS_WEIGH_PARTS; parts++) {
        ret->needs[parts] = ls_needs_excess(needs, slots, parts * ret->step);
    }
}

/* Doubt is 1 and more, so without it a band needs no more. */
float ls_weigh_band(const struct ls_weigh *weigh, size_t low, size_t high, float sum, float best) {
    float excess = sum / (float)(weigh->slots * (high - low));
    assert((high - low) / weigh->step <= LS_WEIGH_PARTS);
    float need = weigh->needs[(high - low) / weigh->step];
    if (!ls_fit_may_exceed(excess, need, best)) {
        return 0.0F;
    }
    need *= ls_learnt_doubt(weigh->learnt, weigh->slots, low, high);
    return ls_fit_may_exceed(excess, need, best) ? ls_fit_evidence(excess) / ls_fit_evidence(need)
                                                 : 0.0F;
}
