#include "survey/run_note.h"

#include <stdio.h>
#include <string.h>

enum { LINES_NAMED = 4 };

void ls_run_note_add(struct ls_run *run, const char *text) {
    size_t used = strlen(run->note);
    snprintf(run->note + used, sizeof run->note - used, "%s%s", used > 0 ? "; " : "", text);
}

static void note_lines(struct ls_run *run, const struct ls_search_counts *counts) {
    char text[160];
    size_t used = 0;
    for (size_t i = 0; i < counts->lines && i < LINES_NAMED; i++) {
        int n = snprintf(text + used, sizeof text - used, "%s%+.1f", i == 0 ? "" : ", ",
                         counts->lines_hz[i] / 1e3);
        used += n > 0 ? (size_t)n : 0;
    }
    snprintf(text + used, sizeof text - used, " kHz%s from every tuning: lines of the receiver",
             counts->lines > LINES_NAMED ? " and more" : "");
    ls_run_note_add(run, text);
}

void ls_run_note_search(struct ls_run *run, const struct ls_search_counts *counts) {
    char text[128];
    if (counts->invalid_samples > 0) {
        snprintf(text, sizeof text, "%llu samples were not numbers and count as silence",
                 (unsigned long long)counts->invalid_samples);
        ls_run_note_add(run, text);
    }
    if (counts->short_stretches > 0) {
        snprintf(text, sizeof text, "%llu %s too short to search",
                 (unsigned long long)counts->short_stretches,
                 counts->short_stretches == 1 ? "stretch is" : "stretches are");
        ls_run_note_add(run, text);
    }
    if (counts->lines > 0) {
        note_lines(run, counts);
    }
}
