#include "survey/warm_up.h"

#include "survey/search.h"

static double no_hang(const void *context, double hz) {
    (void)context;
    (void)hz;
    return 0.0;
}

static int no_row(void *context, const struct ls_transmission *row, struct ls_err *err) {
    (void)context;
    (void)row;
    (void)err;
    return LS_OK;
}

void ls_warm_up(const struct ls_sensor_opts *o, const struct ls_tuning *tuning) {
    const struct ls_transmissions_opts rows = {.hang_s = no_hang, .done = no_row};
    struct ls_transmissions *transmissions = NULL;
    struct ls_search *search = NULL;
    int code = ls_transmissions_create(&transmissions, &rows, NULL);
    if (code == LS_OK) {
        const struct ls_search_opts opts = {.threads = 1,
                                            .channel_hz = o->channel_hz,
                                            .taps = o->taps,
                                            .false_alarms_per_day = o->false_alarms_per_day,
                                            .transmissions = transmissions};
        code = ls_search_create(&search, &opts, NULL);
    }
    if (code == LS_OK) {
        ls_search_begin(search, tuning, 0, NULL);
    }
    ls_search_destroy(search);
    ls_transmissions_destroy(transmissions);
}
