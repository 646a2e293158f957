/* Opening, migrating and copying a database.
 *
 * A database is in WAL mode: readers go on while a run is stored. A reader opens the file for
 * writing where it may, with query_only set: only then does the last one to close it fold the -wal
 * file in and remove it. Where it may not, the file is taken as immutable, provided that no -wal
 * file with newer rows lies beside it. */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "base/util.h"
#include "store/calibrations.h"
#include "store/link.h"
#include "store/sql.h"

enum {
    APPLICATION_ID = 0x6c696e65, /* as in schemas/001_initial.sql */
};

static int open_connection(struct ls_store *store, const char *name, int flags) {
    sqlite3_close(store->db);
    store->db = NULL;
    /* One thread at a time: SQLite need not lock each call. */
    int code = sqlite3_open_v2(name, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(store->db, LS_SQL_BUSY_MS);
        /* A file from elsewhere is data: its schema may not call functions with side effects. */
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    }
    return code;
}

/* "file:PATH?immutable=1" with what has a meaning in a URI escaped; the caller frees it. */
static char *immutable_uri(const char *path) {
    static const char hex[] = "0123456789ABCDEF";
    static const char prefix[] = "file:";
    static const char suffix[] = "?immutable=1";
    char *uri = malloc(sizeof prefix + 3 * strlen(path) + sizeof suffix);
    if (uri == NULL) {
        return NULL;
    }
    char *out = stpcpy(uri, prefix);
    for (const char *p = path; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '%' || c == '?' || c == '#') {
            *out++ = '%';
            *out++ = hex[c >> 4];
            *out++ = hex[c & 15];
        } else {
            *out++ = *p;
        }
    }
    stpcpy(out, suffix);
    return uri;
}

static bool has_newer_rows(const char *path) {
    LS_AUTO(char) wal = malloc(strlen(path) + 5);
    struct stat s;
    if (wal == NULL) {
        return true;
    }
    stpcpy(stpcpy(wal, path), "-wal");
    return stat(wal, &s) == 0 && s.st_size > 0;
}

static int open_immutable(struct ls_store *store, struct ls_err *err) {
    if (has_newer_rows(store->path)) {
        return ls_err_set(err, LS_ERR_IO,
                          "rows in '%s-wal' are not merged yet and the folder is read-only: copy "
                          "both files to a folder that can be written",
                          store->path);
    }
    LS_AUTO(char) uri = immutable_uri(store->path);
    if (uri == NULL) {
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    store->read_only = true;
    if (open_connection(store, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI) != SQLITE_OK) {
        return ls_sql_error(store, "opening", err);
    }
    return LS_OK;
}

static int check_file(const char *path, enum ls_store_mode mode, struct ls_err *err) {
    struct stat s;
    if (stat(path, &s) != 0) {
        if (errno == ENOENT && mode == LS_STORE_WRITE) {
            return LS_OK;
        }
        return errno == ENOENT
                   ? ls_err_set(err, LS_ERR_NOTFOUND,
                                "no database '%.300s': analyse or import something first, or name "
                                "another file with --db",
                                path)
                   : ls_err_set(err, ls_err_code_from_errno(errno),
                                "cannot open database '%.300s': %s", path, strerror(errno));
    }
    if (!S_ISREG(s.st_mode)) {
        return ls_err_set(err, LS_ERR_ARG,
                          "database '%.300s' is not a regular file: name another with --db", path);
    }
    return LS_OK;
}

/* Three numbers from the file's header, or the error of a file that is no database. In one
 * transaction: another program may be making the database between any two of them. */
static int read_header(struct ls_store *store, int64_t *ret_application, int64_t *ret_version,
                       int64_t *ret_objects, struct ls_err *err) {
    int code = ls_sql_exec(store, "BEGIN", "opening", err);
    if (code == LS_OK) {
        code = ls_sql_value(store, "PRAGMA application_id", ret_application, err);
    }
    if (code == LS_OK) {
        code = ls_sql_value(store, "PRAGMA user_version", ret_version, err);
    }
    if (code == LS_OK) {
        code = ls_sql_value(store, ls_sql_query("object_count"), ret_objects, err);
    }
    if (code == LS_OK) { /* else the caller asks SQLite what it was, and closes */
        ls_sql_rollback(store);
    }
    return code;
}

static int refuse_version(struct ls_store *store, int64_t version, struct ls_err *err) {
    return ls_err_set(err, LS_ERR_VERSION,
                      "database '%s' has schema version %d and this program knows versions up to "
                      "%d: install a newer lineside, or name another file with --db",
                      store->path, (int)version, ls_sql_newest());
}

/* A new file is made ours, another program's refused, and so is a newer version. */
static int check_header(struct ls_store *store, enum ls_store_mode mode, struct ls_err *err) {
    int64_t application;
    int64_t version;
    int64_t objects;
    int code = read_header(store, &application, &version, &objects, err);
    if (code != LS_OK) {
        return code;
    }
    bool empty = application == 0 && version == 0 && objects == 0;
    if (empty && mode == LS_STORE_WRITE) {
        return LS_OK;
    }
    if (application != APPLICATION_ID) {
        return ls_err_set(err, LS_ERR_FORMAT, "'%s' is %s: name another file with --db",
                          store->path,
                          empty ? "an empty database" : "the database of another program");
    }
    if (mode == LS_STORE_EXISTING) {
        return LS_OK;
    }
    return version > ls_sql_newest() ? refuse_version(store, version, err) : LS_OK;
}

static int copy_pages(struct ls_store *store, struct ls_store *copy, struct ls_err *err) {
    sqlite3_backup *backup = sqlite3_backup_init(copy->db, "main", store->db, "main");
    if (backup == NULL) {
        return ls_sql_error(copy, "backup", err);
    }
    int step = sqlite3_backup_step(backup, -1);
    int finish = sqlite3_backup_finish(backup);
    if (finish != SQLITE_OK) {
        return ls_sql_error(copy, "backup", err);
    }
    if (step != SQLITE_DONE) {
        return ls_err_set(err, LS_ERR_BUSY,
                          "backup: database '%s' is locked by another program: wait until it is "
                          "done, then try again",
                          store->path);
    }
    return LS_OK;
}

/* A reader leaves the file of an older program as it is, which may be evidence or on a read-only
 * disk, and reads a migrated copy, which SQLite keeps in a file without a name. */
static int read_migrated_copy(struct ls_store *store, struct ls_err *err) {
    struct ls_store copy = {.path = store->path};
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (open_connection(&copy, "", flags) != SQLITE_OK) {
        int code = ls_sql_error(&copy, "opening", err);
        sqlite3_close(copy.db);
        return code;
    }
    int code = copy_pages(store, &copy, err);
    ls_sql_finish(store);
    sqlite3_close(store->db);
    store->db = copy.db;
    return code == LS_OK ? ls_store_migrate(store, err) : code;
}

static int prepare_reading(struct ls_store *store, struct ls_err *err) {
    int64_t version;
    int code = ls_sql_value(store, "PRAGMA user_version", &version, err);
    if (code == LS_OK && version < ls_sql_newest()) {
        code = read_migrated_copy(store, err);
    }
    store->read_only = true;
    return code == LS_OK ? ls_sql_exec(store, "PRAGMA query_only = ON; PRAGMA cache_size = -16384",
                                       "opening", err)
                         : code;
}

/* SQLite does not wait for the lock that the change to WAL mode takes: two programs that make one
 * database would refuse each other. */
static int enter_wal_mode(struct ls_store *store, struct ls_err *err) {
    const struct timespec pause = {.tv_nsec = 5000000};
    int64_t until_ns = ls_time_steady() + LS_SQL_BUSY_MS * INT64_C(1000000);
    int code = ls_sql_exec(store, "PRAGMA journal_mode = WAL", "opening", err);
    while (code == LS_ERR_BUSY && ls_time_steady() < until_ns) {
        nanosleep(&pause, NULL);
        code = ls_sql_exec(store, "PRAGMA journal_mode = WAL", "opening", err);
    }
    return code;
}

static int prepare_writing(struct ls_store *store, struct ls_err *err) {
    if (sqlite3_db_readonly(store->db, "main") == 1) {
        return ls_err_set(err, LS_ERR_IO,
                          "database '%s' is read-only: make it writable, or name another file with "
                          "--db",
                          store->path);
    }
    int code = enter_wal_mode(store, err);
    if (code != LS_OK) {
        return code;
    }
    /* The -wal file of a large run is cut back to 16 MiB once its rows are in the database. */
    code = ls_sql_exec(store,
                       "PRAGMA synchronous = NORMAL;"
                       "PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -16384;"
                       "PRAGMA temp.cache_size = -8192",
                       "opening", err);
    return code == LS_OK ? ls_store_migrate(store, err) : code;
}

static int open_file(struct ls_store *store, enum ls_store_mode mode, struct ls_err *err) {
    int flags = SQLITE_OPEN_READWRITE | (mode == LS_STORE_WRITE ? SQLITE_OPEN_CREATE : 0);
    if (open_connection(store, store->path, flags) != SQLITE_OK) {
        return ls_sql_error(store, "opening", err);
    }
    int code = check_header(store, mode, err);
    int problem = sqlite3_errcode(store->db) & 0xff;
    if (code == LS_ERR_IO && mode != LS_STORE_WRITE &&
        (problem == SQLITE_CANTOPEN || problem == SQLITE_READONLY)) {
        code = open_immutable(store, err);
        if (code == LS_OK) {
            code = check_header(store, mode, err);
        }
    }
    if (code == LS_OK && mode == LS_STORE_WRITE) {
        code = prepare_writing(store, err);
    } else if (code == LS_OK && mode == LS_STORE_READ) {
        code = prepare_reading(store, err);
    }
    return code;
}

int ls_store_open(struct ls_store **ret, const char *path, enum ls_store_mode mode,
                  struct ls_err *err) {
    int code = check_file(path, mode, err);
    if (code != LS_OK) {
        return code;
    }
    struct ls_store *store = calloc(1, sizeof *store);
    if (store == NULL || (store->path = strdup(path)) == NULL) {
        ls_store_close(store);
        return ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    }
    code = open_file(store, mode, err);
    if (code != LS_OK) {
        ls_store_close(store);
        return code;
    }
    *ret = store;
    return LS_OK;
}

/* A temporary database leaves nothing behind. */
static void remove_folder(const char *folder) {
    static const char *const names[] = {"merged.db", "merged.db-wal", "merged.db-shm"};
    char path[1100];
    for (size_t i = 0; i < LS_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

void ls_store_close(struct ls_store *store) {
    if (store == NULL) {
        return;
    }
    if (store->in_run) {
        ls_store_abandon_run(store);
    }
    ls_sql_finish(store);
    int code = sqlite3_close(store->db);
    assert(code == SQLITE_OK); /* else a statement was left open */
    if (store->temporary != NULL) {
        remove_folder(store->temporary);
    }
    free(store->temporary);
    free(store->touched);
    ls_calibrations_drop(store);
    free(store->path);
    free(store);
}

int ls_store_version(struct ls_store *store, int *ret_file, int *ret_newest, struct ls_err *err) {
    int64_t version;
    int code = ls_sql_value(store, "PRAGMA user_version", &version, err);
    if (code == LS_OK) {
        *ret_file = (int)version;
        *ret_newest = ls_sql_newest();
    }
    return code;
}

int ls_store_migrate(struct ls_store *store, struct ls_err *err) {
    int64_t version;
    int code = ls_sql_value(store, "PRAGMA user_version", &version, err);
    if (code != LS_OK || version == ls_sql_newest()) {
        return code;
    }
    if (version > ls_sql_newest()) {
        return refuse_version(store, version, err);
    }
    code = ls_sql_exec(store, "BEGIN IMMEDIATE", "migrating", err);
    if (code == LS_OK) {
        /* Another program may have migrated it while this one waited for the lock. */
        code = ls_sql_value(store, "PRAGMA user_version", &version, err);
    }
    if (code == LS_OK && ls_sql_migrate(store->db, (int)version) != SQLITE_OK) {
        code = ls_sql_error(store, "migrating", err);
    }
    if (code == LS_OK) {
        code = ls_link_adopt(store, err);
    }
    if (code == LS_OK) {
        code = ls_sql_exec(store, "COMMIT", "migrating", err);
    }
    if (code != LS_OK) {
        ls_sql_rollback(store);
    }
    return code;
}

int ls_store_backup(struct ls_store *store, const char *path, struct ls_err *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        return errno == EEXIST
                   ? ls_err_set(err, LS_ERR_ARG, "backup: '%s' exists: name a new file", path)
                   : ls_err_set(err, ls_err_code_from_errno(errno),
                                "backup: cannot create '%s': %s", path, strerror(errno));
    }
    close(fd);
    LS_AUTO(char) copy_path = strdup(path);
    struct ls_store copy = {.path = copy_path};
    int code = LS_OK;
    if (copy_path == NULL) {
        code = ls_err_set(err, LS_ERR_NOMEM, "out of memory");
    } else if (open_connection(&copy, path, SQLITE_OPEN_READWRITE) != SQLITE_OK) {
        code = ls_sql_error(&copy, "backup", err);
    } else {
        code = copy_pages(store, &copy, err);
    }
    if (sqlite3_close(copy.db) != SQLITE_OK && code == LS_OK) {
        code = ls_err_set(err, LS_ERR_IO, "backup: cannot close '%s'", path);
    }
    if (code != LS_OK) {
        unlink(path);
    }
    return code;
}
