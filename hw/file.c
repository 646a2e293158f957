#include "hw/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN_MAX = 200 };

const char *ls_file_shown(const char *path) {
    size_t n = strlen(path);
    return n > SHOWN_MAX ? path + n - SHOWN_MAX : path;
}

const char *ls_file_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static int check_kind(const struct stat *st, const char *path, struct ls_err *err) {
    if (S_ISDIR(st->st_mode)) {
        return ls_err_set(err, LS_ERR_ARG, "'%s' is a directory; name a recording in it",
                          ls_file_shown(path));
    }
    if (!S_ISREG(st->st_mode)) {
        return ls_err_set(err, LS_ERR_ARG,
                          "'%s' is a pipe or device; recordings are read more than once, so save "
                          "it to a file first",
                          ls_file_shown(path));
    }
    return LS_OK;
}

static int open_failed(int e, const char *path, const char *what, struct ls_err *err) {
    if (e == EACCES || e == EPERM) {
        return ls_err_set(err, LS_ERR_IO, "may not read %s '%s'; check its permissions", what,
                          ls_file_shown(path));
    }
    if (e == ENAMETOOLONG) {
        return ls_err_set(err, LS_ERR_ARG, "path of %s '...%s' is too long; use a shorter one",
                          what, ls_file_shown(path));
    }
    if (e == ENOENT || e == ENOTDIR) {
        return ls_err_set(err, LS_ERR_NOTFOUND, "no %s '%s'; check the path", what,
                          ls_file_shown(path));
    }
    if (e == ENXIO) { /* a socket */
        return ls_err_set(err, LS_ERR_ARG, "'%s' is a socket; name a file", ls_file_shown(path));
    }
    return ls_err_set(err, ls_err_code_from_errno(e), "cannot open %s '%s': %s", what,
                      ls_file_shown(path), strerror(e));
}

int ls_file_open(const char *path, const char *what, int *ret_fd, uint64_t *ret_bytes,
                 struct ls_err *err) {
    /* O_NONBLOCK: opening a pipe must not wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return open_failed(errno, path, what, err);
    }
    struct stat st;
    int code = fstat(fd, &st) == 0 ? LS_OK : open_failed(errno, path, what, err);
    if (code == LS_OK) {
        code = check_kind(&st, path, err);
    }
    if (code == LS_OK && st.st_size == 0) {
        code = ls_err_set(err, LS_ERR_FORMAT, "%s '%s' is empty; record or copy it again", what,
                          ls_file_shown(path));
    }
    if (code != LS_OK) {
        close(fd);
        return code;
    }
    *ret_fd = fd;
    *ret_bytes = (uint64_t)st.st_size;
    return LS_OK;
}

ssize_t ls_file_pread(int fd, void *ret, size_t n, uint64_t offset) {
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(fd, (char *)ret + done, n - done, (off_t)(offset + done));
        if (got == 0) {
            break;
        }
        if (got > 0) {
            done += (size_t)got;
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return (ssize_t)done;
}
