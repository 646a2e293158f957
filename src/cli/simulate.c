/* lineside simulate: a scene with known truth, as a log or as a recording. */
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/time.h"
#include "base/units.h"
#include "base/util.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/stop.h"
#include "cli/verbs.h"
#include "simulate/lines.h"
#include "simulate/render.h"
#include "simulate/scenario.h"
#include "simulate/scenario_keys.h"
#include "simulate/scene.h"
#include "simulate/truth.h"
#include "survey/crew.h"

enum { PATH_BYTES = 4096 };

static const struct ls_option own_rows[] = {
    {.name = "output",
     .short_name = 'o',
     .kind = LS_OPTION_TEXT,
     .value = "OUT",
     .help = "what to write: OUT.sigmf-meta and OUT.sigmf-data, or the log OUT; the truth goes to "
             "OUT.truth.jsonl"},
    {.name = "log-only",
     .kind = LS_OPTION_FLAG,
     .help = "log lines of what every sensor would have found, without samples"},
    {.name = "seed",
     .kind = LS_OPTION_COUNT,
     .value = "N",
     .what = "seed",
     .low = 0,
     .high = (size_t)9000000000000000,
     .help = "of everything random; else that of the scenario"},
    {.name = "site",
     .kind = LS_OPTION_TEXT,
     .value = "NAME",
     .help = "site of the sensor that records; else the first"},
    {.name = "threads",
     .kind = LS_OPTION_COUNT,
     .value = "N",
     .what = "number of threads",
     .low = 1,
     .high = 256,
     .help = "for recordings; else one a processor; samples do not depend on it"},
    {.name = "force", .kind = LS_OPTION_FLAG, .help = "write over files that are there"},
    {.name = "check", .kind = LS_OPTION_FLAG, .help = "read the scenario and write nothing"},
    {.name = "keys", .kind = LS_OPTION_FLAG, .help = "print the keys of scenario files"},
    {.name = "waveforms", .kind = LS_OPTION_FLAG, .help = "print the waveforms that there are"},
};
static const struct ls_option_table own = {
    .title = "Options", .rows = own_rows, .count = LS_COUNT(own_rows)};
static const struct ls_option_table *const tables[] = {&own, NULL};

struct job {
    const struct ls_args *args;
    struct ls_scenario *scenario;
    struct ls_scene *scene;
    struct ls_progress *progress;
    int64_t began_ns;
    char out_path[PATH_BYTES];
    char truth_path[PATH_BYTES];
    struct ls_output *out;
    struct ls_output *truth;
};

static int print_waveforms(void) {
    for (size_t i = 0; i < ls_waveform_count(); i++) {
        const struct ls_waveform_row *row = ls_waveform_at(i);
        printf("%-16s %s\n", row->id, row->summary);
        if (row->modes[0] != NULL) {
            printf("%-16s   modes:", "");
            for (size_t m = 0; row->modes[m] != NULL; m++) {
                printf("%s %s", m == 0 ? "" : ",", row->modes[m]);
            }
            printf("\n");
        }
        if (strlen(row->uses) > 2) {
            printf("%-16s   parameters: %.*s\n", "", (int)strlen(row->uses) - 2, row->uses + 1);
        }
    }
    return LS_OK;
}

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text);
    size_t tail = strlen(ending);
    return length > tail && strcmp(text + length - tail, ending) == 0;
}

/* OUT as it was given, less an ending that comes back. */
static int name_files(struct job *job, const char *output, struct ls_err *err) {
    static const char *const endings[] = {".jsonl", ".sigmf-meta", ".sigmf-data", ".sigmf"};
    size_t stem = strlen(output);
    for (size_t i = 0; i < LS_COUNT(endings); i++) {
        if (ends_with(output, endings[i])) {
            stem -= strlen(endings[i]);
            break;
        }
    }
    int written = snprintf(job->truth_path, PATH_BYTES, "%.*s.truth.jsonl", (int)stem, output);
    if (written >= PATH_BYTES) {
        return ls_err_set(err, LS_ERR_ARG, "option '--output': the name is too long");
    }
    bool log_only = ls_args_given(job->args, "log-only");
    snprintf(job->out_path, PATH_BYTES, "%.*s", log_only ? PATH_BYTES - 1 : (int)stem, output);
    return LS_OK;
}

static int refuse_existing(const struct job *job, struct ls_err *err) {
    static const char *const recording[] = {".sigmf-meta", ".sigmf-data"};
    bool log_only = ls_args_given(job->args, "log-only");
    char paths[3][PATH_BYTES + 16] = {0};
    snprintf(paths[2], sizeof paths[2], "%s", job->truth_path);
    for (size_t i = 0; i < 2; i++) {
        snprintf(paths[i], sizeof paths[i], "%s%s", job->out_path, log_only ? "" : recording[i]);
    }
    for (size_t i = 0; i < LS_COUNT(paths) && !ls_args_given(job->args, "force"); i++) {
        if (access(paths[i], F_OK) == 0) {
            return ls_err_set(
                err, LS_ERR_ARG,
                "'%.300s' is there already: take another name, or --force to replace it", paths[i]);
        }
    }
    return LS_OK;
}

static int load(struct job *job, const char *path, struct ls_err *err) {
    int code = ls_scenario_load(&job->scenario, path, err);
    /* A wrong scenario is wrong configuration. */
    return code == LS_ERR_FORMAT || code == LS_ERR_NOTFOUND ? LS_ERR_ARG : code;
}

static int open_scene(const struct job *job, struct ls_scene **ret, struct ls_err *err) {
    size_t seed = 0;
    struct ls_scene_opts opts = {.seed_given = ls_args_count(job->args, "seed", &seed)};
    opts.seed = seed;
    return ls_scene_create(ret, job->scenario, &opts, err);
}

static void show_progress(struct job *job, double done_s, double total_s) {
    double elapsed_s = (double)(ls_time_steady() - job->began_ns) / (double)LS_NS_PER_S;
    struct ls_progress_state state = {.share = done_s / total_s,
                                      .elapsed_s = elapsed_s,
                                      .realtime =
                                          elapsed_s > 0.0 ? done_s / elapsed_s : (double)NAN,
                                      .rate_sps = (double)NAN};
    ls_progress_update(job->progress, &state);
}

/* --- log --- */

static void show_lines(void *context, const struct ls_lines_progress *now) {
    show_progress(context, now->done_s, now->total_s);
}

static int write_log(struct job *job, struct ls_err *err) {
    struct ls_lines_result result;
    int code = ls_output_open(&job->out, job->out_path, err);
    if (code == LS_OK) {
        code = ls_output_open(&job->truth, job->truth_path, err);
    }
    if (code == LS_OK) {
        code = open_scene(job, &job->scene, err);
    }
    if (code == LS_OK) {
        struct ls_lines_opts opts = {.lines = ls_output_file(job->out),
                                     .truth = ls_output_file(job->truth),
                                     .progress = show_lines,
                                     .progress_context = job,
                                     .stop = ls_stop_flag()};
        code = ls_lines_write(job->scene, &opts, &result, err);
    }
    if (code == LS_OK) {
        code = ls_output_commit(job->out, err);
        job->out = NULL;
    }
    if (code == LS_OK) {
        code = ls_output_commit(job->truth, err);
        job->truth = NULL;
    }
    if (code == LS_OK) {
        printf("%s: %llu rows of %llu transmissions, %llu observation lines, %.0f s listened\n",
               job->out_path, (unsigned long long)result.rows, (unsigned long long)result.emissions,
               (unsigned long long)result.observations, result.observed_s);
    }
    return code;
}

/* --- recording --- */

static void show_samples(void *context, double done_s, double total_s) {
    show_progress(context, done_s, total_s);
}

static int choose_site(const struct job *job, size_t *ret, struct ls_err *err) {
    const char *name = ls_args_text(job->args, "site");
    const struct ls_scenario_sensor *sensor = &job->scenario->sensor;
    *ret = 0;
    for (size_t i = 0; name != NULL && i < sensor->site_count; i++) {
        if (strcmp(sensor->sites[i].name, name) == 0) {
            *ret = i;
            return LS_OK;
        }
    }
    return name == NULL ? LS_OK
                        : ls_err_set(err, LS_ERR_ARG,
                                     "option '--site': the scenario has no site '%.60s'", name);
}

/* The same seed gives the same scene again: once for the samples, once for the truth. */
static int write_recording_truth(struct job *job, struct ls_err *err) {
    ls_scene_destroy(job->scene);
    job->scene = NULL;
    int code = ls_output_open(&job->truth, job->truth_path, err);
    if (code == LS_OK) {
        code = open_scene(job, &job->scene, err);
    }
    if (code == LS_OK) {
        code = ls_truth_write(job->scene, ls_output_file(job->truth), err);
    }
    if (code == LS_OK) {
        code = ls_output_commit(job->truth, err);
        job->truth = NULL;
    }
    return code;
}

static int render(struct job *job, size_t site, struct ls_render_result *ret, struct ls_err *err) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = processors > 0 ? (size_t)processors : 1;
    ls_args_count(job->args, "threads", &threads);
    struct ls_crew *crew;
    int code = ls_crew_create(&crew, threads, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_render_opts opts = {.path = job->out_path,
                                  .site = site,
                                  .run = ls_crew_run,
                                  .runner = crew,
                                  .lanes = threads,
                                  .progress = show_samples,
                                  .progress_context = job,
                                  .stop = ls_stop_flag()};
    code = ls_render(job->scene, &opts, ret, err);
    ls_crew_destroy(crew);
    return code;
}

/* A month of samples does not fit most disks: better said before than after they are full. */
static int check_room(const struct job *job, struct ls_err *err) {
    const struct ls_scenario *scenario = job->scenario;
    char path[PATH_BYTES];
    struct statvfs disk;
    snprintf(path, sizeof path, "%s", job->out_path);
    const char *folder = dirname(path);
    double needed = scenario->duration_s * scenario->sensor.rate_sps *
                    (double)ls_format_bytes(scenario->sensor.format);
    if (statvfs(folder, &disk) != 0 || needed <= (double)disk.f_bavail * (double)disk.f_frsize) {
        return LS_OK; /* a folder that is not there is named when it is opened */
    }
    char want[LS_UNIT_TEXT_BYTES];
    char have[LS_UNIT_TEXT_BYTES];
    ls_bytes_format(needed, want);
    ls_bytes_format((double)disk.f_bavail * (double)disk.f_frsize, have);
    return ls_err_set(err, LS_ERR_FULL,
                      "the recording takes %s and '%.200s' has %s left: shorten the scenario, or "
                      "--log-only",
                      want, folder, have);
}

static int write_recording(struct job *job, struct ls_err *err) {
    struct ls_render_result result;
    size_t site;
    int code = choose_site(job, &site, err);
    if (code == LS_OK) {
        code = check_room(job, err);
    }
    if (code == LS_OK) {
        code = open_scene(job, &job->scene, err);
    }
    if (code == LS_OK) {
        code = render(job, site, &result, err);
    }
    if (code == LS_OK) {
        code = write_recording_truth(job, err);
    }
    if (code == LS_OK) {
        char length[LS_UNIT_TEXT_BYTES];
        ls_seconds_format((double)result.samples / job->scenario->sensor.rate_sps, length);
        printf(
            "%s.sigmf-meta: %llu samples (%s), %zu capture%s, %llu of %llu transmissions in it\n",
            job->out_path, (unsigned long long)result.samples, length, result.captures,
            result.captures == 1 ? "" : "s", (unsigned long long)result.emissions_seen,
            (unsigned long long)result.emissions);
    }
    return code;
}

static int run_job(struct job *job, struct ls_err *err) {
    const char *output = ls_args_text(job->args, "output");
    int code = load(job, ls_args_word(job->args, 0), err);
    if (code != LS_OK || ls_args_given(job->args, "check")) {
        return code;
    }
    if (output == NULL) {
        return ls_err_set(err, LS_ERR_ARG, "option '--output' is required: say what to write");
    }
    if (ls_args_given(job->args, "site") && ls_args_given(job->args, "log-only")) {
        return ls_err_set(
            err, LS_ERR_ARG,
            "--site is for recordings: a log has what the sensors of all sites found");
    }
    code = name_files(job, output, err);
    if (code == LS_OK) {
        code = refuse_existing(job, err);
    }
    if (code != LS_OK) {
        return code;
    }
    ls_stop_install();
    job->began_ns = ls_time_steady();
    job->progress = ls_progress_create(stderr, job->scenario->name);
    code = ls_args_given(job->args, "log-only") ? write_log(job, err) : write_recording(job, err);
    ls_progress_destroy(job->progress);
    return code;
}

static int run_simulate(struct ls_call *call, struct ls_err *err) {
    if (ls_args_given(call->args, "keys")) {
        ls_keys_document(&ls_scenario_top, stdout);
        return LS_OK;
    }
    if (ls_args_given(call->args, "waveforms")) {
        return print_waveforms();
    }
    if (ls_args_words(call->args) != 1) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'simulate' needs one scenario file: see 'lineside simulate --help'");
    }
    struct job job = {.args = call->args};
    int code = run_job(&job, err);
    ls_output_abandon(job.out);
    ls_output_abandon(job.truth);
    ls_scene_destroy(job.scene);
    ls_scenario_destroy(job.scenario);
    return code;
}

const struct ls_verb ls_verb_simulate = {
    .name = "simulate",
    .needs = LS_NEEDS_NOTHING,
    .summary = "make a recording or a log with known truth",
    .arguments = "[SCENARIO]",
    .min_arguments = 0,
    .max_arguments = 1,
    .text = "Makes what a scenario file describes: transmitters, trains and the receiver with its "
            "faults, as a SigMF recording or, with --log-only, as the log lines that sensors would "
            "have written; 30 days take seconds. The truth stands beside it. The same scenario and "
            "seed give the same bytes.",
    .tables = tables,
    .example = "lineside simulate posts.yaml -o posts\n"
               "lineside simulate month.yaml --log-only --seed 7 -o month.jsonl",
    .run = run_simulate,
};
