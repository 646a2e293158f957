/* pattern/hours_test.h: does one channel keep the hours of the others, or does it go on through
 * their quiet ones? The exact test of no interaction: whether the odds of a transfer change from
 * busy to quiet hours for this channel as they do for the others, given how many there were in each
 * hour of the day (Zelen, "The analysis of several 2x2 contingency tables", Biometrika 58, 1971;
 * here the sum over all tables is a convolution). An hour of a day holds one transfer or none, so
 * that comparing numbers as if they were rare would be too kind. Channels of different rates among
 * the others make it so where most busy hours are full: its probabilities are then larger than they
 * should be. */
#ifndef PATTERN_HOURS_TEST_H
#define PATTERN_HOURS_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "pattern/chance.h"

enum { LS_HOURS = 24 };

/* Counts in each hour of the day, over days. */
struct ls_hours_table {
    uint32_t mine[LS_HOURS];        /* hours of this channel with a transfer, */
    uint32_t all[LS_HOURS];         /* and of all channels, each by itself */
    uint32_t mine_hours[LS_HOURS];  /* listened to: once for this channel, */
    uint32_t other_hours[LS_HOURS]; /* and once for each other */
    bool quiet[LS_HOURS];
};

/* Listened to hours[], with transfers of this channel in mine[] of them, and of other_channels
 * others in others[] in sum. quiet stays as it is. */
void ls_hours_table_fill(struct ls_hours_table *table, const uint32_t mine[LS_HOURS],
                         const uint32_t others[LS_HOURS], const uint32_t hours[LS_HOURS],
                         uint32_t other_channels);

/* *ret_p: the probability that so many or more of this channel's transfers are in quiet hours;
 * steps are filled in at random, so that it is uniform where there is nothing. LS_ERR_NOMEM. */
int ls_hours_test(const struct ls_hours_table *table, struct ls_chance *chance, double *ret_p,
                  struct ls_err *err);

#endif
