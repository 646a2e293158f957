/* Every slot is a row of running sums over channels of (mean of its cells - 1). An octave keeps the
 * last granules, rows of 2^octave slots; a granule is the sum of two of the octave below. Sums of
 * the last 4 to 7 granules are the windows. A box that is open takes its channels out of the
 * pyramid, in what it holds and in what is to come. */
#include "dsp/slow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/learnt.h"
#include "dsp/needs.h"
#include "dsp/rises.h"
#include "dsp/rows.h"
#include "dsp/weigh.h"

enum {
    GRANULES = LS_GRANULES, /* kept of an octave */
    LEAST = LS_NEEDS_LEAST,
    SHORTEST = LS_NEEDS_SHORTEST,
    LONGEST = LS_NEEDS_LONGEST,
    OCTAVES_MAX = LS_NEEDS_OCTAVES_MAX,
    OPEN_MAX = LS_SLOW_OPEN_MAX,
    OPENED_MAX = 8, /* in one slot */
    SEAM_SLOTS = 2, /* with which windows of less than SHORTEST slots end that lie over a seam */
    EVENTS_MAX = 512,
};

static const double REFERENCE_S = 60.0; /* of noise are a channel's reference */
/* Nepers by which the evidence for a box falls once it is over. */
static const double OVER = 12.0;

/* Of how far channels stray from their reference anyway: a window below it is part of that. */
static const double STRAY_SIGMA = 10.0;

/* Of a limit: a sum below that is below it however a quotient was rounded. */
static const float SURELY_BELOW = 0.9999F;

/* 6 dB over a box that is on: what a piece shows in its channels is something else. */
static const double HELD_EXCESS = 4.0;

struct open_box {
    uint64_t id;
    uint64_t start;
    uint64_t best_stop; /* where the evidence was largest */
    uint64_t unheard;   /* slots since the start in which something hid it */
    size_t low;
    size_t high;
    double excess; /* mean over cells, at best_stop */
    double sum;    /* of slots' means over its channels */
    double evidence;
    double best_evidence;
    float *profile; /* [channels]: sums over slots */
};

struct ls_slow {
    struct ls_slow_opts opts;
    size_t octaves;
    struct ls_needs needs;
    struct ls_rises rises;
    float *rings[OCTAVES_MAX][GRANULES]; /* [channels + 1] */
    float *window;                       /* [channels + 1] */
    struct ls_slot *input;
    float *slot;      /* [channels] mean - 1 */
    float *reference; /* [channels] power of a cell */
    struct ls_learnt *learnt;
    struct ls_told *told;
    uint64_t slots; /* of the stretch */
    struct open_box open[OPEN_MAX];
    size_t open_count;
    struct ls_slow_box *done;
    size_t done_count;
    uint64_t next_id;
};

/* Limits follow the reference as it gets better. */
static void plan_limits(struct ls_slow *slow) {
    double planned = ls_needs_plan(&slow->needs, ls_learnt_variance(slow->learnt));
    ls_learnt_plan(slow->learnt, planned);
}

static float *make_row(size_t n, bool *ok) {
    float *row = ls_rows_make(n);
    *ok = *ok && row != NULL;
    return row;
}

int ls_slow_create(struct ls_slow **ret, const struct ls_slow_opts *opts, struct ls_err *err) {
    struct ls_slow *slow = calloc(1, sizeof *slow);
    if (slow == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for long windows");
    }
    size_t n = opts->channels;
    slow->opts = *opts;
    slow->octaves = ls_needs_octaves(opts->slot_s);
    const struct ls_needs_opts needs = {
        .looks = opts->looks,
        .channels = opts->last_channel - opts->first_channel,
        .octaves = slow->octaves,
        .slot_rows = opts->slot_rows,
        .slot_s = opts->slot_s,
        .false_alarms_per_day = opts->false_alarms_per_day,
        .widest = opts->widest,
        .shorter = opts->piece_slots > SEAM_SLOTS ? SEAM_SLOTS / (double)opts->piece_slots : 1.0};
    ls_needs_init(&slow->needs, &needs);
    ls_rises_init(&slow->rises, slow->needs.widths, slow->needs.width_count);
    bool ok = true;
    for (size_t j = 0; j < slow->octaves; j++) {
        for (size_t g = 0; g < GRANULES; g++) {
            slow->rings[j][g] = make_row(n + 1, &ok);
        }
    }
    for (size_t i = 0; i < OPEN_MAX; i++) {
        slow->open[i].profile = calloc(n, sizeof(float)); /* most are never touched */
        ok = ok && slow->open[i].profile != NULL;
    }
    slow->window = make_row(n + 1, &ok);
    slow->slot = make_row(n, &ok);
    slow->reference = make_row(n, &ok);
    slow->done = calloc(EVENTS_MAX, sizeof *slow->done);
    const struct ls_slot_opts input = {.channels = n,
                                       .first_channel = opts->first_channel,
                                       .last_channel = opts->last_channel,
                                       .looks = opts->looks,
                                       .slot_rows = opts->slot_rows,
                                       .part_rows = SHORTEST * opts->slot_rows,
                                       .divided = opts->divided};
    size_t granule = (size_t)1 << (slow->octaves - 1);
    const struct ls_learnt_opts learnt = {.channels = n,
                                          .first_channel = opts->first_channel,
                                          .last_channel = opts->last_channel,
                                          .looks = opts->looks,
                                          .granule_slots = granule,
                                          .slot_frames = 2 * opts->slot_rows,
                                          .most = REFERENCE_S / ((double)granule * opts->slot_s),
                                          .together = opts->divided};
    ok = ls_slot_create(&slow->input, &input) == LS_OK && ok;
    ok = ls_learnt_create(&slow->learnt, &learnt) == LS_OK && ok;
    slow->told = ls_told_create();
    ok = ok && slow->told != NULL;
    if (!ok || slow->done == NULL) {
        ls_slow_destroy(slow);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for long windows of %zu channels", n);
    }
    *ret = slow;
    return LS_OK;
}

void ls_slow_destroy(struct ls_slow *slow) {
    if (slow == NULL) {
        return;
    }
    for (size_t j = 0; j < OCTAVES_MAX; j++) {
        for (size_t g = 0; g < GRANULES; g++) {
            free(slow->rings[j][g]);
        }
    }
    for (size_t i = 0; i < OPEN_MAX; i++) {
        free(slow->open[i].profile);
    }
    free(slow->window);
    free(slow->slot);
    ls_slot_destroy(slow->input);
    ls_learnt_destroy(slow->learnt);
    ls_told_destroy(slow->told);
    free(slow->reference);
    free(slow->done);
    free(slow);
}

void ls_slow_begin(struct ls_slow *slow, const float *floor_pow, double floor_error,
                   const bool *masked) {
    size_t n = slow->opts.channels;
    memcpy(slow->reference, floor_pow, n * sizeof *slow->reference);
    ls_slot_mask(slow->input, masked);
    for (size_t j = 0; j < slow->octaves; j++) {
        for (size_t g = 0; g < GRANULES; g++) {
            memset(slow->rings[j][g], 0, (n + 1) * sizeof(float));
        }
    }
    slow->slots = 0;
    slow->open_count = 0;
    ls_learnt_begin(slow->learnt, floor_error);
    ls_told_begin(slow->told);
    plan_limits(slow);
}

/* The box as known when its evidence was largest. */
static struct ls_slow_box describe(const struct ls_slow *slow, const struct open_box *box) {
    double floor = 0.0;
    double sum = 0.0;
    for (size_t c = box->low; c < box->high; c++) {
        floor += (double)slow->reference[c];
        sum += (double)(box->profile[c] * slow->reference[c]);
    }
    return (struct ls_slow_box){.id = box->id,
                                .start_slot = box->start,
                                .stop_slot = box->best_stop,
                                .channel_low = (uint32_t)box->low,
                                .channel_high = (uint32_t)box->high,
                                .excess_pow =
                                    sum / (double)(box->best_stop - box->start) /
                                    (double)ls_needs_shown(&slow->needs, box->high - box->low),
                                .floor_pow = floor};
}

static void report(struct ls_slow *slow, const struct open_box *box, bool ended, bool to_stop) {
    struct ls_slow_box *done = &slow->done[slow->done_count++];
    *done = describe(slow, box);
    done->ended = ended;
    done->to_stop = to_stop;
}

/* The box that has ended: its channels are fitted to all that was heard of it. */
static void close_box(struct ls_slow *slow, size_t i, bool to_stop) {
    struct open_box *box = &slow->open[i];
    size_t slots = (size_t)(box->best_stop - box->start);
    size_t width = box->high - box->low;
    struct ls_weigh weigh;
    ls_weigh_plan(&weigh, &slow->needs, slow->learnt, slots, width);
    size_t step = weigh.step;
    size_t first = box->low > width ? box->low - width / step * step : box->low % step;
    size_t best_low = box->low;
    size_t best_high = box->high;
    float best = 0.0F;
    for (size_t low = first; low < box->high; low += step) {
        float sum = 0.0F;
        for (size_t c = low; c < slow->opts.channels && c < box->high + width; c++) {
            sum += box->profile[c];
            if ((c + 1 - low) % step != 0 || sum <= 0.0F) {
                continue;
            }
            float ratio = ls_weigh_band(&weigh, low, c + 1, sum, best);
            if (ratio > best) {
                best = ratio;
                best_low = low;
                best_high = c + 1;
            }
        }
    }
    box->low = best_low;
    box->high = best_high;
    report(slow, box, true, to_stop);
    float *profile = box->profile;
    slow->open_count--;
    *box = slow->open[slow->open_count];
    slow->open[slow->open_count].profile = profile;
}

/* A slot in which nothing can be heard of the box says neither that it is on nor that it is over,
 * unless they become too many: it counts as what has been heard so far. */
static void bridge(struct ls_slow *slow, size_t i) {
    struct open_box *box = &slow->open[i];
    uint64_t slots = slow->slots - box->start;
    for (size_t c = 0; c < slow->opts.channels; c++) {
        box->profile[c] += box->profile[c] / (float)slots;
    }
    box->sum += box->sum / (double)slots;
    box->unheard++;
    if (2 * box->unheard > slots) {
        close_box(slow, i, false);
    }
}

/* Is there anything to be heard in the band? What is stronger may hide it. */
static bool heard(const struct ls_slow *slow, size_t low, size_t high) {
    size_t channels = 0;
    for (size_t c = low; c < high; c++) {
        channels += slow->slot[c] != 0.0F;
    }
    return 2 * channels > high - low;
}

/* Open boxes hear the slot, and take their channels out of it. */
static void follow_boxes(struct ls_slow *slow) {
    for (size_t i = slow->open_count; i-- > 0;) {
        struct open_box *box = &slow->open[i];
        size_t width = box->high - box->low;
        if (!heard(slow, box->low, box->high)) {
            bridge(slow, i);
            continue;
        }
        double mean = (double)ls_rows_sum(slow->slot + box->low, width) / (double)width;
        double looks = ls_looks_effective(slow->opts.looks, 2 * slow->opts.slot_rows, width);
        double d = box->excess;
        box->evidence += looks * ((1.0 + mean) * d / (1.0 + d) - log1p(d));
        box->sum += mean;
        ls_rows_add(box->profile, box->profile, slow->slot, slow->opts.channels);
        if (box->evidence > box->best_evidence) {
            box->best_evidence = box->evidence;
            box->best_stop = slow->slots + 1;
            box->excess = fmax(0.25 * d, box->sum / (double)(box->best_stop - box->start));
        }
        memset(slow->slot + box->low, 0, width * sizeof *slow->slot);
        if (box->evidence < box->best_evidence - OVER) {
            close_box(slow, i, false);
        }
    }
}

static float *ring_row(const struct ls_slow *slow, size_t octave, uint64_t granule) {
    return slow->rings[octave][granule % GRANULES];
}

/* What the pyramid holds was measured against a reference that has now moved by so much. */
static void move_rings(struct ls_slow *slow, const float *moved) {
    for (size_t j = 0; j < slow->octaves; j++) {
        for (size_t g = 0; g < GRANULES; g++) {
            ls_learnt_move(slow->learnt, j + 1 == slow->octaves ? g : GRANULES, (float)(1U << j),
                           moved, slow->rings[j][g]);
        }
    }
}

/* A granule of the last octave takes the place of one that becomes part of the reference; not the
 * first one, in which the floor was learned. */
static void learn(struct ls_slow *slow, uint64_t granule) {
    size_t place = granule % GRANULES;
    float *moved = slow->window;
    if (granule <= GRANULES) {
        ls_learnt_keep(slow->learnt, place);
        return;
    }
    double common =
        ls_learnt_learn(slow->learnt, place, slow->rings[slow->octaves - 1][place], moved);
    /* What all channels have in common is no matter of theirs but of how the gain is told. */
    ls_slot_move(slow->input, 1.0 + common);
    for (size_t c = 0; c < slow->opts.channels; c++) {
        slow->reference[c] *= 1.0F + moved[c] - (float)common;
    }
    move_rings(slow, moved);
    ls_learnt_keep(slow->learnt, place);
    plan_limits(slow);
}

/* A window that stands out: its sums, ending with the present slot. */
struct crossing {
    uint64_t slots;
    size_t low;
    size_t high;
    float ratio;
};

/* The best band of a window of so many slots near [low, high). */
static void fit_band(const struct ls_slow *slow, const float *row, uint64_t slots, size_t low,
                     size_t high, struct crossing *best) {
    size_t width = high - low;
    struct ls_weigh weigh;
    ls_weigh_plan(&weigh, &slow->needs, slow->learnt, (size_t)slots, width);
    size_t step = weigh.step;
    size_t first = low > width ? low - width : 0;
    for (size_t from = first; from < high; from += step) {
        for (size_t to = from + step; to <= high + width && to <= slow->opts.channels; to += step) {
            float sum = row[to] - row[from];
            if (sum <= 0.0F) {
                continue;
            }
            float ratio = ls_weigh_band(&weigh, from, to, sum, best->ratio);
            if (ratio > best->ratio) {
                *best = (struct crossing){.slots = slots, .low = from, .high = to, .ratio = ratio};
            }
        }
    }
}

/* Slots of the shortest windows that end with this slot of the stretch. */
static size_t shortest_at(const struct ls_slow *slow, uint64_t slot) {
    size_t piece = slow->opts.piece_slots;
    return piece == 0 || (slot >= piece && slot % piece < SEAM_SLOTS) ? LEAST : SHORTEST;
}

/* The present slot ends granules of every octave up to this one: all their windows end with it. */
static void fit_window(struct ls_slow *slow, size_t octave, uint64_t now, struct crossing *best) {
    size_t shortest = shortest_at(slow, now - 1);
    size_t n = slow->opts.channels + 1;
    size_t low = best->low;
    size_t high = best->high;
    for (size_t j = 0; j <= octave; j++) {
        uint64_t granule = now >> j;
        memset(slow->window, 0, n * sizeof *slow->window);
        for (size_t m = 1; m <= LONGEST && m <= granule; m++) {
            ls_rows_add(slow->window, slow->window, ring_row(slow, j, granule - m), n);
            /* Shorter ones have no limits: pieces are searched for them. */
            if ((uint64_t)m << j >= shortest) {
                fit_band(slow, slow->window, (uint64_t)m << j, low, high, best);
            }
        }
    }
}

/* Has the window been told of, as a weak box of a piece? */
static bool is_told(const struct ls_slow *slow, const struct open_box *box, uint64_t now) {
    uint64_t rows = slow->opts.slot_rows;
    const struct ls_told_window window = {.row_start = box->start * rows,
                                          .row_stop = now * rows,
                                          .channel_low = box->low,
                                          .channel_high = box->high,
                                          .anywhere = slow->opts.divided > 1};
    double held = box->sum * (double)(rows * (box->high - box->low));
    return ls_told_holds(slow->told, &window, held);
}

/* A window leaves the pyramid. */
static void take_window_out(struct ls_slow *slow, const struct crossing *found, uint64_t now) {
    for (size_t k = 0; k < slow->octaves; k++) {
        uint64_t count = (found->slots >> k) + 1;
        for (uint64_t m = 1; m <= count && m <= GRANULES; m++) {
            size_t place = ((now >> k) + GRANULES - m) % GRANULES;
            ls_rises_take_out(slow->rings[k][place], slow->opts.channels, found->low, found->high);
            if (k + 1 == slow->octaves) {
                ls_learnt_take_out(slow->learnt, place, found->low, found->high);
            }
        }
    }
}

/* The sums of the window's slots become the box's profile; they leave the pyramid. False when it is
 * none. */
static bool open_box(struct ls_slow *slow, const struct crossing *found, uint64_t now) {
    /* Every box that is open will want to be told of. */
    if (slow->open_count == OPEN_MAX || slow->done_count + slow->open_count + 2 > EVENTS_MAX) {
        return false;
    }
    struct open_box *box = &slow->open[slow->open_count];
    float *profile = box->profile;
    size_t n = slow->opts.channels;
    *box = (struct open_box){.id = slow->next_id++,
                             .start = now - found->slots,
                             .best_stop = now,
                             .low = found->low,
                             .high = found->high,
                             .profile = profile};
    size_t j = 0;
    while (found->slots >> j > LONGEST) {
        j++;
    }
    memset(profile, 0, n * sizeof *profile);
    for (uint64_t m = 1; m <= found->slots >> j; m++) {
        const float *row = ring_row(slow, j, (now >> j) - m);
        for (size_t c = 0; c < n; c++) {
            profile[c] += row[c + 1] - row[c];
        }
    }
    size_t width = box->high - box->low;
    box->sum = (double)ls_rows_sum(profile + box->low, width) / (double)width;
    double strays =
        ls_learnt_stray(slow->learnt, found->slots, box->low, box->high, profile, slow->window);
    if (box->sum < STRAY_SIGMA * (double)found->slots * strays) {
        return false;
    }
    take_window_out(slow, found, now);
    if (!is_told(slow, box, now)) {
        slow->open_count++;
        box->excess = box->sum / (double)found->slots;
        report(slow, box, false, false);
    }
    return true;
}

/* The windows of one width, some of which cross: the one that stands out most. */
static void test_width(const struct ls_slow *slow, uint64_t slots, size_t width, float need,
                       struct crossing *ret) {
    const float *window = slow->window;
    size_t count = slow->opts.channels + 1 > width ? slow->opts.channels + 1 - width : 0;
    float least = SURELY_BELOW * need * fmaxf(1.0F, ret->ratio);
    for (size_t c = 0; c < count; c++) {
        float sum = window[c + width] - window[c];
        if (sum < least) {
            continue; /* most, and without a division */
        }
        float ratio = sum / need;
        if (ratio > fmaxf(1.0F, ret->ratio)) {
            ratio /= ls_learnt_doubt(slow->learnt, (size_t)slots, c, c + width);
        }
        if (ratio > fmaxf(1.0F, ret->ratio)) {
            *ret = (struct crossing){.slots = slots, .low = c, .high = c + width, .ratio = ratio};
            least = SURELY_BELOW * need * ratio;
        }
    }
}

/* The windows of an octave that end with its latest granule. */
static bool test_octave(struct ls_slow *slow, size_t octave, uint64_t now, struct crossing *ret) {
    size_t n = slow->opts.channels + 1;
    uint64_t granule = now >> octave;
    ret->ratio = 0.0F;
    size_t shortest = octave == 0 ? shortest_at(slow, now - 1) : SHORTEST;
    for (size_t m = shortest; m <= LONGEST && m <= granule; m++) {
        if (m == LEAST) {
            ls_rows_add(slow->window, ring_row(slow, octave, granule - 1),
                        ring_row(slow, octave, granule - 2), n);
        } else if (m == shortest) {
            const float *rows[SHORTEST] = {
                ring_row(slow, octave, granule - 1), ring_row(slow, octave, granule - 2),
                ring_row(slow, octave, granule - 3), ring_row(slow, octave, granule - 4)};
            ls_rows_add_four(slow->window, rows, n);
        } else {
            ls_rows_add(slow->window, slow->window, ring_row(slow, octave, granule - m), n);
        }
        ls_rises_begin(&slow->rises, slow->window, n);
        for (size_t i = 0; i < slow->needs.width_count; i++) {
            float need = slow->needs.sums[octave][m][i];
            float asked = need * fmaxf(1.0F, ret->ratio);
            if (ls_rises_above(&slow->rises, i, asked) > asked) {
                test_width(slow, (uint64_t)m << octave, slow->needs.widths[i], need, ret);
            }
        }
    }
    return ret->ratio > 0.0F;
}

/* A slot is complete: granules that end with it, and their windows. */
static void push_slot(struct ls_slow *slow) {
    size_t n = slow->opts.channels;
    float *row = ring_row(slow, 0, slow->slots);
    ls_learnt_hear(slow->learnt, slow->slot);
    ls_rises_run(row, slow->slot, n);
    uint64_t now = ++slow->slots;
    size_t octave = 0;
    while (octave + 1 < slow->octaves && (now >> octave) % 2 == 0) {
        uint64_t granule = now >> octave;
        uint64_t above = (now >> (octave + 1)) - 1;
        float *into = ring_row(slow, octave + 1, above);
        if (octave + 2 == slow->octaves) {
            learn(slow, above);
        }
        memcpy(into, ring_row(slow, octave, granule - 1), (n + 1) * sizeof *into);
        ls_rows_add(into, into, ring_row(slow, octave, granule - 2), n + 1);
        octave++;
    }
    for (size_t j = 0; j <= octave; j++) {
        struct crossing found;
        for (size_t k = 0; k < OPENED_MAX && test_octave(slow, j, now, &found); k++) {
            found.ratio = 0.0F;
            fit_window(slow, j, now, &found);
            if (!open_box(slow, &found, now)) {
                break;
            }
        }
    }
}

size_t ls_slow_open(const struct ls_slow *slow, struct ls_slow_box *ret) {
    for (size_t i = 0; i < slow->open_count; i++) {
        ret[i] = describe(slow, &slow->open[i]);
    }
    return slow->open_count;
}

void ls_slow_follow(struct ls_slow *slow, uint64_t id, const struct ls_told_window *extent,
                    double held) {
    ls_told_follow(slow->told, id, extent, held);
}

bool ls_slow_is_part(const struct ls_slow *slow, const struct ls_box *box) {
    return ls_slot_is_part(slow->input, box);
}

bool ls_slow_holds(const struct ls_slow *slow, const struct ls_box *box) {
    double width = (double)(box->channel_high - box->channel_low);
    for (size_t i = 0; i < slow->open_count && ls_slot_is_part(slow->input, box); i++) {
        const struct open_box *open = &slow->open[i];
        double low = fmax((double)open->low, (double)box->channel_low);
        double high = fmin((double)open->high, (double)box->channel_high);
        double narrow = fmin(width, (double)(open->high - open->low));
        if (high - low >= 0.5 * (slow->opts.divided > 1 ? narrow : width) &&
            box->excess_pow < HELD_EXCESS * open->excess * box->floor_pow) {
            return true;
        }
    }
    return false;
}

size_t ls_slow_piece(struct ls_slow *slow, const struct ls_slot_piece *piece,
                     const struct ls_slow_box **ret_boxes) {
    slow->done_count = 0;
    for (size_t i = 0; i < piece->box_count; i++) {
        if (ls_slot_is_part(slow->input, &piece->boxes[i])) {
            ls_told_add(slow->told, slow->slots * slow->opts.slot_rows,
                        piece->slots * slow->opts.slot_rows, &piece->boxes[i]);
        }
    }
    for (size_t s = 0; s < piece->slots; s++) {
        ls_slot_fill(slow->input, piece, s, slow->reference, slow->slot);
        follow_boxes(slow);
        push_slot(slow);
    }
    *ret_boxes = slow->done;
    return slow->done_count;
}

size_t ls_slow_end(struct ls_slow *slow, const struct ls_slow_box **ret_boxes) {
    slow->done_count = 0;
    while (slow->open_count > 0) {
        struct open_box *last = &slow->open[slow->open_count - 1];
        close_box(slow, slow->open_count - 1, last->best_stop == slow->slots);
    }
    *ret_boxes = slow->done;
    return slow->done_count;
}
