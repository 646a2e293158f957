/* lineside devices: the radios that SoapySDR finds, and what each says it can do. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "hw/receiver.h"

static const struct ls_option own_rows[] = {
    {.name = "brief",
     .kind = LS_OPTION_FLAG,
     .help = "do not open them: works while another program uses them"},
    {.name = "json", .kind = LS_OPTION_FLAG, .help = "one JSON object a device"},
};
static const struct ls_option_table own = {
    .title = "Options", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, NULL};

struct listing {
    bool json;
    size_t shown;
};

/* "a, b" as an array: SoapySDR's names have no commas. */
static json_t *list_of(const char *words) {
    json_t *list = json_array();
    LS_AUTO(char) copy = strdup(words);
    char *rest = copy;
    for (char *word; rest != NULL && (word = strsep(&rest, ",")) != NULL;) {
        word += strspn(word, " ");
        if (word[0] != '\0') {
            json_array_append_new(list, json_string(word));
        }
    }
    return list;
}

static json_t *number_of(double value, bool known) {
    return known ? json_real(value) : json_null();
}

static int write_device(const struct ls_device *device, struct ls_err *err) {
    bool tunes = device->high_hz > 0.0;
    bool rates = device->rate_high_sps > 0.0;
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "args", device->args,
        "driver", device->driver, "label", device->label, "error", device->error, "low_hz",
        number_of(device->low_hz, tunes), "high_hz", number_of(device->high_hz, tunes),
        "rate_low_sps", number_of(device->rate_low_sps, rates), "rate_high_sps",
        number_of(device->rate_high_sps, rates), "formats", list_of(device->formats), "gains",
        list_of(device->gains), "antennas", list_of(device->antennas), "sensors",
        list_of(device->sensors), "clock_sources", list_of(device->clock_sources));
    LS_AUTO(char) text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (text == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    return printf("%s\n", text) < 0 ? ls_output_failed(NULL, err) : LS_OK;
}

static bool print_line(const char *name, const char *text) {
    return text[0] == '\0' || printf("  %-9s %s\n", name, text) >= 0;
}

static bool print_range(const char *name, double low, double high, const char *unit) {
    char from[LS_UNIT_TEXT_BYTES];
    char to[LS_UNIT_TEXT_BYTES];
    char text[2 * LS_UNIT_TEXT_BYTES + 8] = "";
    ls_hz_show(low, unit, from);
    ls_hz_show(high, unit, to);
    if (high > 0.0) {
        snprintf(text, sizeof text, "%s%s%s", from, low < high ? " to " : "", low < high ? to : "");
    }
    return print_line(name, text);
}

static int draw_device(const struct ls_device *device, size_t before, struct ls_err *err) {
    bool written = printf("%s%s\n", before > 0 ? "\n" : "", device->args) >= 0 &&
                   print_line("label", device->label) && print_line("error", device->error) &&
                   print_range("tunes", device->low_hz, device->high_hz, "Hz") &&
                   print_range("rates", device->rate_low_sps, device->rate_high_sps, "S/s") &&
                   print_line("formats", device->formats) && print_line("gains", device->gains) &&
                   print_line("antennas", device->antennas) &&
                   print_line("sensors", device->sensors) &&
                   print_line("clocks", device->clock_sources);
    return written ? LS_OK : ls_output_failed(NULL, err);
}

static int show(void *context, const struct ls_device *device, struct ls_err *err) {
    struct listing *listing = context;
    return listing->json ? write_device(device, err) : draw_device(device, listing->shown++, err);
}

static int run_devices(struct ls_call *call, struct ls_err *err) {
    const char *args = ls_args_words(call->args) > 0 ? ls_args_word(call->args, 0) : "";
    struct listing listing = {.json = ls_args_given(call->args, "json")};
    return ls_receiver_devices(args, !ls_args_given(call->args, "brief"), show, &listing, err);
}

const struct ls_verb ls_verb_devices = {
    .name = "devices",
    .needs = LS_NEEDS_NOTHING,
    .summary = "list radios: ranges, rates, formats, gains, sensors",
    .arguments = "[ARGS]",
    .min_arguments = 0,
    .max_arguments = 1,
    .text = "Radios are found through SoapySDR, whose drivers are packages of their own "
            "(soapysdr-module-rtlsdr and so on). Each device is shown by the arguments that open "
            "it, and is opened to ask what it can do. ARGS, such as driver=rtlsdr, lists those "
            "that match.",
    .tables = tables,
    .example = "lineside devices\n"
               "lineside devices driver=rtlsdr --json\n"
               "lineside devices driver=lineside-replay,file=scene.sigmf-meta",
    .run = run_devices,
};
