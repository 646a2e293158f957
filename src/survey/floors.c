#include "survey/floors.h"

#include <stdlib.h>
#include <string.h>

#include "survey/lines.h"

struct known {
    struct ls_tuning tuning;
    struct ls_floor *floor; /* NULL: a free place */
    bool *masked;           /* [channels] what it was made with */
    int64_t left_ns;        /* end of the last stretch */
    bool left;              /* there was one */
    uint64_t taken;         /* when, counted in stretches */
};

struct ls_floors {
    struct known known[LS_FLOORS_MAX];
    struct known *present;
    uint64_t taken;
    struct ls_lines *lines;
};

int ls_floors_create(struct ls_floors **ret, struct ls_err *err) {
    struct ls_floors *floors = calloc(1, sizeof *floors);
    if (floors == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for floors");
    }
    int code = ls_lines_create(&floors->lines, err);
    if (code != LS_OK) {
        free(floors);
        return code;
    }
    *ret = floors;
    return LS_OK;
}

void ls_floors_destroy(struct ls_floors *floors) {
    if (floors != NULL) {
        for (size_t i = 0; i < LS_FLOORS_MAX; i++) {
            ls_floor_destroy(floors->known[i].floor);
            free(floors->known[i].masked);
        }
        ls_lines_destroy(floors->lines);
        free(floors);
    }
}

static bool same_tuning(const struct ls_tuning *a, const struct ls_tuning *b) {
    return a->center_hz == b->center_hz && a->rate_sps == b->rate_sps && a->format == b->format;
}

static struct known *find(struct ls_floors *floors, const struct ls_tuning *tuning) {
    for (size_t i = 0; i < LS_FLOORS_MAX; i++) {
        struct known *known = &floors->known[i];
        if (known->floor != NULL && same_tuning(&known->tuning, tuning)) {
            return known;
        }
    }
    return NULL;
}

static void forget(struct known *known) {
    ls_floor_destroy(known->floor);
    free(known->masked);
    memset(known, 0, sizeof *known);
}

/* A free place, or the one not taken for longest. */
static struct known *make_room(struct ls_floors *floors) {
    struct known *oldest = &floors->known[0];
    for (size_t i = 0; i < LS_FLOORS_MAX && oldest->floor != NULL; i++) {
        struct known *known = &floors->known[i];
        oldest = known->floor == NULL || known->taken < oldest->taken ? known : oldest;
    }
    forget(oldest);
    return oldest;
}

int ls_floors_take(struct ls_floors *floors, const struct ls_tuning *tuning, int64_t t_ns,
                   const struct ls_floor_opts *opts, struct ls_floor **ret, double *ret_away_s,
                   struct ls_err *err) {
    struct known *known = find(floors, tuning);
    size_t mask_bytes = opts->channels * sizeof *opts->masked;
    if (known != NULL && memcmp(known->masked, opts->masked, mask_bytes) != 0) {
        /* A line was learned since: its level is a floor of its own now, as nothing here knows. */
        forget(known);
        known = NULL;
    }
    if (known == NULL) {
        known = make_room(floors);
        known->masked = malloc(mask_bytes);
        if (known->masked == NULL) {
            return ls_err_set(err, LS_ERR_NOMEM, "out of memory for floors");
        }
        memcpy(known->masked, opts->masked, mask_bytes);
        int code = ls_floor_create(&known->floor, opts, err);
        if (code != LS_OK) {
            forget(known);
            return code;
        }
        known->tuning = *tuning;
    }
    known->taken = ++floors->taken;
    floors->present = known;
    *ret = known->floor;
    *ret_away_s =
        known->left && t_ns > known->left_ns ? (double)(t_ns - known->left_ns) / 1e9 : 0.0;
    return LS_OK;
}

void ls_floors_mask(const struct ls_floors *floors, double rate_sps, bool *ret_masked,
                    size_t channels) {
    ls_lines_mask(floors->lines, rate_sps, ret_masked, channels);
}

size_t ls_floors_lines(const struct ls_floors *floors, double *ret_hz, size_t room) {
    return ls_lines_list(floors->lines, ret_hz, room);
}

void ls_floors_leave(struct ls_floors *floors, int64_t t_ns, size_t channels) {
    if (floors->present != NULL) {
        if (channels > 0) {
            ls_lines_heard(floors->lines, &floors->present->tuning,
                           ls_floor_occupied(floors->present->floor), channels);
        }
        ls_floor_rest(floors->present->floor);
        floors->present->left_ns = t_ns;
        floors->present->left = true;
        floors->present = NULL;
    }
}
