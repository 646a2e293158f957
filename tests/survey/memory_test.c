/* What an analysis of 20 MS/s takes of memory: 64 MiB at most, however long the recording and
 * however much is on in it. Each analysis is a process of its own, whose largest resident set the
 * kernel tells; recordings are written by others, so that nothing of theirs is counted. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"
#include "survey/analyse.h"
#include "tests/evaluation/bench_scene.h"

static const double RATE = 20e6;

enum {
    MOST_KIB = 64 * 1024,
    GROWTH_KIB = 2 * 1024, /* between a second and four: the allocator's own, no buffer */
    THREADS = 2
};

struct work {
    char path[128];
    char db[128];
    enum bench_scene scene;
    double seconds;
};

static bool write_recording(const struct work *work) {
    return bench_scene_write(work->path, work->scene, RATE, work->seconds);
}

static bool analyse(const struct work *work) {
    struct ls_store *store;
    struct ls_err err;
    struct ls_analyse_result result;
    struct ls_analyse_opts opts = {.source = {.path = work->path}, .threads = THREADS};
    if (ls_store_open(&store, work->db, LS_STORE_WRITE, &err) != LS_OK ||
        ls_analyse(store, &opts, &result, &err) != LS_OK) {
        fprintf(stderr, "%s\n", err.text);
        return false;
    }
    ls_store_close(store);
    return result.samples == (uint64_t)(RATE * work->seconds);
}

/* In a process of its own. Returns its largest resident set in KiB, or -1 when it failed. */
static long run(bool (*what)(const struct work *work), const struct work *work) {
    pid_t child = fork();
    if (child == 0) {
        _exit(what(work) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    int status;
    struct rusage usage;
    bool good = child > 0 && wait4(child, &status, 0, &usage) == child && WIFEXITED(status) &&
                WEXITSTATUS(status) == EXIT_SUCCESS;
    return good ? usage.ru_maxrss : -1;
}

static long measure(struct work *work, double seconds) {
    work->seconds = seconds;
    unlink(work->db);
    return run(write_recording, work) < 0 ? -1 : run(analyse, work);
}

static bool holds(struct work *work, enum bench_scene scene) {
    work->scene = scene;
    long brief = measure(work, 1.0);
    long longer = measure(work, 4.0);
    bool good = brief > 0 && longer > 0 && brief <= MOST_KIB && longer <= MOST_KIB &&
                longer - brief <= GROWTH_KIB;
    printf("%s: %ld KiB for 1 s, %ld KiB for 4 s%s\n", bench_scene_names[scene], brief, longer,
           good ? "" : ": too much");
    return good;
}

int main(void) {
    char folder[] = "/tmp/lineside-memory-XXXXXX";
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return EXIT_FAILURE;
    }
    struct work work;
    snprintf(work.path, sizeof work.path, "%s/scene_878M_20M.cs16", folder);
    snprintf(work.db, sizeof work.db, "%s/memory.db", folder);
    bool good = holds(&work, BENCH_SPARSE);
    good = holds(&work, BENCH_DENSE) && good;
    unlink(work.path);
    unlink(work.db);
    rmdir(folder);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
