#include "survey/ledger.h"

#include <math.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

void ls_ledger_init(struct ls_ledger *ledger,
                    int (*row)(void *context, const struct ls_observation *row, struct ls_err *err),
                    void *context) {
    memset(ledger, 0, sizeof *ledger);
    ledger->row = row;
    ledger->context = context;
}

static bool same_tuning(const struct ls_tuning *a, const struct ls_tuning *b) {
    return a->center_hz == b->center_hz && a->rate_sps == b->rate_sps && a->format == b->format;
}

static int write_row(struct ls_ledger *ledger, const struct ls_observation *row,
                     struct ls_err *err) {
    double seconds = (double)(row->stop_ns - row->start_ns) / 1e9;
    ledger->observed_s += row->state == LS_OBSERVED ? seconds : 0.0;
    ledger->lost_s += row->state == LS_LOST ? seconds : 0.0;
    ledger->retuning_s += row->state == LS_RETUNING ? seconds : 0.0;
    ledger->off_s += row->state == LS_OFF ? seconds : 0.0;
    return ledger->row(ledger->context, row, err);
}

bool ls_ledger_open_row(const struct ls_ledger *ledger, struct ls_observation *ret) {
    if (ledger->open.samples == 0) {
        return false;
    }
    *ret = ledger->open;
    if (ret->state == LS_OBSERVED) {
        ret->stop_ns = ret->start_ns + ls_time_of_samples(ret->samples, ret->rate_sps);
    }
    return true;
}

static int close_row(struct ls_ledger *ledger, struct ls_err *err) {
    struct ls_observation row;
    if (!ls_ledger_open_row(ledger, &row)) {
        return LS_OK;
    }
    if (row.state == LS_OBSERVED && ledger->too_short != NULL &&
        ledger->too_short(ledger->context, row.samples)) {
        row.state = LS_LOST;
        ls_copy_text(row.cause, sizeof row.cause, "too-short");
    }
    ledger->open.samples = 0;
    return write_row(ledger, &row, err);
}

int ls_ledger_gap(struct ls_ledger *ledger, const struct ls_observation *gap, struct ls_err *err) {
    if (!ledger->begun || gap->stop_ns <= ledger->last_ns) {
        return LS_OK;
    }
    struct ls_observation *open = &ledger->open;
    uint64_t samples = gap->samples > 0 ? gap->samples : 1; /* 0 stands for no row */
    int code = LS_OK;
    if (open->samples > 0 && open->state == gap->state && open->state != LS_OBSERVED &&
        strcmp(open->cause, gap->cause) == 0) {
        open->samples += samples;
    } else {
        code = close_row(ledger, err);
        *open = *gap;
        open->start_ns = ledger->last_ns;
        open->samples = samples;
        open->rate_sps = ledger->tuning.rate_sps;
        open->low_hz = ledger->tuning.center_hz - open->rate_sps / 2.0;
        open->high_hz = ledger->tuning.center_hz + open->rate_sps / 2.0;
    }
    open->stop_ns = gap->stop_ns;
    ledger->last_ns = gap->stop_ns;
    return code;
}

/* The interval between the last block and this one, if there is one. */
static int write_gap(struct ls_ledger *ledger, const struct ls_block *block, int64_t start_ns,
                     struct ls_err *err) {
    if (start_ns <= ledger->last_ns) {
        return LS_OK;
    }
    struct ls_observation gap = {.start_ns = ledger->last_ns, .stop_ns = start_ns};
    bool lost = block->dropped_before > 0;
    gap.state = lost ? LS_LOST : LS_OFF;
    ls_copy_text(gap.cause, sizeof gap.cause, lost ? "overflow" : "capture-gap");
    gap.rate_sps = ledger->tuning.rate_sps;
    gap.low_hz = ledger->tuning.center_hz - gap.rate_sps / 2.0;
    gap.high_hz = ledger->tuning.center_hz + gap.rate_sps / 2.0;
    double samples = (double)(gap.stop_ns - gap.start_ns) * gap.rate_sps / 1e9;
    gap.samples = lost ? block->dropped_before : (uint64_t)llround(samples);
    return write_row(ledger, &gap, err);
}

static void open_row(struct ls_ledger *ledger, const struct ls_block *block, int64_t start_ns) {
    ledger->tuning = block->tuning;
    ledger->open =
        (struct ls_observation){.state = LS_OBSERVED,
                                .start_ns = start_ns,
                                .rate_sps = block->tuning.rate_sps,
                                .low_hz = block->tuning.center_hz - block->tuning.rate_sps / 2.0,
                                .high_hz = block->tuning.center_hz + block->tuning.rate_sps / 2.0};
}

/* Start of a block that does not continue the last one: never before that ends, nor before the
 * samples lost between them have passed, whatever the source's clock says. Clocks are rounded: up
 * to a sample too early is taken as it is for a loss, and not counted as moved. */
static int64_t place_block(struct ls_ledger *ledger, const struct ls_block *block) {
    int64_t start_ns = block->t_ns + ledger->shift_ns;
    int64_t lost_ns = ls_time_of_samples(block->dropped_before, ledger->tuning.rate_sps);
    int64_t sample_ns = ls_time_of_samples(1, ledger->tuning.rate_sps) + 1;
    int64_t earliest_ns = ledger->last_ns + lost_ns;
    if (start_ns + sample_ns < earliest_ns) {
        ledger->moved += start_ns + sample_ns < ledger->last_ns;
    } else if (start_ns >= ledger->last_ns) {
        return start_ns;
    }
    ledger->shift_ns += earliest_ns - start_ns;
    return earliest_ns;
}

/* Does a new capture begin with the sample that comes after the last one's end? Clocks are rounded:
 * to a sample. Without a clock nobody knows. */
static bool abuts(const struct ls_ledger *ledger, const struct ls_block *block) {
    int64_t sample_ns = ls_time_of_samples(1, ledger->tuning.rate_sps) + 1;
    int64_t late_ns = block->t_ns + ledger->shift_ns - ledger->last_ns;
    return (block->flags & (LS_BLOCK_GAP | LS_BLOCK_NO_CLOCK)) == 0 && 2 * late_ns <= sample_ns &&
           2 * late_ns >= -sample_ns;
}

static bool breaks_off(const struct ls_ledger *ledger, const struct ls_block *block) {
    bool gap = (block->flags & LS_BLOCK_GAP) != 0 || block->dropped_before > 0;
    bool first = (block->flags & LS_BLOCK_FIRST) != 0;
    return !ledger->begun || gap || !same_tuning(&block->tuning, &ledger->tuning) ||
           (first && !abuts(ledger, block));
}

int ls_ledger_block(struct ls_ledger *ledger, const struct ls_block *block, bool *ret_continues,
                    int64_t *ret_t_ns, struct ls_err *err) {
    bool breaks = breaks_off(ledger, block);
    int code = LS_OK;
    int64_t start_ns = block->t_ns + ledger->shift_ns;
    if (breaks) {
        code = close_row(ledger, err);
        start_ns = ledger->begun ? place_block(ledger, block) : start_ns;
        if (code == LS_OK && ledger->begun) {
            code = write_gap(ledger, block, start_ns, err);
        }
        if (!ledger->begun) {
            ledger->first_ns = start_ns;
        }
        ledger->begun = true;
        open_row(ledger, block, start_ns);
    }
    ledger->open.samples += block->count;
    ledger->last_ns =
        ledger->open.start_ns + ls_time_of_samples(ledger->open.samples, ledger->open.rate_sps);
    *ret_continues = !breaks;
    *ret_t_ns = start_ns;
    return code;
}

int ls_ledger_finish(struct ls_ledger *ledger, struct ls_err *err) {
    return close_row(ledger, err);
}
