/* survey/intake.h: readings of a receiver to blocks of the ring: the timeline, the clock, the
 * schedule of tunings and the block that fills. Makes no device calls. One thread at a time: the
 * device thread (survey/feed.h). */
#ifndef SURVEY_INTAKE_H
#define SURVEY_INTAKE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "hw/receiver.h"
#include "survey/board.h"
#include "survey/events.h"
#include "survey/ring.h"
#include "survey/settings.h"

struct ls_intake;

struct ls_intake_opts {
    struct ls_settings *settings; /* held */
    struct ls_ring *ring;         /* the rest is borrowed */
    struct ls_events *events;
    struct ls_board *board;
};

/* LS_ERR_NOMEM. The caller destroys *ret. */
int ls_intake_create(struct ls_intake **ret, const struct ls_intake_opts *opts, struct ls_err *err);
void ls_intake_destroy(struct ls_intake *intake);

/* Where to listen now. */
double ls_intake_center_hz(const struct ls_intake *intake);

/* The receiver was opened there. */
void ls_intake_opened(struct ls_intake *intake, const struct ls_receiver_info *info);

/* What it brought: reading->count samples of the stream's format. With wait_when_full this waits
 * for room until *stop. */
void ls_intake_samples(struct ls_intake *intake, const struct ls_reading *reading,
                       const unsigned char *samples, const atomic_int *stop);
void ls_intake_overflow(struct ls_intake *intake);
void ls_intake_timeout(struct ls_intake *intake);

/* It is gone; cause as in survey/timeline.h. */
void ls_intake_lost(struct ls_intake *intake, const char *cause, int64_t steady_ns);
/* Time passes; of use while it is gone. */
void ls_intake_tick(struct ls_intake *intake, int64_t steady_ns);

/* Is it time for another tuning? */
bool ls_intake_dwell_over(const struct ls_intake *intake);
/* No more samples of this tuning are wanted. Returns the next one. */
double ls_intake_leave(struct ls_intake *intake);
/* The receiver is there, or where it says it is. */
void ls_intake_tuned(struct ls_intake *intake, double center_hz, int64_t steady_ns);

/* Other settings; new_run: what follows belongs to another run. */
void ls_intake_reload(struct ls_intake *intake, struct ls_settings *settings, bool new_run);

/* Hands over what is there. */
void ls_intake_end(struct ls_intake *intake);
bool ls_intake_ended(const struct ls_intake *intake);

#endif
