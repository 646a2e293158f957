#include "recording.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw/source.h"

static char folder[64];
static char path[128];
static char names[4][32];
static size_t name_count;

static void remove_folder(void) {
    for (size_t i = 0; i < name_count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void remember(const char *name) {
    for (size_t i = 0; i < name_count; i++) {
        if (strcmp(names[i], name) == 0) {
            return;
        }
    }
    assert(name_count < sizeof names / sizeof *names);
    snprintf(names[name_count++], sizeof names[0], "%s", name);
}

const char *recording_file(const char *name, const uint8_t *data, size_t n) {
    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "/tmp/lineside-fuzz-XXXXXX");
        char *made = mkdtemp(folder);
        assert(made != NULL);
        atexit(remove_folder);
    }
    remember(name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert(f != NULL);
    size_t written = fwrite(data, 1, n, f);
    int closed = fclose(f);
    assert(written == n && closed == 0);
    return path;
}

static void read_blocks(struct ls_source *source) {
    const struct ls_source_info *info = ls_source_info(source);
    struct ls_err err = {0};
    struct ls_block block;
    uint64_t next = 0;
    uint64_t samples = 0;
    int code = ls_source_read(source, &block, &err);
    for (; code == LS_OK; code = ls_source_read(source, &block, &err)) {
        assert(block.count > 0 && block.pos >= next && block.tuning.rate_sps > 0.0);
        next = block.pos + block.count;
        samples += block.count;
    }
    assert(code == LS_EOF || err.text[0] != '\0');
    assert(code != LS_EOF || samples == info->samples);
}

void recording_read(const char *file) {
    struct ls_source_opts opts = {.path = file, .block_samples = 100};
    struct ls_err err = {0};
    struct ls_source *source = NULL;
    if (ls_source_open(&source, &opts, &err) != LS_OK) {
        assert(source == NULL && err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
        return;
    }
    const struct ls_source_info *info = ls_source_info(source);
    assert(info->capture_count > 0);
    for (size_t i = 1; i < info->capture_count; i++) {
        assert(info->captures[i].first_sample >= info->captures[i - 1].first_sample);
    }
    read_blocks(source);
    ls_source_destroy(source);
}
