/* Fault scripts and arguments of the replay device, a line each: with '=' it is an argument, else a
 * line of a script. What is taken is within what the manual says; what is refused carries a line of
 * text. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hw/replay/fault.h"
#include "hw/replay/options.h"

enum { ARGS_MAX = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_fault(const char *line) {
    struct ls_fault fault = {.kind = LS_FAULT_KINDS};
    struct ls_err err = {.text = ""};
    bool found = false;
    if (ls_fault_parse(line, &fault, &found, &err) != LS_OK) {
        assert(err.code == LS_ERR_ARG && err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
        return;
    }
    if (found) {
        assert(fault.kind < LS_FAULT_KINDS && ls_fault_name(fault.kind)[0] != '\0');
        assert(fault.at_s >= 0.0 && fault.at_s <= 1e9 && isfinite(fault.value));
        assert(!isnan(fault.length_s) && (!fault.in_samples || fault.length_samples > 0));
    }
}

static void try_options(const char *const *keys, const char *const *values, size_t count) {
    struct ls_replay_opts opts;
    struct ls_err err = {.text = ""};
    if (ls_replay_options_parse(&opts, keys, values, count, &err) != LS_OK) {
        assert(err.code == LS_ERR_ARG && err.text[0] != '\0');
        return;
    }
    assert(opts.source.path[0] != '\0' && opts.speed > 0.0 && isfinite(opts.speed));
    assert(opts.buffer_s > 0.0 && opts.noise_dbfs <= 0.0 && opts.settle_s >= 0.0);
    struct ls_faults *faults;
    if (opts.chance.rate_per_s > 0.0 && ls_faults_draw(&faults, &opts.chance, &err) == LS_OK) {
        const struct ls_fault *next = ls_faults_next(faults);
        assert(next != NULL && next->at_s >= 0.0);
        ls_faults_destroy(faults);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    const char *keys[ARGS_MAX];
    const char *values[ARGS_MAX];
    size_t count = 0;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *value = strchr(line, '=');
        if (value == NULL) {
            try_fault(line);
        } else if (count < ARGS_MAX) {
            *value = '\0';
            keys[count] = line;
            values[count++] = value + 1;
        }
    }
    try_options(keys, values, count);
    free(text);
    return 0;
}
