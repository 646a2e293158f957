/* survey/feed.h: the device thread of a live sensor: opens the receiver, reads it, hops, and opens
 * it again when it is lost; readings become blocks of the ring.
 *
 * A call that does not come back by its deadline is left behind, thread, receiver and all: it may
 * be stuck in vendor code for good. Whoever may write to the ring is settled by one atomic state of
 * the thread: OWNS - CALLS - OWNS around every device call; only the watcher turns CALLS to LEFT,
 * and a thread that comes back to LEFT touches nothing but its own. */
#ifndef SURVEY_FEED_H
#define SURVEY_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "survey/board.h"
#include "survey/events.h"
#include "survey/ring.h"
#include "survey/settings.h"

struct ls_feed;

struct ls_feed_opts {
    struct ls_settings *settings; /* held */
    struct ls_ring *ring;         /* the rest is borrowed */
    struct ls_events *events;
    struct ls_board *board;
};

/* Starts the thread. LS_ERR_NOMEM, LS_ERR_IO. The caller destroys *ret. */
int ls_feed_create(struct ls_feed **ret, const struct ls_feed_opts *opts, struct ls_err *err);

/* Closes the ring, waits for the thread, or leaves it behind after its deadline. Accepts NULL. */
void ls_feed_destroy(struct ls_feed *feed);

/* Takes over from a thread whose call hangs. To be called every 50 ms or so by the caller's thread.
 * False: the feed has ended and the ring is closed (stopped, lost with stop_when_lost, or the first
 * opening failed: the board says why). */
bool ls_feed_watch(struct ls_feed *feed);

/* Caller's thread: end with the samples that are there. */
void ls_feed_stop(struct ls_feed *feed);

/* Any thread: go on with these; held. */
void ls_feed_reload(struct ls_feed *feed, struct ls_settings *settings);

#endif
