/* simulate/sigmf_writer.h: a SigMF recording (https://sigmf.org, 1.x): NAME.sigmf-data as samples
 * come, NAME.sigmf-meta at the end, with captures, annotations and the SHA-512 of the samples. Both
 * files are written beside their names and put in place when they are whole. */
#ifndef SIMULATE_SIGMF_WRITER_H
#define SIMULATE_SIGMF_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/tuning.h"

struct ls_sigmf_writer_opts {
    const char *path;        /* NAME, also with .sigmf-meta or .sigmf-data; required */
    struct ls_tuning tuning; /* rate and format hold for the recording */
    const char *description; /* "" or NULL: none */
    const char *hardware;    /* core:hw */
    const char *recorder;    /* core:recorder */
};

/* What is in the recording, in samples from its start. */
struct ls_sigmf_annotation {
    uint64_t first_sample;
    uint64_t samples;
    double low_hz;
    double high_hz;
    const char *label;   /* copied */
    const char *comment; /* copied; "" none */
};

struct ls_sigmf_writer;

/* LS_ERR_ARG, LS_ERR_NOMEM, LS_ERR_IO and what ls_err_code_from_errno gives. The caller destroys
 * *ret. */
int ls_sigmf_writer_create(struct ls_sigmf_writer **ret, const struct ls_sigmf_writer_opts *opts,
                           struct ls_err *err);
/* Without ls_sigmf_writer_finish before, nothing is left on disk. */
void ls_sigmf_writer_destroy(struct ls_sigmf_writer *writer);

/* A capture starts with the next sample; one is needed before the first sample. index: number of
 * that sample in the receiver's stream, lost ones counted (core:global_index). */
int ls_sigmf_writer_capture(struct ls_sigmf_writer *writer, uint64_t index, int64_t t_ns,
                            double center_hz, struct ls_err *err);

/* Appends count samples of the format. */
int ls_sigmf_writer_samples(struct ls_sigmf_writer *writer, const void *samples, size_t count,
                            struct ls_err *err);

/* Any order; they are sorted by first_sample. */
int ls_sigmf_writer_annotate(struct ls_sigmf_writer *writer,
                             const struct ls_sigmf_annotation *annotation, struct ls_err *err);

/* Samples written so far. */
uint64_t ls_sigmf_writer_count(const struct ls_sigmf_writer *writer);

/* Writes the metadata, flushes both files to disk and gives them their names. */
int ls_sigmf_writer_finish(struct ls_sigmf_writer *writer, struct ls_err *err);

#endif
