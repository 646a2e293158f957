/* Configurations as files: what is refused carries one line of text; what is taken keeps every
 * value within its range, and each is written so that it reads back the same. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/config.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_back(const struct ls_config *config, size_t i, const struct ls_config_key *key) {
    char *value = ls_config_value(config, i);
    char *setting = malloc(strlen(value) + 128);
    struct ls_config *again = NULL;
    size_t changed[256];
    sprintf(setting, "%s.%s=%s", key->section, key->name, value);
    const char *settings[] = {setting};
    if (value[0] != '\0' && key->type != LS_CONFIG_LIST) {
        struct ls_err err = {0};
        assert(ls_config_load(&again, NULL, settings, 1, &err) == LS_OK);
        size_t count = ls_config_changes(config, again, changed);
        for (size_t c = 0; c < count; c++) {
            assert(changed[c] != i);
        }
    }
    ls_config_destroy(again);
    free(setting);
    free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[SCRATCH_PATH_BYTES];
    struct ls_err err = {0};
    struct ls_config *config = NULL;
    int file = scratch_file(data, size, path);
    if (ls_config_load(&config, path, NULL, 0, &err) == LS_OK) {
        size_t count;
        const struct ls_config_key *keys = ls_config_keys(&count);
        for (size_t i = 0; i < count; i++) {
            read_back(config, i, &keys[i]);
        }
        if (ls_config_check(config, &err) != LS_OK) {
            assert(err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
        }
    } else {
        assert(config == NULL && err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
    }
    ls_config_destroy(config);
    close(file);
    return 0;
}
