/* The frame around all generators: the table, the check of options, and the way from segments at
 * the native rate to samples at the sensor's rate.
 *
 *   generator --segments--> pull() --inputs--> window --ls_resample--> render()
 *
 * Silence stays a number as long as possible: a segment says that it is silent instead of holding
 * zeros, and a stretch of outputs whose whole window is silent is reported as such. `live_end` is
 * the input after the last one that is not silent. */
#include "simulate/waveform.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "simulate/generator.h"
#include "simulate/resample.h"

enum { STRETCH = 256, ROWS_MAX = 64 };

static const struct ls_generator *const families[] = {
    ls_carrier_generators, ls_gsm_generators,  ls_psk_generators,  ls_slot_generators,
    ls_packet_generators,  ls_ook_generators,  ls_lora_generators, ls_analogue_generators,
    ls_lte_generators,     ls_cell_generators, ls_ofdm_generators, ls_nbiot_generators,
    ls_other_generators,
};

static const struct {
    const char *name;
    size_t offset;
    bool is_count;
} fields[] = {
    {"bandwidth_hz", offsetof(struct ls_waveform_params, bandwidth_hz), false},
    {"symbol_rate_sps", offsetof(struct ls_waveform_params, symbol_rate_sps), false},
    {"deviation_hz", offsetof(struct ls_waveform_params, deviation_hz), false},
    {"tone_hz", offsetof(struct ls_waveform_params, tone_hz), false},
    {"step_hz", offsetof(struct ls_waveform_params, step_hz), false},
    {"dwell_s", offsetof(struct ls_waveform_params, dwell_s), false},
    {"activity", offsetof(struct ls_waveform_params, activity), false},
    {"steps", offsetof(struct ls_waveform_params, steps), true},
    {"spreading", offsetof(struct ls_waveform_params, spreading), true},
    {"prbs", offsetof(struct ls_waveform_params, prbs), true},
    {"first_prb", offsetof(struct ls_waveform_params, first_prb), true},
    {"bytes", offsetof(struct ls_waveform_params, bytes), true},
    {"repeats", offsetof(struct ls_waveform_params, repeats), true},
};

struct ls_waveform {
    const struct ls_generator *generator;
    struct ls_generator_plan plan;
    void *state;
    float complex *segment;
    size_t segment_length;
    size_t segment_used;
    bool segment_silent;
    bool ended;             /* the generator has no more segments */
    uint64_t lead_in;       /* inputs of silence before the first segment that are still to come */
    struct ls_resample *rs; /* NULL: inputs are outputs */
    struct ls_resample_position position;
    float complex *window; /* inputs window_first .. window_first + window_length - 1 */
    size_t window_capacity;
    size_t window_length;
    int64_t window_first;
    int64_t live_end;
};

static const struct ls_generator *find_generator(const char *id) {
    for (size_t f = 0; f < LS_COUNT(families); f++) {
        for (const struct ls_generator *g = families[f]; g->row.id != NULL; g++) {
            if (strcmp(g->row.id, id) == 0) {
                return g;
            }
        }
    }
    return NULL;
}

size_t ls_waveform_count(void) {
    size_t count = 0;
    for (size_t f = 0; f < LS_COUNT(families); f++) {
        for (const struct ls_generator *g = families[f]; g->row.id != NULL; g++) {
            count++;
        }
    }
    return count;
}

const struct ls_waveform_row *ls_waveform_at(size_t index) {
    for (size_t f = 0; f < LS_COUNT(families); f++) {
        for (const struct ls_generator *g = families[f]; g->row.id != NULL; g++) {
            if (index-- == 0) {
                return &g->row;
            }
        }
    }
    return NULL;
}

const struct ls_waveform_row *ls_waveform_find(const char *id) {
    const struct ls_generator *generator = find_generator(id);
    return generator == NULL ? NULL : &generator->row;
}

static int unknown_id(const char *id, struct ls_err *err) {
    const char *names[ROWS_MAX];
    size_t count = ls_waveform_count();
    assert(count <= ROWS_MAX);
    for (size_t i = 0; i < count; i++) {
        names[i] = ls_waveform_at(i)->id;
    }
    const char *near = ls_nearest_word(id, names, count);
    return near == NULL ? ls_err_set(err, LS_ERR_ARG, "no waveform is called '%s'", id)
                        : ls_err_set(err, LS_ERR_ARG,
                                     "no waveform is called '%s'; did you mean '%s'?", id, near);
}

static bool row_uses(const struct ls_waveform_row *row, const char *name) {
    char key[40];
    snprintf(key, sizeof key, ",%s,", name);
    return strstr(row->uses, key) != NULL;
}

static int check_fields(const struct ls_waveform_row *row, const struct ls_waveform_params *params,
                        struct ls_err *err) {
    for (size_t i = 0; i < LS_COUNT(fields); i++) {
        const char *field = (const char *)params + fields[i].offset;
        double value;
        if (fields[i].is_count) {
            size_t count;
            memcpy(&count, field, sizeof count);
            value = (double)count;
        } else {
            memcpy(&value, field, sizeof value);
        }
        if (value != 0 && !row_uses(row, fields[i].name)) {
            return ls_err_set(err, LS_ERR_ARG, "waveform '%s' does not use '%s'; leave it out",
                              row->id, fields[i].name);
        }
        if (!(value >= 0 && value < 1e12)) {
            return ls_err_set(err, LS_ERR_ARG, "waveform '%s': '%s' is %g; give a positive value",
                              row->id, fields[i].name, value);
        }
    }
    return LS_OK;
}

/* Sets the default mode. */
static int check_mode(const struct ls_waveform_row *row, struct ls_waveform_params *params,
                      struct ls_err *err) {
    if (params->mode == NULL || params->mode[0] == '\0') {
        params->mode = row->modes[0];
        return LS_OK;
    }
    size_t count = 0;
    for (; row->modes[count] != NULL; count++) {
        if (strcmp(row->modes[count], params->mode) == 0) {
            return LS_OK;
        }
    }
    if (count == 0) {
        return ls_err_set(err, LS_ERR_ARG, "waveform '%s' has no modes; leave out '%s'", row->id,
                          params->mode);
    }
    const char *near = ls_nearest_word(params->mode, row->modes, count);
    return ls_err_set(err, LS_ERR_ARG, "waveform '%s' has no mode '%s'; did you mean '%s'?",
                      row->id, params->mode, near == NULL ? row->modes[0] : near);
}

/* opts: a copy of the caller's; its mode is set. */
static int make_plan(struct ls_waveform_opts *opts, const struct ls_generator **ret_generator,
                     struct ls_generator_plan *ret, struct ls_err *err) {
    if (opts->id == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "a waveform needs an id");
    }
    const struct ls_generator *generator = find_generator(opts->id);
    if (generator == NULL) {
        return unknown_id(opts->id, err);
    }
    if (!(opts->duration_s >= 0 && opts->duration_s < 1e7 && opts->delay_s >= 0 &&
          opts->delay_s < 1e7)) {
        return ls_err_set(err, LS_ERR_ARG,
                          "waveform '%s': duration %g s and delay %g s have to be 0 to 1e7 s",
                          opts->id, opts->duration_s, opts->delay_s);
    }
    int code = check_fields(&generator->row, &opts->params, err);
    if (code == LS_OK) {
        code = check_mode(&generator->row, &opts->params, err);
    }
    struct ls_generator_plan plan = {.info = {.bursts = 1, .period_s = NAN}};
    if (code == LS_OK) {
        code = generator->describe(opts, &plan, err);
    }
    if (code == LS_OK) {
        plan.info.id = generator->row.id;
        plan.info.class_name = generator->row.class_name;
        *ret_generator = generator;
        *ret = plan;
    }
    return code;
}

int ls_waveform_describe(const struct ls_waveform_opts *opts, struct ls_waveform_info *ret,
                         struct ls_err *err) {
    struct ls_waveform_opts copy = *opts;
    const struct ls_generator *generator;
    struct ls_generator_plan plan;
    int code = make_plan(&copy, &generator, &plan, err);
    if (code == LS_OK) {
        *ret = plan.info;
    }
    return code;
}

/* Sets up the resampler and the window before it. */
static int create_window(struct ls_waveform *w, double native_sps,
                         const struct ls_waveform_opts *opts, struct ls_err *err) {
    struct ls_resample_opts resample = {
        .in_sps = native_sps, .out_sps = opts->rate_sps, .span_hz = w->plan.info.span_hz};
    int code = ls_resample_create(&w->rs, &resample, err);
    if (code != LS_OK) {
        return ls_err_wrap(err, "waveform '%s'", opts->id);
    }
    int64_t reach = (int64_t)ls_resample_reach(w->rs);
    w->window_capacity =
        2 * (size_t)reach + 2 + (size_t)ceil(STRETCH * native_sps / opts->rate_sps);
    w->window = malloc(w->window_capacity * sizeof *w->window);
    if (w->window == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for waveform '%s'", opts->id);
    }
    w->position = ls_resample_position_at(-opts->delay_s * native_sps);
    w->window_first = w->position.whole - reach + 1;
    w->live_end = w->window_first;
    w->lead_in = (uint64_t)-w->window_first;
    return LS_OK;
}

int ls_waveform_create(struct ls_waveform **ret, const struct ls_waveform_opts *opts,
                       struct ls_err *err) {
    struct ls_waveform_opts copy = *opts;
    const struct ls_generator *generator;
    struct ls_generator_plan plan;
    int code = make_plan(&copy, &generator, &plan, err);
    if (code != LS_OK) {
        return code;
    }
    if (!(copy.rate_sps > 0 && copy.rate_sps < 1e10)) {
        return ls_err_set(err, LS_ERR_ARG, "waveform '%s': a rate of %g samples/s is no rate",
                          copy.id, copy.rate_sps);
    }
    struct ls_waveform *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory for waveform '%s'", copy.id);
    }
    w->generator = generator;
    w->plan = plan;
    w->state = calloc(1, generator->state_bytes);
    w->segment = malloc(plan.segment_samples * sizeof *w->segment);
    if (w->state == NULL || w->segment == NULL) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory for waveform '%s'", copy.id);
        goto fail;
    }
    /* A phase function runs at the output rate where that holds its band, else a little above. */
    bool direct = plan.native_sps == 0 && copy.rate_sps >= plan.info.span_hz;
    struct ls_generator_start start = {.opts = &copy, .plan = &w->plan};
    if (direct) {
        double samples = copy.delay_s * copy.rate_sps;
        w->lead_in = (uint64_t)ceil(samples);
        start.rate_sps = copy.rate_sps;
        start.lead = ceil(samples) - samples;
    } else {
        start.rate_sps = plan.native_sps > 0 ? plan.native_sps : 1.25 * plan.info.span_hz;
        code = create_window(w, start.rate_sps, &copy, err);
        if (code != LS_OK) {
            goto fail;
        }
    }
    code = generator->start(w->state, &start, err);
    if (code != LS_OK) {
        goto fail;
    }
    *ret = w;
    return LS_OK;
fail:
    ls_waveform_destroy(w);
    return code;
}

void ls_waveform_destroy(struct ls_waveform *w) {
    if (w == NULL) {
        return;
    }
    if (w->state != NULL) {
        w->generator->stop(w->state);
    }
    free(w->state);
    free(w->segment);
    free(w->window);
    ls_resample_destroy(w->rs);
    free(w);
}

/* Makes sure that there is an unused part of a segment; false at the end. */
static bool have_segment(struct ls_waveform *w) {
    while (!w->ended && w->segment_used == w->segment_length) {
        w->segment_used = 0;
        w->segment_silent = false;
        w->segment_length = w->generator->next(w->state, w->segment, &w->segment_silent);
        assert(w->segment_silent || w->segment_length <= w->plan.segment_samples);
        w->ended = w->segment_length == 0;
    }
    return !w->ended;
}

/* The next n inputs; silence is written as zeros, nothing when ret is NULL. Returns how many there
 * are up to the last one that is not silent. */
static uint64_t pull(struct ls_waveform *w, float complex *ret, uint64_t n) {
    uint64_t live = 0;
    uint64_t done = 0;
    while (done < n) {
        uint64_t count = n - done;
        const float complex *from = NULL;
        if (w->lead_in > 0) {
            count = w->lead_in < count ? w->lead_in : count;
            w->lead_in -= count;
        } else if (have_segment(w)) {
            uint64_t left = w->segment_length - w->segment_used;
            count = left < count ? left : count;
            from = w->segment_silent ? NULL : &w->segment[w->segment_used];
            live = from == NULL ? live : done + count;
            w->segment_used += (size_t)count;
        }
        if (ret != NULL && from != NULL) {
            memcpy(&ret[done], from, (size_t)count * sizeof *ret);
        } else if (ret != NULL) {
            memset(&ret[done], 0, (size_t)count * sizeof *ret);
        }
        done += count;
    }
    return live;
}

/* n <= STRETCH outputs through the resampler; false when all are zero. */
static bool render_stretch(struct ls_waveform *w, float complex *ret, size_t n) {
    int64_t reach = (int64_t)ls_resample_reach(w->rs);
    int64_t first = w->position.whole - reach + 1;
    struct ls_resample_position last = w->position;
    ls_resample_advance(w->rs, &last, n - 1);
    int64_t end = last.whole + reach + 1;

    uint64_t drop = (uint64_t)(first - w->window_first);
    if (drop < w->window_length) {
        memmove(w->window, &w->window[drop], (w->window_length - drop) * sizeof *w->window);
        w->window_length -= drop;
    } else {
        /* After a skip, or with few taps and a large step, inputs in between are not needed. */
        pull(w, NULL, drop - w->window_length);
        w->window_length = 0;
    }
    w->window_first = first;
    size_t need = (size_t)(end - first);
    assert(need <= w->window_capacity);
    if (need > w->window_length) {
        uint64_t live = pull(w, &w->window[w->window_length], need - w->window_length);
        if (live > 0) {
            w->live_end = first + (int64_t)(w->window_length + live);
        }
        w->window_length = need;
    }
    if (w->live_end <= first) {
        ls_resample_advance(w->rs, &w->position, n);
        return false;
    }
    ls_resample_execute(w->rs, &w->position, w->window, first, ret, n);
    return true;
}

bool ls_waveform_render(struct ls_waveform *w, float complex *ret, size_t n) {
    if (w->rs == NULL) {
        return pull(w, ret, n) > 0;
    }
    bool live = false;
    for (size_t done = 0; done < n;) {
        size_t count = n - done < STRETCH ? n - done : STRETCH;
        if (render_stretch(w, &ret[done], count)) {
            if (!live) {
                memset(ret, 0, done * sizeof *ret);
            }
            live = true;
        } else if (live) {
            memset(&ret[done], 0, count * sizeof *ret);
        }
        done += count;
    }
    return live;
}

void ls_waveform_skip(struct ls_waveform *w, uint64_t n) {
    if (w->rs == NULL) {
        pull(w, NULL, n);
        return;
    }
    while (n > 0) {
        size_t count = n < UINT32_MAX ? (size_t)n : UINT32_MAX;
        ls_resample_advance(w->rs, &w->position, count);
        n -= count;
    }
}

const struct ls_waveform_info *ls_waveform_info(const struct ls_waveform *w) {
    return &w->plan.info;
}

bool ls_waveform_ended(const struct ls_waveform *w) {
    bool inputs_done = w->lead_in == 0 && w->ended;
    return inputs_done &&
           (w->rs == NULL ||
            w->live_end <= w->position.whole - (int64_t)ls_resample_reach(w->rs) + 1);
}
