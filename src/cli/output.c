#include "cli/output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

struct ls_output {
    FILE *file;
    char *path;      /* final name, links followed; NULL for stdout */
    char *temporary; /* NULL when path is written directly */
};

int ls_output_failed(const char *name, struct ls_err *err) {
    int e = errno == 0 ? EIO : errno;
    if (name == NULL && e == EPIPE) {
        return ls_err_set(err, LS_ERR_IO, "%s", "");
    }
    if (name == NULL) {
        return ls_err_set(err, ls_err_code_from_errno(e), "cannot write to standard output: %s",
                          strerror(e));
    }
    return ls_err_set(err, ls_err_code_from_errno(e), "cannot write '%.300s': %s", name,
                      strerror(e));
}

int ls_output_flush(struct ls_err *err) {
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return ls_output_failed(NULL, err);
    }
    return LS_OK;
}

/* Mode of the file that is replaced, else what umask leaves of 0666. */
static mode_t wanted_mode(const struct stat *old) {
    if (old != NULL) {
        return old->st_mode & 07777;
    }
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static int open_temporary(struct ls_output *output, const struct stat *old) {
    size_t size = strlen(output->path) + sizeof ".XXXXXX";
    output->temporary = malloc(size);
    if (output->temporary == NULL) {
        errno = ENOMEM;
        return -1;
    }
    snprintf(output->temporary, size, "%s.XXXXXX", output->path);
    int fd = mkstemp(output->temporary);
    if (fd < 0) {
        free(output->temporary);
        output->temporary = NULL;
        return -1;
    }
    if (fchmod(fd, wanted_mode(old)) != 0 || (output->file = fdopen(fd, "w")) == NULL) {
        close(fd);
        return -1;
    }
    return 0;
}

static int open_path(struct ls_output *output, const char *path) {
    struct stat old;
    bool exists = stat(path, &old) == 0;
    output->path = exists ? realpath(path, NULL) : strdup(path);
    if (output->path == NULL) {
        return -1;
    }
    if (exists && S_ISDIR(old.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    if (exists && !S_ISREG(old.st_mode)) {
        output->file = fopen(path, "w");
        return output->file == NULL ? -1 : 0;
    }
    return open_temporary(output, exists ? &old : NULL);
}

bool ls_output_same(const char *a, const char *b) {
    struct stat one;
    struct stat other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

int ls_output_refuse_key(const char *option, const char *path, const char *key,
                         struct ls_err *err) {
    return ls_output_same(path, key)
               ? ls_err_set(err, LS_ERR_ARG,
                            "option '--%s': '%.300s' is the key: name another file", option, path)
               : LS_OK;
}

int ls_output_open(struct ls_output **ret, const char *path, struct ls_err *err) {
    struct ls_output *output = calloc(1, sizeof *output);
    if (output == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    if (path == NULL) {
        output->file = stdout;
    } else if (open_path(output, path) != 0) {
        int code = ls_output_failed(path, err);
        ls_output_abandon(output);
        return code;
    }
    *ret = output;
    return LS_OK;
}

FILE *ls_output_file(struct ls_output *output) { return output->file; }

long long ls_output_mark(struct ls_output *output) { return ftello(output->file); }

void ls_output_rewind(struct ls_output *output, long long mark) {
    /* A failure here leaves lines too many, which commit reports: the stream keeps its error. */
    if (mark >= 0 && fflush(output->file) == 0 && ftruncate(fileno(output->file), mark) == 0) {
        fseeko(output->file, mark, SEEK_SET);
    }
}

int ls_output_commit(struct ls_output *output, struct ls_err *err) {
    if (output->path == NULL) {
        free(output);
        return ls_output_flush(err);
    }
    errno = 0;
    bool whole = fflush(output->file) == 0 && !ferror(output->file);
    /* On the disk before the name changes: after a power cut there is the old file or the new one.
     * A device or a pipe has nothing to sync. */
    whole = whole && (output->temporary == NULL || fsync(fileno(output->file)) == 0);
    if (whole) {
        whole = fclose(output->file) == 0;
        output->file = NULL;
    }
    whole = whole && (output->temporary == NULL || rename(output->temporary, output->path) == 0);
    int code = whole ? LS_OK : ls_output_failed(output->path, err);
    if (whole) {
        free(output->temporary);
        output->temporary = NULL;
    }
    ls_output_abandon(output);
    return code;
}

void ls_output_abandon(struct ls_output *output) {
    if (output == NULL) {
        return;
    }
    if (output->path != NULL && output->file != NULL) {
        fclose(output->file);
    }
    if (output->temporary != NULL) {
        unlink(output->temporary);
        free(output->temporary);
    }
    free(output->path);
    free(output);
}
