/* pattern/words.h: parameters and rivals that the kinds of regular timing have in common. */
#ifndef PATTERN_WORDS_H
#define PATTERN_WORDS_H

#include "pattern/regular.h"

/* "clock-locked" or "wait-after-release". */
const char *ls_words_timing(const struct ls_fit *fit);

/* Parameter phase: seconds from midnight (UTC), of the day of the cycle below, to the first cycle
 * of that day, with what the spread of members and the error of the period leave open. */
void ls_words_phase(const struct ls_unit *unit, struct ls_finding *finding);

/* Parameter cycle_ns, of a clock alone: when a cycle in the middle of the evidence is. */
void ls_words_cycle(const struct ls_unit *unit, struct ls_finding *finding);

/* Parameter missed_fraction: of the cycles in which somebody listened; Clopper-Pearson interval. */
void ls_words_missed(const struct ls_unit *unit, struct ls_finding *finding);

/* "one every 47 s", or of a clock that is mostly not heard "at multiples of 47 s, 84 % of them
 * without one". */
enum { LS_RHYTHM_BYTES = 80 };
void ls_words_rhythm(const struct ls_unit *unit, char ret[LS_RHYTHM_BYTES]);

/* Rivals: the other timing, the best alias, other laws of the intervals. */
void ls_words_rivals(const struct ls_unit *unit, struct ls_finding *finding);

struct ls_mean {
    double mean;
    double low; /* 90 % interval of the mean */
    double high;
    double spread; /* standard deviation of one */
};

/* Durations of the members; gaps from the stop of a member to the start of the next, where that is
 * the next cycle. NAN when there is none. */
struct ls_mean ls_words_on(const struct ls_unit *unit);
struct ls_mean ls_words_off(const struct ls_unit *unit);

/* Appends one more rival; the last ones are left out when there is no room. */
void ls_words_rival(struct ls_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
