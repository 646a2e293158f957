#include "hw/replay/truth.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ls_truth {
    FILE *file; /* NULL: not wanted */
};

int ls_truth_create(struct ls_truth **ret, const char *path, struct ls_err *err) {
    struct ls_truth *truth = calloc(1, sizeof *truth);
    if (truth == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    if (path != NULL) {
        truth->file = fopen(path, "we");
        if (truth->file == NULL) {
            int code = ls_err_code_from_errno(errno);
            ls_err_set(err, code, "cannot write truth '%s': %s", path, strerror(errno));
            free(truth);
            return code;
        }
        setvbuf(truth->file, NULL, _IOLBF, 0); /* whole lines, even if the program is killed */
    }
    *ret = truth;
    return LS_OK;
}

void ls_truth_destroy(struct ls_truth *truth) {
    if (truth != NULL) {
        if (truth->file != NULL) {
            fclose(truth->file);
        }
        free(truth);
    }
}

void ls_truth_fault(struct ls_truth *truth, uint64_t pos, const char *fault, uint64_t samples,
                    double value) {
    if (truth->file == NULL) {
        return;
    }
    char length[32] = "null";
    if (samples != UINT64_MAX) {
        snprintf(length, sizeof length, "%" PRIu64, samples);
    }
    fprintf(truth->file,
            "{\"event\":\"fault\",\"sample\":%" PRIu64
            ",\"fault\":\"%s\",\"samples\":%s,\"value\":%.17g}\n",
            pos, fault, length, value);
}

void ls_truth_tune(struct ls_truth *truth, uint64_t pos, double center_hz, bool heard) {
    if (truth->file != NULL) {
        fprintf(truth->file,
                "{\"event\":\"tune\",\"sample\":%" PRIu64 ",\"center_hz\":%.17g,\"heard\":%s}\n",
                pos, center_hz, heard ? "true" : "false");
    }
}

void ls_truth_event(struct ls_truth *truth, const char *event, uint64_t pos,
                    const struct ls_truth_totals *totals) {
    if (truth->file != NULL) {
        fprintf(truth->file,
                "{\"event\":\"%s\",\"sample\":%" PRIu64 ",\"delivered_samples\":%" PRIu64
                ",\"lost_samples\":%" PRIu64 ",\"off_samples\":%" PRIu64 "}\n",
                event, pos, totals->delivered_samples, totals->lost_samples, totals->off_samples);
    }
}
