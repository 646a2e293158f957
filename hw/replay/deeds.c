#include "hw/replay/deeds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ls_deeds {
    FILE *file; /* NULL: not wanted */
};

int ls_deeds_create(struct ls_deeds **ret, const char *path, struct ls_err *err) {
    struct ls_deeds *deeds = calloc(1, sizeof *deeds);
    if (deeds == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    if (path != NULL) {
        deeds->file = fopen(path, "we");
        if (deeds->file == NULL) {
            int code = ls_err_code_from_errno(errno);
            ls_err_set(err, code, "cannot write truth '%s': %s", path, strerror(errno));
            free(deeds);
            return code;
        }
        setvbuf(deeds->file, NULL, _IOLBF, 0); /* whole lines, even if the program is killed */
    }
    *ret = deeds;
    return LS_OK;
}

void ls_deeds_destroy(struct ls_deeds *deeds) {
    if (deeds != NULL) {
        if (deeds->file != NULL) {
            fclose(deeds->file);
        }
        free(deeds);
    }
}

void ls_deeds_fault(struct ls_deeds *deeds, uint64_t pos, const char *fault, uint64_t samples,
                    double value) {
    if (deeds->file == NULL) {
        return;
    }
    char length[32] = "null";
    if (samples != UINT64_MAX) {
        snprintf(length, sizeof length, "%" PRIu64, samples);
    }
    fprintf(deeds->file,
            "{\"event\":\"fault\",\"sample\":%" PRIu64
            ",\"fault\":\"%s\",\"samples\":%s,\"value\":%.17g}\n",
            pos, fault, length, value);
}

void ls_deeds_tune(struct ls_deeds *deeds, uint64_t pos, double center_hz, bool heard) {
    if (deeds->file != NULL) {
        fprintf(deeds->file,
                "{\"event\":\"tune\",\"sample\":%" PRIu64 ",\"center_hz\":%.17g,\"heard\":%s}\n",
                pos, center_hz, heard ? "true" : "false");
    }
}

void ls_deeds_event(struct ls_deeds *deeds, const char *event, uint64_t pos,
                    const struct ls_deeds_totals *totals) {
    if (deeds->file != NULL) {
        fprintf(deeds->file,
                "{\"event\":\"%s\",\"sample\":%" PRIu64 ",\"delivered_samples\":%" PRIu64
                ",\"lost_samples\":%" PRIu64 ",\"off_samples\":%" PRIu64 "}\n",
                event, pos, totals->delivered_samples, totals->lost_samples, totals->off_samples);
    }
}
