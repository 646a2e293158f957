/* pattern/kit.h: channels that come and go together, now and then: the radios of one vehicle, or of
 * one bag on a train; and how surely chance does not do that. */
#ifndef PATTERN_KIT_H
#define PATTERN_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pattern/trips.h"

enum { LS_KIT_CANDIDATES = 256 };

struct ls_kit {
    const struct ls_trip_log *members[LS_KIT_CANDIDATES];
    size_t count;
};

/* Takes from all[from] on those that are linked, directly or by others, and marks them as used.
 * Linked: six in ten visits of the rarer one meet one of the other. */
void ls_kit_gather(struct ls_kit *ret, const struct ls_trip_log *const *all, size_t count,
                   bool *used, size_t from);

/* Passages: visits of members that meet, as one; ascending. ret: room for LS_TRIPS_KEPT of each
 * member. Returns how many. */
size_t ls_kit_passages(const struct ls_kit *kit, struct ls_crowd *ret);

/* Part of the log: passages that begin from the first moment on and before the second. */
struct ls_kit_span {
    int64_t from_ns;
    int64_t until_ns;
};

/* Level bell: whoever passes is loudest in the middle. Ranks of levels against ranks of nearness to
 * the middle of the passage (Spearman, "The proof and measurement of association between two
 * things", Am. J. Psychology 15, 1904), summed over all visits of three rows or more, against the
 * same levels in other orders. log10 of the probability; 0 when there is no such visit. */
int ls_kit_bell(const struct ls_kit *kit, struct ls_kit_span span, double *ret_log10,
                struct ls_err *err);

/* Together on the same trains: members that know nothing of each other come with any of the trains
 * alike, so the number of trains that two share is hypergeometric (Fisher, "The Logic of Inductive
 * Inference", J. R. Stat. Soc. 98, 1935). Each further member is drawn from the riders, which is
 * paid for. log10 of the probability; 0 for a single channel. crowds: of the member's sensor,
 * ascending. */
double ls_kit_together(const struct ls_kit *kit, struct ls_kit_span span,
                       const struct ls_crowd *crowds, size_t crowd_count, size_t riders);

/* How many came with three crowds or more. Others cannot share enough of them to count, and are no
 * trials (Tarone, "A Modified Bonferroni Method for Discrete Data", Biometrics 46, 1990). */
size_t ls_kit_riders(const struct ls_trip_log *const *all, size_t count,
                     const struct ls_crowd *crowds, size_t crowd_count);

/* log10 of the probability that the middle of so many passages, where whoever is on board is
 * closest, falls into a crowd when they come at any time of the span. */
double ls_kit_aboard(const struct ls_crowd *passages, size_t count, const struct ls_crowd *crowds,
                     size_t crowd_count, struct ls_kit_span span);

#endif
