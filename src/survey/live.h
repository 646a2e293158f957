/* survey/live.h: the search thread of a live sensor: blocks of the ring to the ledger and the
 * search, what they find to the writer. */
#ifndef SURVEY_LIVE_H
#define SURVEY_LIVE_H

#include "base/err.h"
#include "survey/board.h"
#include "survey/events.h"
#include "survey/ring.h"
#include "survey/settings.h"
#include "survey/writer.h"

struct ls_live;

struct ls_live_opts {
    struct ls_settings *settings; /* of the first run; held */
    struct ls_ring *ring;         /* the rest is borrowed */
    struct ls_writer *writer;
    struct ls_events *events;
    struct ls_board *board;
};

/* Starts the thread. It ends when the ring has ended, its last run finished, or says on the board
 * why it cannot go on; then it still empties the ring. LS_ERR_NOMEM, LS_ERR_IO. The caller destroys
 * *ret. */
int ls_live_create(struct ls_live **ret, const struct ls_live_opts *opts, struct ls_err *err);

/* Waits for the thread: the ring has been closed. Accepts NULL. */
void ls_live_destroy(struct ls_live *live);

#endif
