/* survey/watch_text.h: a running sensor as Prometheus text and as lines for a health check. */
#ifndef SURVEY_WATCH_TEXT_H
#define SURVEY_WATCH_TEXT_H

#include "survey/keeper.h"
#include "survey/rounds.h"
#include "survey/watch.h"

struct ls_watch_facts {
    const char *sensor;
    const struct ls_sensor_status *status;
    const struct ls_rounds *rounds;
    struct ls_keeper_counts keeper;
    uint64_t transmissions;
    uint64_t lost_health_rows;
};

/* The caller frees it; NULL: out of memory. */
char *ls_watch_text_metrics(const struct ls_watch_facts *facts);
char *ls_watch_text_health(const struct ls_watch_facts *facts);

#endif
