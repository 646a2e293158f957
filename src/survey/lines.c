#include "survey/lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TUNINGS_MAX = 64,
    TUNINGS_LEAST = 4,
    WIDTH_MAX = 3,     /* channels: a line between two is in both, a strong one in three */
    MISSES_SHARE = 8,  /* in one of so many tunings something may hide it */
    TUNINGS_APART = 6, /* channels: in nearer ones a transmitter seems to stay */
    CHANNELS_MAX = 1024,
};

struct ls_lines {
    double rate_sps; /* 0: nothing heard */
    size_t channels;
    double tuned_hz[TUNINGS_MAX];
    bool here[TUNINGS_MAX][CHANNELS_MAX]; /* a narrow line in this channel or beside it */
    size_t tunings;
    size_t next; /* the tuning that is replaced when there is no room */
    bool own[CHANNELS_MAX];
};

int ls_lines_create(struct ls_lines **ret, struct ls_err *err) {
    *ret = calloc(1, sizeof **ret);
    return *ret != NULL ? LS_OK : ls_err_set(err, LS_ERR_NOMEM, "out of memory for spurs");
}

void ls_lines_destroy(struct ls_lines *lines) { free(lines); }

/* The place of this tuning among those heard. */
static bool *place(struct ls_lines *lines, double center_hz) {
    double apart_hz = TUNINGS_APART * lines->rate_sps / (double)lines->channels;
    for (size_t i = 0; i < lines->tunings; i++) {
        if (fabs(lines->tuned_hz[i] - center_hz) < apart_hz) {
            return lines->here[i];
        }
    }
    size_t i = lines->next;
    lines->next = (i + 1) % TUNINGS_MAX;
    lines->tunings += lines->tunings < TUNINGS_MAX;
    lines->tuned_hz[i] = center_hz;
    return lines->here[i];
}

/* Runs of so few channels, and the channel beside each: a line may fall into either. */
static void note_narrow(bool *ret, const bool *occupied, size_t n) {
    memset(ret, 0, n * sizeof *ret);
    for (size_t from = 0; from < n; from++) {
        size_t to = from;
        while (to < n && occupied[to]) {
            to++;
        }
        if (to > from && to - from <= WIDTH_MAX) {
            size_t low = from > 0 ? from - 1 : 0;
            size_t high = to < n ? to + 1 : n;
            memset(ret + low, true, high - low);
        }
        from = to;
    }
}

/* A channel is the receiver's own where a narrow line lies now and lay in nearly all tunings. */
static void learn(struct ls_lines *lines, const bool *narrow, const bool *occupied) {
    for (size_t c = 0; c < lines->channels; c++) {
        size_t seen = 0;
        for (size_t i = 0; i < lines->tunings; i++) {
            seen += lines->here[i][c];
        }
        if (narrow[c] && occupied[c] && seen + lines->tunings / MISSES_SHARE >= lines->tunings) {
            lines->own[c] = true;
        }
    }
}

void ls_lines_heard(struct ls_lines *lines, const struct ls_tuning *tuning, const bool *occupied,
                    size_t channels) {
    if (channels > CHANNELS_MAX) {
        return;
    }
    if (lines->rate_sps != tuning->rate_sps || lines->channels != channels) {
        memset(lines, 0, sizeof *lines);
        lines->rate_sps = tuning->rate_sps;
        lines->channels = channels;
    }
    bool *narrow = place(lines, tuning->center_hz);
    note_narrow(narrow, occupied, channels);
    if (lines->tunings >= TUNINGS_LEAST) {
        learn(lines, narrow, occupied);
    }
}

void ls_lines_mask(const struct ls_lines *lines, double rate_sps, bool *ret_masked,
                   size_t channels) {
    if (lines->rate_sps == rate_sps && lines->channels == channels) {
        for (size_t c = 0; c < channels; c++) {
            ret_masked[c] = ret_masked[c] || lines->own[c];
        }
    }
}

size_t ls_lines_list(const struct ls_lines *lines, double *ret_hz, size_t room) {
    size_t count = 0;
    double spacing_hz = lines->channels > 0 ? lines->rate_sps / (double)lines->channels : 0.0;
    for (size_t from = 0; from < lines->channels; from++) {
        size_t to = from;
        while (to < lines->channels && lines->own[to]) {
            to++;
        }
        if (to > from) {
            double middle = 0.5 * (double)(from + to - 1) - 0.5 * (double)lines->channels;
            if (count < room) {
                ret_hz[count] = middle * spacing_hz;
            }
            count++;
        }
        from = to;
    }
    return count;
}
