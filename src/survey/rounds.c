#include "survey/rounds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/units.h"

struct ls_rounds {
    const struct ls_config *config;
    struct ls_reference *reference;
    struct ls_gpsd *gpsd;
    struct ls_judge *judge;
    struct ls_vitals vitals;
    struct ls_gpsd_state place;
    int64_t begun_ns; /* steady */
    double first_gain_db;
};

/* One round under way. */
struct round {
    struct ls_rounds *rounds;
    const struct ls_sensor_status *status;
    int64_t steady_ns;
    int64_t t_ns;
    void (*each)(void *context, const struct ls_health *row);
    void *context;
};

int ls_rounds_create(struct ls_rounds **ret, const struct ls_config *config,
                     struct ls_reference *reference, struct ls_gpsd *gpsd, struct ls_err *err) {
    struct ls_rounds *rounds = calloc(1, sizeof *rounds);
    if (rounds == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    int code = ls_judge_create(&rounds->judge, config, err);
    if (code != LS_OK) {
        free(rounds);
        return code;
    }
    rounds->config = config;
    rounds->reference = reference;
    rounds->gpsd = gpsd;
    rounds->begun_ns = ls_time_steady();
    rounds->first_gain_db = (double)NAN;
    rounds->place = (struct ls_gpsd_state){.latitude_deg = (double)NAN,
                                           .longitude_deg = (double)NAN,
                                           .altitude_m = (double)NAN,
                                           .offset_s = (double)NAN};
    if (reference != NULL) {
        ls_reference_set(reference, config->references_hz, config->reference_count);
    }
    *ret = rounds;
    return LS_OK;
}

void ls_rounds_destroy(struct ls_rounds *rounds) {
    if (rounds != NULL) {
        ls_judge_destroy(rounds->judge);
        free(rounds);
    }
}

static bool same(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

void ls_rounds_configure(struct ls_rounds *rounds, const struct ls_config *config) {
    const struct ls_config *old = rounds->config;
    bool same_gain = same(old->receiver.gain_db, config->receiver.gain_db) &&
                     old->receiver.automatic_gain == config->receiver.automatic_gain &&
                     old->gain_count == config->gain_count;
    for (size_t i = 0; same_gain && i < config->gain_count; i++) {
        same_gain = old->gains[i].db == config->gains[i].db;
    }
    if (!same_gain || old->receiver.rate_sps != config->receiver.rate_sps) {
        ls_judge_forget(rounds->judge);
        rounds->first_gain_db = (double)NAN;
    }
    ls_judge_configure(rounds->judge, config);
    if (rounds->reference != NULL) {
        ls_reference_set(rounds->reference, config->references_hz, config->reference_count);
    }
    rounds->config = config;
}

static void judge(const struct round *round, enum ls_judge_subject subject, double value,
                  const char *text) {
    struct ls_health row;
    if (ls_judge_reading(round->rounds->judge, subject, value, text, round->t_ns, round->steady_ns,
                         &row)) {
        round->each(round->context, &row);
    }
}

/* --- what is read --- */

static void read_stream(const struct round *round) {
    const struct ls_sensor_status *status = round->status;
    char text[160] = "";
    char since[LS_UNIT_TEXT_BYTES];
    int64_t last_ns =
        status->last_sample_ns != 0 ? status->last_sample_ns : round->rounds->begun_ns;
    double silent_s = (double)(round->steady_ns - last_ns) * 1e-9;
    if (silent_s >= round->rounds->config->health.stall_s / 2.0) {
        ls_seconds_format(silent_s, since);
        snprintf(text, sizeof text, "no samples for %s", since);
    }
    judge(round, LS_JUDGE_STREAM, silent_s, text);
    judge(round, LS_JUDGE_QUEUE, 100.0 * status->ring_share, "");
    judge(round, LS_JUDGE_CLIPPING, 100.0 * status->clipped_share, "");
    judge(round, LS_JUDGE_MEASURE, 100.0 * status->skipped_share, "");
}

/* With automatic gain the floor goes up and down with whatever is on the air. */
static void read_floor(const struct round *round) {
    const struct ls_sensor_status *status = round->status;
    char text[160];
    if (!status->listening || round->rounds->config->receiver.automatic_gain) {
        return;
    }
    double drop_db =
        ls_judge_drop(round->rounds->judge, status->tuning.center_hz, status->floor_dbfs);
    snprintf(text, sizeof text, "floor %.1f dBFS at %.3f MHz, %.1f dB below its median",
             status->floor_dbfs, status->tuning.center_hz / 1e6, drop_db);
    judge(round, LS_JUDGE_FLOOR, drop_db, text);
}

/* The reference that fell least: one transmitter may be off for maintenance. */
static void read_references(const struct round *round) {
    const struct ls_config *config = round->rounds->config;
    double least_db = (double)NAN;
    char text[160];
    for (size_t i = 0; round->rounds->reference != NULL && i < config->reference_count; i++) {
        double level_dbfs = ls_reference_level(round->rounds->reference, i);
        /* Negative keys cannot be those of a tuning. */
        double drop_db = ls_judge_drop(round->rounds->judge, -config->references_hz[i], level_dbfs);
        least_db = fmin(least_db, drop_db);
    }
    snprintf(text, sizeof text, "reference carriers are at least %.1f dB below their median",
             least_db);
    judge(round, LS_JUDGE_REFERENCE, least_db, text);
}

static void read_gain(const struct round *round) {
    struct ls_rounds *rounds = round->rounds;
    const struct ls_config *config = rounds->config;
    double gain_db = round->status->gain_db;
    char text[160];
    if (!round->status->listening || config->receiver.automatic_gain) {
        return;
    }
    /* Elements are set one by one and some round: what was read back first is what was set. */
    if (isnan(rounds->first_gain_db)) {
        bool whole = !isnan(config->receiver.gain_db) && config->gain_count == 0;
        rounds->first_gain_db = whole ? config->receiver.gain_db : gain_db;
    }
    snprintf(text, sizeof text, "gain reads %.1f dB, set was %.1f dB", gain_db,
             rounds->first_gain_db);
    judge(round, LS_JUDGE_GAIN, fabs(gain_db - rounds->first_gain_db), text);
}

static void read_computer(const struct round *round) {
    const struct ls_vitals *vitals = &round->rounds->vitals;
    const struct ls_sensor_status *status = round->status;
    bool device = !isnan(status->temperature);
    double temperature = device ? status->temperature : vitals->temperature;
    char text[160];
    snprintf(text, sizeof text, "%s %.1f C", device ? "receiver" : "computer", temperature);
    judge(round, LS_JUDGE_TEMPERATURE, temperature, text);
    judge(round, LS_JUDGE_DISK, vitals->disk_free_bytes, "");
    judge(round, LS_JUDGE_MEMORY, vitals->memory_bytes, "");
    bool failing = status->store_code != LS_OK;
    snprintf(text, sizeof text, "database cannot be written: %zu rows wait", status->waiting_rows);
    judge(round, LS_JUDGE_STORE, failing ? (double)status->waiting_rows + 1.0 : 0.0,
          failing ? text : "");
}

/* NTP by what it says itself, gpsd by its pulse; its sentences come late by some 0.1 s and say
 * something about seconds only. */
static void read_clock(const struct round *round) {
    const struct ls_rounds *rounds = round->rounds;
    static const double late_s = 1.0;
    double error_s = (double)NAN;
    char text[160] = "";
    if (rounds->config->clock.ntp) {
        bool kept = rounds->vitals.clock_synchronised;
        error_s = kept ? rounds->vitals.clock_error_s : (double)NAN;
        judge(round, LS_JUDGE_NTP, kept ? 0.0 : 1.0,
              kept ? "NTP keeps the system clock" : "the system clock is not kept by NTP");
    }
    double gps_s = fabs(rounds->place.offset_s);
    gps_s = rounds->place.pulse || gps_s > late_s ? gps_s : (double)NAN;
    if (!isnan(gps_s) && !(gps_s < error_s)) {
        error_s = gps_s;
        snprintf(text, sizeof text, "the system clock is %.6f s off GPS time",
                 rounds->place.offset_s);
    }
    judge(round, LS_JUDGE_CLOCK, error_s, text);
}

static void read_position(const struct round *round) {
    const struct ls_gpsd_state *place = &round->rounds->place;
    const struct ls_config *config = round->rounds->config;
    char text[160];
    bool configured = !isnan(config->sensor.latitude_deg);
    if (config->clock.gpsd == NULL && configured) {
        snprintf(text, sizeof text, "%.5f %.5f, as configured", config->sensor.latitude_deg,
                 config->sensor.longitude_deg);
        judge(round, LS_JUDGE_POSITION, 0.0, text);
    }
    if (isnan(place->latitude_deg)) {
        return;
    }
    double moved_m = 0.0;
    if (configured) {
        moved_m = ls_gpsd_distance_m(place->latitude_deg, place->longitude_deg,
                                     config->sensor.latitude_deg, config->sensor.longitude_deg);
    }
    int used = snprintf(text, sizeof text, "gpsd says %.5f %.5f", place->latitude_deg,
                        place->longitude_deg);
    if (configured) {
        snprintf(text + used, sizeof text - (size_t)used, ", %.0f m from the configured position",
                 moved_m);
    }
    judge(round, LS_JUDGE_POSITION, moved_m, text);
}

/* A gpsd that comes or goes is an event of its own. */
static void read_gpsd(const struct round *round) {
    struct ls_rounds *rounds = round->rounds;
    bool before = rounds->place.connected;
    if (rounds->gpsd == NULL) {
        return;
    }
    ls_gpsd_read(rounds->gpsd, &rounds->place);
    if (rounds->place.connected != before) {
        struct ls_health row = {.t_ns = round->t_ns,
                                .level = before ? LS_HEALTH_WARN : LS_HEALTH_OK,
                                .value = (double)NAN,
                                .subject = "gpsd"};
        snprintf(row.text, sizeof row.text, "gpsd at %.100s is %s", rounds->config->clock.gpsd,
                 before ? "gone" : "there");
        round->each(round->context, &row);
    }
}

void ls_rounds_make(struct ls_rounds *rounds, const struct ls_sensor_status *status,
                    int64_t steady_ns, void (*each)(void *context, const struct ls_health *row),
                    void *context) {
    const struct round round = {.rounds = rounds,
                                .status = status,
                                .steady_ns = steady_ns,
                                .t_ns = ls_time_now(),
                                .each = each,
                                .context = context};
    ls_vitals_read(&rounds->vitals, rounds->config->store.database);
    read_gpsd(&round);
    read_stream(&round);
    read_floor(&round);
    read_references(&round);
    read_gain(&round);
    read_computer(&round);
    read_clock(&round);
    read_position(&round);
}

const struct ls_judge *ls_rounds_judge(const struct ls_rounds *rounds) { return rounds->judge; }
const struct ls_vitals *ls_rounds_vitals(const struct ls_rounds *rounds) { return &rounds->vitals; }
const struct ls_gpsd_state *ls_rounds_gpsd(const struct ls_rounds *rounds) {
    return &rounds->place;
}
