#include "model/finding.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

static const char *const kinds[] = {
    "scripted-cycle", "periodic-telemetry", "lockstep",       "band-sweep",
    "pass-by",        "repeat-pass",        "bulk-uplink",    "access-storm",
    "new-emitter",    "similar-posts",      "corridor-track", "steady-line",
};

const char *const *ls_finding_kinds(size_t *ret_count) {
    *ret_count = LS_COUNT(kinds);
    return kinds;
}

static struct ls_parameter *add(struct ls_finding *finding, const char *name) {
    assert(finding->parameter_count < LS_PARAMETERS_MAX);
    struct ls_parameter *p = &finding->parameters[finding->parameter_count++];
    *p = (struct ls_parameter){.value = (double)NAN, .low = (double)NAN, .high = (double)NAN};
    ls_copy_text(p->name, sizeof p->name, name);
    return p;
}

void ls_finding_number(struct ls_finding *finding, const char *name, double value, double low,
                       double high) {
    struct ls_parameter *p = add(finding, name);
    p->value = value;
    p->low = low;
    p->high = high;
}

void ls_finding_word(struct ls_finding *finding, const char *name, const char *text) {
    struct ls_parameter *p = add(finding, name);
    ls_copy_text(p->text, sizeof p->text, text);
}

const struct ls_parameter *ls_finding_parameter(const struct ls_finding *finding,
                                                const char *name) {
    for (size_t i = 0; i < finding->parameter_count; i++) {
        if (strcmp(finding->parameters[i].name, name) == 0) {
            return &finding->parameters[i];
        }
    }
    return NULL;
}

double ls_finding_probability(const struct ls_finding *finding) {
    return finding->log10_p > -300.0 ? pow(10.0, fmin(finding->log10_p, 0.0)) : 1e-300;
}

void ls_finding_p_text(double log10_p, int digits, char ret[LS_FINDING_P_BYTES]) {
    if (log10_p < LS_FINDING_LEAST_LOG10) {
        snprintf(ret, LS_FINDING_P_BYTES, "<1e%d", LS_FINDING_LEAST_LOG10);
        return;
    }
    double power = floor(log10_p);
    double digit = pow(10.0, log10_p - power);
    double last = pow(10.0, (double)(digits - 1));
    if (round(digit * last) / last >= 10.0) { /* 9.97e-7 is 1.0e-6 */
        digit = 1.0;
        power++;
    }
    if (log10_p > -4.0) {
        snprintf(ret, LS_FINDING_P_BYTES, "%.*g", digits, pow(10.0, fmin(log10_p, 0.0)));
    } else {
        snprintf(ret, LS_FINDING_P_BYTES, "%.*fe%.0f", digits - 1, digit, power);
    }
}
