#include "survey/gpsd.h"

#include <gps.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "base/util.h"

enum { HOST_BYTES = 256, WAIT_US = 200000, SILENT_S = 15, RETRY_S = 2 };

struct ls_gpsd {
    char host[HOST_BYTES];
    char port[16];
    pthread_t thread;
    bool started;
    atomic_bool stop;
    pthread_mutex_t lock; /* of state */
    struct ls_gpsd_state state;
};

static const struct ls_gpsd_state unknown = {.latitude_deg = (double)NAN,
                                             .longitude_deg = (double)NAN,
                                             .altitude_m = (double)NAN,
                                             .offset_s = (double)NAN};

/* --- what a report says --- */

/* With a fix that is lost goes what rested on it: an old place and an old pulse say nothing of now.
 */
static void take_mode(struct ls_gpsd_state *state, int mode) {
    if (mode < MODE_2D && state->mode >= MODE_2D) {
        *state = unknown;
        state->connected = true;
    }
    state->mode = mode;
}

static void take_fix(struct ls_gpsd_state *state, const struct gps_data_t *data) {
    if ((data->set & MODE_SET) != 0) {
        take_mode(state, data->fix.mode);
    }
    if (state->mode < MODE_2D) {
        return;
    }
    if ((data->set & LATLON_SET) != 0 && isfinite(data->fix.latitude) &&
        isfinite(data->fix.longitude)) {
        state->latitude_deg = data->fix.latitude;
        state->longitude_deg = data->fix.longitude;
    }
    if ((data->set & ALTITUDE_SET) != 0 && state->mode >= MODE_3D) {
        state->altitude_m = data->fix.altMSL;
    }
}

static double minus(struct timespec a, struct timespec b) {
    return (double)(a.tv_sec - b.tv_sec) + 1e-9 * (double)(a.tv_nsec - b.tv_nsec);
}

/* The library flags a pulse in reports that hold none. */
static void take_time(struct ls_gpsd_state *state, const struct gps_data_t *data) {
    if ((data->set & PPS_SET) != 0 && data->pps.real.tv_sec > 0) {
        state->offset_s = minus(data->pps.clock, data->pps.real);
        state->pulse = true;
    } else if (data->toff.real.tv_sec > 0 && !state->pulse) {
        state->offset_s = minus(data->toff.clock, data->toff.real);
    } else if ((data->set & TIME_SET) != 0 && !state->pulse && state->mode >= MODE_2D) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        state->offset_s = minus(now, data->fix.time);
    }
}

/* --- the thread --- */

static void set_state(struct ls_gpsd *gpsd, const struct ls_gpsd_state *state) {
    pthread_mutex_lock(&gpsd->lock);
    gpsd->state = *state;
    pthread_mutex_unlock(&gpsd->lock);
}

/* Until the connection ends, is silent, or the object is destroyed. */
static void follow(struct ls_gpsd *gpsd, struct gps_data_t *data) {
    struct ls_gpsd_state state = unknown;
    int64_t heard_ns = ls_time_steady();
    state.connected = true;
    set_state(gpsd, &state);
    while (!gpsd->stop && ls_time_steady() - heard_ns < SILENT_S * LS_NS_PER_S) {
        if (!gps_waiting(data, WAIT_US)) {
            continue;
        }
        if (gps_read(data, NULL, 0) < 0) {
            break;
        }
        heard_ns = ls_time_steady();
        take_fix(&state, data);
        take_time(&state, data);
        set_state(gpsd, &state);
    }
    set_state(gpsd, &unknown);
}

static void *run(void *context) {
    struct ls_gpsd *gpsd = context;
    const struct timespec pause = {.tv_nsec = 100000000};
    while (!gpsd->stop) {
        struct gps_data_t data;
        memset(&data, 0, sizeof data);
        if (gps_open(gpsd->host, gpsd->port, &data) == 0) {
            if (gps_stream(&data, WATCH_ENABLE | WATCH_JSON | WATCH_PPS, NULL) == 0) {
                follow(gpsd, &data);
                gps_stream(&data, WATCH_DISABLE, NULL);
            }
            gps_close(&data);
        }
        for (int i = 0; i < RETRY_S * 10 && !gpsd->stop; i++) {
            nanosleep(&pause, NULL);
        }
    }
    return NULL;
}

/* --- the object --- */

static int take_address(struct ls_gpsd *gpsd, const char *address, struct ls_err *err) {
    const char *colon = strrchr(address, ':');
    const char *end = strrchr(address, ']');
    bool with_port = colon != NULL && (end == NULL ? strchr(address, ':') == colon : colon > end);
    size_t n = with_port ? (size_t)(colon - address) : strlen(address);
    bool brackets = n >= 2 && address[0] == '[' && address[n - 1] == ']';
    if (n == 0 || n >= sizeof gpsd->host || (with_port && colon[1] == '\0')) {
        return ls_err_set(err, LS_ERR_ARG, "'%.100s' is no address of a gpsd: write localhost:2947",
                          address);
    }
    memcpy(gpsd->host, address + brackets, n - 2 * (size_t)brackets);
    ls_copy_text(gpsd->port, sizeof gpsd->port, with_port ? colon + 1 : DEFAULT_GPSD_PORT);
    return LS_OK;
}

int ls_gpsd_create(struct ls_gpsd **ret, const char *address, struct ls_err *err) {
    struct ls_gpsd *gpsd = calloc(1, sizeof *gpsd);
    if (gpsd == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    gpsd->state = unknown;
    pthread_mutex_init(&gpsd->lock, NULL);
    int code = take_address(gpsd, address, err);
    if (code == LS_OK && pthread_create(&gpsd->thread, NULL, run, gpsd) != 0) {
        code = ls_err_set(err, LS_ERR_IO, "cannot start a thread for gpsd");
    }
    if (code != LS_OK) {
        ls_gpsd_destroy(gpsd);
        return code;
    }
    gpsd->started = true;
    *ret = gpsd;
    return LS_OK;
}

void ls_gpsd_destroy(struct ls_gpsd *gpsd) {
    if (gpsd == NULL) {
        return;
    }
    gpsd->stop = true;
    if (gpsd->started) {
        pthread_join(gpsd->thread, NULL);
    }
    pthread_mutex_destroy(&gpsd->lock);
    free(gpsd);
}

void ls_gpsd_read(struct ls_gpsd *gpsd, struct ls_gpsd_state *ret) {
    pthread_mutex_lock(&gpsd->lock);
    *ret = gpsd->state;
    pthread_mutex_unlock(&gpsd->lock);
}

double ls_gpsd_distance_m(double latitude_a_deg, double longitude_a_deg, double latitude_b_deg,
                          double longitude_b_deg) {
    static const double earth_m = 6371e3;
    const double rad = acos(-1.0) / 180.0;
    double a = sin((latitude_b_deg - latitude_a_deg) * rad / 2.0);
    double b = sin((longitude_b_deg - longitude_a_deg) * rad / 2.0);
    double h = a * a + cos(latitude_a_deg * rad) * cos(latitude_b_deg * rad) * b * b;
    return 2.0 * earth_m * asin(fmin(1.0, sqrt(h)));
}
