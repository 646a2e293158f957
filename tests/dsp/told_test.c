#include "dsp/told.h"

#include <criterion/criterion.h>

enum { PIECE = 100 }; /* rows */

static struct ls_box box(uint32_t row_start, uint32_t row_stop, uint32_t low, uint32_t high) {
    return (struct ls_box){.row_start = row_start,
                           .row_stop = row_stop,
                           .channel_low = low,
                           .channel_high = high,
                           .start_frame = 2.0F * (float)row_start,
                           .stop_frame = 2.0F * (float)row_stop,
                           .excess_pow = 0.5 * (double)(high - low),
                           .floor_pow = (double)(high - low),
                           .from_start = row_start == 0,
                           .to_stop = row_stop == PIECE};
}

Test(told, explains_what_the_window_has_in_common_with_one_box) {
    struct ls_told *told = ls_told_create();
    cr_assert_not_null(told);
    struct ls_box first = box(10, 30, 8, 12);
    struct ls_box second = box(40, 50, 8, 12);
    ls_told_add(told, PIECE, PIECE, &first);
    ls_told_add(told, PIECE, PIECE, &second);
    struct ls_told_window window = {
        .row_start = 120, .row_stop = 200, .channel_low = 10, .channel_high = 20};
    cr_expect_float_eq(ls_told_explains(told, &window), 0.5 * 10 * 2, 1e-9);
    window.row_stop = 121;
    cr_expect_float_eq(ls_told_explains(told, &window), 0.5 * 1 * 2, 1e-9);
    window.channel_low = 12;
    cr_expect_float_eq(ls_told_explains(told, &window), 0.0, 1e-9);
    ls_told_begin(told);
    window.channel_low = 0;
    cr_expect_float_eq(ls_told_explains(told, &window), 0.0, 1e-9, "of another stretch");
    ls_told_destroy(told);
}

/* What runs into the end of a piece goes on in the next one, in channels that it shares. */
Test(told, a_box_over_a_seam_is_one) {
    struct ls_told *told = ls_told_create();
    cr_assert_not_null(told);
    struct ls_box before = box(60, PIECE, 8, 12);
    struct ls_box after = box(0, 40, 10, 14);
    struct ls_box elsewhere = box(0, 40, 40, 44);
    ls_told_add(told, 0, PIECE, &before);
    ls_told_add(told, PIECE, PIECE, &after);
    ls_told_add(told, PIECE, PIECE, &elsewhere);
    const struct ls_told_window window = {
        .row_start = 0, .row_stop = 300, .channel_low = 0, .channel_high = 30};
    cr_expect_float_eq(ls_told_explains(told, &window), 0.5 * (40 + 40) * 4, 1e-9);
    ls_told_destroy(told);
}

Test(told, what_another_search_follows_counts_as_it_was_told_of_last) {
    struct ls_told *told = ls_told_create();
    cr_assert_not_null(told);
    struct ls_told_window extent = {
        .row_start = 10, .row_stop = 20, .channel_low = 8, .channel_high = 12};
    ls_told_follow(told, 7, &extent, 10.0);
    extent.row_stop = 30;
    ls_told_follow(told, 7, &extent, 20.0);
    const struct ls_told_window window = {
        .row_start = 0, .row_stop = 20, .channel_low = 0, .channel_high = 10};
    cr_expect_float_eq(ls_told_explains(told, &window), 20.0 * 0.5 * 0.5, 1e-9);
    ls_told_destroy(told);
}

/* Two bursts in one channel: a window on a quarter of it may hold both, whole. */
Test(told, boxes_may_have_their_power_anywhere_in_their_channels) {
    struct ls_told *told = ls_told_create();
    cr_assert_not_null(told);
    struct ls_box first = box(10, 20, 8, 12);
    struct ls_box second = box(40, 60, 8, 12);
    ls_told_add(told, 0, PIECE, &first);
    ls_told_add(told, 0, PIECE, &second);
    struct ls_told_window window = {
        .row_start = 0, .row_stop = 50, .channel_low = 9, .channel_high = 10, .anywhere = true};
    cr_expect_float_eq(ls_told_explains(told, &window), 0.5 * 4 * (10 + 10), 1e-9);
    window.channel_low = 12;
    window.channel_high = 14;
    cr_expect_float_eq(ls_told_explains(told, &window), 0.0, 1e-9);
    ls_told_destroy(told);
}

/* What lasts longer than the part of it that stood out first is something of its own, but not what
 * has all its power in that part. */
Test(told, a_part_does_not_hold_what_is_longer) {
    struct ls_told *told = ls_told_create();
    cr_assert_not_null(told);
    struct ls_box part = box(10, 20, 8, 12); /* 20 in all, for which 3.8 nepers speak */
    ls_told_add(told, 0, PIECE, &part);
    struct ls_told_window window = {
        .row_start = 5, .row_stop = 45, .channel_low = 9, .channel_high = 10, .anywhere = true};
    cr_expect_not(ls_told_holds(told, &window, 30.0), "7.6 nepers in 40 rows");
    cr_expect(ls_told_holds(told, &window, 16.0), "2.5 nepers in 40 rows");
    window.row_start = 8;
    window.row_stop = 20;
    cr_expect(ls_told_holds(told, &window, 24.0), "hardly longer than the part");
    cr_expect_not(ls_told_holds(told, &window, 50.0), "most is left");
    ls_told_destroy(told);
}
