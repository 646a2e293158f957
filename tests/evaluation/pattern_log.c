/* Interchange lines through the pattern engine: pattern_log FILE [STEP] prints one line for each
 * search, and with STEP saves and loads the state after each STEP rows, which must change nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/line.h"
#include "pattern/pattern.h"

static int print(void *context, const struct ls_finding *f, struct ls_err *err) {
    (void)context;
    (void)err;
    printf("%-18s %9.3f %s n=%zu S=%llu %.6f..%.6f MHz span=%.0f s confirm=%.2f %s\n", f->kind,
           f->log10_p, f->reported ? "REPORTED" : "-", f->evidence_count,
           (unsigned long long)f->searches, f->low_hz / 1e6, f->high_hz / 1e6,
           (double)(f->stop_ns - f->start_ns) / 1e9, f->confirm_log10_p, f->words);
    for (size_t i = 0; f->log10_p < -2.0 && i < f->parameter_count; i++) {
        const struct ls_parameter *p = &f->parameters[i];
        printf("    %s = %s%.9g [%.9g, %.9g]\n", p->name, p->text, p->value, p->low, p->high);
    }
    for (size_t i = 0; f->log10_p < -2.0 && i < f->rival_count; i++) {
        printf("    rival: %s\n", f->rivals[i]);
    }
    return LS_OK;
}

static int resume(struct ls_pattern **pattern, struct ls_err *err) {
    void *bytes = NULL;
    size_t size = 0;
    struct ls_pattern_opts opts = {.plan = NULL};
    int rc = ls_pattern_save(*pattern, &bytes, &size, err);
    if (rc == LS_OK) {
        ls_pattern_destroy(*pattern);
        *pattern = NULL;
        rc = ls_pattern_load(pattern, &opts, bytes, size, err);
        free(bytes);
    }
    return rc;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: pattern_log FILE [STEP]\n");
        return 2;
    }
    size_t step = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    struct ls_err err = {.code = LS_OK};
    struct ls_pattern *pattern = NULL;
    struct ls_pattern_opts opts = {.plan = NULL};
    int rc = ls_pattern_create(&pattern, &opts, &err);
    FILE *in = fopen(argv[1], "r");
    char *text = NULL;
    size_t room = 0;
    ssize_t length = 0;
    size_t rows = 0;
    while (rc == LS_OK && in != NULL && (length = getline(&text, &room, in)) > 0) {
        struct ls_line line;
        rc = ls_line_parse(text, (size_t)length, NULL, &line, &err);
        if (rc == LS_OK && line.kind == LS_LINE_TRANSMISSION) {
            line.transmission.id = (int64_t)++rows;
            rc = ls_pattern_push(pattern, &line.transmission, &err);
        } else if (rc == LS_OK && line.kind == LS_LINE_OBSERVATION) {
            rc = ls_pattern_observe(pattern, &line.observation, &err);
        }
        if (rc == LS_OK && step > 0 && rows % step == 0) {
            rc = resume(&pattern, &err);
        }
    }
    clock_t pushed = clock();
    rc = rc == LS_OK ? ls_pattern_findings(pattern, print, NULL, &err) : rc;
    fprintf(stderr, "%zu rows, %.2f s to push, %.2f s to report\n", rows,
            (double)pushed / CLOCKS_PER_SEC, (double)(clock() - pushed) / CLOCKS_PER_SEC);
    if (rc != LS_OK) {
        fprintf(stderr, "%s\n", err.text);
    }
    ls_pattern_destroy(pattern);
    free(text);
    if (in != NULL) {
        fclose(in);
    }
    return rc == LS_OK ? 0 : 1;
}
