#include "hw/replay/fault.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"
#include "hw/replay/dice.h"

enum { WORDS_MAX = 4, LINE_BYTES = 512 };

/* What follows the name of a fault. */
enum length { NONE, NEEDED, OR_FOR_GOOD };

/* low_s and high_s: the lengths that ls_faults_draw gives it. */
static const struct row {
    const char *name;
    enum length length;
    bool is_signed;
    bool has_value;
    double value; /* when not stated */
    double low_s;
    double high_s;
} rows[LS_FAULT_KINDS] = {
    [LS_FAULT_OVERFLOW] = {"overflow", NEEDED, false, false, 0.0, 1e-5, 1.0},
    [LS_FAULT_LOSS] = {"loss", NEEDED, false, false, 0.0, 1e-4, 1.0},
    [LS_FAULT_CORRUPT] = {"corrupt", NEEDED, false, false, 0.0, 1e-5, 0.1},
    [LS_FAULT_TIMEOUT] = {"timeout", NEEDED, false, false, 0.0, 1e-2, 3.0},
    [LS_FAULT_STALL] = {"stall", NONE, false, false, 0.0, 0.0, 0.0},
    [LS_FAULT_HANG] = {"hang", NEEDED, false, false, 0.0, 1e-2, 1.0},
    [LS_FAULT_SHORT_READS] = {"short-reads", NEEDED, false, true, 100.0, 1e-3, 0.1},
    [LS_FAULT_TIME_JUMP] = {"time-jump", NEEDED, true, false, 0.0, 1e-3, 10.0},
    [LS_FAULT_NO_HARDWARE_TIME] = {"no-hardware-time", NEEDED, false, false, 0.0, 1e-3, 1.0},
    [LS_FAULT_LOSE_DEVICE] = {"lose-device", OR_FOR_GOOD, false, false, 0.0, 0.1, 5.0},
    [LS_FAULT_ERROR] = {"error", NONE, false, false, 0.0, 0.0, 0.0},
    [LS_FAULT_RETUNE_GLITCH] = {"retune-glitch", NEEDED, false, false, 0.0, 1e-4, 0.1},
    [LS_FAULT_GAIN_COLLAPSE] = {"gain-collapse", NEEDED, false, true, 30.0, 0.1, 10.0},
    [LS_FAULT_CLIPPING] = {"clipping", NEEDED, false, true, 60.0, 0.1, 10.0},
    [LS_FAULT_DEAF] = {"deaf", NEEDED, false, false, 0.0, 0.1, 10.0},
    [LS_FAULT_TEMPERATURE] = {"temperature", NEEDED, false, true, 85.0, 1.0, 60.0},
};

static const char default_kinds[] = "overflow+loss+corrupt+timeout+short-reads+time-jump+"
                                    "no-hardware-time+lose-device+error";

const char *ls_fault_name(enum ls_fault_kind kind) { return rows[kind].name; }

static int find_kind(const char *name, enum ls_fault_kind *ret, struct ls_err *err) {
    const char *names[LS_FAULT_KINDS];
    for (size_t i = 0; i < LS_FAULT_KINDS; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            *ret = (enum ls_fault_kind)i;
            return LS_OK;
        }
        names[i] = rows[i].name;
    }
    const char *nearest = ls_nearest_word(name, names, LS_FAULT_KINDS);
    if (nearest != NULL) {
        return ls_err_set(err, LS_ERR_ARG, "unknown fault '%.40s': did you mean '%s'?", name,
                          nearest);
    }
    return ls_err_set(err, LS_ERR_ARG, "unknown fault '%.40s': see lineside-replay(7)", name);
}

/* A number of samples, or a duration with its unit. */
static int parse_length(const char *word, const struct row *row, struct ls_fault *ret,
                        struct ls_err *err) {
    if (row->length == OR_FOR_GOOD && strcmp(word, "forever") == 0) {
        ret->length_s = INFINITY;
        return LS_OK;
    }
    char last = word[strlen(word) - 1];
    if (last >= '0' && last <= '9' && !row->is_signed) {
        size_t samples;
        int code = ls_count_parse(word, "number of samples", 1, (size_t)1 << 40, &samples, err);
        ret->in_samples = true;
        ret->length_samples = samples;
        return code;
    }
    bool minus = row->is_signed && word[0] == '-';
    bool plus = row->is_signed && word[0] == '+';
    int code = ls_seconds_parse(word + (minus || plus), "length", &ret->length_s, err);
    if (code == LS_OK && !(ret->length_s > 0.0 && ret->length_s <= 1e9)) {
        return ls_err_set(err, LS_ERR_ARG, "length '%.40s' is none: above 0, up to 30 years", word);
    }
    ret->length_s = minus ? -ret->length_s : ret->length_s;
    return code;
}

static int parse_value(const char *word, struct ls_fault *ret, struct ls_err *err) {
    char *end;
    ret->value = strtod(word, &end);
    if (end == word || *end != '\0' || !(fabs(ret->value) <= 1e6)) {
        return ls_err_set(err, LS_ERR_ARG, "'%.40s' is not a number", word);
    }
    return LS_OK;
}

static size_t split(char *line, char *words[WORDS_MAX + 1]) {
    size_t count = 0;
    char *rest = line;
    for (char *word; count <= WORDS_MAX && (word = strsep(&rest, " \t\r\n")) != NULL;) {
        if (word[0] == '#') {
            break;
        }
        if (word[0] != '\0') {
            words[count++] = word;
        }
    }
    return count;
}

static int parse_words(char *const *words, size_t count, struct ls_fault *ret, struct ls_err *err) {
    if (count < 2) {
        return ls_err_set(err, LS_ERR_ARG, "write it as: TIME FAULT [LENGTH [VALUE]]");
    }
    int code = ls_seconds_parse(words[0], "time", &ret->at_s, err);
    if (code == LS_OK && !(ret->at_s <= 1e9)) {
        code = ls_err_set(err, LS_ERR_ARG, "time '%.40s' is beyond 30 years", words[0]);
    }
    if (code == LS_OK) {
        code = find_kind(words[1], &ret->kind, err);
    }
    if (code != LS_OK) {
        return code;
    }
    const struct row *row = &rows[ret->kind];
    size_t most = 2 + (size_t)(row->length != NONE) + (size_t)row->has_value;
    if (count > most || (row->length == NEEDED && count < 3)) {
        return ls_err_set(err, LS_ERR_ARG, "write it as: TIME %s%s%s", row->name,
                          row->length == NONE     ? ""
                          : row->length == NEEDED ? " LENGTH"
                                                  : " [LENGTH]",
                          row->has_value ? " [VALUE]" : "");
    }
    ret->value = row->value;
    ret->length_s = row->length == OR_FOR_GOOD ? (double)INFINITY : 0.0;
    if (count > 2) {
        code = parse_length(words[2], row, ret, err);
    }
    return code == LS_OK && count > 3 ? parse_value(words[3], ret, err) : code;
}

int ls_fault_parse(const char *line, struct ls_fault *ret, bool *ret_found, struct ls_err *err) {
    char copy[LINE_BYTES];
    if (strlen(line) >= sizeof copy) {
        return ls_err_set(err, LS_ERR_ARG, "line is longer than %d bytes", LINE_BYTES - 1);
    }
    ls_copy_text(copy, sizeof copy, line);
    char *words[WORDS_MAX + 1];
    size_t count = split(copy, words);
    if (count == 0) {
        *ret_found = false;
        return LS_OK;
    }
    struct ls_fault fault = {.kind = LS_FAULT_OVERFLOW};
    int code = parse_words(words, count, &fault, err);
    if (code == LS_OK) {
        *ret = fault;
        *ret_found = true;
    }
    return code;
}

/* A script is a list; chance keeps one drawn fault and the state of its generator. */
struct ls_faults {
    struct ls_fault *list; /* [count] */
    size_t capacity;
    size_t count;
    size_t next;
    bool drawn;
    struct ls_fault fault; /* drawn: the next one */
    uint64_t state;
    double rate_per_s;
    size_t left; /* drawn: still to come */
    enum ls_fault_kind kinds[LS_FAULT_KINDS];
    size_t kind_count;
};

static int by_time(const void *a, const void *b) {
    const struct ls_fault *left = a;
    const struct ls_fault *right = b;
    return (left->at_s > right->at_s) - (left->at_s < right->at_s);
}

static int add(struct ls_faults *faults, const struct ls_fault *fault, struct ls_err *err) {
    void *items = faults->list;
    if (ls_grow(&items, &faults->capacity, faults->count, sizeof *fault) != LS_OK) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    faults->list = items;
    faults->list[faults->count++] = *fault;
    return LS_OK;
}

static int read_lines(struct ls_faults *faults, FILE *file, const char *path, struct ls_err *err) {
    char line[LINE_BYTES + 1];
    for (unsigned long number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        struct ls_fault fault;
        bool found = false;
        int code = ls_fault_parse(line, &fault, &found, err);
        if (code != LS_OK) {
            ls_err_wrap(err, "'%s' line %lu", path, number);
            return err != NULL ? (err->code = LS_ERR_FORMAT) : LS_ERR_FORMAT;
        }
        if (found && (code = add(faults, &fault, err)) != LS_OK) {
            return code;
        }
    }
    if (ferror(file)) {
        return ls_err_set(err, LS_ERR_IO, "cannot read '%s': %s", path, strerror(errno));
    }
    /* glibc's qsort is stable for arrays of this size: lines of one time keep their order. */
    if (faults->count > 0) {
        qsort(faults->list, faults->count, sizeof *faults->list, by_time);
    }
    return LS_OK;
}

int ls_faults_load(struct ls_faults **ret, const char *path, struct ls_err *err) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return ls_err_set(err, ls_err_code_from_errno(errno), "cannot open fault script '%s': %s",
                          path, strerror(errno));
    }
    struct ls_faults *faults = calloc(1, sizeof *faults);
    int code = faults == NULL ? ls_err_set(err, LS_ERR_NOMEM, "out of memory")
                              : read_lines(faults, file, path, err);
    fclose(file);
    if (code != LS_OK) {
        ls_faults_destroy(faults);
        return code;
    }
    *ret = faults;
    return LS_OK;
}

static void draw(struct ls_faults *faults, double now_s) {
    size_t pick = (size_t)(ls_dice_uniform(&faults->state) * (double)faults->kind_count);
    enum ls_fault_kind kind = faults->kinds[pick < faults->kind_count ? pick : 0];
    const struct row *row = &rows[kind];
    double spread = ls_dice_uniform(&faults->state);
    double sign = row->is_signed && ls_dice_uniform(&faults->state) < 0.5 ? -1.0 : 1.0;
    faults->fault = (struct ls_fault){
        .kind = kind,
        .at_s = now_s - log(ls_dice_uniform(&faults->state)) / faults->rate_per_s,
        .length_s =
            row->length == NONE ? 0.0 : sign * row->low_s * pow(row->high_s / row->low_s, spread),
        .value = row->value,
    };
}

static int take_kinds(struct ls_faults *faults, const char *kinds, struct ls_err *err) {
    LS_AUTO(char) copy = strdup(kinds);
    if (copy == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    char *rest = copy;
    for (char *word; (word = strsep(&rest, "+")) != NULL;) {
        if (faults->kind_count == LS_FAULT_KINDS) {
            return ls_err_set(err, LS_ERR_ARG, "more than %d kinds of faults", LS_FAULT_KINDS);
        }
        int code = find_kind(word, &faults->kinds[faults->kind_count++], err);
        if (code != LS_OK) {
            return code;
        }
    }
    return LS_OK;
}

int ls_faults_draw(struct ls_faults **ret, const struct ls_fault_chance *chance,
                   struct ls_err *err) {
    struct ls_faults *faults = calloc(1, sizeof *faults);
    if (faults == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    int code = take_kinds(faults, chance->kinds != NULL ? chance->kinds : default_kinds, err);
    if (code != LS_OK) {
        ls_faults_destroy(faults);
        return code;
    }
    faults->drawn = true;
    faults->state = chance->seed;
    faults->rate_per_s = chance->rate_per_s;
    faults->left = chance->count == 0 ? SIZE_MAX : chance->count;
    draw(faults, 0.0);
    *ret = faults;
    return LS_OK;
}

void ls_faults_destroy(struct ls_faults *faults) {
    if (faults != NULL) {
        free(faults->list);
        free(faults);
    }
}

const struct ls_fault *ls_faults_next(const struct ls_faults *faults) {
    if (faults->drawn) {
        return faults->left > 0 ? &faults->fault : NULL;
    }
    return faults->next < faults->count ? &faults->list[faults->next] : NULL;
}

void ls_faults_done(struct ls_faults *faults, double now_s) {
    if (!faults->drawn) {
        faults->next++;
        return;
    }
    faults->left -= faults->left < SIZE_MAX;
    draw(faults, now_s);
}
