/* Exposures are walked in order. Each one meets first what was on the air when it began, then what
 * starts while it lasts. Rows may begin later than their emission (a train that comes nearer), so
 * they wait in a small heap until nothing earlier can come. */
#include "simulate/lines.h"

#include <errno.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "model/line.h"
#include "simulate/observe.h"
#include "simulate/stream.h"
#include "simulate/truth.h"

/* Start errors are a few times 0.1 ms. */
static const int64_t slack_ns = LS_NS_PER_S / 50;

struct active {
    struct ls_emission emission;
    struct ls_waveform_info info;
};

/* One sensor. */
struct site {
    gsl_rng *rng;
    gsl_rng *noise;
    int64_t next_noise_ns;
    struct ls_transmission *rows; /* heap by start */
    size_t count;
    size_t capacity;
};

struct writer {
    struct ls_scene *scene;
    const struct ls_lines_opts *opts;
    struct ls_lines_result result;
    struct ls_truth *truth;
    struct site *sites;
    size_t site_count;
    struct active *on; /* on the air, in order of start */
    size_t on_count;
    size_t on_capacity;
    struct ls_emission next;
    bool more;
    struct ls_err *err;
};

static int write_failed(const struct writer *writer) {
    return ls_err_set(writer->err, ls_err_code_from_errno(errno), "cannot write the log: %s",
                      strerror(errno));
}

static bool earlier(const struct ls_transmission *a, const struct ls_transmission *b) {
    if (a->start_ns != b->start_ns) {
        return a->start_ns < b->start_ns;
    }
    if (a->center_hz < b->center_hz || a->center_hz > b->center_hz) {
        return a->center_hz < b->center_hz;
    }
    return a->duration_ns < b->duration_ns;
}

static void swap_rows(struct ls_transmission *a, struct ls_transmission *b) {
    struct ls_transmission row = *a;
    *a = *b;
    *b = row;
}

static int push_row(struct writer *writer, struct site *site, const struct ls_transmission *row) {
    if (ls_grow((void **)&site->rows, &site->capacity, site->count, sizeof *site->rows) != LS_OK) {
        return ls_err_set(writer->err, LS_ERR_NOMEM, "out of memory for log rows");
    }
    size_t at = site->count++;
    site->rows[at] = *row;
    while (at > 0 && earlier(&site->rows[at], &site->rows[(at - 1) / 2])) {
        swap_rows(&site->rows[at], &site->rows[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    return LS_OK;
}

static void drop_first(struct site *site) {
    site->rows[0] = site->rows[--site->count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < site->count; child++) {
            least = earlier(&site->rows[child], &site->rows[least]) ? child : least;
        }
        if (least == at) {
            return;
        }
        swap_rows(&site->rows[at], &site->rows[least]);
        at = least;
    }
}

/* Writes rows of all sites that start before t_ns. */
static int flush_rows(struct writer *writer, int64_t t_ns) {
    for (size_t i = 0; i < writer->site_count; i++) {
        struct site *site = &writer->sites[i];
        while (site->count > 0 && site->rows[0].start_ns < t_ns) {
            if (ls_line_write_transmission(writer->opts->lines, &site->rows[0]) != LS_OK) {
                return write_failed(writer);
            }
            writer->result.rows++;
            drop_first(site);
        }
    }
    return LS_OK;
}

static int observe(struct writer *writer, const struct active *active,
                   const struct ls_observe_window *window) {
    for (size_t i = 0; i < writer->site_count; i++) {
        struct ls_transmission row;
        if (ls_observe_emission(writer->scene, i, &active->emission, &active->info, window,
                                writer->sites[i].rng, &row)) {
            int code = push_row(writer, &writer->sites[i], &row);
            if (code != LS_OK) {
                return code;
            }
        }
    }
    return LS_OK;
}

static void draw_noise(const struct writer *writer, struct site *site, int64_t from_ns) {
    double per_day = ls_scene_scenario(writer->scene)->sensor.false_per_day;
    site->next_noise_ns =
        per_day > 0.0
            ? from_ns + ls_ns_from_seconds(gsl_ran_exponential(site->noise, 86400.0 / per_day))
            : INT64_MAX;
}

/* False rows of a window, up to t_ns. */
static int add_noise(struct writer *writer, const struct ls_observe_window *window, int64_t t_ns) {
    for (size_t i = 0; i < writer->site_count; i++) {
        struct site *site = &writer->sites[i];
        for (; site->next_noise_ns < t_ns; draw_noise(writer, site, site->next_noise_ns)) {
            struct ls_transmission row;
            if (site->next_noise_ns < window->start_ns) {
                continue; /* nobody listened then */
            }
            ls_observe_noise(writer->scene, i, window, site->next_noise_ns, site->noise, &row);
            int code = push_row(writer, site, &row);
            if (code != LS_OK) {
                return code;
            }
        }
    }
    return LS_OK;
}

static int read_next(struct writer *writer) {
    int code = ls_scene_next(writer->scene, &writer->next, writer->err);
    writer->more = code == LS_OK;
    if (code < 0) {
        return code;
    }
    if (code == LS_OK) {
        writer->result.emissions++;
        if (writer->truth != NULL) {
            return ls_truth_add(writer->truth, &writer->next, writer->err);
        }
    }
    return LS_OK;
}

/* Takes the next emission onto the air. */
static int switch_on(struct writer *writer, struct active **ret) {
    if (ls_grow((void **)&writer->on, &writer->on_capacity, writer->on_count, sizeof *writer->on) !=
        LS_OK) {
        return ls_err_set(writer->err, LS_ERR_NOMEM, "out of memory for what is on the air");
    }
    struct active *active = &writer->on[writer->on_count++];
    active->emission = writer->next;
    ls_scene_describe(writer->scene, &active->emission, &active->info);
    *ret = active;
    return read_next(writer);
}

static void switch_off(struct writer *writer, int64_t t_ns) {
    size_t kept = 0;
    for (size_t i = 0; i < writer->on_count; i++) {
        const struct ls_emission *emission = &writer->on[i].emission;
        if (emission->start_ns + emission->duration_ns > t_ns) {
            if (kept != i) {
                writer->on[kept] = writer->on[i];
            }
            kept++;
        }
    }
    writer->on_count = kept;
}

static int write_exposure(struct writer *writer, const struct ls_exposure *exposure) {
    const struct ls_scenario_sensor *sensor = &ls_scene_scenario(writer->scene)->sensor;
    double half = sensor->usable * sensor->rate_sps / 2.0;
    struct ls_observation row = {.state = exposure->state,
                                 .start_ns = exposure->start_ns,
                                 .stop_ns = exposure->stop_ns,
                                 .low_hz = exposure->center_hz - half,
                                 .high_hz = exposure->center_hz + half,
                                 .rate_sps = sensor->rate_sps,
                                 .samples = exposure->samples};
    if (exposure->stop_ns == exposure->start_ns) {
        return LS_OK; /* a single sample at more than 1 GS/s */
    }
    ls_copy_text(row.cause, sizeof row.cause, exposure->state == LS_LOST ? "overflow" : "");
    for (size_t i = 0; i < writer->site_count; i++) {
        ls_copy_text(row.sensor, sizeof row.sensor, sensor->sites[i].name);
        if (ls_line_write_observation(writer->opts->lines, &row) != LS_OK) {
            return write_failed(writer);
        }
        writer->result.observations++;
    }
    writer->result.observed_s += exposure->state == LS_OBSERVED
                                     ? (double)(exposure->stop_ns - exposure->start_ns) / 1e9
                                     : 0.0;
    return LS_OK;
}

static int report(const struct writer *writer, int64_t t_ns) {
    const struct ls_lines_opts *opts = writer->opts;
    const struct ls_scenario *scenario = ls_scene_scenario(writer->scene);
    if (opts->progress != NULL) {
        struct ls_lines_progress now = {.done_s = (double)(t_ns - scenario->start_ns) / 1e9,
                                        .total_s = scenario->duration_s};
        opts->progress(opts->progress_context, &now);
    }
    if (opts->stop != NULL && *opts->stop != 0) {
        return ls_err_set(writer->err, LS_ERR_STOPPED, "stopped");
    }
    return LS_OK;
}

/* What starts while the exposure lasts, and everything else up to its end. */
static int live_through(struct writer *writer, const struct ls_exposure *exposure,
                        const struct ls_observe_window *window) {
    bool listening = exposure->state == LS_OBSERVED;
    int code = LS_OK;
    while (writer->more && writer->next.start_ns < exposure->stop_ns && code == LS_OK) {
        int64_t start_ns = writer->next.start_ns;
        if (writer->result.emissions % 1024 == 0) {
            code = report(writer, start_ns);
        }
        if (code == LS_OK && listening) {
            code = add_noise(writer, window, start_ns);
        }
        if (code == LS_OK) {
            code = flush_rows(writer, start_ns - slack_ns);
        }
        struct active *active = NULL;
        if (code == LS_OK) {
            code = switch_on(writer, &active);
        }
        if (code == LS_OK && listening) {
            code = observe(writer, active, window);
        }
        if (code == LS_OK && writer->on_count % 64 == 0) {
            switch_off(writer, start_ns);
        }
    }
    if (code == LS_OK && listening) {
        code = add_noise(writer, window, exposure->stop_ns);
    }
    return code == LS_OK ? flush_rows(writer, INT64_MAX) : code;
}

static int walk(struct writer *writer) {
    struct ls_exposure exposure;
    int code = read_next(writer);
    while (code == LS_OK && ls_scene_next_exposure(writer->scene, &exposure)) {
        struct ls_observe_window window = {.start_ns = exposure.start_ns,
                                           .stop_ns = exposure.stop_ns,
                                           .center_hz = exposure.center_hz};
        code = write_exposure(writer, &exposure);
        for (size_t i = 0; exposure.state == LS_OBSERVED && i < writer->on_count && code == LS_OK;
             i++) {
            code = observe(writer, &writer->on[i], &window);
        }
        if (code == LS_OK) {
            code = live_through(writer, &exposure, &window);
        }
        switch_off(writer, exposure.stop_ns);
        if (code == LS_OK) {
            code = report(writer, exposure.stop_ns);
        }
    }
    return code;
}

static int open_sites(struct writer *writer) {
    const struct ls_scenario *scenario = ls_scene_scenario(writer->scene);
    uint64_t seed = ls_scene_seed(writer->scene);
    writer->site_count = scenario->sensor.site_count;
    writer->sites = calloc(writer->site_count, sizeof *writer->sites);
    bool ok = writer->sites != NULL;
    for (size_t i = 0; ok && i < writer->site_count; i++) {
        struct site *site = &writer->sites[i];
        const char *name = scenario->sensor.sites[i].name;
        site->rng = ls_stream_create(ls_stream_key(seed, name, i, "measurement"));
        site->noise = ls_stream_create(ls_stream_key(seed, name, i, "noise"));
        ok = site->rng != NULL && site->noise != NULL;
        if (ok) {
            draw_noise(writer, site, scenario->start_ns);
        }
    }
    return ok ? LS_OK : ls_err_set(writer->err, LS_ERR_NOMEM, "out of memory for the sensors");
}

static void close_writer(struct writer *writer) {
    for (size_t i = 0; writer->sites != NULL && i < writer->site_count; i++) {
        if (writer->sites[i].rng != NULL) {
            gsl_rng_free(writer->sites[i].rng);
        }
        if (writer->sites[i].noise != NULL) {
            gsl_rng_free(writer->sites[i].noise);
        }
        free(writer->sites[i].rows);
    }
    free(writer->sites);
    free(writer->on);
    ls_truth_destroy(writer->truth);
}

int ls_lines_write(struct ls_scene *scene, const struct ls_lines_opts *opts,
                   struct ls_lines_result *ret, struct ls_err *err) {
    struct writer writer = {.scene = scene, .opts = opts, .err = err};
    int code = open_sites(&writer);
    if (code == LS_OK && opts->truth != NULL) {
        code = ls_truth_create(&writer.truth, scene, opts->truth, err);
    }
    if (code == LS_OK) {
        code = walk(&writer);
    }
    if (code == LS_OK && writer.truth != NULL) {
        code = ls_truth_finish(writer.truth, err);
    }
    if (code == LS_OK && fflush(opts->lines) != 0) {
        code = write_failed(&writer);
    }
    close_writer(&writer);
    if (code == LS_OK) {
        *ret = writer.result;
    }
    return code;
}
