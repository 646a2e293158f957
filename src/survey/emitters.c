#include "survey/emitters.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct ls_emitter_run {
    struct ls_store *store;
    struct ls_emitters *engine;
    int64_t known_id; /* emitters of the state that was loaded */
    int64_t from_ns;
    struct ls_tie *links;
    size_t link_count;
    size_t link_room;
    struct ls_emitter *emitters;
    size_t emitter_count;
    size_t emitter_room;
    struct ls_emitter_event *events;
    size_t event_count;
    size_t event_room;
    bool putting; /* the thread runs, and has what follows */
    pthread_t thread;
    int put_code;
    struct ls_err put_err;
};

static int out_of_memory(struct ls_err *err) {
    return ls_err_set(err, LS_ERR_NOMEM, "out of memory for emitters");
}

static int keep_link(void *context, const struct ls_tie *link, struct ls_err *err) {
    struct ls_emitter_run *run = context;
    void *links = run->links;
    if (ls_grow(&links, &run->link_room, run->link_count, sizeof *run->links) != LS_OK) {
        return out_of_memory(err);
    }
    run->links = links;
    run->links[run->link_count++] = *link;
    return LS_OK;
}

static int keep_emitter(void *context, const struct ls_emitter *emitter, struct ls_err *err) {
    struct ls_emitter_run *run = context;
    void *emitters = run->emitters;
    if (ls_grow(&emitters, &run->emitter_room, run->emitter_count, sizeof *run->emitters) !=
        LS_OK) {
        return out_of_memory(err);
    }
    run->emitters = emitters;
    run->emitters[run->emitter_count++] = *emitter;
    return LS_OK;
}

static int keep_event(void *context, const struct ls_emitter_event *event, struct ls_err *err) {
    struct ls_emitter_run *run = context;
    void *events = run->events;
    if (ls_grow(&events, &run->event_room, run->event_count, sizeof *run->events) != LS_OK) {
        return out_of_memory(err);
    }
    run->events = events;
    run->events[run->event_count++] = *event;
    return LS_OK;
}

int ls_emitter_run_create(struct ls_emitter_run **ret, struct ls_store *store, const void *bytes,
                          size_t size, int64_t from_ns, struct ls_err *err) {
    struct ls_emitter_run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return out_of_memory(err);
    }
    struct ls_emitters_opts opts = {
        .link = keep_link, .gone = keep_emitter, .event = keep_event, .context = run};
    run->store = store;
    run->from_ns = from_ns;
    int code = bytes == NULL ? ls_emitters_create(&run->engine, &opts, err)
                             : ls_emitters_load(&run->engine, &opts, bytes, size, err);
    if (code == LS_OK) {
        run->known_id = ls_emitters_count(run->engine);
        code = ls_store_clear_emitters(store, err);
    }
    if (code != LS_OK) {
        ls_emitter_run_destroy(run);
        return code;
    }
    *ret = run;
    return LS_OK;
}

void ls_emitter_run_destroy(struct ls_emitter_run *run) {
    if (run == NULL) {
        return;
    }
    assert(!run->putting);
    ls_emitters_destroy(run->engine);
    free(run->links);
    free(run->emitters);
    free(run->events);
    free(run);
}

int ls_emitter_run_push(struct ls_emitter_run *run, const struct ls_transmission *row,
                        struct ls_err *err) {
    return ls_emitters_push(run->engine, row, err);
}

int ls_emitter_run_stage(struct ls_emitter_run *run, struct ls_err *err) {
    struct ls_emitter_rows rows = {.links = run->links,
                                   .link_count = run->link_count,
                                   .emitters = run->emitters,
                                   .emitter_count = run->emitter_count,
                                   .events = run->events,
                                   .event_count = run->event_count};
    int code = ls_store_stage_emitters(run->store, &rows, err);
    if (code == LS_OK) {
        run->link_count = run->emitter_count = run->event_count = 0;
    }
    return code;
}

int ls_emitter_run_end(struct ls_emitter_run *run, struct ls_err *err) {
    int code = ls_emitters_each(run->engine, keep_emitter, run, err);
    return code == LS_OK ? ls_emitter_run_stage(run, err) : code;
}

int ls_emitter_run_save(const struct ls_emitter_run *run, void **ret_bytes, size_t *ret_size,
                        struct ls_err *err) {
    return ls_emitters_save(run->engine, ret_bytes, ret_size, err);
}

int ls_emitter_run_put(const struct ls_emitter_run *run, struct ls_err *err) {
    return ls_store_put_emitters(run->store, run->known_id, run->from_ns, err);
}

static void *put_aside(void *argument) {
    struct ls_emitter_run *run = argument;
    run->put_code = ls_emitter_run_put(run, &run->put_err);
    return NULL;
}

int ls_emitter_run_begin_put(struct ls_emitter_run *run, struct ls_err *err) {
    int failed = pthread_create(&run->thread, NULL, put_aside, run);
    run->putting = failed == 0;
    return failed == 0 ? LS_OK
                       : ls_err_set(err, LS_ERR_IO, "cannot start a thread: %s", strerror(failed));
}

int ls_emitter_run_end_put(struct ls_emitter_run *run, struct ls_err *err) {
    if (!run->putting) {
        return LS_OK;
    }
    pthread_join(run->thread, NULL);
    run->putting = false;
    return run->put_code == LS_OK ? LS_OK : ls_err_set(err, run->put_code, "%s", run->put_err.text);
}
