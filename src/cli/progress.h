/* cli/progress.h: one line on a terminal's stderr that shows how far long work has come: share,
 * rate and time left. Without a terminal it shows nothing. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

struct ls_progress;

/* out: normally stderr. label: what is being done, "g001_433.92M_250k.cu8"; copied. NULL when out
 * of memory, which every other function accepts. */
struct ls_progress *ls_progress_create(FILE *out, const char *label);

struct ls_progress_state {
    double share;     /* 0 to 1; NAN when not known */
    double elapsed_s; /* since the work began */
    double realtime;  /* multiple of real time; NAN: not shown */
    double rate_sps;  /* samples per second; NAN: not shown */
};

/* Draws at most 5 times a second. */
void ls_progress_update(struct ls_progress *progress, const struct ls_progress_state *now);

/* Wipes the line, so that what is printed next starts on a clean one. */
void ls_progress_destroy(struct ls_progress *progress);

/* The line as it is drawn, in at most columns characters, without a newline; for update and tests.
 */
void ls_progress_format(const char *label, const struct ls_progress_state *now, size_t columns,
                        char *ret, size_t ret_size);

#endif
