/* pattern threads: the pattern engine over one database with one, two and four threads says and
 * stores the same byte for byte, leaves the same bytes for the next run, and ends when it is told
 * to; a plain program, since Criterion does not run under the thread sanitizer. Prints what is
 * wrong and exits 1. */
#include <math.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"
#include "model/line.h"
#include "store/emitters.h"
#include "survey/patterns.h"

enum { ROWS = 20000, RADIOS = 24, VISITOR = 22 };
static const int64_t begin_ns = INT64_C(1795161600) * LS_NS_PER_S; /* 2026-11-20T08:00Z */

static uint64_t chance = 7;

/* From 0 to 1: Knuth's MMIX constants. */
static double uniform(void) {
    chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(chance >> 11) / 9007199254740992.0;
}

/* Radio i comes next at next_s[i]: a third on a clock, a third at random, a third of them calls;
 * and one that is here for some minutes each hour. */
static int add_row(struct ls_store *store, double next_s[RADIOS], struct ls_err *err) {
    size_t i = 0;
    for (size_t k = 1; k < RADIOS; k++) {
        i = next_s[k] < next_s[i] ? k : i;
    }
    double length_s = i % 3 == 2 ? 20.0 + 20.0 * uniform() : 0.04;
    struct ls_transmission row = {.start_ns = begin_ns + (int64_t)(next_s[i] * 1e9),
                                  .duration_ns = (int64_t)(length_s * 1e9),
                                  .center_hz = 868e6 + 200e3 * (double)i + 200.0 * uniform(),
                                  .bandwidth_hz = 60e3,
                                  .snr_db = 20.0,
                                  .level_dbfs = -50.0 + 4.0 * uniform(),
                                  .offset_hz = (double)NAN,
                                  .bursts = 1,
                                  .on_s = (double)NAN,
                                  .burst_s = (double)NAN,
                                  .period_s = (double)NAN};
    double mean_s = 200.0 + 10.0 * (double)i;
    next_s[i] += i % 3 == 0 ? 0.3 * mean_s : 60.0 - mean_s * log(uniform() + 1e-12);
    if (i == VISITOR) {
        next_s[i] = (double)(row.start_ns - begin_ns) / 1e9 + (uniform() < 0.04 ? 3600.0 : 20.0);
    }
    return ls_store_add_transmission(store, &row, err);
}

static int fill(struct ls_store *store, struct ls_err *err) {
    double next_s[RADIOS];
    struct ls_run run = {.first_ns = begin_ns, .last_ns = begin_ns + 30 * 86400 * LS_NS_PER_S};
    int64_t id;
    ls_copy_text(run.sensor, sizeof run.sensor, "km-1");
    ls_copy_text(run.verb, sizeof run.verb, "import");
    for (size_t i = 0; i < RADIOS; i++) {
        next_s[i] = 100.0 * uniform();
    }
    int code = ls_store_begin_run(store, &run, &id, &id, err);
    for (size_t i = 0; i < ROWS && code == LS_OK; i++) {
        code = add_row(store, next_s, err);
    }
    return code == LS_OK ? ls_store_finish_run(store, &run, err) : code;
}

static int write_finding(void *context, const struct ls_finding *finding, struct ls_err *err) {
    (void)err;
    return ls_line_write_finding(context, finding);
}

static int write_emitter_row(void *context, const struct ls_transmission *row, const char *reason,
                             unsigned percent, struct ls_err *err) {
    (void)err;
    fprintf(context, " %lld %s %u\n", (long long)row->id, reason, percent);
    return LS_OK;
}

static int write_emitter(void *context, const struct ls_emitter *row, struct ls_err *err) {
    (void)err;
    fprintf(context, "emitter %lld of %llu\n", (long long)row->id,
            (unsigned long long)row->transmissions);
    return LS_OK;
}

/* Which row is whose, as it was stored. */
static int write_emitters(struct ls_store *store, FILE *out, struct ls_err *err) {
    static const struct ls_filter all = {.limit = 0};
    int code = ls_store_each_emitter(store, &all, 0, write_emitter, out, err);
    for (int64_t id = 1; code == LS_OK && id <= RADIOS; id++) {
        fprintf(out, "rows of %lld\n", (long long)id);
        code = ls_store_each_emitter_row(store, id, 0, write_emitter_row, out, err);
    }
    return code;
}

/* All findings as lines, and the emitters that were stored; the caller frees them. */
static char *search(struct ls_store *store, size_t threads) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct ls_err err = {.code = LS_OK};
    struct ls_patterns_result result;
    struct ls_patterns_opts opts = {
        .fresh = true, .threads = threads, .each = write_finding, .context = out};
    int code = out == NULL ? LS_ERR_NOMEM : ls_patterns_run(store, &opts, &result, &err);
    code = code == LS_OK ? write_emitters(store, out, &err) : code;
    if (out != NULL) {
        fclose(out);
    }
    if (code != LS_OK || result.reported < 3 || result.new_rows != ROWS) {
        fprintf(stderr, "%zu threads: code %d, %s\n", threads, code, err.text);
        free(text);
        return NULL;
    }
    return text;
}

static bool all_the_same(struct ls_store *store) {
    char *one = search(store, 1);
    bool same = one != NULL;
    for (size_t threads = 2; threads <= 4 && same; threads += 2) {
        char *more = search(store, threads);
        same = more != NULL && strcmp(one, more) == 0;
        if (more != NULL && !same) {
            fprintf(stderr, "one thread:\n%s\n%zu threads:\n%s\n", one, threads, more);
        }
        free(more);
    }
    free(one);
    return same;
}

/* In a process of its own: what it leaves is not to depend on where its memory lies. */
static int search_alone(const char *path) {
    struct ls_store *store = NULL;
    struct ls_patterns_result result;
    struct ls_patterns_opts opts = {.fresh = true, .threads = 1};
    int code = ls_store_open(&store, path, LS_STORE_WRITE, NULL);
    code = code == LS_OK ? ls_patterns_run(store, &opts, &result, NULL) : code;
    ls_store_close(store);
    return code == LS_OK ? 0 : 1;
}

/* What a search leaves for the next one, whose bytes the caller frees. */
static int leave(const char *path, struct ls_pattern_state *ret) {
    static char self[] = "/proc/self/exe";
    char database[64];
    char *arguments[] = {self, database, NULL};
    pid_t pid = 0;
    int status = 1;
    struct ls_store *store = NULL;
    ls_copy_text(database, sizeof database, path);
    if (posix_spawn(&pid, self, NULL, NULL, arguments, environ) != 0 ||
        waitpid(pid, &status, 0) != pid || status != 0) {
        return LS_ERR_IO;
    }
    int code = ls_store_open(&store, path, LS_STORE_WRITE, NULL);
    code = code == LS_OK ? ls_store_pattern_state(store, ret, NULL) : code;
    ls_store_close(store);
    return code;
}

static bool leaves_the_same(const char *path) {
    struct ls_pattern_state a = {.bytes = NULL};
    struct ls_pattern_state b = {.bytes = NULL};
    int code = leave(path, &a);
    code = code == LS_OK ? leave(path, &b) : code;
    bool same = code == LS_OK && a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
    if (code != LS_OK) {
        fprintf(stderr, "a search in a process of its own: code %d\n", code);
    }
    for (size_t i = 0; code == LS_OK && !same && i < a.size && i < b.size; i++) {
        if (((unsigned char *)a.bytes)[i] != ((unsigned char *)b.bytes)[i]) {
            fprintf(stderr, "two runs leave states that differ from byte %zu on\n", i);
            break;
        }
    }
    free(a.bytes);
    free(b.bytes);
    return same;
}

static bool ends_at_once(struct ls_store *store) {
    atomic_int stop = 1;
    struct ls_patterns_result result;
    struct ls_patterns_opts opts = {.fresh = true, .threads = 4, .stop = &stop};
    int code = ls_patterns_run(store, &opts, &result, NULL);
    if (code != LS_ERR_STOPPED) {
        fprintf(stderr, "told to stop: code %d\n", code);
    }
    return code == LS_ERR_STOPPED;
}

int main(int argc, char **argv) {
    if (argc > 1) {
        return search_alone(argv[1]);
    }
    char folder[] = "/tmp/lineside-threads-XXXXXX";
    char path[sizeof folder + 8];
    struct ls_store *store = NULL;
    struct ls_err err = {.code = LS_OK};
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return 1;
    }
    snprintf(path, sizeof path, "%s/a.db", folder);
    int code = ls_store_open(&store, path, LS_STORE_WRITE, &err);
    code = code == LS_OK ? fill(store, &err) : code;
    if (code != LS_OK) {
        fprintf(stderr, "filling '%s': %s\n", path, err.text);
    }
    bool ok = code == LS_OK && all_the_same(store) && ends_at_once(store);
    ls_store_close(store);
    ok = ok && leaves_the_same(path);
    unlink(path);
    rmdir(folder);
    return ok ? 0 : 1;
}
