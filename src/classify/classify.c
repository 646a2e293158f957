#include "classify/classify.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "classify/score.h"

static const struct ls_class_row *const rows[] = {
    &ls_class_gsm,          &ls_class_gsm_access, &ls_class_lte_uplink, &ls_class_lte_prach,
    &ls_class_lte_downlink, &ls_class_nr,         &ls_class_wcdma,      &ls_class_nb_iot,
    &ls_class_tetra,        &ls_class_dmr,        &ls_class_lora,       &ls_class_ook,
    &ls_class_fsk,          &ls_class_fm,         &ls_class_carrier,    &ls_class_chirp,
    &ls_class_ads_b,        &ls_class_ais,        &ls_class_noise_like,
};

static const double NAMED = 0.5;  /* the least score that is named */
static const double RIVAL = 0.25; /* the least that is told */
static const double CLEAR = 0.1;  /* the next best must be so far behind */

size_t ls_classify_count(void) { return LS_COUNT(rows); }

const struct ls_class_row *ls_classify_at(size_t index) { return rows[index]; }

/* Best first; equal ones in the order of the table. */
static void sort_scores(const double *scores, size_t *ret_order) {
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        size_t at = i;
        while (at > 0 && scores[ret_order[at - 1]] < scores[i]) {
            ret_order[at] = ret_order[at - 1];
            at--;
        }
        ret_order[at] = i;
    }
}

static void write_rivals(const double *scores, const size_t *order, size_t first, char *ret) {
    size_t used = 0;
    ret[0] = '\0';
    for (size_t i = first; i < LS_COUNT(rows) && scores[order[i]] >= RIVAL; i++) {
        const char *name = rows[order[i]]->name;
        if (used + strlen(name) + 2 > LS_RIVALS_BYTES) {
            return;
        }
        used +=
            (size_t)snprintf(ret + used, LS_RIVALS_BYTES - used, "%s%s", used > 0 ? "," : "", name);
    }
}

struct ls_verdict ls_classify(const struct ls_evidence *evidence) {
    double scores[LS_COUNT(rows)];
    size_t order[LS_COUNT(rows)];
    struct ls_verdict verdict = {.class_name = "unknown"};
    for (size_t i = 0; i < LS_COUNT(rows); i++) {
        scores[i] = evidence->features->parts > 0 ? rows[i]->score(evidence) : 0.0;
    }
    sort_scores(scores, order);
    verdict.score = scores[order[0]];
    bool named = verdict.score >= NAMED && scores[order[1]] <= verdict.score - CLEAR;
    if (named) {
        verdict.class_name = rows[order[0]]->name;
    }
    write_rivals(scores, order, named ? 1 : 0, verdict.rivals);
    return verdict;
}
