#include "pattern/sweep_line.h"

#include <math.h>
#include <string.h>

enum {
    NEIGHBOURS = 3, /* a pair is a row and one of so many behind it */
    MISSES = 1,     /* steps in a row that a line may lack */
    REACH = 24      /* rows ahead in which the next step is looked for */
};

static const double widest_gap_s = 30.0;   /* between two steps */
static const double step_tolerance = 0.12; /* of the step, and of the time it takes */
static const double alike = 0.25;          /* steps of one sweep last alike */

struct field {
    const struct ls_sweep_row *rows;
    size_t count;
    const uint32_t *order;
    double sorted_hz[LS_SWEEP_ROWS]; /* all centres, ascending: what chance draws from */
};

static double center(const struct field *f, size_t i) {
    return f->rows[f->order == NULL ? i : f->order[i]].center_hz;
}

/* Centres below hz. */
static size_t below(const struct field *f, double hz) {
    size_t low = 0;
    size_t high = f->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->sorted_hz[middle] < hz) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The share of rows that land within the tolerance of hz, whenever they come. */
static double share(const struct field *f, double hz, double room) {
    size_t hits = below(f, hz + room) - below(f, hz - room);
    return ((double)hits + 1.0) / ((double)f->count + 1.0);
}

/* One line while it grows. */
struct line {
    double step_hz;
    double step_s;
    double room_hz;
    double score;
    size_t last;
    size_t count;
    size_t row[LS_SWEEP_ROWS];
};

static bool alike_rows(const struct ls_sweep_row *a, const struct ls_sweep_row *b) {
    return fabs(a->duration_s - b->duration_s) <= alike * fmax(a->duration_s, b->duration_s);
}

/* The row that continues the line k steps on; SIZE_MAX: none. Looked at rows count in *looked. */
static size_t find_step(const struct field *f, const struct line *line, int k, size_t *looked) {
    double want_t = f->rows[line->last].t_s + k * line->step_s;
    double want_hz = center(f, line->last) + k * line->step_hz;
    double room_s = step_tolerance * line->step_s * k + 1e-3;
    size_t end = line->last + 1 + REACH;
    end = end < f->count ? end : f->count;
    *looked = 0;
    for (size_t i = line->last + 1; i < end && f->rows[i].t_s <= want_t + room_s; i++) {
        if (f->rows[i].t_s < want_t - room_s) {
            continue;
        }
        ++*looked;
        if (fabs(center(f, i) - want_hz) <= line->room_hz &&
            alike_rows(&f->rows[i], &f->rows[line->last])) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* What chance pays for this step: the probability that one of the rows looked at is there. */
static double surprise(const struct field *f, const struct line *line, int k, size_t looked) {
    double q = share(f, center(f, line->last) + k * line->step_hz, line->room_hz);
    double any = -expm1((double)looked * log1p(-fmin(q, 0.999)));
    return -log(fmax(any, 1e-12));
}

static void grow(const struct field *f, struct line *line) {
    for (;;) {
        size_t next = SIZE_MAX;
        size_t looked = 0;
        int k = 1;
        for (; k <= 1 + MISSES && next == SIZE_MAX; k++) {
            next = find_step(f, line, k, &looked);
        }
        if (next == SIZE_MAX || line->count == LS_SWEEP_ROWS) {
            return;
        }
        line->score += surprise(f, line, k - 1, looked);
        line->row[line->count++] = next;
        line->last = next;
    }
}

static bool begin(const struct field *f, size_t i, size_t j, struct line *ret) {
    const struct ls_sweep_row *a = &f->rows[i];
    const struct ls_sweep_row *b = &f->rows[j];
    double step_hz = center(f, j) - center(f, i);
    double step_s = b->t_s - a->t_s;
    double least = fmax(a->bandwidth_hz, b->bandwidth_hz);
    if (fabs(step_hz) < fmax(least, 500.0) || !(step_s > 0.0) || step_s > widest_gap_s ||
        !alike_rows(a, b)) {
        return false;
    }
    *ret = (struct line){.step_hz = step_hz, .step_s = step_s, .last = j, .count = 2};
    ret->room_hz = step_tolerance * fabs(step_hz);
    ret->row[0] = i;
    ret->row[1] = j;
    return true;
}

/* --- lines of one slope --- */

struct found {
    double step_hz;
    double step_s;
    double start_s;
    double score;
    size_t count;
    size_t row[LS_SWEEP_ROWS];
};

enum { FOUND_MAX = 24 };

static bool same_slope(const struct found *a, const struct found *b) {
    return fabs(a->step_hz - b->step_hz) <= 2.0 * step_tolerance * fabs(a->step_hz) &&
           fabs(a->step_s - b->step_s) <= 2.0 * step_tolerance * a->step_s;
}

/* Mean and spread of one step, from the ends of each line. */
static void measure(const struct field *f, const struct found *found, size_t count,
                    const struct found *like, struct ls_sweep *ret) {
    double step = 0.0;
    double dwell = 0.0;
    double dwell_squares = 0.0;
    double steps = 0.0;
    double before_s = (double)NAN;
    double revisits = 0.0;
    double revisit = 0.0;
    double revisit_squares = 0.0;
    for (size_t l = 0; l < count; l++) {
        const struct found *line = &found[l];
        if (!same_slope(like, line)) {
            continue;
        }
        for (size_t k = 1; k < line->count; k++) {
            double hz = center(f, line->row[k]) - center(f, line->row[k - 1]);
            double s = f->rows[line->row[k]].t_s - f->rows[line->row[k - 1]].t_s;
            double hops = fmax(round(hz / like->step_hz), 1.0);
            step += hz;
            dwell += s;
            dwell_squares += s * s / hops;
            steps += hops;
        }
        if (isfinite(before_s)) {
            revisit += line->start_s - before_s;
            revisit_squares += pow(line->start_s - before_s, 2.0);
            revisits += 1.0;
        }
        before_s = line->start_s;
    }
    ret->step_hz = step / steps;
    ret->dwell_s = dwell / steps;
    ret->dwell_spread_s =
        sqrt(fmax(dwell_squares / steps - ret->dwell_s * ret->dwell_s, 0.0) / steps);
    ret->revisit_s = revisits > 0.0 ? revisit / revisits : (double)NAN;
    ret->revisit_spread_s =
        revisits > 0.0
            ? sqrt(fmax(revisit_squares / revisits - pow(ret->revisit_s, 2.0), 0.0) / revisits)
            : (double)NAN;
}

static void join(const struct field *f, const struct found *found, size_t count,
                 struct ls_sweep *ret) {
    const struct found *best = NULL;
    double best_score = 0.0;
    for (size_t a = 0; a < count; a++) {
        double score = 0.0;
        for (size_t b = 0; b < count; b++) {
            score += same_slope(&found[a], &found[b]) ? found[b].score : 0.0;
        }
        if (score > best_score) {
            best_score = score;
            best = &found[a];
        }
    }
    if (best == NULL) {
        return;
    }
    ret->score = best_score;
    ret->low_hz = HUGE_VAL;
    ret->high_hz = -HUGE_VAL;
    for (size_t l = 0; l < count; l++) {
        for (size_t k = 0; same_slope(best, &found[l]) && k < found[l].count; k++) {
            double hz = center(f, found[l].row[k]);
            ret->on_line[found[l].row[k]] = true;
            ret->low_hz = fmin(ret->low_hz, hz);
            ret->high_hz = fmax(ret->high_hz, hz);
            ret->steps++;
        }
        ret->lines += same_slope(best, &found[l]);
    }
    measure(f, found, count, best, ret);
}

/* The longest line from each row that no line has yet. */
void ls_sweep_scan(const struct ls_sweep_row *rows, size_t count, const uint32_t *order,
                   struct ls_sweep *ret) {
    struct field f = {.rows = rows, .count = count, .order = order};
    struct found found[FOUND_MAX];
    bool used[LS_SWEEP_ROWS] = {false};
    size_t lines = 0;
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && f.sorted_hz[at - 1] > rows[i].center_hz; at--) {
            f.sorted_hz[at] = f.sorted_hz[at - 1];
        }
        f.sorted_hz[at] = rows[i].center_hz;
    }
    for (size_t i = 0; i + 1 < count && lines < FOUND_MAX; i++) {
        struct line best = {.count = 0};
        for (size_t j = i + 1; !used[i] && j < count && j <= i + NEIGHBOURS; j++) {
            struct line line;
            if (used[j] || !begin(&f, i, j, &line)) {
                continue;
            }
            ret->tried++;
            grow(&f, &line);
            best = line.score > best.score ? line : best;
        }
        if (best.count < LS_SWEEP_STEPS_MIN) {
            continue;
        }
        struct found *one = &found[lines++];
        *one = (struct found){.step_hz = best.step_hz,
                              .step_s = best.step_s,
                              .start_s = rows[i].t_s,
                              .score = best.score,
                              .count = best.count};
        memcpy(one->row, best.row, best.count * sizeof best.row[0]);
        for (size_t k = 0; k < best.count; k++) {
            used[best.row[k]] = true;
        }
    }
    join(&f, found, lines, ret);
}
