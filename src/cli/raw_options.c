#include "cli/raw_options.h"

#include "base/util.h"

/* SigMF names first, then what other programs call them. */
static const char *const formats[] = {"cu8",  "ci8",  "ci16_le", "cf32_le", "cs8",
                                      "ci16", "cs16", "cf32",    "cfile",   NULL};

static const struct ls_option rows[] = {
    {.name = "format",
     .kind = LS_OPTION_CHOICE,
     .value = "FORMAT",
     .choices = formats,
     .help = "cu8, ci8, ci16_le or cf32_le; else from the name"},
    {.name = "rate",
     .kind = LS_OPTION_HZ,
     .value = "RATE",
     .what = "sample rate",
     .help = "samples per second: 250k; else from the name"},
    {.name = "freq",
     .kind = LS_OPTION_HZ,
     .value = "HZ",
     .what = "frequency",
     .help = "centre of the recording: 433.92M; else from the name"},
    {.name = "start",
     .kind = LS_OPTION_TIME,
     .value = "TIME",
     .help = "time of the first sample: 2026-11-20T08:00:00Z; without it times count from the "
             "start"},
};
const struct ls_option_table ls_raw_options = {
    .title = "Recordings without metadata", .rows = rows, .count = LS_COUNT(rows)};

int ls_raw_options_read(struct ls_source_opts *ret, const struct ls_args *args,
                        struct ls_err *err) {
    size_t choice;
    if (ls_args_choice(args, "format", &choice)) {
        ls_format_parse(formats[choice], &ret->format);
    }
    if (ls_args_hz(args, "rate", &ret->rate_sps) && ret->rate_sps <= 0.0) {
        return ls_err_set(err, LS_ERR_ARG, "option '--rate' must be above 0 Hz");
    }
    ret->center_given = ls_args_hz(args, "freq", &ret->center_hz);
    ret->start_given = ls_args_time(args, "start", &ret->start_ns);
    return LS_OK;
}
