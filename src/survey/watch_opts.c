#include "survey/watch_opts.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* A millionth of a step forgives the rounding of decimal edges. */
static size_t steps_of(const struct ls_config_range *range, double step_hz) {
    return (size_t)fmax(1.0, ceil((range->high_hz - range->low_hz) / step_hz - 1e-6));
}

size_t ls_watch_opts_centers_max(const struct ls_config_range *ranges, size_t count,
                                 double step_hz) {
    size_t all = 0;
    for (size_t i = 0; i < count; i++) {
        all += steps_of(&ranges[i], step_hz);
    }
    return all;
}

size_t ls_watch_opts_centers(const struct ls_config_range *ranges, size_t count, double step_hz,
                             double *ret) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t steps = steps_of(&ranges[i], step_hz);
        double width_hz = (ranges[i].high_hz - ranges[i].low_hz) / (double)steps;
        for (size_t k = 0; k < steps; k++) {
            double center_hz = round(ranges[i].low_hz + ((double)k + 0.5) * width_hz);
            size_t same = 0;
            while (same < found && ret[same] != center_hz) {
                same++;
            }
            if (same == found) {
                ret[found++] = center_hz;
            }
        }
    }
    return found;
}

static int take_centers(struct ls_sensor_opts *ret, struct ls_watch_opts_memory *memory,
                        const struct ls_config *config, struct ls_err *err) {
    double step_hz = config->receiver.rate_sps * config->survey.usable / 100.0;
    if (config->survey.mode != LS_CONFIG_HOP) {
        ret->receiver.center_hz = config->survey.center_hz;
        return LS_OK;
    }
    size_t room = ls_watch_opts_centers_max(config->ranges, config->range_count, step_hz);
    assert(room > 0);
    memory->centers_hz = calloc(room, sizeof *memory->centers_hz);
    if (memory->centers_hz == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    ret->center_count =
        ls_watch_opts_centers(config->ranges, config->range_count, step_hz, memory->centers_hz);
    ret->centers_hz = memory->centers_hz;
    ret->receiver.center_hz = memory->centers_hz[0];
    return LS_OK;
}

static int take_gains(struct ls_sensor_opts *ret, struct ls_watch_opts_memory *memory,
                      const struct ls_config *config, struct ls_err *err) {
    if (config->gain_count == 0) {
        return LS_OK;
    }
    memory->gains = calloc(config->gain_count, sizeof *memory->gains);
    if (memory->gains == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < config->gain_count; i++) {
        memory->gains[i] = (struct ls_receiver_gain){.element = config->gains[i].element,
                                                     .db = config->gains[i].db};
    }
    ret->receiver.gains = memory->gains;
    ret->receiver.gain_count = config->gain_count;
    return LS_OK;
}

static double or_zero(double value) { return isnan(value) ? 0.0 : value; }

int ls_watch_opts_init(struct ls_sensor_opts *ret, struct ls_watch_opts_memory *ret_memory,
                       const struct ls_config *config, struct ls_err *err) {
    *ret_memory = (struct ls_watch_opts_memory){.gains = NULL};
    *ret = (struct ls_sensor_opts){
        .sensor = config->sensor.name,
        .label = config->sensor.label,
        .calibration = config->receiver.calibration,
        .receiver = {.args = config->receiver.args,
                     .channel = config->receiver.channel,
                     .rate_sps = config->receiver.rate_sps,
                     .bandwidth_hz = or_zero(config->receiver.bandwidth_hz),
                     .format = ls_config_format(config),
                     .antenna = config->receiver.antenna,
                     .automatic_gain = config->receiver.automatic_gain,
                     .gain_given = !isnan(config->receiver.gain_db),
                     .gain_db = or_zero(config->receiver.gain_db),
                     .ppm = config->receiver.ppm,
                     .bias_tee = config->receiver.bias_tee - 1,
                     .clock_source = config->receiver.clock_source,
                     .time_source = config->receiver.time_source},
        .dwell_s = config->survey.dwell_s,
        .settle_s = config->survey.settle_s,
        .seed = config->survey.seed,
        .plan = config->plan,
        .threads = config->detector.threads,
        .channel_hz = or_zero(config->detector.channel_hz),
        .taps = ls_config_taps(config),
        .false_alarms_per_day = config->detector.false_alarms_per_day,
        .spurs_hz = config->spurs_hz,
        .spur_count = config->spur_count,
        .clock = config->clock.events == 0 ? LS_SENSOR_CLOCK_SYSTEM : LS_SENSOR_CLOCK_DEVICE,
        .ring_bytes = (size_t)or_zero(config->detector.ring_bytes),
        .wait_when_full = config->receiver.wait_when_full,
        .stop_when_lost = config->receiver.stop_when_lost,
        .call_deadline_s = config->receiver.call_timeout_s,
        .reopen_least_s = config->receiver.reopen_min_s,
        .reopen_most_s = config->receiver.reopen_max_s,
        .database = config->store.database,
        .commit_s = config->store.commit_s,
        .queue_rows = config->store.queue_rows,
    };
    int code = take_centers(ret, ret_memory, config, err);
    if (code == LS_OK) {
        code = take_gains(ret, ret_memory, config, err);
    }
    if (code != LS_OK) {
        ls_watch_opts_finish(ret_memory);
    }
    return code;
}

void ls_watch_opts_finish(struct ls_watch_opts_memory *memory) {
    free(memory->centers_hz);
    free(memory->gains);
    *memory = (struct ls_watch_opts_memory){.gains = NULL};
}
