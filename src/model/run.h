/* model/run.h: provenance of rows: what was analysed, by which program, how. */
#ifndef MODEL_RUN_H
#define MODEL_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "model/transmission.h"

enum { LS_SHA512_HEX_BYTES = 129, LS_LABEL_BYTES = 64 };

struct ls_run {
    int64_t id; /* row id; 0 before it is stored */
    char sensor[LS_SENSOR_BYTES];
    char verb[16];                          /* "analyse", "import", "watch" */
    char version[32];                       /* program version */
    char input[1024];                       /* path as given by the user */
    char input_sha512[LS_SHA512_HEX_BYTES]; /* of the sample bytes (SigMF core:sha512 covers the
                                               same), lower-case hex */
    char options[4096]; /* canonical JSON object of every option that can change rows */
    char plan[128];     /* plan name and version, "eu/1" */
    int64_t started_ns; /* wall clock when the run began; not part of any export */
    int64_t first_ns;   /* time of the first sample and just past the last one */
    int64_t last_ns;
    bool no_clock;   /* the input names no start time: times count from 1970-01-01T00:00:00Z */
    bool incomplete; /* the recording was cut short or samples were lost */
    char label[LS_LABEL_BYTES]; /* classification of its rows, inherited by what is made of them;
                                   "" for none */
    char note[256];             /* what was guessed or incomplete, in words */
};

#endif
