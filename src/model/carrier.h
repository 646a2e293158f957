/* model/carrier.h: where the carrier of a burst was measured to be, as sums over its parts: each
 * counts by the inverse of its variance. */
#ifndef MODEL_CARRIER_H
#define MODEL_CARRIER_H

struct ls_carrier { /* all-zero: not known */
    double weight;  /* sum of 1 / error^2, Hz^-2 */
    double sum_hz;  /* of frequency times weight, from the tuned centre, or from
                       0 Hz once it has left the samples */
};

static inline void ls_carrier_add(struct ls_carrier *into, const struct ls_carrier *from) {
    into->weight += from->weight;
    into->sum_hz += from->sum_hz;
}

#endif
