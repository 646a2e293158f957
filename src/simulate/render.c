/* The recording is made in pieces: a piece ends with an exposure and at each multiple of CHUNK of
 * the wall clock. For a piece the tracks that reach into it are rendered in batches, each into a
 * buffer of its own, and the buffers are added in the order of the emissions. So a sum has the same
 * order whatever order its parts were made in, and the receiver sees pieces in order. */
#include "simulate/render.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "base/util.h"
#include "simulate/frontend.h"
#include "simulate/sigmf_writer.h"
#include "simulate/stream.h"
#include "simulate/track.h"

enum {
    CHUNK = 65536,
    LANES_MAX = 64,
    LEAD = 1024, /* samples that filters reach ahead, and more */
};

/* An emission that is on the air, and the annotation that is growing for it. */
struct active {
    struct ls_track *track;
    bool seen;
    bool open;
    double tuning_hz;
    uint64_t first; /* in the recording */
    uint64_t end;
    double low_hz;
    double high_hz;
};

struct render {
    struct ls_scene *scene;
    const struct ls_scenario *scenario;
    const struct ls_render_opts *opts;
    struct ls_render_result result;
    struct ls_frontend *receiver;
    struct ls_sigmf_writer *writer;
    size_t delay;
    struct active *active;
    size_t active_count;
    size_t active_capacity;
    bool have_next; /* next is planned but not yet on the air */
    struct ls_emission next;
    size_t batch;
    size_t batch_first;     /* index in active of the batch's first track */
    float complex *buffers; /* [batch][CHUNK] */
    bool *live;             /* [batch] */
    float complex *sum;     /* [CHUNK] */
    void *bytes;
    double tuning_hz; /* of this piece */
    uint64_t first;
    size_t count;
};

static int create_receiver(struct render *render, struct ls_err *err) {
    const struct ls_scenario_sensor *sensor = &render->scenario->sensor;
    LS_AUTO(struct ls_frontend_spur)
    spurs = calloc(sensor->spur_count + 1, sizeof *spurs);
    if (spurs == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a receiver");
    }
    for (size_t i = 0; i < sensor->spur_count; i++) {
        spurs[i].offset_hz = sensor->spurs[i].offset_hz;
        spurs[i].level_dbfs = sensor->spurs[i].level_dbfs;
    }
    struct ls_frontend_opts opts = {
        .rate_sps = sensor->rate_sps,
        .format = sensor->format,
        .ripple_db = sensor->ripple_db,
        .edge_db = sensor->edge_db,
        .iq_gain_db = sensor->iq_gain_db,
        .iq_phase_deg = sensor->iq_phase_deg,
        .dc_amplitude = isfinite(sensor->dc_dbfs) ? pow(10, sensor->dc_dbfs / 20) : 0,
        .spurs = spurs,
        .spur_count = sensor->spur_count,
        .seed = ls_stream_key(ls_scene_seed(render->scene), "receiver",
                              (uint32_t)render->opts->site, "noise")};
    return ls_frontend_create(&render->receiver, &opts, err);
}

static int create_writer(struct render *render, struct ls_err *err) {
    const struct ls_scenario_sensor *sensor = &render->scenario->sensor;
    struct ls_sigmf_writer_opts opts = {.path = render->opts->path,
                                        .tuning = {.center_hz = sensor->center_hz,
                                                   .rate_sps = sensor->rate_sps,
                                                   .format = sensor->format},
                                        .description = render->scenario->about,
                                        .hardware = "simulated receiver",
                                        .recorder = sensor->sites[render->opts->site].name};
    return ls_sigmf_writer_create(&render->writer, &opts, err);
}

static int create_parts(struct render *render, struct ls_err *err) {
    size_t lanes = render->opts->lanes;
    render->batch = lanes == 0 || render->opts->run == NULL ? 1
                    : lanes < LANES_MAX                     ? lanes
                                                            : LANES_MAX;
    render->buffers = malloc(render->batch * CHUNK * sizeof *render->buffers);
    render->live = calloc(render->batch, sizeof *render->live);
    render->sum = malloc(CHUNK * sizeof *render->sum);
    render->bytes = malloc(CHUNK * ls_format_bytes(render->scenario->sensor.format));
    if (render->buffers == NULL || render->live == NULL || render->sum == NULL ||
        render->bytes == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for a recording");
    }
    int code = create_receiver(render, err);
    if (code == LS_OK) {
        render->delay = ls_frontend_delay(render->receiver);
        code = create_writer(render, err);
    }
    return code;
}

static void destroy_parts(struct render *render) {
    for (size_t i = 0; i < render->active_count; i++) {
        ls_track_destroy(render->active[i].track);
    }
    free(render->active);
    ls_sigmf_writer_destroy(render->writer);
    ls_frontend_destroy(render->receiver);
    free(render->bytes);
    free(render->sum);
    free(render->live);
    free(render->buffers);
}

/* --- annotations --- */

static int close_annotation(struct render *render, struct active *active, struct ls_err *err) {
    if (!active->open) {
        return LS_OK;
    }
    active->open = false;
    size_t count;
    const struct ls_scene_emitter *emitters = ls_scene_emitters(render->scene, &count);
    const struct ls_emission *emission = ls_track_emission(active->track);
    char comment[LS_SCENARIO_NAME_BYTES + 32];
    snprintf(comment, sizeof comment, "%s unit %u", emitters[emission->emitter].name,
             (unsigned)emission->unit);
    struct ls_sigmf_annotation annotation = {.first_sample = active->first,
                                             .samples = active->end - active->first,
                                             .low_hz = active->low_hz,
                                             .high_hz = active->high_hz,
                                             .label = ls_track_info(active->track)->class_name,
                                             .comment = comment};
    return ls_sigmf_writer_annotate(render->writer, &annotation, err);
}

/* The part of this piece in which the receiver shows the emission. A loss does not end an
 * annotation, another tuning does: its samples lie elsewhere in frequency. */
static int annotate(struct render *render, struct active *active, struct ls_err *err) {
    uint64_t from = ls_track_start(active->track);
    uint64_t to = ls_track_stop(active->track);
    from = from > render->first ? from : render->first;
    to = to < render->first + render->count ? to : render->first + render->count;
    if (from >= to) {
        return LS_OK;
    }
    int code = LS_OK;
    if (active->open && active->tuning_hz != render->tuning_hz) {
        code = close_annotation(render, active, err);
    }
    /* The bytes of this piece are not written yet. */
    uint64_t base = ls_sigmf_writer_count(render->writer);
    if (!active->open) {
        if (!ls_track_visible(active->track, render->tuning_hz, from, &active->low_hz,
                              &active->high_hz)) {
            return code;
        }
        active->open = true;
        active->tuning_hz = render->tuning_hz;
        active->first = base + (from - render->first);
        render->result.emissions_seen += !active->seen;
        active->seen = true;
    }
    active->end = base + (to - render->first);
    return code;
}

/* --- emissions --- */

static int take_next(struct render *render, struct ls_err *err) {
    if (render->have_next) {
        return LS_OK;
    }
    int code = ls_scene_next(render->scene, &render->next, err);
    render->have_next = code == LS_OK;
    render->result.emissions += code == LS_OK;
    return code == LS_EOF ? LS_OK : code;
}

static int put_on_air(struct render *render, struct ls_err *err) {
    struct ls_track_opts opts = {.scene = render->scene,
                                 .site = render->opts->site,
                                 .emission = &render->next,
                                 .delay = render->delay};
    struct ls_track *track;
    int code = ls_track_create(&track, &opts, err);
    if (code != LS_OK) {
        return ls_err_wrap(err, "emission %llu", (unsigned long long)render->next.id);
    }
    render->have_next = false;
    if (track == NULL) {
        return LS_OK;
    }
    void *items = render->active;
    if (ls_grow(&items, &render->active_capacity, render->active_count, sizeof *render->active) !=
        LS_OK) {
        ls_track_destroy(track);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for %zu emissions at once",
                          render->active_count);
    }
    render->active = items;
    render->active[render->active_count++] = (struct active){.track = track};
    return LS_OK;
}

/* All that starts before position `end`, with the lead that filters need. */
static int admit(struct render *render, uint64_t end, struct ls_err *err) {
    const struct ls_scenario *scenario = render->scenario;
    int64_t until_ns = scenario->start_ns +
                       ls_time_of_samples(end + render->delay + LEAD, scenario->sensor.rate_sps);
    int code = take_next(render, err);
    while (code == LS_OK && render->have_next && render->next.start_ns < until_ns) {
        code = put_on_air(render, err);
        if (code == LS_OK) {
            code = take_next(render, err);
        }
    }
    if (render->active_count > render->result.emissions_together) {
        render->result.emissions_together = render->active_count;
    }
    return code;
}

static int drop_ended(struct render *render, struct ls_err *err) {
    size_t kept = 0;
    int code = LS_OK;
    uint64_t now = render->first + render->count;
    for (size_t i = 0; i < render->active_count; i++) {
        struct active *active = &render->active[i];
        bool over =
            ls_track_ended(active->track, render->tuning_hz) && ls_track_stop(active->track) <= now;
        if (!over || code != LS_OK) {
            render->active[kept++] = *active;
            continue;
        }
        code = close_annotation(render, active, err);
        ls_track_destroy(active->track);
    }
    render->active_count = kept;
    return code;
}

/* --- samples --- */

static void render_track(void *context, size_t index) {
    struct render *render = context;
    struct active *active = &render->active[render->batch_first + index];
    render->live[index] = ls_track_render(active->track, render->tuning_hz, (int64_t)render->first,
                                          &render->buffers[index * CHUNK], render->count);
}

static void sum_tracks(struct render *render) {
    memset(render->sum, 0, render->count * sizeof *render->sum);
    for (size_t first = 0; first < render->active_count; first += render->batch) {
        size_t left = render->active_count - first;
        size_t count = left < render->batch ? left : render->batch;
        render->batch_first = first;
        if (count > 1) {
            render->opts->run(render->opts->runner, render_track, render, count);
        } else {
            render_track(render, 0);
        }
        for (size_t b = 0; b < count; b++) {
            const float complex *from = &render->buffers[b * CHUNK];
            for (size_t i = 0; render->live[b] && i < render->count; i++) {
                render->sum[i] += from[i];
            }
        }
    }
}

static int render_piece(struct render *render, struct ls_err *err) {
    int code = admit(render, render->first + render->count, err);
    for (size_t i = 0; code == LS_OK && i < render->active_count; i++) {
        code = annotate(render, &render->active[i], err);
    }
    if (code != LS_OK) {
        return code;
    }
    sum_tracks(render);
    const struct ls_scenario_sensor *sensor = &render->scenario->sensor;
    int64_t t_ns = render->scenario->start_ns + ls_time_of_samples(render->first, sensor->rate_sps);
    double noise_dbfs =
        ls_scene_noise_dbm(render->scene, sensor->rate_sps, t_ns) - sensor->full_scale_dbm;
    render->result.clipped +=
        ls_frontend_process(render->receiver, render->first, pow(10, noise_dbfs / 10), render->sum,
                            render->count, render->bytes);
    code = ls_sigmf_writer_samples(render->writer, render->bytes, render->count, err);
    return code == LS_OK ? drop_ended(render, err) : code;
}

static int render_exposure(struct render *render, const struct ls_exposure *exposure,
                           struct ls_err *err) {
    double rate_sps = render->scenario->sensor.rate_sps;
    int code = ls_sigmf_writer_capture(render->writer, exposure->first_sample, exposure->start_ns,
                                       exposure->center_hz, err);
    render->result.captures++;
    render->tuning_hz = exposure->center_hz;
    uint64_t end = exposure->first_sample + exposure->samples;
    for (uint64_t at = exposure->first_sample; code == LS_OK && at < end;) {
        uint64_t chunk_end = (at / CHUNK + 1) * CHUNK;
        render->first = at;
        render->count = (size_t)((chunk_end < end ? chunk_end : end) - at);
        code = render_piece(render, err);
        at += render->count;
        if (code == LS_OK && render->opts->progress != NULL) {
            render->opts->progress(render->opts->progress_context, (double)at / rate_sps,
                                   render->scenario->duration_s);
        }
        if (code == LS_OK && render->opts->stop != NULL && *render->opts->stop != 0) {
            code = ls_err_set(err, LS_ERR_STOPPED, "stopped at %.3f s of %.3f s",
                              (double)at / rate_sps, render->scenario->duration_s);
        }
    }
    return code;
}

/* Emissions that no exposure was left for are counted as planned. */
static int finish(struct render *render, struct ls_err *err) {
    int code = take_next(render, err);
    while (code == LS_OK && render->have_next) {
        render->have_next = false;
        code = take_next(render, err);
    }
    for (size_t i = 0; code == LS_OK && i < render->active_count; i++) {
        code = close_annotation(render, &render->active[i], err);
    }
    render->result.samples = ls_sigmf_writer_count(render->writer);
    return code == LS_OK ? ls_sigmf_writer_finish(render->writer, err) : code;
}

int ls_render(struct ls_scene *scene, const struct ls_render_opts *opts,
              struct ls_render_result *ret, struct ls_err *err) {
    struct render render = {.scene = scene, .scenario = ls_scene_scenario(scene), .opts = opts};
    if (opts->site >= render.scenario->sensor.site_count) {
        return ls_err_set(err, LS_ERR_ARG, "no sensor site %zu; the scenario has %zu", opts->site,
                          render.scenario->sensor.site_count);
    }
    int code = create_parts(&render, err);
    struct ls_exposure exposure;
    while (code == LS_OK && ls_scene_next_exposure(scene, &exposure)) {
        if (exposure.state == LS_OBSERVED) {
            code = render_exposure(&render, &exposure, err);
        }
    }
    if (code == LS_OK) {
        code = finish(&render, err);
    }
    if (code == LS_OK) {
        *ret = render.result;
    }
    destroy_parts(&render);
    return code;
}
