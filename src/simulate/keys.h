/* simulate/keys.h: one table lists each key of a scenario file: name, kind, range, default and what
 * it means. Reading, errors, documentation and the check of the documentation come from it. */
#ifndef SIMULATE_KEYS_H
#define SIMULATE_KEYS_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

enum ls_key_kind {
    LS_KEY_NUMBER,  /* double without a unit, or a share in % */
    LS_KEY_HZ,      /* double, 433.92M; negative where the range allows it */
    LS_KEY_SECONDS, /* double, 10ms, 3min, 7d */
    LS_KEY_HOUR,    /* double, hour of the day, 22.5 or 22:30 */
    LS_KEY_DB,      /* double, dB */
    LS_KEY_DBM,     /* double, dBm */
    LS_KEY_DBFS,    /* double, dBFS */
    LS_KEY_METRES,  /* double, m or km */
    LS_KEY_SPEED,   /* double, m/s or km/h */
    LS_KEY_PPM,     /* double, ppm */
    LS_KEY_COUNT,   /* size_t */
    LS_KEY_FLAG,    /* bool, yes or no */
    LS_KEY_TEXT,    /* char[high] */
    LS_KEY_TIME,    /* int64_t, UTC ns, RFC 3339 */
    LS_KEY_CHOICE,  /* int, index in choices */
    LS_KEY_PLACE,   /* struct ls_place, [x, y] or [x, y, z] in m */
    LS_KEY_WAIT, /* struct ls_wait: 120s | 120s +- 0.5s | 5s..30s | median 60s sigma 1 | mean 60s */
    LS_KEY_HZ_LIST, /* double * at offset, size_t at count_offset */
    LS_KEY_SECONDS_LIST,
    LS_KEY_METRES_LIST,
    LS_KEY_PART,  /* nested mapping, its fields in the record at offset */
    LS_KEY_PARTS, /* list of mappings: record * at offset, size_t at count_offset */
};

struct ls_key_part;

struct ls_key {
    const char *name; /* ends with its unit; NULL ends the table */
    enum ls_key_kind kind;
    size_t offset;              /* of the value in the record, relative to the part */
    size_t count_offset;        /* of the count of a list */
    size_t given_offset;        /* of a bool that says whether the key was written; 0: none */
    const char *fallback;       /* default as a person writes it; NULL: the key is required; "":
                                   zero, empty, absent */
    double low;                 /* range of numbers; low == high: no bounds. Lists: of each */
    double high;                /* LS_KEY_TEXT: room in bytes */
    const char *const *choices; /* LS_KEY_CHOICE; ends with NULL */
    const struct ls_key_part *part;
    const char *text; /* one line for the documentation */
};

struct ls_key_part {
    const char *name;  /* heading: "sensor", "emitters[].script" */
    const char *about; /* one line */
    const struct ls_key *keys;
    size_t size; /* of its record; used by LS_KEY_PARTS and the top */
};

/* Reads text into *ret_record (part->size bytes, zeroed first). Errors as ls_scenario_load. On
 * failure nothing is left to free; else free lists with ls_keys_clear. file names the text in
 * errors. */
int ls_keys_read(const struct ls_key_part *part, const char *text, size_t length, const char *file,
                 void *ret_record, struct ls_err *err);
void ls_keys_clear(const struct ls_key_part *part, void *record);

/* An error about a value that was read: "'file' line N: message". path: "emitters[2].script.kind";
 * the line is that of the nearest part of the path that exists. Returns LS_ERR_FORMAT. */
int ls_keys_error(struct ls_err *err, const char *text, size_t length, const char *file,
                  const char *path, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* The tables as Markdown, part by part, depth first. */
void ls_keys_document(const struct ls_key_part *part, FILE *out);

#endif
