/* lineside watch: the sensor as a service or by hand. Signals, the service manager, the terminal
 * and the log are here; everything else is in survey/watch.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "base/units.h"
#include "base/util.h"
#include "cli/settings.h"
#include "cli/stop.h"
#include "cli/verbs.h"
#include "service/notify.h"
#include "survey/watch.h"

static const struct ls_option own_rows[] = {
    {.name = "config", .kind = LS_OPTION_TEXT, .value = "FILE", .help = "the configuration"},
    {.name = "check",
     .kind = LS_OPTION_FLAG,
     .help = "say whether the configuration is right, and do nothing else"},
};
static const struct ls_option_table own = {
    .title = "Options", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, NULL};

enum { LINE_BYTES = 512 };

static const int64_t summary_ns = INT64_C(3600) * LS_NS_PER_S;

struct watching {
    const struct ls_call *call;
    const char *path;
    bool terminal;   /* a status line is drawn */
    bool line_drawn; /* and to be wiped before a line of log */
    bool begun;      /* it has listened */
    bool stopping;   /* the service manager was told */
    char status[LINE_BYTES];
    int64_t summary_ns; /* steady, of the last summary */
};

/* --- the terminal --- */

static void wipe_line(struct watching *watching) {
    if (watching->line_drawn) {
        fputs("\r\033[K", stderr);
        watching->line_drawn = false;
    }
}

static void draw_line(struct watching *watching) {
    struct winsize size;
    int columns =
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
    fprintf(stderr, "\r\033[K%.*s", columns, watching->status);
    fflush(stderr);
    watching->line_drawn = true;
}

/* --- what the watch says --- */

static void say(void *context, enum ls_log_level level, const char *text) {
    struct watching *watching = context;
    wipe_line(watching);
    ls_log(level, "%s", text);
}

static void on_ready(void *context) {
    struct watching *watching = context;
    if (!watching->begun) {
        watching->begun = true;
        say(watching, LS_LOG_INFO, watching->status);
    }
    ls_notify_ready(watching->status);
}

static void on_alive(void *context) {
    (void)context;
    ls_notify_alive();
}

static void on_reloading(void *context) {
    (void)context;
    ls_notify_reloading();
}

static void write_status(const struct ls_watch_view *now, char *ret, size_t size) {
    const struct ls_sensor_status *sensor = now->sensor;
    char center[LS_UNIT_TEXT_BYTES];
    char rate[LS_UNIT_TEXT_BYTES];
    char observed[LS_UNIT_TEXT_BYTES];
    char lost[LS_UNIT_TEXT_BYTES];
    ls_hz_format(sensor->tuning.center_hz, 3, center);
    ls_hz_spell(sensor->tuning.rate_sps, rate);
    ls_seconds_format(sensor->observed_s, observed);
    ls_seconds_format(sensor->lost_s, lost);
    snprintf(ret, size, "%s %s %s, %sS/s; observed %s, lost %s; %llu transmissions; health %s%s%s",
             now->config->sensor.name,
             sensor->listening ? "listening at" : "not listening:", center, rate, observed, lost,
             (unsigned long long)now->transmissions, ls_health_level_name(now->health),
             now->worst[0] == '\0' ? "" : ": ", now->worst);
}

static void show(void *context, const struct ls_watch_view *now) {
    struct watching *watching = context;
    int64_t steady_ns = ls_time_steady();
    write_status(now, watching->status, sizeof watching->status);
    if (*ls_stop_flag() != 0 && !watching->stopping) {
        watching->stopping = true;
        ls_notify_stopping("closing what is under way");
    } else if (!watching->stopping) {
        ls_notify_status(watching->status);
    }
    if (watching->terminal) {
        draw_line(watching);
    } else if (steady_ns - watching->summary_ns >= summary_ns) {
        watching->summary_ns = steady_ns;
        ls_log(LS_LOG_INFO, "%s", watching->status);
    }
    ls_log_set_level((enum ls_log_level)now->config->log.level);
}

static int load(void *context, struct ls_config **ret, struct ls_err *err) {
    const struct watching *watching = context;
    struct ls_config *config = NULL;
    int code = ls_settings_load(&config, watching->path, watching->call->args, err);
    if (code == LS_OK) {
        code = ls_settings_check(config, err);
    }
    if (code != LS_OK) {
        ls_config_destroy(config);
        return code;
    }
    *ret = config;
    return LS_OK;
}

/* --- the verb --- */

static void begin_log(struct watching *watching, const struct ls_config *config) {
    const char *term = getenv("TERM");
    watching->terminal = isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
    watching->summary_ns = ls_time_steady();
    ls_log_to_journal(ls_notify_to_journal());
    ls_log_set_level((enum ls_log_level)config->log.level);
}

static int watch(struct ls_call *call, struct watching *watching, struct ls_config *config,
                 struct ls_err *err) {
    const struct ls_watch_opts opts = {
        .config = config,
        .load = load,
        .reload = ls_stop_reload_flag(),
        .stop = ls_stop_flag(),
        .context = watching,
        .ready = on_ready,
        .alive = on_alive,
        .reloading = on_reloading,
        .say = say,
        .show = show,
    };
    struct ls_watch_result result = {.incomplete = false};
    begin_log(watching, config);
    ls_stop_install();
    ls_stop_install_reload();
    int code = ls_watch_run(&opts, &result, err);
    wipe_line(watching);
    if (code == LS_OK) {
        ls_log(LS_LOG_INFO, "stopped: %s", watching->status);
    }
    call->incomplete = result.incomplete;
    return code;
}

static int run_watch(struct ls_call *call, struct ls_err *err) {
    struct watching watching = {.call = call, .path = ls_args_text(call->args, "config")};
    struct ls_config *config = NULL;
    if (watching.path == NULL) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'watch' needs a configuration: lineside watch --config FILE; 'lineside "
                          "config --sample' prints one to start from");
    }
    int code = load(&watching, &config, err);
    if (code == LS_OK && ls_args_given(call->args, "check")) {
        printf("'%s' is right\n", watching.path);
    } else if (code == LS_OK) {
        code = watch(call, &watching, config, err);
    }
    ls_config_destroy(config);
    return code;
}

const struct ls_verb ls_verb_watch = {
    .name = "watch",
    .needs = LS_NEEDS_NOTHING,
    .summary = "listen with a radio: the sensor",
    .arguments = "[SECTION.KEY=VALUE]...",
    .min_arguments = 0,
    .max_arguments = SIZE_MAX,
    .text = "Listens with a radio as the configuration says and stores what it hears, until it is "
            "interrupted. A lost radio is opened again. SIGHUP reads the configuration again; a "
            "file with a mistake changes nothing. Settings given here win over the file.",
    .tables = tables,
    .example = "lineside watch --config /etc/lineside/lineside.yaml --check\n"
               "lineside watch --config lineside.yaml receiver.gain_db=30",
    .run = run_watch,
};
