/* Transmissions as the annotations of a SigMF file without samples (SigMF 1.0.0,
 * core:metadata_only). Its sample rate is 1 GHz, so that sample numbers are ns from the first row
 * on, to the ns. What SigMF has no key for stands in the namespace "lineside". */
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "model/line.h"
#include "report/export_walk.h"

struct sigmf {
    FILE *out;
    bool begun;
    int64_t first_ns;
};

static void write_head(struct sigmf *sigmf, int64_t first_ns) {
    char start[LS_TIME_TEXT_BYTES];
    ls_time_format(first_ns, start);
    fprintf(sigmf->out,
            "{\"global\":{\"core:datatype\":\"cf32_le\",\"core:sample_rate\":1000000000,"
            "\"core:version\":\"1.0.0\",\"core:metadata_only\":true,\"core:description\":"
            "\"transmissions without samples; a sample is 1 ns\",\"core:extensions\":"
            "[{\"name\":\"lineside\",\"version\":\"1.0.0\",\"optional\":true}]},"
            "\"captures\":[{\"core:sample_start\":0,\"core:datetime\":\"%s\"}],"
            "\"annotations\":[",
            start);
    sigmf->begun = true;
    sigmf->first_ns = first_ns;
}

static void write_number(FILE *out, const char *key, double value) {
    char text[LS_LINE_NUMBER_BYTES];
    if (isfinite(value)) {
        ls_line_number(value, text);
        fprintf(out, ",\"%s\":%s", key, text);
    }
}

static void write_text(FILE *out, const char *key, const char *value) {
    if (value[0] == '\0') {
        return;
    }
    fprintf(out, ",\"%s\":\"", key);
    for (const char *p = value; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\') {
            fprintf(out, "\\%c", *p);
        } else if ((unsigned char)*p < 0x20) {
            fprintf(out, "\\u%04x", *p);
        } else {
            fputc(*p, out);
        }
    }
    fputc('"', out);
}

static int write_transmission(void *context, const struct ls_transmission *row, const char *label,
                              struct ls_err *err) {
    struct sigmf *sigmf = context;
    (void)err;
    fputs(sigmf->begun ? ",\n" : "", sigmf->out);
    if (!sigmf->begun) {
        write_head(sigmf, row->start_ns);
        fputc('\n', sigmf->out);
    }
    fprintf(sigmf->out, "{\"core:sample_start\":%lld,\"core:sample_count\":%lld",
            (long long)(row->start_ns - sigmf->first_ns), (long long)row->duration_ns);
    write_number(sigmf->out, "core:freq_lower_edge", row->center_hz - row->bandwidth_hz / 2);
    write_number(sigmf->out, "core:freq_upper_edge", row->center_hz + row->bandwidth_hz / 2);
    write_text(sigmf->out, "core:label", row->class_name);
    write_text(sigmf->out, "lineside:sensor", row->sensor);
    write_number(sigmf->out, "lineside:snr_db", row->snr_db);
    write_number(sigmf->out, "lineside:level_dbfs", row->level_dbfs);
    write_number(sigmf->out, "lineside:offset_hz", row->offset_hz);
    if (row->bursts > 0) {
        fprintf(sigmf->out, ",\"lineside:bursts\":%llu", (unsigned long long)row->bursts);
    }
    write_text(sigmf->out, "lineside:label", label);
    fputc('}', sigmf->out);
    return LS_OK;
}

int ls_export_sigmf(struct ls_store *store, const struct ls_export_opts *opts, FILE *out,
                    size_t *ret_rows, struct ls_err *err) {
    static const struct ls_export_sink sink = {.transmission = write_transmission};
    struct sigmf sigmf = {.out = out};
    if (opts->what != LS_EXPORT_TRANSMISSIONS) {
        return ls_err_set(err, LS_ERR_ARG, "sigmf is for transmissions: they become annotations");
    }
    int code = ls_export_walk(store, opts, &sink, &sigmf, ret_rows, err);
    if (code == LS_OK && !sigmf.begun) {
        write_head(&sigmf, 0);
    }
    fputs("\n]}\n", out);
    return code;
}
