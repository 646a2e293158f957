#include "pattern/company.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "pattern/channels.h"
#include "pattern/exposure.h"

enum {
    ACTIVE_MAX = 64, /* channels of a sensor that are heard now; more are company enough */
    OTHERS = 2
};

static const int64_t now_ns = 30 * LS_NS_PER_S;       /* heard within this is heard now */
static const int64_t silence_ns = 120 * LS_NS_PER_S;  /* begins a visit, as in pattern/visits.h */
static const int64_t longest_ns = 900 * LS_NS_PER_S;  /* what stays longer is no visitor */
static const int64_t step_most_ns = 60 * LS_NS_PER_S; /* silence counts as alone beyond this */
static const double busy_share = 0.4; /* in company for more of the time than this: a busy place */

struct guest {
    int64_t since_ns; /* of its visit */
    int64_t stop_ns;
};

struct place {
    uint32_t active[ACTIVE_MAX];
    uint32_t active_count;
    int64_t last_ns;
    bool crowded; /* at the last row */
    bool known;
    double crowded_s;
    double total_s;
};

struct ls_company {
    struct ls_channels *channels;
    struct guest guests[LS_CHANNELS_MAX];
    struct place *places[LS_SENSORS_MAX]; /* NULL: nothing heard */
};

int ls_company_create(struct ls_company **ret, struct ls_err *err) {
    struct ls_company *company = calloc(1, sizeof *company);
    if (company == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for company");
    }
    int code = ls_channels_create(&company->channels, err);
    if (code != LS_OK) {
        free(company);
        return code;
    }
    *ret = company;
    return LS_OK;
}

void ls_company_destroy(struct ls_company *company) {
    if (company == NULL) {
        return;
    }
    for (size_t i = 0; i < LS_SENSORS_MAX; i++) {
        free(company->places[i]);
    }
    ls_channels_destroy(company->channels);
    free(company);
}

static struct place *place_of(struct ls_company *company, uint32_t sensor) {
    if (company->places[sensor] == NULL) {
        company->places[sensor] = calloc(1, sizeof(struct place));
    }
    return company->places[sensor];
}

/* Those that were not heard for a while are gone. */
static void let_go(const struct ls_company *company, struct place *place, int64_t t_ns) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < place->active_count; i++) {
        if (company->guests[place->active[i]].stop_ns + now_ns >= t_ns) {
            place->active[kept++] = place->active[i];
        }
    }
    place->active_count = kept;
}

/* Visitors other than this one that are heard now. Pieces of one emission beside each other are no
 * company: they have to be a bandwidth apart. */
static int others(const struct ls_company *company, const struct place *place, uint32_t slot,
                  int64_t t_ns) {
    const struct ls_channel *mine = ls_channels_at(company->channels, slot);
    int count = 0;
    for (uint32_t i = 0; i < place->active_count; i++) {
        const struct ls_channel *other = ls_channels_at(company->channels, place->active[i]);
        const struct guest *guest = &company->guests[place->active[i]];
        bool apart = fabs(other->center_hz - mine->center_hz) >
                     0.5 * (other->bandwidth_hz + mine->bandwidth_hz);
        count += apart && t_ns - guest->since_ns <= longest_ns;
    }
    return count;
}

static void keep_time(struct place *place, int64_t t_ns, bool crowded) {
    if (place->known) {
        int64_t step = t_ns - place->last_ns;
        double s = (double)(step < step_most_ns ? step : step_most_ns) / 1e9;
        place->total_s += (double)step / 1e9;
        place->crowded_s += place->crowded ? s : 0.0;
    }
    place->known = true;
    place->last_ns = t_ns;
    place->crowded = crowded;
}

static void activate(struct place *place, uint32_t slot) {
    for (uint32_t i = 0; i < place->active_count; i++) {
        if (place->active[i] == slot) {
            return;
        }
    }
    if (place->active_count < ACTIVE_MAX) {
        place->active[place->active_count++] = slot;
    }
}

bool ls_company_push(struct ls_company *company, const struct ls_transmission *row,
                     uint32_t sensor) {
    bool begins;
    bool known;
    struct place *place = place_of(company, sensor);
    if (place == NULL) {
        return false; /* without memory for it nothing is in company */
    }
    int64_t t_ns = row->start_ns;
    int64_t stop_ns = t_ns + row->duration_ns;
    let_go(company, place, t_ns);
    uint32_t slot = ls_channels_push(company->channels, row, sensor, &begins, &known);
    struct guest *guest = &company->guests[slot];
    if (begins) {
        *guest = (struct guest){.since_ns = t_ns, .stop_ns = t_ns};
        /* Whatever held the slot before was silent for longest: of another sensor, perhaps. */
        for (size_t i = 0; i < LS_SENSORS_MAX; i++) {
            struct place *other = company->places[i];
            for (uint32_t k = 0; other != NULL && k < other->active_count; k++) {
                if (other->active[k] == slot) {
                    other->active[k] = other->active[--other->active_count];
                }
            }
        }
    } else if (t_ns - guest->stop_ns > silence_ns) {
        guest->since_ns = t_ns;
    }
    bool crowded = others(company, place, slot, t_ns) >= OTHERS;
    guest->stop_ns = stop_ns > guest->stop_ns ? stop_ns : guest->stop_ns;
    activate(place, slot);
    keep_time(place, t_ns, crowded);
    return crowded;
}

bool ls_company_busy(const struct ls_company *company, uint32_t sensor) {
    const struct place *place = company->places[sensor];
    return place == NULL || place->crowded_s > busy_share * place->total_s;
}

/* --- the state as bytes --- */

int ls_company_save(const struct ls_company *company, struct ls_blob *blob, struct ls_err *err) {
    int code = ls_channels_save(company->channels, blob, err);
    for (uint32_t i = 0; code == LS_OK && i < LS_CHANNELS_MAX; i++) {
        if (ls_channels_at(company->channels, i) != NULL) {
            code = ls_blob_put(blob, &company->guests[i], sizeof company->guests[i], err);
        }
    }
    for (size_t i = 0; code == LS_OK && i < LS_SENSORS_MAX; i++) {
        code = ls_blob_put_count(blob, company->places[i] != NULL, err);
        if (code == LS_OK && company->places[i] != NULL) {
            code = ls_blob_put(blob, company->places[i], sizeof *company->places[i], err);
        }
    }
    return code;
}

static int load_place(struct ls_company *company, uint32_t sensor, struct ls_blob_reader *in,
                      struct ls_err *err) {
    struct place *place = place_of(company, sensor);
    if (place == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for company");
    }
    int code = ls_blob_get(in, place, sizeof *place, err);
    bool sound = code != LS_OK || place->active_count <= ACTIVE_MAX;
    for (uint32_t i = 0; code == LS_OK && sound && i < place->active_count; i++) {
        sound = place->active[i] < LS_CHANNELS_MAX &&
                ls_channels_at(company->channels, place->active[i]) != NULL;
    }
    return sound ? code : ls_err_set(err, LS_ERR_FORMAT, "saved state of company is damaged");
}

int ls_company_load(struct ls_company *company, struct ls_blob_reader *in, struct ls_err *err) {
    int code = ls_channels_load(company->channels, in, err);
    for (uint32_t i = 0; code == LS_OK && i < LS_CHANNELS_MAX; i++) {
        if (ls_channels_at(company->channels, i) != NULL) {
            code = ls_blob_get(in, &company->guests[i], sizeof company->guests[i], err);
        }
    }
    for (uint32_t i = 0; code == LS_OK && i < LS_SENSORS_MAX; i++) {
        uint64_t there = 0;
        code = ls_blob_get_count(in, 1, &there, err);
        code = code == LS_OK && there != 0 ? load_place(company, i, in, err) : code;
    }
    return code;
}
