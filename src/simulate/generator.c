#include "simulate/generator.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void ls_generator_stop_nothing(void *state) { (void)state; }

int ls_generator_check_range(const struct ls_waveform_opts *opts, const char *name, double value,
                             double low, double high, struct ls_err *err) {
    if (value >= low && value <= high) {
        return LS_OK;
    }
    return ls_err_set(err, LS_ERR_ARG, "waveform '%s': '%s' is %g; it has to be %g to %g", opts->id,
                      name, value, low, high);
}

size_t ls_generator_mode(const struct ls_waveform_opts *opts, const char *const *modes) {
    size_t i = 0;
    while (strcmp(modes[i], opts->params.mode) != 0) {
        i++;
        assert(modes[i] != NULL);
    }
    return i;
}

double ls_generator_bursts(double asked_s, double burst_s, double period_s) {
    return fmax(1, 1 + round((asked_s - burst_s) / period_s));
}

double ls_generator_or(double value, double fallback) { return value == 0 ? fallback : value; }
