/* model/finding.h: the outcome of one search for a regularity, reported or not. */
#ifndef MODEL_FINDING_H
#define MODEL_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/transmission.h"

enum {
    LS_KIND_BYTES = 24,
    LS_PARAMETERS_MAX = 12,
    LS_RIVALS_MAX = 6,
    LS_PARAMETER_NAME_BYTES = 32,
    LS_PARAMETER_TEXT_BYTES = 32,
    LS_RIVAL_BYTES = 120,
    LS_WORDS_BYTES = 400
};

/* An estimated parameter: a number with its 90 % interval, or a word. */
struct ls_parameter {
    char name[LS_PARAMETER_NAME_BYTES]; /* ends in its unit: "period_s" */
    double value;                       /* NAN when it is not estimable, or a word */
    double low;                         /* 90 % interval; NAN when none is stated */
    double high;
    char text[LS_PARAMETER_TEXT_BYTES]; /* a word ("clock-locked", "not estimable"), else "" */
};

struct ls_finding {
    char kind[LS_KIND_BYTES]; /* of DESIGN section 3 */
    unsigned version;         /* of its detector */
    char sensor[LS_SENSOR_BYTES];
    double false_alarm_probability; /* after every trial of this kind in the run */
    double log10_p;                 /* the same; stays finite where the probability underflows */
    bool reported;                  /* below 1e-3 and with the evidence its kind wants */
    uint64_t searches;              /* of this kind in the run */
    double trials;                  /* in all searches */
    int64_t start_ns;               /* of the evidence */
    int64_t stop_ns;
    double low_hz;
    double high_hz;
    struct ls_parameter parameters[LS_PARAMETERS_MAX];
    size_t parameter_count;
    double company; /* share of its evidence that came while several others passed, as what is on
                       board of a train does; NAN: not known, or the place is busy anyway */
    double confirm_log10_p;                     /* on a disjoint later interval; NAN: not tested */
    char rivals[LS_RIVALS_MAX][LS_RIVAL_BYTES]; /* other explanations and how they fared */
    size_t rival_count;
    char words[LS_WORDS_BYTES];  /* what was found, in plain words */
    char limits[LS_WORDS_BYTES]; /* what could not have been seen, what may fool this */
    const int64_t *evidence;     /* ids of transmissions, ascending; borrowed */
    size_t evidence_count;
};

/* Adds a number (interval low..high may be NAN) or a word; asserts that there is room. */
void ls_finding_number(struct ls_finding *finding, const char *name, double value, double low,
                       double high);
void ls_finding_word(struct ls_finding *finding, const char *name, const char *text);

/* The kinds of DESIGN section 3, in its order. */
const char *const *ls_finding_kinds(size_t *ret_count);

/* Its probability as the lines write it: 1e-300 where it would underflow. */
double ls_finding_probability(const struct ls_finding *finding);

/* For people: "0.031", "2.7e-6", and "<1e-12" of all that is less: the laws of the kinds were held
 * against logs without a pattern down to 1e-5, and what they say far beyond that rests on nothing
 * but the law. digits: 1 or 2. */
enum { LS_FINDING_P_BYTES = 24, LS_FINDING_LEAST_LOG10 = -12 };
void ls_finding_p_text(double log10_p, int digits, char ret[LS_FINDING_P_BYTES]);

/* NULL when there is none. */
const struct ls_parameter *ls_finding_parameter(const struct ls_finding *finding, const char *name);

#endif
