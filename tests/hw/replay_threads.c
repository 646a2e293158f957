/* The replay device read in one thread while another tunes, sets its gain and time and looks at it,
 * under the thread sanitizer: a plain program, as Criterion does not run there. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"
#include "hw/replay/replay.h"

enum { ROOM = 4096, READINGS = 300 };

static atomic_int done;

static void *fiddle(void *context) {
    struct ls_replay *replay = context;
    for (unsigned i = 0; done == 0; i++) {
        struct ls_replay_settings settings = ls_replay_settings_now(replay);
        settings.gain_db[0] = i % 40;
        settings.ppm = i % 7;
        ls_replay_set(replay, &settings);
        int code = ls_replay_tune(replay, i % 2 == 0 ? 100e6 : 100.9e6, NULL);
        assert(code == LS_OK);
        ls_replay_set_time(replay, ls_replay_time(replay) + 1);
        assert(ls_replay_temperature(replay) > 0.0);
        assert(ls_replay_gain_lost(replay) == 0.0);
        usleep(100);
    }
    return NULL;
}

int main(void) {
    char path[] = "/tmp/replay-threads-XXXXXX";
    int fd = mkstemp(path);
    assert(fd >= 0);
    int code = ftruncate(fd, 4 * 100000);
    assert(code == 0);
    const char *keys[] = {"file", "format", "rate",       "freq",
                          "loop", "range",  "fault_rate", "fault_kinds"};
    const char *values[] = {path,   "ci16",     "1M", "100M",
                            "true", "90M:110M", "50", "overflow+loss+short-reads+time-jump"};
    struct ls_replay *replay;
    struct ls_err err;
    code = ls_replay_create(&replay, keys, values, LS_COUNT(keys), &err);
    assert(code == LS_OK);
    code = ls_replay_open(replay, &err);
    assert(code == LS_OK);
    code = ls_replay_start(replay, &err);
    assert(code == LS_OK);
    pthread_t thread;
    code = pthread_create(&thread, NULL, fiddle, replay);
    assert(code == 0);
    static int16_t samples[2 * ROOM];
    uint64_t total = 0;
    for (int i = 0; i < READINGS; i++) {
        struct ls_replay_reading reading;
        ls_replay_read(replay, samples, ROOM, 2000, &reading);
        total += reading.count;
    }
    assert(total > 0);
    done = 1;
    pthread_join(thread, NULL);
    ls_replay_close(replay);
    ls_replay_destroy(replay);
    close(fd);
    unlink(path);
    printf("%llu samples\n", (unsigned long long)total);
    return 0;
}
