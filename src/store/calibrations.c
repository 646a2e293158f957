#include "store/calibrations.h"

#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "model/calibration.h"

struct ls_store_calibration {
    int64_t run_id;
    struct ls_calibration calibration;
};

void ls_calibrations_drop(struct ls_store *store) {
    free(store->calibrations);
    store->calibrations = NULL;
    store->calibration_count = 0;
    store->calibration_room = 0;
}

static int take(struct ls_store *store, sqlite3_stmt *stmt, struct ls_err *err) {
    const char *options = (const char *)sqlite3_column_text(stmt, 1);
    void *items = store->calibrations;
    struct ls_store_calibration found = {.run_id = sqlite3_column_int64(stmt, 0)};
    ls_calibration_of_options(options != NULL ? options : "", &found.calibration);
    if (found.calibration.count == 0) {
        return LS_OK;
    }
    if (ls_grow(&items, &store->calibration_room, store->calibration_count, sizeof found) !=
        LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for the calibrations of runs");
    }
    store->calibrations = items;
    store->calibrations[store->calibration_count++] = found;
    return LS_OK;
}

int ls_calibrations_load(struct ls_store *store, struct ls_err *err) {
    sqlite3_stmt *stmt = NULL;
    int code = ls_sql_get(store, "calibrated_runs", &stmt, err);
    int step = SQLITE_DONE;
    ls_calibrations_drop(store);
    while (code == LS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        code = take(store, stmt, err);
    }
    if (code == LS_OK && step != SQLITE_DONE) {
        code = ls_sql_error(store, "reading runs", err);
    }
    sqlite3_reset(stmt);
    return code;
}

static int by_run(const void *key, const void *item) {
    int64_t run_id = *(const int64_t *)key;
    const struct ls_store_calibration *calibration = item;
    return (run_id > calibration->run_id) - (run_id < calibration->run_id);
}

void ls_calibrations_apply(const struct ls_store *store, struct ls_transmission *row) {
    const struct ls_store_calibration *found =
        store->calibration_count == 0 ? NULL
                                      : bsearch(&row->run_id, store->calibrations,
                                                store->calibration_count, sizeof *found, by_run);
    if (found != NULL && isfinite(row->level_dbfs)) {
        double full_dbm = ls_calibration_full_scale_dbm(&found->calibration, row->center_hz);
        row->has_dbm = true;
        row->level_dbm = round(100.0 * (row->level_dbfs + full_dbm)) / 100.0;
    }
}
