/* survey/board.h: what the threads of a live sensor tell each other in passing: the status, to
 * which each thread writes its own fields, and what the receiver says it is. */
#ifndef SURVEY_BOARD_H
#define SURVEY_BOARD_H

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "survey/sensor.h"

enum { LS_BOARD_INPUT_BYTES = 512 };

struct ls_board {
    pthread_mutex_t lock; /* of all below; held for some assignments at a time */
    struct ls_sensor_status status;
    int64_t last_arrival_ns;          /* steady clock; 0: none yet */
    char input[LS_BOARD_INPUT_BYTES]; /* arguments and hardware of the receiver */
    bool opened;                      /* the receiver was opened once */
    bool failed;                      /* a thread cannot go on; err says why */
    struct ls_err err;
};

void ls_board_init(struct ls_board *board);
void ls_board_finish(struct ls_board *board);

/* A thread cannot go on. The first one to say so is heard. */
void ls_board_fail(struct ls_board *board, const struct ls_err *err);
bool ls_board_failed(struct ls_board *board, struct ls_err *ret); /* ret may be NULL */

#endif
