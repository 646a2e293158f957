#include "dsp/blobs.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 40, WIDEST = 200, TRIALS = 300, BOXES = 4096 };

/* Knuth's 64-bit linear congruential generator, MMIX; uniform in [0, 1). */
static float uniform(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (float)(*state >> 40) * 0x1p-24F;
}

/* Rows of cells and marks that end where their memory does. */
struct scene {
    float *cells;
    unsigned char *marks;
    bool *claimed;
    bool *changed;
    struct ls_cells in;
};

static struct scene make_scene(uint64_t *state, size_t channels, float taken) {
    struct scene scene = {.cells = malloc(ROWS * channels * sizeof(float)),
                          .marks = malloc(ROWS * channels),
                          .claimed = calloc(channels / LS_PANEL_CHANNELS + 1, 1),
                          .changed = calloc(channels / LS_PANEL_CHANNELS + 1, 1)};
    for (size_t i = 0; i < ROWS * channels; i++) {
        scene.cells[i] = uniform(state);
        scene.marks[i] = uniform(state) < taken ? LS_MARK_TAKEN : LS_MARK_FREE;
    }
    memset(scene.claimed, true, channels / LS_PANEL_CHANNELS + 1);
    scene.in = (struct ls_cells){.cells = scene.cells,
                                 .marks = scene.marks,
                                 .claimed = scene.claimed,
                                 .changed = scene.changed,
                                 .rows = ROWS,
                                 .channels = channels,
                                 .stride = channels};
    return scene;
}

static void drop_scene(struct scene *scene) {
    free(scene->cells);
    free(scene->marks);
    free(scene->claimed);
    free(scene->changed);
}

/* Does a cell with this mark touch cell (r, c)? */
static bool touches(const struct ls_cells *in, const unsigned char *marks, size_t r, size_t c,
                    unsigned char what) {
    for (size_t y = r > 0 ? r - 1 : 0; y < in->rows && y <= r + 1; y++) {
        for (size_t x = c > 0 ? c - 1 : 0; x < in->channels && x <= c + 1; x++) {
            if (marks[y * in->stride + x] == what) {
                return true;
            }
        }
    }
    return false;
}

/* By definition: seeds first, then one cell after the other until none is left. */
static void claim_slowly(const struct ls_cells *in, const struct ls_blobs_area *area,
                         unsigned char *marks) {
    bool more = true;
    for (size_t r = area->row_start; r < area->row_stop; r++) {
        for (size_t c = area->low; c < area->high; c++) {
            size_t i = r * in->stride + c;
            bool seed = marks[i] == LS_MARK_FREE && in->cells[i] > area->seed;
            marks[i] = seed ? LS_MARK_CLAIMED : marks[i];
        }
    }
    while (more) {
        more = false;
        for (size_t i = 0; i < in->rows * in->channels; i++) {
            if (marks[i] == LS_MARK_FREE && in->cells[i] > area->grow &&
                touches(in, marks, i / in->channels, i % in->channels, LS_MARK_CLAIMED)) {
                marks[i] = LS_MARK_CLAIMED;
                more = true;
            }
        }
    }
}

Test(blobs, claims_are_what_is_connected_to_a_seed_and_nothing_else) {
    uint64_t state = 11;
    for (size_t trial = 0; trial < TRIALS; trial++) {
        size_t channels = 1 + (size_t)(uniform(&state) * (WIDEST - 1));
        struct scene scene = make_scene(&state, channels, 0.1F);
        struct ls_blobs_area area = {.row_start = trial % 7,
                                     .row_stop = ROWS - trial % 5,
                                     .low = channels / 8,
                                     .high = channels - channels / 16,
                                     .seed = 0.99F,
                                     .grow = 0.4F + 0.5F * uniform(&state)};
        struct ls_blobs *blobs;
        cr_assert_eq(ls_blobs_create(&blobs, ROWS, channels), LS_OK);
        unsigned char *expected = malloc(ROWS * channels);
        memcpy(expected, scene.marks, ROWS * channels);
        claim_slowly(&scene.in, &area, expected);
        ls_blobs_claim(blobs, &scene.in, &area);
        cr_assert_eq(memcmp(scene.marks, expected, ROWS * channels), 0, "trial %zu", trial);
        free(expected);
        ls_blobs_destroy(blobs);
        drop_scene(&scene);
    }
}

/* Extent of the blob that holds cell (r, c), whose marks become taken. */
static void take_slowly(const struct ls_cells *in, unsigned char *marks, size_t r, size_t c,
                        struct ls_box *ret) {
    if (marks[r * in->stride + c] != LS_MARK_CLAIMED) {
        return;
    }
    marks[r * in->stride + c] = LS_MARK_TAKEN;
    ret->row_start = r < ret->row_start ? (uint32_t)r : ret->row_start;
    ret->row_stop = r >= ret->row_stop ? (uint32_t)r + 1 : ret->row_stop;
    ret->channel_low = c < ret->channel_low ? (uint32_t)c : ret->channel_low;
    ret->channel_high = c >= ret->channel_high ? (uint32_t)c + 1 : ret->channel_high;
    for (size_t y = r > 0 ? r - 1 : 0; y < in->rows && y <= r + 1; y++) {
        for (size_t x = c > 0 ? c - 1 : 0; x < in->channels && x <= c + 1; x++) {
            take_slowly(in, marks, y, x, ret);
        }
    }
}

static bool same_extent(const struct ls_box *a, const struct ls_box *b) {
    return a->row_start == b->row_start && a->row_stop == b->row_stop &&
           a->channel_low == b->channel_low && a->channel_high == b->channel_high;
}

Test(blobs, every_blob_is_taken_once_in_order_of_its_first_cell) {
    uint64_t state = 12;
    static struct ls_box boxes[BOXES];
    for (size_t trial = 0; trial < TRIALS; trial++) {
        size_t channels = 1 + (size_t)(uniform(&state) * (WIDEST - 1));
        struct scene scene = make_scene(&state, channels, 0.1F);
        float share = 0.6F * uniform(&state);
        for (size_t i = 0; i < ROWS * channels; i++) {
            bool claimed = scene.marks[i] == LS_MARK_FREE && scene.cells[i] < share;
            scene.marks[i] = claimed ? LS_MARK_CLAIMED : scene.marks[i];
        }
        unsigned char *marks = malloc(ROWS * channels);
        memcpy(marks, scene.marks, ROWS * channels);
        struct ls_blobs *blobs;
        cr_assert_eq(ls_blobs_create(&blobs, ROWS, channels), LS_OK);
        size_t count = ls_blobs_take(blobs, &scene.in, boxes, BOXES);
        size_t seen = 0;
        for (size_t i = 0; i < ROWS * channels; i++) {
            if (marks[i] == LS_MARK_CLAIMED) {
                struct ls_box box = {.row_start = UINT32_MAX, .channel_low = UINT32_MAX};
                take_slowly(&scene.in, marks, i / channels, i % channels, &box);
                cr_assert_lt(seen, count, "trial %zu", trial);
                cr_assert(same_extent(&box, &boxes[seen]), "blob %zu", seen);
                seen++;
            }
        }
        cr_assert_eq(seen, count, "trial %zu", trial);
        cr_assert_eq(memcmp(marks, scene.marks, ROWS * channels), 0, "trial %zu", trial);
        free(marks);
        ls_blobs_destroy(blobs);
        drop_scene(&scene);
    }
}
