#include "survey/watch_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/util.h"

/* Label values escape backslash, quote and line break; names of sensors are free text. */
static void put_label(FILE *out, const char *text) {
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\\' || *c == '"') {
            fputc('\\', out);
        }
        fputc(*c, out);
    }
}

static void put_head(FILE *out, const char *name, const char *type, const char *help) {
    fprintf(out, "# HELP lineside_%s %s\n# TYPE lineside_%s %s\n", name, help, name, type);
}

/* What is not known now is left out. labels: "" or `,state="observed"`. */
static void put_value(FILE *out, const struct ls_watch_facts *facts, const char *name,
                      const char *labels, double value) {
    if (isnan(value)) {
        return;
    }
    fprintf(out, "lineside_%s{sensor=\"", name);
    put_label(out, facts->sensor);
    fprintf(out, "\"%s} %.15g\n", labels, value);
}

struct line {
    const char *name;
    const char *type;
    const char *help;
    double value;
};

static void put_lines(FILE *out, const struct ls_watch_facts *facts, const struct line *lines,
                      size_t count) {
    for (size_t i = 0; i < count; i++) {
        put_head(out, lines[i].name, lines[i].type, lines[i].help);
        put_value(out, facts, lines[i].name, "", lines[i].value);
    }
}

static void put_stream(FILE *out, const struct ls_watch_facts *facts) {
    const struct ls_sensor_status *s = facts->status;
    const struct line lines[] = {
        {"up", "gauge", "1 while samples arrive.", s->listening ? 1.0 : 0.0},
        {"samples_total", "counter", "Samples taken from the device.", (double)s->samples},
        {"blocks_total", "counter", "Blocks that were searched.", (double)s->blocks},
        {"overflows_total", "counter", "Losses that the driver reported.", (double)s->overflows},
        {"timeouts_total", "counter", "Reads that brought nothing.", (double)s->timeouts},
        {"time_jumps_total", "counter", "Jumps of the device's time.", (double)s->time_jumps},
        {"device_losses_total", "counter", "Times the device was lost or hung.", (double)s->losses},
        {"dropped_blocks_total", "counter", "Blocks dropped for want of processor time.",
         (double)s->dropped_blocks},
        {"ring_ratio", "gauge", "Share of the ring that waits for the search.", s->ring_share},
        {"center_hertz", "gauge", "Present tuning.", s->tuning.center_hz},
        {"rate_samples_per_second", "gauge", "Present sample rate.", s->tuning.rate_sps},
        {"gain_decibels", "gauge", "Gain as read back.", s->gain_db},
        {"temperature_celsius", "gauge", "Temperature of the receiver.", s->temperature},
        {"level_dbfs", "gauge", "Mean power of the last second.", s->level_dbfs},
        {"floor_dbfs", "gauge", "Noise floor at the present tuning.", s->floor_dbfs},
        {"clipped_ratio", "gauge", "Share of samples at full scale.", s->clipped_share},
        {"clock_ppm", "gauge", "Sample clock against the system clock.", s->clock_ppm},
        {"clock_offset_seconds", "gauge", "Reference minus event time.",
         (double)s->clock_offset_ns * 1e-9},
        {"clock_steps_total", "counter", "Steps of the system clock.", (double)s->clock_steps},
    };
    static const char *const states[] = {"observed", "lost", "retuning", "off"};
    const double seconds[] = {s->observed_s, s->lost_s, s->retuning_s, s->off_s};
    put_lines(out, facts, lines, LS_COUNT(lines));
    put_head(out, "ledger_seconds_total", "counter", "Wall time by what the receiver did.");
    for (size_t i = 0; i < LS_COUNT(states); i++) {
        char label[32];
        snprintf(label, sizeof label, ",state=\"%s\"", states[i]);
        put_value(out, facts, "ledger_seconds_total", label, seconds[i]);
    }
}

static void put_store(FILE *out, const struct ls_watch_facts *facts) {
    const struct ls_sensor_status *s = facts->status;
    double age_s = s->last_commit_ns == 0 ? (double)NAN
                                          : (double)(ls_time_steady() - s->last_commit_ns) * 1e-9;
    const struct line lines[] = {
        {"transmissions_total", "counter", "Transmissions that were stored.",
         (double)facts->transmissions},
        {"stored_rows_total", "counter", "Rows committed.", (double)s->stored_rows},
        {"unstored_rows_total", "counter", "Rows given up: the queue was full.",
         (double)s->unstored_rows},
        {"waiting_rows", "gauge", "Rows not committed yet.", (double)s->waiting_rows},
        {"commit_age_seconds", "gauge", "Time since the last commit.", age_s},
        {"pruned_rows_total", "counter", "Rows deleted by retention.",
         (double)facts->keeper.pruned},
        {"pattern_runs_total", "counter", "Searches for patterns.",
         (double)facts->keeper.pattern_runs},
        {"incidents_total", "counter", "Incidents found or changed, of note and above.",
         (double)facts->keeper.incidents},
        {"snippets_total", "counter", "Recordings of raw I/Q kept for a case.",
         (double)facts->keeper.snippets},
        {"snippets_missed_total", "counter", "Recordings wanted and not kept.",
         (double)facts->keeper.snippets_missed},
        {"lost_health_rows_total", "counter", "Rows of health given up.",
         (double)facts->lost_health_rows},
    };
    put_lines(out, facts, lines, LS_COUNT(lines));
}

static void put_computer(FILE *out, const struct ls_watch_facts *facts) {
    const struct ls_vitals *v = ls_rounds_vitals(facts->rounds);
    const struct ls_gpsd_state *g = ls_rounds_gpsd(facts->rounds);
    const struct line lines[] = {
        {"disk_free_bytes", "gauge", "Free space beside the database.", v->disk_free_bytes},
        {"memory_bytes", "gauge", "Resident memory of the program.", v->memory_bytes},
        {"open_files", "gauge", "Open file descriptors.", v->descriptors},
        {"computer_temperature_celsius", "gauge", "Hottest thermal zone.", v->temperature},
        {"clock_synchronised", "gauge", "1 while NTP keeps the system clock.",
         v->clock_synchronised ? 1.0 : 0.0},
        {"clock_error_seconds", "gauge", "Error of the system clock as NTP estimates it.",
         v->clock_error_s},
        {"gps_mode", "gauge", "0 no gpsd, 1 no fix, 2 and 3 dimensions.", (double)g->mode},
        {"gps_clock_offset_seconds", "gauge", "System clock minus GPS time.", g->offset_s},
    };
    put_lines(out, facts, lines, LS_COUNT(lines));
}

static void put_health(FILE *out, const struct ls_watch_facts *facts) {
    const struct ls_judge *judge = ls_rounds_judge(facts->rounds);
    put_head(out, "health_level", "gauge", "0 ok, 1 warn, 2 fail, by subject.");
    for (int i = 0; i < LS_JUDGE_SUBJECTS; i++) {
        enum ls_judge_subject subject = (enum ls_judge_subject)i;
        char label[64];
        snprintf(label, sizeof label, ",subject=\"%s\"", ls_judge_name(subject));
        if (!isnan(ls_judge_value(judge, subject))) {
            put_value(out, facts, "health_level", label, (double)ls_judge_level(judge, subject));
        }
    }
}

char *ls_watch_text_metrics(const struct ls_watch_facts *facts) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    put_head(out, "build_info", "gauge", "Version of the program.");
    put_value(out, facts, "build_info", ",version=\"" LS_VERSION "\"", 1.0);
    put_stream(out, facts);
    put_store(out, facts);
    put_computer(out, facts);
    put_health(out, facts);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

char *ls_watch_text_health(const struct ls_watch_facts *facts) {
    const struct ls_judge *judge = ls_rounds_judge(facts->rounds);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    fprintf(out, "%s\n", ls_health_level_name(ls_judge_worst(judge)));
    for (int i = 0; i < LS_JUDGE_SUBJECTS; i++) {
        enum ls_judge_subject subject = (enum ls_judge_subject)i;
        double value = ls_judge_value(judge, subject);
        if (!isnan(value)) {
            fprintf(out, "%s %s %.6g %s\n", ls_judge_name(subject),
                    ls_health_level_name(ls_judge_level(judge, subject)), value,
                    ls_judge_unit(subject));
        }
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
