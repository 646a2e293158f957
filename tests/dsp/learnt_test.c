#include "dsp/learnt.h"

#include <criterion/criterion.h>
#include <math.h>

#include "tests/dsp/scene.h"

enum { CHANNELS = 64, GRANULE_SLOTS = 16, SLOT_FRAMES = 64, HELD_LOW = 20, HELD_HIGH = 30 };

static const double ERROR = 0.02;
static const double MOST = 40.0;

static struct ls_learnt *make(const struct scene *scene) {
    struct ls_learnt_opts opts = {.channels = CHANNELS,
                                  .first_channel = 1,
                                  .last_channel = CHANNELS,
                                  .looks = scene->looks,
                                  .granule_slots = GRANULE_SLOTS,
                                  .slot_frames = SLOT_FRAMES,
                                  .most = MOST};
    struct ls_learnt *learnt = NULL;
    cr_assert_eq(ls_learnt_create(&learnt, &opts), LS_OK);
    ls_learnt_begin(learnt, ERROR);
    return learnt;
}

/* A granule with this excess in every slot and channel, but for held ones, of which a box takes all
 * but the last slots; and its running sums. */
static void hear(struct ls_learnt *learnt, float excess, size_t last, float *ret_running) {
    float heard[CHANNELS];
    float sums[CHANNELS] = {0};
    for (size_t s = 0; s < GRANULE_SLOTS; s++) {
        for (size_t c = 0; c < CHANNELS; c++) {
            bool held = c >= HELD_LOW && c < HELD_HIGH && s + last < GRANULE_SLOTS;
            heard[c] = held ? 0.0F : excess;
            sums[c] += heard[c];
        }
        ls_learnt_hear(learnt, heard);
    }
    ret_running[0] = 0.0F;
    for (size_t c = 0; c < CHANNELS; c++) {
        ret_running[c + 1] = ret_running[c] + sums[c];
    }
    ls_learnt_keep(learnt, 0);
}

Test(learnt, variance_falls_as_granules_do) {
    struct scene scene;
    scene_init(&scene, CHANNELS, 16, 1);
    struct ls_learnt *learnt = make(&scene);
    double looks = ls_looks_effective(scene.looks, (size_t)SLOT_FRAMES * GRANULE_SLOTS, 1);
    double before = 1.0 / (looks * ERROR * ERROR);
    float running[CHANNELS + 1];
    float moved[CHANNELS];
    for (int k = 1; k <= 8; k++) {
        hear(learnt, 0.01F, GRANULE_SLOTS, running);
        ls_learnt_learn(learnt, 0, running, moved);
        double expected = 1.0 / (looks * (before + k));
        cr_expect_float_eq(ls_learnt_variance(learnt), expected, 1e-3 * expected);
    }
    ls_learnt_destroy(learnt);
    scene_finish(&scene);
}

Test(learnt, what_a_box_held_is_known_no_better) {
    struct scene scene;
    scene_init(&scene, CHANNELS, 16, 1);
    struct ls_learnt *learnt = make(&scene);
    float running[CHANNELS + 1];
    float moved[CHANNELS];
    for (int k = 0; k < 8; k++) {
        hear(learnt, 0.01F, 4, running); /* a quarter of the slots says nothing of the rest */
        double common = ls_learnt_learn(learnt, 0, running, moved);
        cr_expect_float_eq(common, (double)moved[5], 1e-6);
        cr_expect_float_eq(moved[HELD_LOW], moved[5], 1e-6F);
    }
    double variance = ls_learnt_variance(learnt);
    ls_learnt_plan(learnt, variance);
    /* Of long windows the reference is all the error there is: 2 % where it was held. */
    double doubt = (double)ls_learnt_doubt(learnt, 4096, HELD_LOW, HELD_LOW + 1);
    cr_expect_float_eq(doubt, ERROR / sqrt(variance), 0.15 * doubt, "doubt %g", doubt);
    double elsewhere = (double)ls_learnt_doubt(learnt, 4096, 5, 6);
    cr_expect(elsewhere >= 1.0 && elsewhere < 1.05, "doubt %g", elsewhere);
    ls_learnt_destroy(learnt);
    scene_finish(&scene);
}

/* What is learned is the mean of the slots that were heard, and references that move leave alone
 * what was not. */
Test(learnt, slots_that_were_not_heard_count_for_nothing) {
    struct scene scene;
    scene_init(&scene, CHANNELS, 16, 1);
    struct ls_learnt *learnt = make(&scene);
    float running[CHANNELS + 1];
    float moved[CHANNELS] = {0};
    moved[HELD_LOW] = 0.004F;
    moved[5] = 0.004F;
    hear(learnt, 0.01F, 12, running);
    ls_learnt_move(learnt, 0, GRANULE_SLOTS, moved, running);
    float held = (running[HELD_LOW + 1] - running[HELD_LOW]) / 12.0F;
    float free = (running[6] - running[5]) / GRANULE_SLOTS;
    cr_expect_float_eq(held, 0.006F, 1e-5F);
    cr_expect_float_eq(free, 0.006F, 1e-5F);
    float silent[CHANNELS + 1] = {0};
    ls_learnt_move(learnt, LS_GRANULES, GRANULE_SLOTS, moved, silent);
    cr_expect_eq(silent[CHANNELS], 0.0F);
    ls_learnt_take_out(learnt, 0, 5, 6);
    ls_learnt_learn(learnt, 0, running, moved);
    cr_expect_float_eq(moved[HELD_LOW + 1] / moved[6], 12.0F / 16.0F, 0.1F); /* by their weights */
    ls_learnt_destroy(learnt);
    scene_finish(&scene);
}

/* Ten per cent up and down from channel to channel, and then nothing of it. */
Test(learnt, strays_are_remembered) {
    struct scene scene;
    scene_init(&scene, CHANNELS, 16, 1);
    struct ls_learnt *learnt = make(&scene);
    float profile[CHANNELS];
    float flat[CHANNELS];
    float work[CHANNELS];
    for (size_t c = 0; c < CHANNELS; c++) {
        float noise = 0.005F * sinf(1.3F * (float)c);
        profile[c] = 100.0F * ((c % 2 > 0 ? 0.1F : -0.1F) + noise);
        flat[c] = 100.0F * (noise + 1e-6F);
    }
    cr_expect_eq(ls_learnt_stray(learnt, 100, 20, 24, flat, work), 0.0);
    double seen = ls_learnt_stray(learnt, 100, 20, 24, profile, work);
    cr_expect(seen > 0.1 && seen < 0.16, "%g", seen);
    cr_expect_float_eq(ls_learnt_stray(learnt, 100, 20, 24, flat, work), 0.95 * seen, 1e-9);
    ls_learnt_begin(learnt, ERROR);
    cr_expect_eq(ls_learnt_stray(learnt, 100, 20, 24, flat, work), 0.0, "of another stretch");
    ls_learnt_destroy(learnt);
    scene_finish(&scene);
}
