/* survey/judge.h: readings become levels: ok, warn, fail. A level rises at once when its threshold
 * is passed, and falls when the reading has come back behind the threshold by the hysteresis and
 * stayed there for the hold time. Readings of a receiver that may have gone deaf are held against
 * their own median, which learns only from readings that are no fault themselves. No I/O; time is
 * given. */
#ifndef SURVEY_JUDGE_H
#define SURVEY_JUDGE_H

#include <stddef.h>

#include "base/err.h"
#include "model/config.h"
#include "model/health.h"

/* What is judged, one row of ls_health.subject each. */
enum ls_judge_subject {
    LS_JUDGE_STREAM,      /* s since the last sample */
    LS_JUDGE_FLOOR,       /* dB below the median floor at this tuning */
    LS_JUDGE_REFERENCE,   /* dB below its median, of the reference carrier that fell least */
    LS_JUDGE_GAIN,        /* dB between gain set and read back */
    LS_JUDGE_CLIPPING,    /* % of samples */
    LS_JUDGE_MEASURE,     /* % of boxes that the budget of narrowband I/Q did not reach */
    LS_JUDGE_TEMPERATURE, /* C */
    LS_JUDGE_DISK,        /* bytes free: low is bad */
    LS_JUDGE_QUEUE,       /* % of the ring */
    LS_JUDGE_CLOCK,       /* s of error */
    LS_JUDGE_NTP,         /* 1 when the system clock is not kept by NTP: a warning, never worse */
    LS_JUDGE_MEMORY,      /* bytes of the program */
    LS_JUDGE_STORE,       /* rows that wait, while the last commit failed; 0 when it did not */
    LS_JUDGE_POSITION,    /* m from the configured position */
    LS_JUDGE_SUBJECTS
};

/* "stream", "floor", ... and "s", "dB", ... */
const char *ls_judge_name(enum ls_judge_subject subject);
const char *ls_judge_unit(enum ls_judge_subject subject);

struct ls_judge;

/* The caller destroys *ret. LS_ERR_NOMEM. */
int ls_judge_create(struct ls_judge **ret, const struct ls_config *config, struct ls_err *err);
void ls_judge_destroy(struct ls_judge *judge);

/* Other thresholds; levels and medians stay. */
void ls_judge_configure(struct ls_judge *judge, const struct ls_config *config);

/* Medians begin anew: the gain was changed. */
void ls_judge_forget(struct ls_judge *judge);

/* A reading; NAN: there is none now, and the level stays. text: what to say when the level changes,
 * "" for the reading itself. True when a row is due: the level has changed, or an hour has passed
 * since the last row of the subject; *ret is filled in, but for id and sensor. t_ns: time of the
 * row; steady_ns: for the hold time. */
bool ls_judge_reading(struct ls_judge *judge, enum ls_judge_subject subject, double value,
                      const char *text, int64_t t_ns, int64_t steady_ns, struct ls_health *ret);

/* How far a level in dB lies below its own median (0 when it does not, NAN until enough readings
 * were learned). key: what it is the level of: the tuning, or the carrier. */
double ls_judge_drop(struct ls_judge *judge, double key_hz, double level_db);

enum ls_health_level ls_judge_level(const struct ls_judge *judge, enum ls_judge_subject subject);
/* The last reading; NAN: none yet. */
double ls_judge_value(const struct ls_judge *judge, enum ls_judge_subject subject);
/* The worst of all levels. */
enum ls_health_level ls_judge_worst(const struct ls_judge *judge);

#endif
