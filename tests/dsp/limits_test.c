#include "dsp/limits.h"

#include <criterion/criterion.h>
#include <math.h>

#include "dsp/fit.h"
#include "tests/dsp/scene.h"

static void plan(struct ls_limits *ret, const struct scene *scene, double floor_error) {
    struct ls_limits_opts opts = {.looks = scene->looks,
                                  .levels = 9,
                                  .widths = 7,
                                  .rows = 256,
                                  .channels = 64,
                                  .false_alarms = 1e-4,
                                  .floor_error = floor_error};
    ls_limits_plan(ret, &opts);
}

/* Tails of a window of every scale, by the law, times how many half overlapping ones there are. */
static double sum_tails(const struct ls_limits *limits, const struct scene *scene) {
    double sum = 0.0;
    for (size_t j = 0; j < limits->levels; j++) {
        for (size_t b = 0; b < limits->widths; b++) {
            struct ls_looks_box box = {.frames = (size_t)2 << j, .channels = (size_t)1 << b};
            box.floor_variance = 1e-4 / (double)box.channels;
            double t = 1.0 + exp2((double)limits->excess[j][b]);
            double windows =
                256.0 / fmax(1.0, exp2((double)j - 1.0)) * 64.0 / fmax(1.0, exp2((double)b - 1.0));
            sum += windows * exp(ls_looks_box_log_tail(scene->looks, &box, t));
        }
    }
    return sum;
}

/* Tails of all fitted windows must not sum to more than the budget. */
Test(limits, scales_share_one_budget) {
    struct scene scene;
    scene_init(&scene, 64, 16, 1);
    struct ls_limits limits;
    plan(&limits, &scene, 0.01);
    for (size_t j = 0; j < limits.levels; j++) {
        for (size_t b = 0; b < limits.widths; b++) {
            double t = 1.0 + exp2((double)limits.excess[j][b]);
            cr_expect_leq((double)limits.screen[j][b], t * exp2((double)(j + b)) * 1.000001,
                          "the first pass asks for more than the second");
        }
    }
    double sum = sum_tails(&limits, &scene);
    cr_expect(sum > 1e-6 && sum < 1e-4, "%g of 1e-4", sum);
    scene_finish(&scene);
}

/* Windows that are tested as they are spend the budget and no more of it; where they are dense,
 * they need no more than fits do, of which the limits count four in their place. */
Test(limits, windows_of_a_grid_pay_for_as_many_as_are_tested) {
    struct scene scene;
    scene_init(&scene, 64, 16, 1);
    double few[LS_LEVELS_MAX][LS_WIDTHS_MAX];
    double many[LS_LEVELS_MAX][LS_WIDTHS_MAX];
    for (size_t i = 0; i < (size_t)LS_LEVELS_MAX * LS_WIDTHS_MAX; i++) {
        few[i / LS_WIDTHS_MAX][i % LS_WIDTHS_MAX] = 4.0;
        many[i / LS_WIDTHS_MAX][i % LS_WIDTHS_MAX] = 1e9;
    }
    struct ls_limits_opts opts = {.looks = scene.looks,
                                  .levels = 9,
                                  .widths = 7,
                                  .rows = 256,
                                  .channels = 64,
                                  .false_alarms = 1e-4,
                                  .floor_error = 0.01};
    struct ls_limits grid;
    opts.tested = (const double(*)[LS_WIDTHS_MAX])few;
    ls_limits_plan(&grid, &opts);
    double sum = 4.0 * sum_tails(&grid, &scene);
    /* The floor's own part of the law is not quite that of the limits. */
    cr_expect_float_eq(sum, 1e-4, 0.2e-4, "%g of 1e-4", sum);
    struct ls_limits dense;
    struct ls_limits fitted;
    opts.tested = (const double(*)[LS_WIDTHS_MAX])many;
    ls_limits_plan(&dense, &opts);
    opts.tested = NULL;
    opts.false_alarms /= 4.0;
    ls_limits_plan(&fitted, &opts);
    for (size_t j = 0; j < grid.levels; j++) {
        for (size_t b = 0; b < grid.widths; b++) {
            cr_expect_lt(grid.excess[j][b], dense.excess[j][b]);
            cr_expect_float_eq(dense.excess[j][b], fitted.excess[j][b], 0.01F);
        }
    }
    scene_finish(&scene);
}

Test(limits, needs_fall_with_size_and_rise_with_the_floors_error) {
    struct scene scene;
    scene_init(&scene, 64, 16, 1);
    struct ls_limits sure;
    struct ls_limits unsure;
    plan(&sure, &scene, 0.0);
    plan(&unsure, &scene, 0.1);
    for (size_t rows = 1; rows < 256; rows = rows * 3 / 2 + 1) {
        float need = ls_limits_excess(&sure, rows, 5);
        cr_expect_lt(ls_limits_excess(&sure, rows * 2, 5), need, "%zu rows", rows);
        cr_expect_lt(ls_limits_excess(&sure, rows, 9), need, "%zu rows", rows);
        cr_expect_gt(ls_limits_excess(&unsure, rows, 5), need, "%zu rows", rows);
    }
    /* 10 % in each of 16 channels is 2.5 % of their mean, where 256 rows hold 0.7 dB less. */
    double lost = ls_limits_sensitivity_db(&unsure, scene.looks, 256, 16) -
                  ls_limits_sensitivity_db(&sure, scene.looks, 256, 16);
    cr_expect(lost > 1.0 && lost < 6.0, "%.2f dB", lost);
    scene_finish(&scene);
}

/* A burst of 30 rows by 5 channels at 3 dB in a cell, from windows of the wrong size and place. */
/* A tenth fewer looks raise what large windows need by a twentieth, as their deviation. */
Test(limits, lost_looks_raise_what_is_needed) {
    struct scene scene;
    scene_init(&scene, 64, 16, 1);
    struct ls_limits_opts opts = {.looks = scene.looks,
                                  .levels = 9,
                                  .widths = 7,
                                  .rows = 256,
                                  .channels = 64,
                                  .false_alarms = 1e-4};
    struct ls_limits all;
    struct ls_limits fewer;
    ls_limits_plan(&all, &opts);
    opts.looks_share = 1.0;
    ls_limits_plan(&fewer, &opts);
    cr_expect_eq(ls_limits_excess(&fewer, 200, 40), ls_limits_excess(&all, 200, 40));
    opts.looks_share = 0.9;
    ls_limits_plan(&fewer, &opts);
    float raised = ls_limits_excess(&fewer, 200, 40) / ls_limits_excess(&all, 200, 40);
    cr_expect_float_eq(raised, 1.054F, 0.006F, "%g", (double)raised);
    scene_finish(&scene);
}

Test(limits, fit_finds_the_edges_of_a_burst) {
    enum { ROWS = 128, CHANNELS = 64 };
    static float cells[ROWS * CHANNELS];
    static unsigned char marks[ROWS * CHANNELS];
    struct scene scene;
    scene_init(&scene, CHANNELS, ROWS, 96);
    scene_noise(&scene);
    scene_band(&scene, 80.0, 140.0, 19.5, 24.5, 5.0 * scene_pow(&scene, 3.0));
    scene_transform(&scene);
    for (size_t i = 0; i < (size_t)ROWS * CHANNELS; i++) {
        size_t at = i / CHANNELS * 2 * CHANNELS + (i % CHANNELS + CHANNELS / 2) % CHANNELS;
        double power = (double)scene.power[at] + (double)scene.power[at + CHANNELS];
        cells[i] = (float)(0.5 * power / scene.noise_pow);
    }
    struct ls_limits limits;
    plan(&limits, &scene, 0.0);
    static struct ls_required required;
    ls_required_init(&required, &limits);
    struct ls_cells in = {.cells = cells,
                          .marks = marks,
                          .required = &required,
                          .rows = ROWS,
                          .channels = CHANNELS,
                          .stride = CHANNELS};
    static const struct ls_window starts[] = {{.row = 48, .rows = 8, .channel = 20, .channels = 2},
                                              {.row = 32, .rows = 32, .channel = 16, .channels = 8},
                                              {.row = 0, .rows = 64, .channel = 0, .channels = 32}};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        struct ls_window window = starts[i];
        float ratio = ls_fit_window(&in, &window);
        cr_expect_gt(ratio, 1.0F);
        /* Rows 40 to 70, channels 20 to 25; three or four rows in a row may fade. */
        cr_expect(window.row >= 36 && window.row <= 44, "start %zu: from %zu", i, window.row);
        cr_expect(window.row + window.rows >= 66 && window.row + window.rows <= 74,
                  "start %zu: to %zu", i, window.row + window.rows);
        cr_expect(window.channel >= 19 && window.channel <= 21, "start %zu", i);
        cr_expect(window.channel + window.channels >= 24 && window.channel + window.channels <= 26,
                  "start %zu", i);
    }
    scene_finish(&scene);
}

/* From far below the series to far above the logarithm's bend. */
Test(limits, what_may_not_exceed_never_does) {
    size_t refused = 0;
    size_t asked = 0;
    for (float other = 1e-3F; other < 1e3F; other *= 1.13F) {
        for (float excess = 1e-3F; excess < 1e3F; excess *= 1.071F) {
            float ratio = ls_fit_evidence(excess) / ls_fit_evidence(other);
            for (float times = 0.5F * ratio; times < 2.0F * ratio; times *= 1.03F) {
                bool may = ls_fit_may_exceed(excess, other, times);
                cr_assert(may || ratio <= times, "%g over %g", (double)excess, (double)other);
                refused += may ? 0 : 1;
                asked++;
            }
        }
    }
    cr_expect_gt(4 * refused, asked, "refused %zu of %zu", refused, asked);
}
