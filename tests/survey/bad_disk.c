/* bad_disk: a disk that fails on demand, to be loaded before the C library (LD_PRELOAD): while the
 * file that BAD_DISK names holds a number, writes to files whose name holds ".db" fail with that
 * errno: 28 no space left, 30 read-only. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* The errno to fail with, 0: none. */
static int trouble(int fd) {
    const char *path = getenv("BAD_DISK");
    char link[64];
    char name[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (path == NULL || length <= 0) {
        return 0;
    }
    name[length] = '\0';
    int file = strstr(name, ".db") != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char text[16] = {0};
    if (file >= 0 && read(file, text, sizeof text - 1) < 0) {
        text[0] = '\0';
    }
    if (file >= 0) {
        close(file);
    }
    return (int)strtol(text, NULL, 10);
}

/* Files of 64 bit offsets: the symbol is pwrite64, which SQLite calls. */
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset) {
    int e = trouble(fd);
    if (e != 0) {
        errno = e;
        return -1;
    }
    ssize_t (*next)(int, const void *, size_t, off_t);
    void *found = dlsym(RTLD_NEXT, "pwrite64");
    memcpy(&next, &found, sizeof next);
    return next(fd, bytes, n, offset);
}
