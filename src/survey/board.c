#include "survey/board.h"

#include <math.h>
#include <string.h>

void ls_board_init(struct ls_board *board) {
    memset(board, 0, sizeof *board);
    pthread_mutex_init(&board->lock, NULL);
    board->status.temperature = (double)NAN;
    board->status.level_dbfs = (double)NAN;
    board->status.floor_dbfs = (double)NAN;
    board->status.clock_ppm = (double)NAN;
}

void ls_board_finish(struct ls_board *board) { pthread_mutex_destroy(&board->lock); }

void ls_board_fail(struct ls_board *board, const struct ls_err *err) {
    pthread_mutex_lock(&board->lock);
    if (!board->failed) {
        board->err = *err;
    }
    board->failed = true;
    pthread_mutex_unlock(&board->lock);
}

bool ls_board_failed(struct ls_board *board, struct ls_err *ret) {
    pthread_mutex_lock(&board->lock);
    bool failed = board->failed;
    if (failed && ret != NULL) {
        *ret = board->err;
    }
    pthread_mutex_unlock(&board->lock);
    return failed;
}
