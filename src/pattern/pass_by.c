/* A search for each visit of 16 rows or more. The likeliest ones are kept and judged by surrogates
 * when somebody asks; the others only count. */
#include "pattern/pass_by.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/chance.h"
#include "pattern/pass_rivals.h"
#include "pattern/tail.h"

enum {
    KEPT = 24,
    ROWS_MIN = 16,
    BLOCK = 3, /* rows that follow each other fade alike: they move together */
};

static const double each_log10 = -3.0;

struct kept {
    struct ls_pass pass;
    struct ls_visit visit;
};

struct state {
    struct ls_kind_input input;
    struct ls_visits *visits;
    struct ls_pass_grid *grid;
    uint64_t searches;
    size_t count;
    struct kept *kept; /* [KEPT + 1], best first */
};

static void insert(struct state *s, const struct ls_visit *visit, const struct ls_pass *pass) {
    size_t at = s->count;
    while (at > 0 && s->kept[at - 1].pass.score < pass->score) {
        at--;
    }
    if (at == KEPT) {
        return;
    }
    memmove(&s->kept[at + 1], &s->kept[at], (s->count - at) * sizeof *s->kept);
    /* Field by field over zeros, for what lies between them is saved too: equal states are to be
     * equal bytes. */
    struct ls_pass *mine = &s->kept[at].pass;
    memset(mine, 0, sizeof *mine);
    mine->score = pass->score;
    mine->t0_s = pass->t0_s;
    mine->tau_s = pass->tau_s;
    mine->level = pass->level;
    mine->doppler = pass->doppler;
    ls_visit_copy(&s->kept[at].visit, visit);
    s->count = s->count < KEPT ? s->count + 1 : KEPT;
}

static int consider(void *context, const struct ls_visit *visit, struct ls_err *err) {
    struct state *s = context;
    (void)err;
    if (visit->count >= ROWS_MIN && isfinite(visit->row[0].level_db) &&
        visit->row[visit->count - 1].t_ns > visit->row[0].t_ns) {
        struct ls_pass pass = ls_pass_grid_visit(s->grid, visit);
        s->searches++;
        insert(s, visit, &pass);
    }
    return LS_OK;
}

static void destroy(void *state) {
    struct state *s = state;
    if (s != NULL) {
        ls_visits_destroy(s->visits);
        ls_pass_grid_destroy(s->grid);
        free(s->kept);
    }
    free(s);
}

static int create(void **ret, const struct ls_kind_input *input, struct ls_err *err) {
    struct state *s = calloc(1, sizeof *s);
    *ret = s;
    if (s != NULL) {
        s->input = *input;
        s->kept = calloc(KEPT + 1, sizeof *s->kept);
    }
    if (s == NULL || s->kept == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for passes");
    }
    struct ls_visits_opts opts = {.ended = consider, .context = s};
    int code = ls_pass_grid_create(&s->grid, err);
    return code == LS_OK ? ls_visits_create(&s->visits, &opts, err) : code;
}

/* A receiver that comes back to a call makes many rows of it, all of one level: they are no
 * evidence of an order of levels, and only the first of them is taken. */
static int push(void *state, const struct ls_event *event, struct ls_err *err) {
    struct state *s = state;
    if (event->cut_start) {
        return LS_OK;
    }
    return ls_visits_push(s->visits, event, err);
}

/* Blocks of rows in a random order (Fisher and Yates). */
static void shuffle(struct ls_chance *chance, uint32_t *ret_order, size_t count) {
    uint32_t blocks[LS_VISIT_ROWS];
    size_t n = (count + BLOCK - 1) / BLOCK;
    for (size_t i = 0; i < n; i++) {
        size_t j = (size_t)(ls_chance_uniform(chance) * (double)(i + 1));
        blocks[i] = blocks[j];
        blocks[j] = (uint32_t)i;
    }
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < BLOCK && blocks[i] * BLOCK + k < count; k++) {
            ret_order[out++] = (uint32_t)(blocks[i] * BLOCK + k);
        }
    }
}

/* Values and a grid at the times of a visit, and what a surrogate makes of them. */
struct deck {
    struct ls_pass_grid *grid;
    struct ls_pass_rivals *rivals;
    struct ls_pass_values own;
    struct ls_pass_values drawn;
    struct ls_chance chance;
    size_t count;
};

static double draw(void *context) {
    struct deck *deck = context;
    uint32_t order[LS_VISIT_ROWS];
    shuffle(&deck->chance, order, deck->count);
    for (size_t i = 0; i < deck->count; i++) {
        deck->drawn.level_db[i] = deck->own.level_db[order[i]];
        deck->drawn.offset_hz[i] = deck->own.offset_hz[order[i]];
    }
    return ls_pass_grid_scan(deck->grid, &deck->drawn).score;
}

/* Against rows in no order, and where that is not enough of an explanation against the rivals: the
 * likelier of the two. level, doppler: by levels, carriers or both. */
static double judge(struct deck *deck, bool level, bool doppler) {
    struct ls_pass_values looked_at = deck->own;
    looked_at.level = deck->drawn.level = deck->own.level && level;
    looked_at.doppler = deck->drawn.doppler = deck->own.doppler && doppler;
    const double *seed = looked_at.level ? deck->own.level_db : deck->own.offset_hz;
    ls_chance_init(&deck->chance, ls_chance_seed(seed, deck->count));
    double u = ls_chance_uniform(&deck->chance);
    double score = ls_pass_grid_scan(deck->grid, &looked_at).score;
    double log10_p = ls_tail_two_looks(draw, deck, score, u, NULL);
    return log10_p <= -2.0 ? fmax(log10_p, ls_pass_rivals_log10(deck->rivals, &looked_at))
                           : log10_p;
}

/* Levels and carriers have to tell of the pass each by itself. */
static bool holds_twice(struct deck *deck) {
    return judge(deck, true, false) <= each_log10 && judge(deck, false, true) <= each_log10;
}

static void clear_away(struct deck *deck) {
    if (deck != NULL) {
        ls_pass_rivals_destroy(deck->rivals);
        ls_pass_grid_destroy(deck->grid);
    }
    free(deck);
}

/* NULL: out of memory. */
static struct deck *deal(const struct ls_visit *visit) {
    struct deck *deck = calloc(1, sizeof *deck);
    if (deck == NULL || ls_pass_grid_create(&deck->grid, NULL) != LS_OK ||
        ls_pass_rivals_create(&deck->rivals, deck->grid, visit, NULL) != LS_OK) {
        clear_away(deck);
        return NULL;
    }
    ls_pass_grid_begin(deck->grid, visit);
    ls_pass_values_of(visit, &deck->own);
    deck->count = visit->count;
    return deck;
}

static void describe(const struct ls_visit *visit, const struct ls_pass *pass,
                     struct ls_finding *finding) {
    struct ls_pass_fit fit = ls_pass_fit(visit, pass);
    char speed[64] = "";
    int64_t t0_ns = visit->row[0].t_ns + ls_ns_from_seconds(fit.t0_s);
    int64_t error_ns = isfinite(fit.t0_error_s) ? ls_ns_from_seconds(fit.t0_error_s) : 0;
    double low = error_ns > 0 ? (double)(t0_ns - error_ns) : (double)NAN;
    double high = error_ns > 0 ? (double)(t0_ns + error_ns) : (double)NAN;
    ls_finding_number(finding, "closest_ns", (double)t0_ns, low, high);
    if (fit.why == NULL) {
        ls_finding_number(finding, "speed_mps", fit.speed_mps, fit.speed_mps - fit.speed_error_mps,
                          fit.speed_mps + fit.speed_error_mps);
        snprintf(speed, sizeof speed, "at %.1f m/s (+-%.1f)", fit.speed_mps, fit.speed_error_mps);
    } else {
        ls_finding_word(finding, "speed_mps", "not estimable");
        snprintf(finding->rivals[finding->rival_count++], LS_RIVAL_BYTES, "speed not estimable: %s",
                 fit.why);
    }
    if (visit->channel.class_name[0] != '\0') {
        ls_finding_word(finding, "class", visit->channel.class_name);
    }
    ls_copy_text(finding->rivals[finding->rival_count++], LS_RIVAL_BYTES,
                 "a fixed transmitter whose power and frequency were turned up and down");
    ls_copy_text(finding->rivals[finding->rival_count++], LS_RIVAL_BYTES,
                 "a carrier that warms up while its level fades slowly: allowed for");
    char closest[LS_TIME_TEXT_BYTES];
    ls_time_format(t0_ns, closest);
    snprintf(
        finding->words, sizeof finding->words,
        "%llu transmission%s near %.4f MHz, rising and falling in level%s, closest at %.19sZ %s",
        (unsigned long long)visit->transmissions, visit->transmissions == 1 ? "" : "s",
        visit->channel.center_hz / 1e6, pass->doppler ? " and sinking in frequency" : "", closest,
        speed);
    ls_copy_text(finding->limits, sizeof finding->limits, ls_pass_by_kind.fooled);
}

static int report_one(void *context, size_t index, struct ls_report *report, struct ls_err *err) {
    const struct state *s = context;
    const struct kept *kept = &s->kept[index];
    const struct ls_visit *visit = &kept->visit;
    struct deck *deck = deal(visit);
    if (deck == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for passes");
    }
    int64_t evidence[LS_VISIT_ROWS];
    size_t count = 0;
    struct ls_finding finding = ls_report_blank(report);
    ls_copy_text(finding.sensor, sizeof finding.sensor,
                 ls_exposure_name(s->input.exposure, visit->channel.sensor));
    finding.log10_p = judge(deck, true, true);
    finding.trials = 150.0; /* moments and widths of the scan */
    finding.start_ns = visit->start_ns;
    finding.stop_ns = visit->stop_ns;
    finding.low_hz = visit->channel.low_hz - visit->channel.bandwidth_hz / 2.0;
    finding.high_hz = visit->channel.high_hz + visit->channel.bandwidth_hz / 2.0;
    finding.reported = kept->pass.level && kept->pass.doppler;
    if (finding.log10_p <= -2.0) {
        finding.reported = finding.reported && holds_twice(deck);
        describe(visit, &kept->pass, &finding);
        for (size_t i = 0; i < visit->count; i++) {
            bool again = count > 0 && evidence[count - 1] == visit->row[i].id;
            count -= again;
            evidence[count++] = visit->row[i].id;
        }
        finding.evidence = evidence;
        finding.evidence_count = count;
    }
    clear_away(deck);
    return ls_report_add(report, &finding, err);
}

/* Visits under way are looked at as if they were over, in a copy. */
static int report(const void *state, struct ls_report *out, struct ls_err *err) {
    const struct state *s = state;
    struct state copy = *s;
    copy.kept = malloc((KEPT + 1) * sizeof *copy.kept);
    if (copy.kept == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for passes");
    }
    memcpy(copy.kept, s->kept, s->count * sizeof *copy.kept);
    int code = ls_visits_open(s->visits, consider, &copy, err);
    code = code == LS_OK ? ls_report_each(out, &copy.input.jobs, report_one, &copy, copy.count, err)
                         : code;
    ls_report_count(out, copy.searches - copy.count);
    free(copy.kept);
    return code;
}

static int save(const void *state, struct ls_blob *blob, struct ls_err *err) {
    const struct state *s = state;
    int code = ls_visits_save(s->visits, blob, err);
    code = code == LS_OK ? ls_blob_put_count(blob, s->searches, err) : code;
    code = code == LS_OK ? ls_blob_put_count(blob, s->count, err) : code;
    return code == LS_OK ? ls_blob_put(blob, s->kept, s->count * sizeof *s->kept, err) : code;
}

static int load(void *state, struct ls_blob_reader *in, struct ls_err *err) {
    struct state *s = state;
    uint64_t count = 0;
    int code = ls_visits_load(s->visits, in, err);
    code = code == LS_OK ? ls_blob_get_count(in, UINT64_MAX, &s->searches, err) : code;
    code = code == LS_OK ? ls_blob_get_count(in, KEPT, &count, err) : code;
    code = code == LS_OK ? ls_blob_get(in, s->kept, (size_t)count * sizeof *s->kept, err) : code;
    for (size_t i = 0; code == LS_OK && i < count; i++) {
        if (s->kept[i].visit.count < ROWS_MIN || s->kept[i].visit.count > LS_VISIT_ROWS) {
            code = ls_err_set(err, LS_ERR_FORMAT, "saved state of passes is damaged");
        }
    }
    s->count = code == LS_OK ? (size_t)count : 0;
    return code;
}

const struct ls_kind ls_pass_by_kind = {
    .id = "pass-by",
    .version = 7,
    .null =
        "within a visit the levels and offsets come in no order, but for three rows that follow "
        "each other, which fade alike; or levels fade slowly, and carriers warm up or cool down "
        "along an exponential",
    .test = "log-likelihood of a level bell and a Doppler curve about one moment and of one width, "
            "the best of 150, against the rows of the same visit in other orders, and against "
            "slow fading and drifts drawn anew: the likelier of the two; one search for "
            "each visit of 16 rows. The points along a long transmission count as rows",
    .evidence =
        "16 rows with levels and carrier offsets within a quarter of an hour, silence of two "
        "minutes before and behind; levels and offsets each at 1e-3 by themselves",
    .rivals = "a fixed transmitter that is turned up and down, or warms up while its level fades",
    .fooled =
        "what sends seldom, or without a break, is no visit and is not seen; left and right of "
        "the sensor, and both directions of travel, look the same. A fixed transmitter whose "
        "carrier goes down in one step while its level swells may look alike",
    .create = create,
    .destroy = destroy,
    .push = push,
    .report = report,
    .save = save,
    .load = load,
};
