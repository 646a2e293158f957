/* A batch holds what one run has to store. Rows go: building (search thread only) - waiting (a
 * list, one batch a run, under the lock) - taken (store thread only). What could not be stored
 * stays taken and grows by what waits: one transaction then stores all of it. Rows that go on are
 * replaced by the newer list of them on each step, so that an outage does not pile them up. */
#include "survey/writer.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "base/util.h"

/* A batch that held more rows than this in an outage gives its memory back. */
enum { KEPT_ROOM = 4096 };

struct transmissions {
    struct ls_transmission *rows;
    size_t count;
    size_t room;
    size_t numbered; /* of them carry ids of the database already */
};

struct observations {
    struct ls_observation *rows;
    size_t count;
    size_t room;
    size_t numbered;
};

struct batch {
    struct ls_run run;
    uint64_t serial; /* of the run within the writer */
    bool checked;    /* run is that of a checkpoint */
    bool finish;
    struct transmissions done;
    struct transmissions open;
    struct observations ledger;
    struct ls_observation last; /* the row that goes on */
    bool last_open;
    bool last_numbered;
    struct batch *next;
};

struct ls_writer {
    struct ls_writer_opts opts;
    struct ls_store *store;
    struct batch *building;
    pthread_t thread;
    bool started;
    /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct batch *waiting; /* oldest first */
    bool stop;
    int64_t give_up_ns; /* steady clock; used when stop */
    struct ls_writer_status status;
    uint64_t unstored_of_run;
    struct ls_err trouble; /* of the last failure */
    /* store thread */
    struct batch *taken;
    uint64_t serial; /* of the run that is begun in the database; 0: none */
    int64_t first_transmission;
    int64_t first_observation;
    int64_t failing_since_ns; /* steady clock; 0: not failing */
};

static void free_batch(struct batch *batch) {
    if (batch != NULL) {
        free(batch->done.rows);
        free(batch->open.rows);
        free(batch->ledger.rows);
        free(batch);
    }
}

static struct batch *new_batch(const struct ls_run *run, uint64_t serial) {
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch != NULL) {
        batch->run = *run;
        batch->serial = serial;
    }
    return batch;
}

static int add_transmission(struct transmissions *to, const struct ls_transmission *row) {
    int code = ls_grow((void **)&to->rows, &to->room, to->count, sizeof *row);
    if (code == LS_OK) {
        to->rows[to->count++] = *row;
    }
    return code;
}

static int add_observation(struct observations *to, const struct ls_observation *row) {
    int code = ls_grow((void **)&to->rows, &to->room, to->count, sizeof *row);
    if (code == LS_OK) {
        to->rows[to->count++] = *row;
    }
    return code;
}

static void clear_transmissions(struct transmissions *rows) {
    if (rows->room > KEPT_ROOM) {
        free(rows->rows);
        rows->rows = NULL;
        rows->room = 0;
    }
    rows->count = 0;
    rows->numbered = 0;
}

static void clear_batch(struct batch *batch) {
    clear_transmissions(&batch->done);
    clear_transmissions(&batch->open);
    if (batch->ledger.room > KEPT_ROOM) {
        free(batch->ledger.rows);
        memset(&batch->ledger, 0, sizeof batch->ledger);
    }
    batch->ledger.count = 0;
    batch->ledger.numbered = 0;
    batch->last_open = false;
    batch->checked = false;
}

static bool is_empty(const struct batch *batch) { return !batch->checked; }

/* A ledger that is full: what follows is joined to its last row, so that rows still abut. */
static int add_ledger_row(struct observations *to, const struct ls_observation *row, size_t most) {
    if (to->count < most) {
        return add_observation(to, row);
    }
    struct ls_observation *last = &to->rows[to->count - 1];
    last->state = LS_OFF;
    ls_copy_text(last->cause, sizeof last->cause, "not-stored");
    last->stop_ns = row->stop_ns;
    last->samples += row->samples;
    return LS_OK;
}

/* Moves the rows of from behind those of to, at most `most` of a kind; from is of the same run and
 * later. Counts what does not fit. */
static int merge(struct batch *to, struct batch *from, size_t most, uint64_t *ret_dropped) {
    int code = LS_OK;
    for (size_t i = 0; i < from->done.count && code == LS_OK; i++) {
        if (to->done.count < most) {
            code = add_transmission(&to->done, &from->done.rows[i]);
        } else {
            ++*ret_dropped;
        }
    }
    for (size_t i = 0; i < from->ledger.count && code == LS_OK; i++) {
        code = add_ledger_row(&to->ledger, &from->ledger.rows[i], most);
    }
    struct transmissions open = to->open;
    to->open = from->open;
    from->open = open;
    to->last = from->last;
    to->last_open = from->last_open;
    to->last_numbered = from->last_numbered;
    to->run = from->run;
    to->checked = to->checked || from->checked;
    to->finish = to->finish || from->finish;
    clear_batch(from);
    return code;
}

/* --- search thread --- */

int ls_writer_begin(struct ls_writer *writer, const struct ls_run *run, struct ls_err *err) {
    uint64_t serial = writer->building != NULL ? writer->building->serial + 1 : 1;
    struct batch *building = new_batch(run, serial);
    if (building == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a run");
    }
    free_batch(writer->building);
    writer->building = building;
    return LS_OK;
}

int ls_writer_transmission(struct ls_writer *writer, const struct ls_transmission *row,
                           bool goes_on, struct ls_err *err) {
    struct batch *batch = writer->building;
    int code = writer->store == NULL ? LS_OK
                                     : add_transmission(goes_on ? &batch->open : &batch->done, row);
    return code == LS_OK ? LS_OK : ls_err_set(err, code, "out of memory for rows to store");
}

int ls_writer_observation(struct ls_writer *writer, const struct ls_observation *row, bool goes_on,
                          struct ls_err *err) {
    struct batch *batch = writer->building;
    if (goes_on) {
        batch->last = *row;
        batch->last_open = true;
        return LS_OK;
    }
    int code = writer->store == NULL ? LS_OK : add_observation(&batch->ledger, row);
    return code == LS_OK ? LS_OK : ls_err_set(err, code, "out of memory for rows to store");
}

/* The batch of the run that waits, made when there is none. */
static struct batch *waiting_batch(struct ls_writer *writer, const struct batch *building) {
    struct batch **at = &writer->waiting;
    while (*at != NULL && (*at)->serial != building->serial) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        *at = new_batch(&building->run, building->serial);
        writer->unstored_of_run = 0;
    }
    return *at;
}

static size_t waiting_rows(const struct ls_writer *writer) {
    size_t rows = 0;
    for (const struct batch *b = writer->waiting; b != NULL; b = b->next) {
        rows += b->done.count + b->ledger.count;
    }
    return rows;
}

/* Said in the run once, as the number is not known before its end. */
static void note_unstored(struct ls_run *run) {
    static const char text[] = "rows were lost for want of a database";
    run->incomplete = true;
    if (strstr(run->note, text) == NULL) {
        size_t used = strlen(run->note);
        ls_copy_text(run->note + used, sizeof run->note - used, used > 0 ? "; " : "");
        used = strlen(run->note);
        ls_copy_text(run->note + used, sizeof run->note - used, text);
    }
}

int ls_writer_checkpoint(struct ls_writer *writer, const struct ls_run *run, bool finish,
                         struct ls_err *err) {
    struct batch *building = writer->building;
    building->run = *run;
    building->checked = true;
    building->finish = finish;
    if (writer->store == NULL) {
        clear_batch(building);
        return LS_OK;
    }
    pthread_mutex_lock(&writer->lock);
    struct batch *waiting = waiting_batch(writer, building);
    int code = waiting == NULL ? LS_ERR_NOMEM : LS_OK;
    if (code == LS_OK) {
        uint64_t dropped = 0;
        size_t taken = writer->status.waiting_rows;
        size_t most = writer->opts.queue_rows > taken ? writer->opts.queue_rows - taken : 0;
        code = merge(waiting, building, most > 0 ? most : 1, &dropped);
        writer->status.unstored_rows += dropped;
        writer->unstored_of_run += dropped;
        if (writer->unstored_of_run > 0) {
            note_unstored(&waiting->run);
        }
    }
    if (finish) {
        pthread_cond_signal(&writer->wake);
    }
    pthread_mutex_unlock(&writer->lock);
    return code == LS_OK ? LS_OK : ls_err_set(err, code, "out of memory for rows to store");
}

/* --- store thread --- */

/* Adds what waits to what is taken, when it is of the same run; else takes it. */
static void take_waiting(struct ls_writer *writer) {
    pthread_mutex_lock(&writer->lock);
    struct batch *front = writer->waiting;
    if (writer->taken == NULL && front != NULL && front->finish) {
        writer->taken = front;
        writer->waiting = front->next;
        front->next = NULL;
    } else if (front != NULL && front->checked) {
        if (writer->taken == NULL) {
            writer->taken = new_batch(&front->run, front->serial);
        }
        uint64_t dropped = 0;
        if (writer->taken != NULL && writer->taken->serial == front->serial) {
            bool finish = front->finish;
            merge(writer->taken, front, SIZE_MAX, &dropped);
            if (finish) {
                writer->waiting = front->next;
                free_batch(front);
            }
        }
    }
    const struct batch *taken = writer->taken;
    writer->status.waiting_rows = taken != NULL ? taken->done.count + taken->ledger.count : 0;
    pthread_mutex_unlock(&writer->lock);
}

static void number_rows(struct ls_writer *writer, struct batch *batch) {
    int64_t transmission = writer->first_transmission - 1;
    int64_t observation = writer->first_observation - 1;
    struct transmissions *both[] = {&batch->done, &batch->open};
    for (size_t k = 0; k < LS_COUNT(both); k++) {
        for (; both[k]->numbered < both[k]->count; both[k]->numbered++) {
            both[k]->rows[both[k]->numbered].id += transmission;
        }
    }
    for (; batch->ledger.numbered < batch->ledger.count; batch->ledger.numbered++) {
        batch->ledger.rows[batch->ledger.numbered].id += observation;
    }
    if (batch->last_open && !batch->last_numbered) {
        batch->last.id += observation;
        batch->last_numbered = true;
    }
}

/* Rows that go on stand behind the finished ones while they are stored. */
static int lay_out(struct batch *batch, struct ls_store_rows *ret) {
    int code = LS_OK;
    size_t done = batch->done.count;
    size_t ledger = batch->ledger.count;
    for (size_t i = 0; i < batch->open.count && code == LS_OK; i++) {
        code = add_transmission(&batch->done, &batch->open.rows[i]);
    }
    if (code == LS_OK && batch->last_open) {
        code = add_observation(&batch->ledger, &batch->last);
    }
    *ret = (struct ls_store_rows){.transmissions = batch->done.rows,
                                  .transmission_count = batch->done.count,
                                  .observations = batch->ledger.rows,
                                  .observation_count = batch->ledger.count};
    batch->done.count = done;
    batch->ledger.count = ledger;
    return code;
}

static int store_batch(struct ls_writer *writer, struct batch *batch, struct ls_store_rows *ret,
                       struct ls_err *err) {
    int code = LS_OK;
    int64_t run_id = writer->status.run_id;
    if (writer->serial != batch->serial) {
        code = ls_store_begin_live(writer->store, &batch->run, &run_id, &writer->first_transmission,
                                   &writer->first_observation, err);
        if (code != LS_OK) {
            return code;
        }
        writer->serial = batch->serial;
    }
    pthread_mutex_lock(&writer->lock);
    writer->status.run_id = run_id;
    pthread_mutex_unlock(&writer->lock);
    number_rows(writer, batch);
    code = lay_out(batch, ret);
    return code == LS_OK ? ls_store_append(writer->store, &batch->run, ret, batch->finish, err)
                         : ls_err_set(err, code, "out of memory for rows to store");
}

static void say_committed(struct ls_writer *writer, const struct batch *batch) {
    int64_t now_ns = ls_time_steady();
    size_t rows = batch->done.count + batch->ledger.count;
    pthread_mutex_lock(&writer->lock);
    writer->status.last_commit_ns = now_ns;
    writer->status.code = LS_OK;
    writer->status.waiting_rows = 0;
    writer->status.stored_rows += rows;
    uint64_t unstored = writer->status.unstored_rows;
    pthread_mutex_unlock(&writer->lock);
    if (writer->failing_since_ns != 0) {
        double seconds = (double)(now_ns - writer->failing_since_ns) / 1e9;
        ls_events_add(writer->opts.events, "store", LS_HEALTH_OK, seconds, "s",
                      "the database is written again after %.0f s: %zu rows had waited, %llu were "
                      "given up",
                      seconds, rows, (unsigned long long)unstored);
        writer->failing_since_ns = 0;
    }
}

static void say_failed(struct ls_writer *writer, const struct ls_err *err) {
    pthread_mutex_lock(&writer->lock);
    writer->status.code = err->code;
    writer->trouble = *err;
    pthread_mutex_unlock(&writer->lock);
    if (writer->failing_since_ns == 0) {
        writer->failing_since_ns = ls_time_steady();
        ls_events_add(writer->opts.events, "store",
                      err->code == LS_ERR_BUSY ? LS_HEALTH_WARN : LS_HEALTH_FAIL, (double)NAN, "",
                      "rows wait: %s", err->text);
    }
}

/* A row that no database takes would hold up all others. */
static void drop_refused(struct ls_writer *writer, struct batch *batch) {
    pthread_mutex_lock(&writer->lock);
    writer->status.unstored_rows += batch->done.count + batch->open.count;
    pthread_mutex_unlock(&writer->lock);
    clear_transmissions(&batch->done);
    clear_transmissions(&batch->open);
    note_unstored(&batch->run);
}

/* Stores what is taken. False: it has to be tried again. */
static bool commit(struct ls_writer *writer) {
    struct batch *batch = writer->taken;
    struct ls_store_rows rows;
    struct ls_err err = {0};
    int code = store_batch(writer, batch, &rows, &err);
    if (code != LS_OK) {
        say_failed(writer, &err);
        if (code == LS_ERR_ARG) {
            drop_refused(writer, batch);
        }
        return false;
    }
    say_committed(writer, batch);
    if (writer->opts.committed != NULL &&
        writer->opts.committed(writer->opts.context, writer->store, &rows, &err) != LS_OK) {
        ls_events_add(writer->opts.events, "store", LS_HEALTH_WARN, (double)NAN, "", "%s",
                      err.text);
    }
    if (batch->finish) {
        free_batch(batch);
        writer->taken = NULL;
        writer->serial = 0;
    } else {
        clear_batch(batch);
    }
    return true;
}

/* Until it is time for the next commit, or a run is finished, or the end. Is it the end? */
static bool wait_for_work(struct ls_writer *writer, int64_t until_ns) {
    struct timespec t = {.tv_sec = until_ns / LS_NS_PER_S, .tv_nsec = until_ns % LS_NS_PER_S};
    pthread_mutex_lock(&writer->lock);
    bool finished = writer->waiting != NULL && writer->waiting->finish;
    while (!writer->stop && !(finished && writer->failing_since_ns == 0) &&
           pthread_cond_timedwait(&writer->wake, &writer->lock, &t) == 0) {
        finished = writer->waiting != NULL && writer->waiting->finish;
    }
    bool stop = writer->stop;
    pthread_mutex_unlock(&writer->lock);
    return stop;
}

static bool has_work(struct ls_writer *writer) {
    pthread_mutex_lock(&writer->lock);
    bool work = (writer->waiting != NULL && writer->waiting->checked) ||
                (writer->taken != NULL && !is_empty(writer->taken));
    pthread_mutex_unlock(&writer->lock);
    return work;
}

static void *work(void *context) {
    struct ls_writer *writer = context;
    int64_t period_ns = ls_ns_from_seconds(writer->opts.commit_s);
    for (;;) {
        int64_t next_ns = ls_time_steady() + period_ns;
        bool stop = wait_for_work(writer, next_ns);
        bool stored = true;
        do {
            take_waiting(writer);
            stored = writer->taken == NULL || is_empty(writer->taken) || commit(writer);
        } while (stored && has_work(writer) && stop);
        if (!stop) {
            continue;
        }
        if (stored || ls_time_steady() >= writer->give_up_ns) {
            return NULL;
        }
        const struct timespec pause = {.tv_nsec = 100000000};
        nanosleep(&pause, NULL);
    }
}

int ls_writer_create(struct ls_writer **ret, const struct ls_writer_opts *opts,
                     struct ls_err *err) {
    struct ls_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the store");
    }
    writer->opts = *opts;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    int code = opts->database == NULL
                   ? LS_OK
                   : ls_store_open(&writer->store, opts->database, LS_STORE_WRITE, err);
    if (code == LS_OK && writer->store != NULL) {
        writer->started = pthread_create(&writer->thread, NULL, work, writer) == 0;
        if (!writer->started) {
            code = ls_err_set(err, LS_ERR_IO, "cannot start a thread to store rows");
        }
    }
    if (code != LS_OK) {
        ls_writer_destroy(writer);
        return code;
    }
    *ret = writer;
    return LS_OK;
}

void ls_writer_status(struct ls_writer *writer, struct ls_writer_status *ret) {
    pthread_mutex_lock(&writer->lock);
    *ret = writer->status;
    ret->waiting_rows += waiting_rows(writer);
    pthread_mutex_unlock(&writer->lock);
}

int ls_writer_finish(struct ls_writer *writer, double patience_s, struct ls_err *err) {
    if (!writer->started) {
        return LS_OK;
    }
    pthread_mutex_lock(&writer->lock);
    writer->stop = true;
    writer->give_up_ns = ls_time_steady() + ls_ns_from_seconds(patience_s);
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    writer->started = false;
    return has_work(writer) ? ls_err_set(err, writer->trouble.code, "%s", writer->trouble.text)
                            : LS_OK;
}

void ls_writer_destroy(struct ls_writer *writer) {
    if (writer == NULL) {
        return;
    }
    if (writer->started) {
        ls_writer_finish(writer, 0.0, NULL);
    }
    ls_store_close(writer->store);
    free_batch(writer->building);
    free_batch(writer->taken);
    while (writer->waiting != NULL) {
        struct batch *next = writer->waiting->next;
        free_batch(writer->waiting);
        writer->waiting = next;
    }
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}
