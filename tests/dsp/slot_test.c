#include "dsp/slot.h"

#include <criterion/criterion.h>

#include "base/err.h"
#include "tests/dsp/scene.h"

enum { CHANNELS = 64, ROWS = 32, SLOTS = 3 };

/* Two slots alike, the reference moved between them: both are held against the one of their time,
 * and so is the first slot of a piece with another floor. */
Test(slot, is_held_against_the_reference_of_its_time) {
    struct scene scene;
    scene_init(&scene, CHANNELS, 16, 1);
    const struct ls_slot_opts opts = {.channels = CHANNELS,
                                      .first_channel = 1,
                                      .last_channel = CHANNELS,
                                      .looks = scene.looks,
                                      .slot_rows = ROWS,
                                      .part_rows = 4 * ROWS};
    struct ls_slot *slot;
    cr_assert_eq(ls_slot_create(&slot, &opts), LS_OK);
    ls_slot_mask(slot, NULL);
    float floor_pow[CHANNELS];
    float reference[CHANNELS];
    float sums[SLOTS * CHANNELS];
    float counts[SLOTS * CHANNELS];
    float excess[CHANNELS];
    for (size_t i = 0; i < (size_t)SLOTS * CHANNELS; i++) {
        floor_pow[i % CHANNELS] = reference[i % CHANNELS] = 2.0F;
        sums[i] = counts[i] = ROWS;
    }
    const struct ls_slot_piece piece = {
        .floor_pow = floor_pow, .sums = sums, .counts = counts, .slots = SLOTS};
    ls_slot_fill(slot, &piece, 0, reference, excess);
    cr_expect_float_eq(excess[9], 0.0F, 1e-6F);
    reference[9] = 1.0F; /* so much less than that is there now */
    ls_slot_move(slot, 1.0);
    ls_slot_fill(slot, &piece, 1, reference, excess);
    cr_expect_float_eq(excess[9], 1.0F, 1e-6F);
    cr_expect_float_eq(excess[8], 0.0F, 1e-6F);
    floor_pow[9] = 1.0F;
    ls_slot_fill(slot, &piece, 0, reference, excess);
    cr_expect_float_eq(excess[9], 0.0F, 1e-6F);
    ls_slot_destroy(slot);
    scene_finish(&scene);
}
