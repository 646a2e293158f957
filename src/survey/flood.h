/* survey/flood.h: events of one kind that come again and again, as of a receiver that loses samples
 * ten times a second for a week: the first ones are told one by one, later ones by their number.
 * The ledger has every one of them anyway. */
#ifndef SURVEY_FLOOD_H
#define SURVEY_FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/health.h"

enum { LS_FLOOD_SUBJECTS = 16 };

/* All-zero: nothing came yet. */
struct ls_flood {
    struct ls_flood_subject {
        char subject[sizeof((struct ls_health *)0)->subject];
        enum ls_health_level level;
        double credit; /* events that may be told now */
        int64_t steady_ns;
        uint64_t held; /* since the last one that was told */
    } subjects[LS_FLOOD_SUBJECTS];
    size_t count;
};

/* Is this one to be told? Of a subject 20 are told at once and then one in 10 s, and always one
 * whose level is another than that of the one before. The text of one that follows others that were
 * not told says how many. */
bool ls_flood_pass(struct ls_flood *flood, struct ls_health *row, int64_t steady_ns);

#endif
