/* pattern/parts.h: have several devices sent what looks like one regularity? Those of one model
 * keep nearly the same time: three cars that stood there one after the other are one interval that
 * drifts, two side by side are one that jitters. Its members are told apart by what is not its
 * timing: long silences, and levels that form groups, cut where the two sides are farthest apart
 * for their spread (Otsu, "A threshold selection method from gray-level histograms", IEEE Trans.
 * SMC 9, 1979). A part is all that was heard from the first to the last of its members, and as
 * loud: a box whose sides are events, so that the number of boxes that there are pays for it. */
#ifndef PATTERN_PARTS_H
#define PATTERN_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "pattern/regular.h"

enum { LS_PARTS_MAX = 6, LS_PARTS_NONE = 255 };

struct ls_parts {
    size_t count; /* 1: there is nothing to tell apart */
    unsigned char
        of[LS_WINDOW_EVENTS]; /* number of the part of each event; LS_PARTS_NONE: of none */
    bool by_silence[LS_PARTS_MAX];
    bool by_level[LS_PARTS_MAX];
};

/* member: [count], 1 for those of the regularity; count <= LS_WINDOW_EVENTS. Each part has
 * LS_TRIAL_EVENTS_MIN members or more. */
void ls_parts_split(const struct ls_heard *heard, size_t count, const unsigned char *member,
                    struct ls_parts *ret);

/* log10 of how many boxes there are among count events. */
double ls_parts_boxes_log10(const struct ls_parts *parts, size_t part, size_t count);

#endif
