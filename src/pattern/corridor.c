/* Each visit of something that gets louder and fainter again is a crossing of its sensor, at the
 * moment of its level bell (pattern/pass_by.h). Two crossings of like emitters at two sensors say
 * when a third one must come, if it is one emitter at one speed; whether one did is the test.
 *
 * Sensors name their place along the line ("km-12.4"): nothing else is known of where they are. */
#include "pattern/corridor.h"

#include <ctype.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/time.h"
#include "base/util.h"
#include "pattern/pass_by.h"
#include "pattern/visits.h"

enum {
    CROSSINGS = 1024, /* kept: the last ones */
    LIKE_MAX = 128,   /* of one kind of emitter, looked at together: the last ones */
    ROWS_MIN = 6,
    SENSORS_MIN = 3,
    CHAIN_MAX = 16,
    CHAINS_MAX = 32,
    IDS = 16
};

static const double score_least = 6.0; /* of the level bell: a crossing at all */
static const double gate_s = 3.0;      /* of a closest moment, ... */
static const double gate_share = 0.1;  /* ... and of the way: nobody keeps a speed exactly */
static const double slow_mps = 1.5;
static const double fast_mps = 120.0;
static const double carrier_ppm = 6e-6;             /* two receivers of 1 ppm, and Doppler */
static const int64_t apart_ns = 7200 * LS_NS_PER_S; /* of crossings of one journey, at most */

struct crossing {
    int64_t t_ns;
    uint32_t sensor;
    double place_m;
    double center_hz;
    double bandwidth_hz;
    char class_name[LS_CLASS_BYTES];
    uint32_t id_count;
    int64_t id[IDS];
};

struct state {
    struct ls_kind_input input;
    struct ls_visits *visits;
    struct ls_pass_grid *grid;
    int64_t first_ns; /* of all rows; INT64_MAX: none */
    int64_t last_ns;
    uint32_t sensors; /* heard so far */
    uint64_t count;   /* of crossings so far; a ring */
    struct crossing crossing[CROSSINGS];
};

bool ls_corridor_place(const char *name, double *ret_m) {
    for (const char *at = name; *at != '\0'; at++) {
        if (strncasecmp(at, "km", 2) != 0 || (at > name && isalpha((unsigned char)at[-1]))) {
            continue;
        }
        const char *digits = at + 2 + strspn(at + 2, " -_:");
        char *end = NULL;
        double km = isdigit((unsigned char)*digits) ? strtod(digits, &end) : 0.0;
        if (end != NULL && isfinite(km) && km < 1e5) {
            *ret_m = 1000.0 * km;
            return true;
        }
    }
    return false;
}

/* --- crossings --- */

static int take_visit(void *context, const struct ls_visit *visit, struct ls_err *err) {
    struct state *s = context;
    struct crossing crossing = {.sensor = visit->channel.sensor,
                                .center_hz = visit->channel.center_hz,
                                .bandwidth_hz = visit->channel.bandwidth_hz};
    (void)err;
    if (visit->count < ROWS_MIN || !isfinite(visit->row[0].level_db) ||
        visit->row[visit->count - 1].t_ns <= visit->row[0].t_ns ||
        !ls_corridor_place(ls_exposure_name(s->input.exposure, crossing.sensor),
                           &crossing.place_m)) {
        return LS_OK;
    }
    struct ls_pass pass = ls_pass_grid_visit(s->grid, visit);
    if (!pass.level || pass.score < score_least) {
        return LS_OK;
    }
    struct ls_pass_fit fit = ls_pass_fit(visit, &pass);
    crossing.t_ns =
        visit->row[0].t_ns + ls_ns_from_seconds(isfinite(fit.t0_s) ? fit.t0_s : pass.t0_s);
    ls_copy_text(crossing.class_name, sizeof crossing.class_name, visit->channel.class_name);
    size_t step = (visit->count + IDS - 1) / IDS;
    for (size_t i = 0; i < visit->count; i += step) {
        crossing.id[crossing.id_count++] = visit->row[i].id;
    }
    s->crossing[s->count++ % CROSSINGS] = crossing;
    return LS_OK;
}

static void destroy(void *state) {
    struct state *s = state;
    if (s != NULL) {
        ls_visits_destroy(s->visits);
        ls_pass_grid_destroy(s->grid);
    }
    free(s);
}

static int create(void **ret, const struct ls_kind_input *input, struct ls_err *err) {
    struct state *s = calloc(1, sizeof *s);
    *ret = s;
    if (s == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for crossings");
    }
    s->input = *input;
    s->first_ns = INT64_MAX;
    struct ls_visits_opts opts = {.ended = take_visit, .context = s};
    int code = ls_pass_grid_create(&s->grid, err);
    return code == LS_OK ? ls_visits_create(&s->visits, &opts, err) : code;
}

/* Sensors along a line; with fewer there is nothing to look for. */
static size_t placed_sensors(const struct state *s) {
    size_t placed = 0;
    double place_m;
    for (uint32_t i = 0; i < ls_exposure_sensors(s->input.exposure); i++) {
        placed += ls_corridor_place(ls_exposure_name(s->input.exposure, i), &place_m);
    }
    return placed;
}

static int push(void *state, const struct ls_event *event, struct ls_err *err) {
    struct state *s = state;
    s->first_ns = event->row->start_ns < s->first_ns ? event->row->start_ns : s->first_ns;
    s->last_ns = event->row->start_ns;
    s->sensors = event->sensor >= s->sensors ? event->sensor + 1 : s->sensors;
    if (s->sensors < SENSORS_MIN) {
        return LS_OK;
    }
    return ls_visits_push(s->visits, event, err);
}

/* --- chains --- */

/* Crossings of like emitters, in order of time. */
struct like {
    const struct crossing *at[LIKE_MAX];
    bool used[LIKE_MAX];
    size_t count;
    double span_s; /* of the log */
    size_t pairs;  /* that might have begun a journey */
};

struct chain {
    const struct crossing *at[CHAIN_MAX];
    size_t index[CHAIN_MAX];
    size_t count;
    double log10_p;
};

static bool alike(const struct crossing *a, const struct crossing *b) {
    double room = carrier_ppm * a->center_hz + 0.05 * a->bandwidth_hz;
    return fabs(a->center_hz - b->center_hz) <= room && a->bandwidth_hz <= 2.0 * b->bandwidth_hz &&
           b->bandwidth_hz <= 2.0 * a->bandwidth_hz;
}

/* How likely a crossing of such an emitter at that sensor falls within the gate by chance. */
static double by_chance(const struct like *like, const struct crossing *hit, double gate) {
    double count = 0.0;
    for (size_t i = 0; i < like->count; i++) {
        count += like->at[i]->sensor == hit->sensor;
    }
    return -expm1(-2.0 * gate * count / fmax(like->span_s, 3600.0));
}

/* The unused crossing at a further sensor that is nearest to where the first two say; SIZE_MAX:
 * none is near enough. */
static size_t next_hit(const struct like *like, const struct chain *chain, uint32_t sensor,
                       double *ret_gate) {
    const struct crossing *a = chain->at[0];
    const struct crossing *b = chain->at[1];
    double way_s = (double)(b->t_ns - a->t_ns) / 1e9;
    size_t best = SIZE_MAX;
    double best_s = HUGE_VAL;
    for (size_t i = 0; i < like->count; i++) {
        const struct crossing *c = like->at[i];
        if (like->used[i] || c->sensor != sensor) {
            continue;
        }
        double due_s = way_s * (c->place_m - a->place_m) / (b->place_m - a->place_m);
        double off_s = fabs((double)(c->t_ns - a->t_ns) / 1e9 - due_s);
        double gate = gate_s + gate_share * fmin(fabs(due_s), fabs(due_s - way_s));
        if (off_s <= gate && off_s < best_s) {
            best = i;
            best_s = off_s;
            *ret_gate = gate;
        }
    }
    return best;
}

static bool begins_journey(const struct crossing *a, const struct crossing *b) {
    double way_s = (double)(b->t_ns - a->t_ns) / 1e9;
    double way_m = fabs(b->place_m - a->place_m);
    return a->sensor != b->sensor && way_m > 0.0 && way_s > 0.0 && b->t_ns - a->t_ns <= apart_ns &&
           way_m >= slow_mps * way_s && way_m <= fast_mps * way_s;
}

/* All that goes with crossings i and j. */
static void follow(const struct state *s, const struct like *like, size_t i, size_t j,
                   struct chain *ret) {
    *ret = (struct chain){.at = {like->at[i], like->at[j]}, .index = {i, j}, .count = 2};
    for (uint32_t sensor = 0; sensor < ls_exposure_sensors(s->input.exposure); sensor++) {
        double gate = 0.0;
        if (sensor == like->at[i]->sensor || sensor == like->at[j]->sensor ||
            ret->count == CHAIN_MAX) {
            continue;
        }
        size_t hit = next_hit(like, ret, sensor, &gate);
        if (hit != SIZE_MAX) {
            ret->log10_p += log10(fmax(by_chance(like, like->at[hit], gate), 1e-300));
            ret->at[ret->count] = like->at[hit];
            ret->index[ret->count++] = hit;
        }
    }
}

static void count_pairs(struct like *like) {
    like->pairs = 0;
    for (size_t i = 0; i < like->count; i++) {
        for (size_t j = i + 1; j < like->count; j++) {
            like->pairs += begins_journey(like->at[i], like->at[j]);
        }
    }
}

/* The surest chain that is left; false: none of three sensors. */
static bool best_chain(const struct state *s, const struct like *like, struct chain *ret) {
    bool found = false;
    for (size_t i = 0; i < like->count; i++) {
        for (size_t j = i + 1; j < like->count; j++) {
            struct chain chain;
            if (like->used[i] || like->used[j] || !begins_journey(like->at[i], like->at[j])) {
                continue;
            }
            follow(s, like, i, j, &chain);
            if (chain.count >= SENSORS_MIN && (!found || chain.log10_p < ret->log10_p)) {
                *ret = chain;
                found = true;
            }
        }
    }
    return found;
}

static size_t find_chains(const struct state *s, struct like *like, struct chain *ret) {
    size_t count = 0;
    while (count < CHAINS_MAX && best_chain(s, like, &ret[count])) {
        for (size_t i = 0; i < ret[count].count; i++) {
            like->used[ret[count].index[i]] = true;
        }
        count++;
    }
    return count;
}

/* Of so many pairs, at least count begin chains as sure as the last of them: the bound of
 * Bonferroni, C(pairs, count) p^count. The best count is taken, for which there were CHAINS_MAX to
 * choose from. */
static double any_log10(const struct like *like, const struct chain *chains, size_t count,
                        size_t *ret_count) {
    double best = 0.0;
    *ret_count = 1;
    for (size_t k = 1; k <= count && k <= like->pairs; k++) {
        double choose = gsl_sf_lnchoose((unsigned)like->pairs, (unsigned)k) / M_LN10;
        double p = choose + (double)k * chains[k - 1].log10_p + log10((double)CHAINS_MAX);
        if (p < best) {
            best = p;
            *ret_count = k;
        }
    }
    return best;
}

/* --- the finding --- */

struct speed {
    double mps; /* < 0: to lower places */
    double error_mps;
};

/* Straight line through the crossings of the first chain; interval of 90 %, no better than the gate
 * of the closest moments. */
static struct speed speed_of(const struct chain *chain) {
    double n = (double)chain->count;
    double mean_t = 0.0;
    double mean_x = 0.0;
    double txx = 0.0;
    double txt = 0.0;
    double xx = 0.0;
    for (size_t i = 0; i < chain->count; i++) {
        mean_t += (double)(chain->at[i]->t_ns - chain->at[0]->t_ns) / 1e9 / n;
        mean_x += chain->at[i]->place_m / n;
    }
    for (size_t i = 0; i < chain->count; i++) {
        double t = (double)(chain->at[i]->t_ns - chain->at[0]->t_ns) / 1e9 - mean_t;
        double x = chain->at[i]->place_m - mean_x;
        xx += x * x;
        txt += t * x;
        txx += t * t;
    }
    double slope = txt / xx; /* s a metre */
    double rest = fmax(0.0, txx - slope * txt) / (n - 2.0);
    double error = 1.645 * sqrt(fmax(rest, 1.0) / xx);
    double mps = 1.0 / slope;
    return (struct speed){mps, error * mps * mps};
}

static void outline(const struct chain *chains, size_t count, int64_t *evidence,
                    struct ls_finding *finding) {
    finding->low_hz = HUGE_VAL;
    finding->high_hz = -HUGE_VAL;
    finding->start_ns = INT64_MAX;
    finding->stop_ns = INT64_MIN;
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < chains[k].count; i++) {
            const struct crossing *c = chains[k].at[i];
            finding->low_hz = fmin(finding->low_hz, c->center_hz - c->bandwidth_hz / 2.0);
            finding->high_hz = fmax(finding->high_hz, c->center_hz + c->bandwidth_hz / 2.0);
            finding->start_ns = c->t_ns < finding->start_ns ? c->t_ns : finding->start_ns;
            finding->stop_ns = c->t_ns > finding->stop_ns ? c->t_ns : finding->stop_ns;
            for (size_t m = 0; m < c->id_count && finding->evidence_count < LS_EVIDENCE_MAX; m++) {
                evidence[finding->evidence_count++] = c->id[m];
            }
        }
    }
    finding->evidence = evidence;
}

static void describe(const struct chain *chains, size_t count, struct ls_finding *finding) {
    const struct chain *chain = &chains[0];
    struct speed speed = speed_of(chain);
    double mps = fabs(speed.mps);
    ls_finding_number(finding, "sensors", (double)chain->count, (double)NAN, (double)NAN);
    ls_finding_number(finding, "speed_mps", mps, mps - speed.error_mps, mps + speed.error_mps);
    ls_finding_number(finding, "p_false", pow(10.0, fmax(chain->log10_p, -300.0)), (double)NAN,
                      (double)NAN);
    ls_finding_number(finding, "journeys", (double)count, (double)NAN, (double)NAN);
    ls_finding_word(finding, "direction", speed.mps > 0.0 ? "to higher km" : "to lower km");
    if (chain->at[0]->class_name[0] != '\0') {
        ls_finding_word(finding, "class", chain->at[0]->class_name);
    }
    ls_copy_text(finding->rivals[0], LS_RIVAL_BYTES,
                 "on-board radio of a train, which makes the same journey by right");
    ls_copy_text(finding->rivals[1], LS_RIVAL_BYTES,
                 "several like emitters of a convoy, or of many vehicles on a busy road");
    finding->rival_count = 2;
    snprintf(finding->words, sizeof finding->words,
             "an emitter near %.4f MHz crossed %zu sensors at %.1f m/s (+-%.1f), on %zu journey%s",
             chain->at[0]->center_hz / 1e6, chain->count, mps, speed.error_mps, count,
             count == 1 ? "" : "s");
    ls_copy_text(finding->limits, sizeof finding->limits, ls_corridor_kind.fooled);
}

static int report_like(const struct state *s, struct like *like, struct ls_report *out,
                       struct ls_err *err) {
    struct chain *chains = calloc(CHAINS_MAX, sizeof *chains);
    int64_t evidence[LS_EVIDENCE_MAX];
    if (chains == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for crossings");
    }
    count_pairs(like);
    size_t found = find_chains(s, like, chains);
    size_t count = 0;
    int code = LS_OK;
    if (found == 0) {
        ls_report_count(out, like->pairs > 0);
    } else {
        struct ls_finding finding = ls_report_blank(out);
        finding.log10_p = any_log10(like, chains, found, &count);
        finding.trials = (double)like->pairs;
        finding.reported = true;
        /* The journeys but the first one say it again. */
        finding.confirm_log10_p = (double)NAN;
        if (count > 1) {
            finding.confirm_log10_p = fmin(0.0, chains[1].log10_p + log10((double)like->pairs));
        }
        ls_copy_text(finding.sensor, sizeof finding.sensor,
                     ls_exposure_name(s->input.exposure, chains[0].at[0]->sensor));
        outline(chains, count, evidence, &finding);
        describe(chains, count, &finding);
        code = ls_report_add(out, &finding, err);
    }
    free(chains);
    return code;
}

static int compare_crossings(const void *a, const void *b) {
    const struct crossing *x = a;
    const struct crossing *y = b;
    if (x->t_ns != y->t_ns) {
        return x->t_ns < y->t_ns ? -1 : 1;
    }
    return (x->sensor > y->sensor) - (x->sensor < y->sensor);
}

/* The last ones like all[from], which are taken. */
static void gather(const struct crossing *all, size_t count, bool *taken, size_t from,
                   struct like *ret) {
    size_t n = 0;
    size_t skip = 0;
    for (size_t i = from; i < count; i++) {
        n += !taken[i] && alike(&all[from], &all[i]);
    }
    skip = n > LIKE_MAX ? n - LIKE_MAX : 0;
    for (size_t i = from; i < count; i++) {
        if (taken[i] || !alike(&all[from], &all[i])) {
            continue;
        }
        taken[i] = true;
        if (skip > 0) {
            skip--;
        } else {
            ret->at[ret->count++] = &all[i];
        }
    }
}

static int report_all(const struct state *s, const struct crossing *all, size_t count,
                      struct ls_report *out, struct ls_err *err) {
    bool taken[CROSSINGS] = {false};
    int code = LS_OK;
    for (size_t i = 0; i < count && code == LS_OK; i++) {
        struct like like = {.span_s = (double)(s->last_ns - s->first_ns) / 1e9};
        if (!taken[i]) {
            gather(all, count, taken, i, &like);
            code = report_like(s, &like, out, err);
        }
    }
    return code;
}

/* Visits under way are looked at as if they were over, in a copy. */
static int report(const void *state, struct ls_report *out, struct ls_err *err) {
    const struct state *s = state;
    if (placed_sensors(s) < SENSORS_MIN) {
        return LS_OK;
    }
    struct state *copy = malloc(sizeof *copy);
    if (copy == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for crossings");
    }
    *copy = *s;
    int code = ls_visits_open(s->visits, take_visit, copy, err);
    size_t count = copy->count < CROSSINGS ? (size_t)copy->count : CROSSINGS;
    qsort(copy->crossing, count, sizeof *copy->crossing, compare_crossings);
    code = code == LS_OK ? report_all(s, copy->crossing, count, out, err) : code;
    free(copy);
    return code;
}

/* --- the state as bytes --- */

static int save(const void *state, struct ls_blob *blob, struct ls_err *err) {
    const struct state *s = state;
    size_t kept = s->count < CROSSINGS ? (size_t)s->count : CROSSINGS;
    int code = ls_visits_save(s->visits, blob, err);
    code = code == LS_OK ? ls_blob_put(blob, &s->first_ns, sizeof s->first_ns, err) : code;
    code = code == LS_OK ? ls_blob_put(blob, &s->last_ns, sizeof s->last_ns, err) : code;
    code = code == LS_OK ? ls_blob_put(blob, &s->sensors, sizeof s->sensors, err) : code;
    code = code == LS_OK ? ls_blob_put_count(blob, s->count, err) : code;
    return code == LS_OK ? ls_blob_put(blob, s->crossing, kept * sizeof *s->crossing, err) : code;
}

static int load(void *state, struct ls_blob_reader *in, struct ls_err *err) {
    struct state *s = state;
    int code = ls_visits_load(s->visits, in, err);
    code = code == LS_OK ? ls_blob_get(in, &s->first_ns, sizeof s->first_ns, err) : code;
    code = code == LS_OK ? ls_blob_get(in, &s->last_ns, sizeof s->last_ns, err) : code;
    code = code == LS_OK ? ls_blob_get(in, &s->sensors, sizeof s->sensors, err) : code;
    code = code == LS_OK ? ls_blob_get_count(in, UINT64_MAX, &s->count, err) : code;
    size_t kept = s->count < CROSSINGS ? (size_t)s->count : CROSSINGS;
    code = code == LS_OK ? ls_blob_get(in, s->crossing, kept * sizeof *s->crossing, err) : code;
    for (size_t i = 0; i < kept && code == LS_OK; i++) {
        if (s->crossing[i].sensor >= LS_SENSORS_MAX || s->crossing[i].id_count > IDS) {
            code = ls_err_set(err, LS_ERR_FORMAT, "saved crossings are damaged");
        }
    }
    return code;
}

const struct ls_kind ls_corridor_kind = {
    .id = "corridor-track",
    .version = 1,
    .null = "like emitters cross each sensor at their own times, as often as they were seen to",
    .test = "a crossing of a third sensor, and of each further one, within 3 s and a tenth of the "
            "way of when the first two say, against the rate of such crossings there; all pairs "
            "that might begin a journey are paid for (Bonferroni); one search for each kind of "
            "emitter",
    .evidence = "three sensors whose names state their place (km-12.4), in one database, on one "
                "clock; six transmissions at each with a level bell",
    .rivals = "on-board radios of trains; convoys and busy roads",
    .fooled = "sensors whose names do not say where they stand, as km-12.4 does, have no part in "
              "it; a clock that is wrong "
              "by seconds hides a journey, or bends its speed. Speed is that along the line, on "
              "the average between sensors",
    .create = create,
    .destroy = destroy,
    .push = push,
    .report = report,
    .save = save,
    .load = load,
};
