#include "dsp/wisdom.h"

#include <errno.h>
#include <fftw3.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"

enum { PATH_BYTES = 1024 };

/* FNV-1a (Fowler, Noll, Vo; RFC 9923), 64 bit. */
static uint64_t hash_more(uint64_t hash, const char *text) {
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* What tells CPU models apart for FFTW, on x86 and on ARM. */
static uint64_t cpu_hash(void) {
    static const char *const keys[] = {"model name", "flags", "CPU implementer", "CPU part",
                                       "Features"};
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (file == NULL) {
        return hash;
    }
    char *line = NULL;
    size_t size = 0;
    /* The first processor will do: its block ends with an empty line. */
    while (getline(&line, &size, file) > 1) {
        for (size_t i = 0; i < LS_COUNT(keys); i++) {
            if (strncmp(line, keys[i], strlen(keys[i])) == 0) {
                hash = hash_more(hash, line);
            }
        }
    }
    free(line);
    fclose(file);
    return hash;
}

/* XDG Base Directory Specification 0.8: a relative XDG_CACHE_HOME counts as unset. */
static bool cache_dir(char *ret_path, size_t size) {
    const char *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    int n = -1;
    if (xdg != NULL && xdg[0] == '/') {
        n = snprintf(ret_path, size, "%s/lineside", xdg);
    } else if (home != NULL && home[0] == '/') {
        n = snprintf(ret_path, size, "%s/.cache/lineside", home);
    }
    return n > 0 && (size_t)n < size;
}

bool ls_wisdom_path(char *ret_path, size_t size) {
    const char *setting = getenv("LINESIDE_WISDOM");
    if (setting != NULL && strcmp(setting, "off") == 0) {
        return false;
    }
    char dir[PATH_BYTES];
    if (!cache_dir(dir, sizeof dir)) {
        return false;
    }
    int n = snprintf(ret_path, size, "%s/%s-%016" PRIx64 ".wisdom", dir, fftwf_version, cpu_hash());
    return n > 0 && (size_t)n < size;
}

void ls_wisdom_load(void) {
    char path[PATH_BYTES];
    if (!ls_wisdom_path(path, sizeof path)) {
        return;
    }
    /* FFTW keeps what it knew when the file is damaged. */
    if (access(path, R_OK) == 0 && fftwf_import_wisdom_from_filename(path) == 0) {
        ls_log(LS_LOG_DEBUG, "ignoring damaged FFTW wisdom '%s'", path);
    }
}

/* mkdir -p for the folders above path. */
static void make_parents(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700); /* if it cannot be made, writing below it will say so */
        *slash = '/';
    }
}

static bool write_file(int fd, const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t n = write(fd, text, left);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        if (n > 0) {
            text += n;
            left -= (size_t)n;
        }
    }
    return true;
}

/* A reader sees the old file or the new one, never half of one. */
static bool replace_file(const char *path, const char *text) {
    char temporary[PATH_BYTES + 8];
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    int fd = mkstemp(temporary);
    if (fd < 0) {
        return false;
    }
    bool good = write_file(fd, text);
    good = close(fd) == 0 && good;
    good = good && rename(temporary, path) == 0;
    if (!good) {
        unlink(temporary);
    }
    return good;
}

void ls_wisdom_save(void) {
    char path[PATH_BYTES];
    if (!ls_wisdom_path(path, sizeof path)) {
        return;
    }
    ls_wisdom_load();
    LS_AUTO(char) text = fftwf_export_wisdom_to_string();
    make_parents(path);
    if (text == NULL || !replace_file(path, text)) {
        ls_log(LS_LOG_DEBUG, "cannot keep FFTW wisdom in '%s': %s", path, strerror(errno));
    }
}
