/* detect/beat.h: the clock in a few start times: the longest run of starts that are whole numbers
 * of one period apart, each from the one before it. Starts of others in between, missed ones and
 * several at one tick are allowed. Decides which transmissions are of one radio; whether there is a
 * regularity worth telling of is for src/pattern, with its trials counted over all rows. */
#ifndef DETECT_BEAT_H
#define DETECT_BEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LS_BEAT_MAX = 32 };

struct ls_beat {
    double period_s;
    double jitter_s; /* of one interval, one standard deviation; at least 1 ms */
    uint32_t on;     /* which of the starts are on it: bit i for start i */
    size_t count;    /* of these */
    double coverage; /* ticks that were heard, of those between the first and the last one */
    double log10_p;  /* chance to find one as good in so many starts at random */
    bool whole;      /* period and starts are whole seconds */
};

/* starts: [n], ascending, n <= LS_BEAT_MAX. False: none with six starts, a coverage of 0.3 and a
 * chance below 1e-4. */
bool ls_beat_find(const int64_t *starts_ns, size_t n, struct ls_beat *ret);

/* The same for starts that are told in whole seconds, of something that sends when it likes, but on
 * the ticks of a clock of 5 to 128 s: every interval is a multiple of the period, which may never
 * occur by itself. between: ticks may fall between two seconds and be told in either. False: starts
 * between seconds, or fewer than eight on the clock, or a chance of 1e-4 or more. */
bool ls_beat_find_whole(const int64_t *starts_ns, size_t n, bool between, struct ls_beat *ret);

/* log10 of the chance that so many of these starts, each on the ticks with probability p, are. */
double ls_beat_log10_chance(size_t starts, size_t on, double p);

#endif
