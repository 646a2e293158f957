#include "survey/events.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"

enum { ROOM = 64, MERGE_FROM = 16 };

struct ls_events {
    pthread_mutex_t lock;
    char sensor[LS_SENSOR_BYTES];
    struct ls_health rows[ROOM];
    size_t merged[ROOM]; /* how many a row stands for */
    size_t count;
};

int ls_events_create(struct ls_events **ret, const char *sensor, struct ls_err *err) {
    struct ls_events *events = calloc(1, sizeof *events);
    if (events == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for events");
    }
    pthread_mutex_init(&events->lock, NULL);
    ls_copy_text(events->sensor, sizeof events->sensor, sensor);
    *ret = events;
    return LS_OK;
}

void ls_events_destroy(struct ls_events *events) {
    if (events != NULL) {
        pthread_mutex_destroy(&events->lock);
        free(events);
    }
}

/* The row that a further one of the subject replaces, once many wait; else a new one. */
static size_t place(struct ls_events *events, const char *subject) {
    for (size_t i = events->count; i > 0 && events->count >= MERGE_FROM; i--) {
        if (strcmp(events->rows[i - 1].subject, subject) == 0) {
            return i - 1;
        }
    }
    if (events->count == ROOM) {
        return ROOM - 1;
    }
    events->merged[events->count] = 0;
    return events->count++;
}

void ls_events_add(struct ls_events *events, const char *subject, enum ls_health_level level,
                   double value, const char *unit, const char *format, ...) {
    struct ls_health row = {.t_ns = ls_time_now(), .level = level, .value = value};
    ls_copy_text(row.subject, sizeof row.subject, subject);
    ls_copy_text(row.unit, sizeof row.unit, unit);
    va_list values;
    va_start(values, format);
    vsnprintf(row.text, sizeof row.text, format, values);
    va_end(values);
    pthread_mutex_lock(&events->lock);
    ls_copy_text(row.sensor, sizeof row.sensor, events->sensor);
    size_t at = place(events, subject);
    if (events->merged[at] > 0 && events->rows[at].level > row.level) {
        row.level = events->rows[at].level;
    }
    events->rows[at] = row;
    events->merged[at]++;
    pthread_mutex_unlock(&events->lock);
}

bool ls_events_take(struct ls_events *events, struct ls_health *ret) {
    pthread_mutex_lock(&events->lock);
    bool any = events->count > 0;
    if (any) {
        *ret = events->rows[0];
        if (events->merged[0] > 1) {
            size_t used = strlen(ret->text);
            snprintf(ret->text + used, sizeof ret->text - used, " (the last of %zu)",
                     events->merged[0]);
        }
        events->count--;
        memmove(&events->rows[0], &events->rows[1], events->count * sizeof events->rows[0]);
        memmove(&events->merged[0], &events->merged[1], events->count * sizeof events->merged[0]);
    }
    pthread_mutex_unlock(&events->lock);
    return any;
}
