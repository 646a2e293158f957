/* classify/score.h: what the rows of the table are made of. A score is the least of what its parts
 * give, so that each of them can veto. */
#ifndef CLASSIFY_SCORE_H
#define CLASSIFY_SCORE_H

#include "classify/classify.h"

/* 1 in [low, high], falling linearly to 0 at slack beyond either; NAN gives 0. */
double ls_score_in(double value, double low, double high, double slack);
/* 0 at none, 1 at full, whichever is the larger; NAN gives 0. */
double ls_score_from(double value, double none, double full);
double ls_score_least(const double *scores, size_t count);

/* Edges and echoes, which chance makes 0 in the mean: how far off they are, in deviations of what
 * chance does to the symbols they rest on. */
double ls_score_deviations(const struct ls_evidence *evidence, enum ls_feature feature);

double ls_score_feature(const struct ls_evidence *evidence, enum ls_feature feature);

#define LS_SCORE_ALL(...)                                                                          \
    ls_score_least((const double[]){__VA_ARGS__}, sizeof(double[]){__VA_ARGS__} / sizeof(double))

extern const struct ls_class_row ls_class_gsm, ls_class_gsm_access, ls_class_lte_uplink,
    ls_class_lte_prach, ls_class_lte_downlink, ls_class_nr, ls_class_wcdma, ls_class_nb_iot,
    ls_class_tetra, ls_class_dmr, ls_class_lora, ls_class_ook, ls_class_fsk, ls_class_fm,
    ls_class_carrier, ls_class_chirp, ls_class_ads_b, ls_class_ais, ls_class_noise_like;

#endif
