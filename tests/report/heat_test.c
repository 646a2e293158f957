/* Occupancy in cells, with shares that are known; and the colours and figures made of it. */
#include "report/heat.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "report/figures.h"
#include "report/ramp.h"
#include "tests/store/database.h"

/* 2026-11-20T00:00:00Z */
static const int64_t t0 = INT64_C(1795132800) * LS_NS_PER_S;

static struct database database;

static void make_folder(void) { database_init(&database); }
static void remove_folder(void) { database_finish(&database); }

TestSuite(heat, .init = make_folder, .fini = remove_folder);

struct row {
    double from_h;
    double to_h;
    double center_hz;
};

static void store_rows(struct ls_store *store, const struct row *heard, size_t heard_count,
                       const struct row *busy, size_t busy_count) {
    struct ls_run run = database_run("aa", t0, t0 + 48 * 3600 * LS_NS_PER_S);
    struct ls_err err = {0};
    int64_t run_id;
    int64_t id;
    cr_assert_eq(ls_store_begin_run(store, &run, &run_id, &id, &err), LS_OK, "%s", err.text);
    for (size_t i = 0; i < heard_count; i++) {
        struct ls_observation row =
            database_observation(t0 + ls_ns_from_seconds(heard[i].from_h * 3600.0),
                                 t0 + ls_ns_from_seconds(heard[i].to_h * 3600.0));
        row.state = LS_OBSERVED;
        row.low_hz = 868e6;
        row.high_hz = 869e6;
        cr_assert_eq(ls_store_add_observation(store, &row, &err), LS_OK, "%s", err.text);
    }
    for (size_t i = 0; i < busy_count; i++) {
        struct ls_transmission row =
            database_transmission(t0 + ls_ns_from_seconds(busy[i].from_h * 3600.0),
                                  (busy[i].to_h - busy[i].from_h) * 3600.0, busy[i].center_hz);
        row.id = 0;
        row.bandwidth_hz = 10e3;
        cr_assert_eq(ls_store_add_transmission(store, &row, &err), LS_OK, "%s", err.text);
    }
    cr_assert_eq(ls_store_finish_run(store, &run, &err), LS_OK, "%s", err.text);
}

static struct ls_heat_opts two_days(enum ls_heat_kind kind) {
    return (struct ls_heat_opts){.kind = kind,
                                 .filter = {.since_ns = t0,
                                            .until_ns = t0 + 48 * 3600 * LS_NS_PER_S,
                                            .has_since = true,
                                            .has_until = true}};
}

/* Listened to for 36 h, once twice over; a call of an hour over two half hours, doubled by another
 * within it. */
static const struct row heard[] = {{0, 24, 0}, {10, 12, 0}, {36, 48, 0}};
static const struct row busy[] = {
    {1.5, 2.5, 868.105e6}, {1.75, 2.25, 868.105e6}, {40, 41, 868.905e6}};

Test(heat, hours_count_each_moment_once) {
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_heat_opts opts = two_days(LS_HEAT_HOURS);
    struct ls_heat heat;
    store_rows(store, heard, 3, busy, 3);
    cr_assert_eq(ls_heat_init(&heat, store, &opts, NULL), LS_OK);
    cr_assert_eq(heat.rows, 2);
    cr_assert_eq(heat.columns, 24);
    cr_assert_float_eq(heat.heard_s[10], 3600.0, 1e-6);
    cr_assert_float_eq(ls_heat_share(&heat, 0, 1), 0.5, 1e-9);
    cr_assert_float_eq(ls_heat_share(&heat, 0, 2), 0.5, 1e-9);
    cr_assert_float_eq(ls_heat_share(&heat, 0, 3), 0.0, 1e-9);
    cr_assert(isnan(ls_heat_share(&heat, 1, 11)), "nobody listened");
    cr_assert_float_eq(ls_heat_share(&heat, 1, 16), 1.0, 1e-9);
    ls_heat_finish(&heat);
    ls_store_close(store);
}

Test(heat, channels_hold_what_is_in_them) {
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_heat_opts opts = two_days(LS_HEAT_CHANNELS);
    struct ls_heat heat;
    double busy_s = 0.0;
    store_rows(store, heard, 3, busy, 3);
    cr_assert_eq(ls_heat_init(&heat, store, &opts, NULL), LS_OK);
    cr_assert_leq(heat.rows, LS_HEAT_ROWS_MAX);
    cr_assert_leq(heat.columns, LS_HEAT_COLUMNS_MAX);
    for (size_t row = 0; row < heat.rows; row++) {
        double low = heat.low_hz + (double)row * heat.row_hz;
        for (size_t column = 0; column < heat.columns; column++) {
            double cell_s = heat.busy_s[row * heat.columns + column];
            bool home = (low <= 868.105e6 && 868.105e6 < low + heat.row_hz) ||
                        (low <= 868.905e6 && 868.905e6 < low + heat.row_hz);
            cr_assert(home || cell_s == 0.0, "%g s in a channel where nothing was", cell_s);
            busy_s += cell_s;
        }
    }
    cr_assert_float_eq(busy_s, 2.0 * 3600.0, 1e-6); /* an hour each; the double counts once */
    ls_heat_finish(&heat);
    ls_store_close(store);
}

Test(heat, nothing_to_draw_is_said) {
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_heat_opts opts = two_days(LS_HEAT_CHANNELS);
    struct ls_heat heat;
    store_rows(store, heard, 3, NULL, 0);
    cr_assert_eq(ls_heat_init(&heat, store, &opts, NULL), LS_ERR_NOTFOUND);
    opts.filter.has_freq = true;
    opts.filter.low_hz = 868e6;
    opts.filter.high_hz = 869e6;
    cr_assert_eq(ls_heat_init(&heat, store, &opts, NULL), LS_OK);
    cr_assert_eq(heat.transmissions, 0);
    ls_heat_finish(&heat);
    opts.filter.since_ns = t0 - 86400 * LS_NS_PER_S;
    opts.filter.until_ns = t0;
    cr_assert_eq(ls_heat_init(&heat, store, &opts, NULL), LS_ERR_NOTFOUND);
    ls_store_close(store);
}

/* A year of days, a second of time, one channel, a range of 6 GHz: the raster stays in its bounds.
 */
Test(heat, any_period_and_range_fits_the_raster) {
    static const double periods_s[] = {1.0, 60.0, 3600.0, 86400.0 * 400.0, 86400.0 * 3650.0};
    static const double ranges_hz[] = {0.0, 1.0, 1e5, 6e9};
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    store_rows(store, heard, 3, busy, 3);
    for (size_t p = 0; p < sizeof periods_s / sizeof *periods_s; p++) {
        for (size_t r = 0; r < sizeof ranges_hz / sizeof *ranges_hz; r++) {
            for (int kind = LS_HEAT_CHANNELS; kind <= LS_HEAT_HOURS; kind++) {
                struct ls_heat_opts opts = two_days((enum ls_heat_kind)kind);
                struct ls_heat heat;
                struct ls_canvas *canvas;
                opts.filter.until_ns = t0 + ls_ns_from_seconds(periods_s[p]);
                opts.filter.has_freq = true;
                opts.filter.low_hz = 868.5e6;
                opts.filter.high_hz = 868.5e6 + ranges_hz[r];
                cr_assert_eq(ls_heat_init(&heat, store, &opts, NULL), LS_OK);
                cr_assert(heat.rows >= 1 && heat.rows <= LS_HEAT_ROWS_MAX);
                cr_assert(heat.columns >= 1 && heat.columns <= LS_HEAT_COLUMNS_MAX);
                cr_assert_eq(ls_figure_occupancy(&canvas, &heat, NULL), LS_OK);
                ls_canvas_destroy(canvas);
                ls_heat_finish(&heat);
            }
        }
    }
    ls_store_close(store);
}

/* Relative luminance as WCAG 2.1 has it. */
static double luminance(uint32_t color) {
    double sum = 0.0;
    const double weights[3] = {0.2126, 0.7152, 0.0722};
    for (int c = 0; c < 3; c++) {
        double v = (double)(color >> (16 - 8 * c) & 0xFF) / 255.0;
        sum += weights[c] * (v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    return sum;
}

Test(ramp, gets_lighter_all_the_way_and_grey_is_none_of_it) {
    double before = -1.0;
    for (int i = 0; i <= 63; i++) {
        double now = luminance(ls_ramp_color(i / 63.0));
        cr_assert_gt(now, before, "step %d", i);
        cr_assert_neq(ls_ramp_color(i / 63.0), ls_ramp_color((double)NAN));
        before = now;
    }
    cr_assert_eq(ls_ramp_color(-1.0), ls_ramp_color(0.0));
    cr_assert_eq(ls_ramp_color(2.0), ls_ramp_color(1.0));
}

Test(ramp, a_little_is_told_from_nothing) {
    cr_assert_float_eq(ls_ramp_decades(0.0, 0.01, 4.0), 0.0, 0.0);
    cr_assert_geq(ls_ramp_decades(1e-6, 0.01, 4.0), 0.1);
    cr_assert_float_eq(ls_ramp_decades(100.0, 0.01, 4.0), 1.0, 1e-12);
    cr_assert(isnan(ls_ramp_decades((double)NAN, 0.01, 4.0)));
}
