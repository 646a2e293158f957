#include "dsp/needs.h"

#include <criterion/criterion.h>

#include "tests/dsp/scene.h"

enum { CHANNELS = 64 };

static void init(struct ls_needs *needs, const struct scene *scene) {
    const struct ls_needs_opts opts = {.looks = scene->looks,
                                       .channels = CHANNELS,
                                       .octaves = 4,
                                       .slot_rows = 32,
                                       .slot_s = 5e-3,
                                       .false_alarms_per_day = 10.0,
                                       .shorter = 1.0};
    ls_needs_init(needs, &opts);
}

/* A better reference lowers what is needed, and limits are planned anew only when it matters. */
Test(needs, follow_the_reference) {
    struct scene scene;
    struct ls_needs needs;
    scene_init(&scene, CHANNELS, 16, 1);
    init(&needs, &scene);
    cr_expect_eq(ls_needs_plan(&needs, 1e-4), 1e-4);
    float before = ls_needs_excess(&needs, 40, 4);
    cr_expect_eq(ls_needs_plan(&needs, 0.9e-4), 1e-4);
    cr_expect_eq(ls_needs_excess(&needs, 40, 4), before);
    cr_expect_eq(ls_needs_plan(&needs, 0.5e-4), 0.5e-4);
    cr_expect_lt(ls_needs_excess(&needs, 40, 4), before);
    scene_finish(&scene);
}

/* Longer and wider windows need less in each cell, more in sum, as long as enough lies beside them;
 * what fills half of the band shows half of its excess. */
Test(needs, fall_with_the_size_of_the_window) {
    struct scene scene;
    struct ls_needs needs;
    scene_init(&scene, CHANNELS, 16, 1);
    init(&needs, &scene);
    ls_needs_plan(&needs, 1e-4);
    cr_expect_float_eq(ls_needs_shown(&needs, CHANNELS / 2), 0.5F, 1e-6F);
    for (size_t i = 1; i < needs.width_count && needs.widths[i] <= CHANNELS / 4; i++) {
        cr_expect_gt(needs.widths[i], needs.widths[i - 1]);
        cr_expect_lt(ls_needs_excess(&needs, 32, needs.widths[i]),
                     ls_needs_excess(&needs, 32, needs.widths[i - 1]));
        cr_expect_gt(needs.sums[3][4][i], needs.sums[0][4][i]);
    }
    scene_finish(&scene);
}

/* Windows shorter than four slots cost the longer ones next to nothing, and less themselves where
 * few of them are tested. */
Test(needs, fewer_windows_need_less) {
    struct scene scene;
    struct ls_needs all;
    struct ls_needs seams;
    scene_init(&scene, CHANNELS, 16, 1);
    init(&all, &scene);
    init(&seams, &scene);
    seams.opts.shorter = 0.125;
    ls_needs_plan(&all, 1e-4);
    ls_needs_plan(&seams, 1e-4);
    cr_expect_lt(ls_needs_excess(&seams, 2, 1), 0.99F * ls_needs_excess(&all, 2, 1));
    cr_expect_float_eq(ls_needs_excess(&seams, 32, 1), ls_needs_excess(&all, 32, 1), 1e-6F);
    cr_expect_gt(all.sums[0][2][0], 0.0F);
    cr_expect_eq(all.sums[1][2][0], 0.0F, "two granules of two slots are four slots");
    scene_finish(&scene);
}

Test(needs, windows_reach_ten_seconds) {
    cr_expect_eq(ls_needs_octaves(2.0), 1);
    cr_expect_eq(ls_needs_octaves(10.0 / LS_NEEDS_LONGEST / 8.0 * 1.01), 4);
    cr_expect_eq(ls_needs_octaves(10.0 / LS_NEEDS_LONGEST / 8.0 * 0.99), 5);
}
