/* simulate/generator.h: what a waveform family hands to waveform.c. A generator makes its signal in
 * segments at its native rate (a burst, an OFDM symbol, a stretch of silence); waveform.c resamples
 * and cuts. Private to src/simulate. */
#ifndef SIMULATE_GENERATOR_H
#define SIMULATE_GENERATOR_H

#include "simulate/waveform.h"

struct ls_generator_plan {
    struct ls_waveform_info info; /* id and class_name are filled by waveform.c */
    double native_sps;      /* 0: the generator is exact at any rate >= span_hz (phase functions) */
    size_t segment_samples; /* room that next() needs, > 0 */
};

struct ls_generator_start {
    const struct ls_waveform_opts *opts;
    const struct ls_generator_plan *plan;
    double rate_sps; /* rate to generate at */
    double lead;     /* the first sample lies this many samples after the start, 0 <= lead < 1;
                        always 0 when plan->native_sps is given */
};

struct ls_generator {
    struct ls_waveform_row row;
    /* Checks opts->params and fills *ret. row.uses and row.modes have been checked already, and
     * opts->params.mode is not NULL when there are modes. */
    int (*describe)(const struct ls_waveform_opts *opts, struct ls_generator_plan *ret,
                    struct ls_err *err);
    size_t state_bytes;
    /* state: zeroed. What fails leaves a state that stop() can take. */
    int (*start)(void *state, const struct ls_generator_start *start, struct ls_err *err);
    void (*stop)(void *state);
    /* The next segment: its length, 0 at the end. *ret_silent: all zero, ret not written, and then
     * the length may be more than segment_samples. */
    size_t (*next)(void *state, float complex *ret, bool *ret_silent);
};

/* One a family; each ends with a row whose id is NULL. */
extern const struct ls_generator ls_carrier_generators[];
extern const struct ls_generator ls_gsm_generators[];
extern const struct ls_generator ls_psk_generators[];
extern const struct ls_generator ls_ook_generators[];
extern const struct ls_generator ls_packet_generators[];
extern const struct ls_generator ls_slot_generators[];
extern const struct ls_generator ls_lora_generators[];
extern const struct ls_generator ls_analogue_generators[];
extern const struct ls_generator ls_lte_generators[];
extern const struct ls_generator ls_cell_generators[];
extern const struct ls_generator ls_ofdm_generators[];
extern const struct ls_generator ls_nbiot_generators[];
extern const struct ls_generator ls_other_generators[];

/* For generators that own nothing but their state. */
void ls_generator_stop_nothing(void *state);

/* Within low..high, or an error line that names waveform, parameter and range. */
int ls_generator_check_range(const struct ls_waveform_opts *opts, const char *name, double value,
                             double low, double high, struct ls_err *err);

/* Index of mode in modes; waveform.c has made sure that it is there. */
size_t ls_generator_mode(const struct ls_waveform_opts *opts, const char *const *modes);

/* How many bursts of burst_s, one every period_s, come nearest to asked_s from the start of the
 * first to the end of the last; at least 1. Gives n for the length of n. */
double ls_generator_bursts(double asked_s, double burst_s, double period_s);

/* value, or fallback when value is 0. */
double ls_generator_or(double value, double fallback);

#endif
