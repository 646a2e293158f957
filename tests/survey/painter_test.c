/* The picture of a recording: where power goes, and what is left of it when rows become one. */
#include "survey/painter.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/time.h"

enum { CHANNELS = 16, FRAMES = 64, SLOT_FRAMES = FRAMES / LS_SLOTS };

static const double rate_sps = 160e3; /* 10 kHz a channel; 8 samples, 50 us, a frame */

static struct ls_capture capture = {
    .samples = 1, .t_ns = 0, .tuning = {.center_hz = 868e6, .rate_sps = rate_sps}};

static struct ls_painter *create(size_t count, const struct ls_capture *captures) {
    struct ls_source_info info = {.captures = captures, .capture_count = count};
    struct ls_painter *painter;
    cr_assert_eq(ls_painter_create(&painter, &info, 10e3, NULL), LS_OK);
    return painter;
}

/* Piece [k] of a stretch: noise of 1 a frame, and a burst of 101 in one slot, one channel above the
 * tuned centre. */
static void paint(struct ls_painter *painter, const struct ls_capture *at, uint64_t piece,
                  size_t loud_slot) {
    static float sums[LS_SLOTS * CHANNELS];
    static float most[LS_SLOTS * CHANNELS];
    static float noise[CHANNELS];
    struct ls_stretch stretch = {.t_ns = at->t_ns, .tuning = at->tuning, .channels = CHANNELS};
    struct ls_cut cut = {.channels = CHANNELS, .piece_frames = FRAMES};
    for (size_t i = 0; i < LS_SLOTS * CHANNELS; i++) {
        bool loud = i == loud_slot * CHANNELS + 1; /* FFT order: channel 1 is above the centre */
        sums[i] = 2.0F * SLOT_FRAMES / 2.0F + (loud ? 200.0F : 0.0F);
        most[i] = loud ? 202.0F : 2.0F;
    }
    for (size_t i = 0; i < CHANNELS; i++) {
        noise[i] = 0.5F;
    }
    struct ls_job job = {.first_frame = piece * FRAMES,
                         .frames = FRAMES,
                         .floor_pow = noise,
                         .hold_sums = sums,
                         .hold_most = most};
    ls_painter_piece(painter, &stretch, &cut, &job);
}

Test(painter, a_burst_is_where_it_was) {
    struct ls_painter *painter = create(1, &capture);
    struct ls_waterfall w = {.rows = 0};
    paint(painter, &capture, 0, 5);
    cr_assert_eq(ls_painter_take(painter, &w, NULL), LS_OK);
    cr_assert_eq(w.rows, LS_SLOTS);
    cr_assert_eq(w.columns, CHANNELS);
    cr_assert_eq(w.row_ns, SLOT_FRAMES * 50000);
    cr_assert_float_eq(w.low_hz, 868e6 - 85e3, 1e-3);
    for (size_t i = 0; i < w.rows * w.columns; i++) {
        bool loud = i == 5 * CHANNELS + CHANNELS / 2 + 1;
        cr_assert_float_eq(w.most_pow[i], loud ? 101.0F : 1.0F, 1e-4F);
        cr_assert_float_eq(w.mean_pow[i], loud ? 51.0F : 1.0F, 1e-4F);
    }
    cr_assert_float_eq(w.floor_pow[3], 0.5F, 1e-6F);
    ls_waterfall_finish(&w);
    ls_painter_destroy(painter);
}

/* 300 pieces are 4800 slots: rows are halved four times, and each keeps the highest and the mean.
 */
Test(painter, a_long_recording_takes_no_more_rows_and_loses_no_burst) {
    struct ls_painter *painter = create(1, &capture);
    struct ls_waterfall w = {.rows = 0};
    size_t loud = 0;
    double mean = 0.0;
    for (uint64_t piece = 0; piece < 300; piece++) {
        paint(painter, &capture, piece, piece % 50 == 7 ? 3 : LS_SLOTS);
    }
    cr_assert_eq(ls_painter_take(painter, &w, NULL), LS_OK);
    cr_assert_eq(w.row_ns, 16 * SLOT_FRAMES * 50000);
    cr_assert_eq(w.rows, 300);
    for (size_t row = 0; row < w.rows; row++) {
        size_t i = row * CHANNELS + CHANNELS / 2 + 1;
        bool here = row % 50 == 7;
        loud += w.most_pow[i] > 100.0F;
        mean += (double)w.mean_pow[i] / 300.0;
        cr_assert_float_eq(w.most_pow[i], here ? 101.0F : 1.0F, 1e-4F);
    }
    cr_assert_eq(loud, 6);
    /* 6 bursts of 200 in 300 * 16 * 2 rows of two frames */
    cr_assert_float_eq(mean, 1.0 + 6.0 * 100.0 / (300.0 * LS_SLOTS * SLOT_FRAMES / 2.0), 1e-6);
    ls_waterfall_finish(&w);
    ls_painter_destroy(painter);
}

Test(painter, what_no_dwell_heard_is_empty) {
    struct ls_capture captures[2] = {capture, capture};
    captures[1].tuning.center_hz += rate_sps;
    captures[1].t_ns = LS_SLOTS * SLOT_FRAMES * 50000;
    struct ls_painter *painter = create(2, captures);
    struct ls_waterfall w = {.rows = 0};
    paint(painter, &captures[0], 0, LS_SLOTS);
    paint(painter, &captures[1], 0, LS_SLOTS);
    cr_assert_eq(ls_painter_take(painter, &w, NULL), LS_OK);
    cr_assert_eq(w.columns, 2 * CHANNELS);
    cr_assert_eq(w.rows, 2 * LS_SLOTS);
    for (size_t row = 0; row < w.rows; row++) {
        for (size_t column = 0; column < w.columns; column++) {
            bool heard = (row < LS_SLOTS) == (column < CHANNELS);
            cr_assert_eq(isnan(w.mean_pow[row * w.columns + column]), !heard);
        }
    }
    ls_waterfall_finish(&w);
    ls_painter_destroy(painter);
}

Test(painter, nothing_searched_is_nothing_to_draw) {
    struct ls_painter *painter = create(1, &capture);
    struct ls_waterfall w = {.rows = 0};
    cr_assert_eq(ls_painter_take(painter, &w, NULL), LS_ERR_NOTFOUND);
    ls_painter_destroy(painter);
}

Test(painter, the_strongest_boxes_are_kept) {
    struct ls_waterfall w = {.rows = 0};
    for (int i = 0; i < 1000; i++) {
        int k = i * 7 % 1000; /* SNR 0 to 999 in a mixed order */
        ls_waterfall_add_box(&w, &(struct ls_waterfall_box){.start_ns = i, .snr_db = k});
    }
    cr_assert_eq(w.box_count, LS_WATERFALL_BOXES_MAX);
    cr_assert_eq(w.box_total, 1000);
    for (size_t i = 0; i < w.box_count; i++) {
        cr_assert_geq(w.boxes[i].snr_db, 1000.0 - LS_WATERFALL_BOXES_MAX);
        cr_assert(i == 0 || w.boxes[i - 1].start_ns < w.boxes[i].start_ns);
    }
}
