/* Whatever happens to a database: killed writers, full disks, locks, damage, other versions. What
 * was committed stays, and the error is one clear line with its code. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "tests/store/database.h"

static const int64_t day_ns = INT64_C(1763625600000000000); /* 2025-11-20T08:00:00Z */

static struct database database;

static void make_folder(void) { database_init(&database); }
static void remove_folder(void) { database_finish(&database); }

TestSuite(hardship, .init = make_folder, .fini = remove_folder, .timeout = 120);

static struct ls_run ten_seconds(const char *sha512) {
    return database_run(sha512, day_ns, day_ns + 10 * LS_NS_PER_S);
}

static void create_with_rows(size_t count) {
    struct ls_run run = ten_seconds("aa");
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    database_store_run(store, &run, count);
    ls_store_close(store);
}

/* Opening fails with the code, in one line that names the file and holds `part`. */
static void refuses(enum ls_store_mode mode, int code, const char *part) {
    struct ls_err err = {0};
    struct ls_store *store = NULL;
    cr_expect_eq(ls_store_open(&store, database.path, mode, &err), code, "%d: %s", err.code,
                 err.text);
    cr_expect_null(store);
    cr_expect_not_null(strstr(err.text, part), "'%s' lacks '%s'", err.text, part);
    cr_expect_not_null(strstr(err.text, database.path));
    cr_expect_null(strchr(err.text, '\n'));
}

/* --- what is not there or is no database --- */

Test(hardship, a_missing_database_is_named) {
    refuses(LS_STORE_READ, LS_ERR_NOTFOUND, "no database");
    refuses(LS_STORE_EXISTING, LS_ERR_NOTFOUND, "no database");
    cr_expect_eq(database_other_files(&database), 0);
    stpcpy(database.path + strlen(database.folder), "/no/such.db");
    refuses(LS_STORE_WRITE, LS_ERR_IO, "No such file");
}

static void write_file(const void *bytes, size_t n) {
    FILE *file = fopen(database.path, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, n, file), n);
    cr_assert_eq(fclose(file), 0);
}

Test(hardship, other_files_are_refused_and_left_as_they_are) {
    static const char text[4096] = "start,frequency\n1,2\n";
    write_file(text, sizeof text);
    refuses(LS_STORE_READ, LS_ERR_FORMAT, "not a lineside database");
    refuses(LS_STORE_WRITE, LS_ERR_FORMAT, "not a lineside database");
    struct stat s;
    cr_assert_eq(stat(database.path, &s), 0);
    cr_expect_eq(s.st_size, (off_t)sizeof text);
    remove(database.path);
    database_sql(&database, "CREATE TABLE accounts (id INTEGER)");
    refuses(LS_STORE_READ, LS_ERR_FORMAT, "another program");
    refuses(LS_STORE_WRITE, LS_ERR_FORMAT, "another program");
    refuses(LS_STORE_EXISTING, LS_ERR_FORMAT, "another program");
    remove(database.path);
    cr_assert_eq(mkdir(database.path, 0700), 0);
    refuses(LS_STORE_WRITE, LS_ERR_ARG, "not a regular file");
}

Test(hardship, an_empty_file_becomes_a_database_only_for_a_writer) {
    write_file("", 0);
    refuses(LS_STORE_READ, LS_ERR_FORMAT, "empty");
    create_with_rows(3);
}

/* --- versions --- */

Test(hardship, a_newer_database_is_refused_naming_both_versions) {
    create_with_rows(3);
    database_sql(&database, "PRAGMA user_version = 999");
    refuses(LS_STORE_READ, LS_ERR_VERSION, "version 999");
    refuses(LS_STORE_WRITE, LS_ERR_VERSION, "versions up to ");
    struct ls_store *store = database_open(&database, LS_STORE_EXISTING);
    struct ls_err err = {0};
    cr_expect_eq(ls_store_migrate(store, &err), LS_ERR_VERSION);
    size_t problems;
    cr_expect_eq(ls_store_check(store, NULL, NULL, &problems, &err), LS_ERR_VERSION);
    int file;
    int newest;
    cr_expect_eq(ls_store_version(store, &file, &newest, &err), LS_OK);
    cr_expect_eq(file, 999);
    cr_expect_lt(newest, 999);
    ls_store_close(store);
}

/* --- damage --- */

static void count_problem(void *context, const char *text) {
    cr_expect_null(strchr(text, '\n'), "%s", text);
    ++*(size_t *)context;
}

/* Opens, reads and checks; nothing may crash, and somebody must notice. */
static void expect_noticed(const char *what) {
    struct ls_store *store = NULL;
    struct ls_err err = {0};
    size_t told = 0;
    size_t problems = 0;
    if (ls_store_open(&store, database.path, LS_STORE_EXISTING, &err) != LS_OK) {
        cr_expect_eq(err.code, LS_ERR_FORMAT, "%s: %s", what, err.text);
        return;
    }
    int code = ls_store_check(store, count_problem, &told, &problems, &err);
    cr_expect(code == LS_OK || code == LS_ERR_FORMAT || code == LS_ERR_VERSION, "%s: %s", what,
              err.text);
    cr_expect(code != LS_OK || problems > 0, "%s is not noticed", what);
    cr_expect_eq(told, problems);
    ls_store_close(store);
}

static void overwrite(off_t at, const char *bytes, size_t n) {
    int fd = open(database.path, O_WRONLY);
    cr_assert_eq(pwrite(fd, bytes, n, at), (ssize_t)n);
    close(fd);
}

Test(hardship, damaged_pages_are_noticed) {
    char noise[512];
    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (char)(i * 167 + 13);
    }
    create_with_rows(20000);
    struct stat s;
    cr_assert_eq(stat(database.path, &s), 0);
    for (off_t page = 1; page * 4096 < s.st_size; page += s.st_size / 4096 / 12) {
        remove(database.path);
        create_with_rows(20000);
        overwrite(page * 4096, noise, sizeof noise);
        char what[64];
        snprintf(what, sizeof what, "damage of page %ld", (long)page);
        expect_noticed(what);
    }
}

Test(hardship, a_cut_database_is_noticed) {
    create_with_rows(20000);
    struct stat s;
    cr_assert_eq(stat(database.path, &s), 0);
    cr_assert_eq(truncate(database.path, s.st_size / 2 / 4096 * 4096), 0);
    expect_noticed("a cut file");
    struct ls_err err = {0};
    struct ls_store *store = NULL;
    int code = ls_store_open(&store, database.path, LS_STORE_READ, &err);
    cr_expect(code == LS_OK || code == LS_ERR_FORMAT);
    ls_store_close(store);
}

/* One edit each: what SQLite itself would take, and the promises of the schema forbid. */
Test(hardship, broken_promises_are_noticed) {
    static const char *const edits[] = {
        "DROP INDEX transmission_cell",
        "CREATE TABLE extra (id INTEGER)",
        "UPDATE transmission SET class_id = 77 WHERE id = 2",
        "UPDATE transmission SET run_id = 77 WHERE id = 2",
        "UPDATE transmission SET id = 1000 WHERE id = 2",
        "UPDATE transmission SET start_ns = start_ns + 1000000000000 WHERE id = 2",
        "UPDATE transmission SET center_hz = 1e9 WHERE id = 2",
        "UPDATE transmission SET duration_ns = 300000000000 WHERE id = 2",
        "DELETE FROM transmission_box",
        "UPDATE transmission_box SET last_s = first_s, high_khz = low_khz",
        "INSERT INTO transmission_box VALUES (5, 1, 2, 3, 4, 5)",
        "INSERT INTO observation_box VALUES (5, 1, 2, 3, 4, 5)",
        "DELETE FROM observation",
        "UPDATE observation SET stop_ns = stop_ns - 1",
        "UPDATE observation SET start_ns = start_ns + 1",
        "UPDATE run SET last_ns = last_ns + 1",
        "DELETE FROM run",
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        remove(database.path);
        create_with_rows(100);
        database_sql(&database, edits[i]);
        expect_noticed(edits[i]);
    }
}

/* --- locks --- */

static sqlite3 *lock_for_writing(void) {
    sqlite3 *db = NULL;
    cr_assert_eq(sqlite3_open(database.path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

Test(hardship, a_locked_database_is_reported_and_the_run_can_be_finished_later) {
    create_with_rows(3);
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_run run = ten_seconds("bb");
    struct ls_err err = {0};
    int64_t id;
    cr_assert_eq(ls_store_begin_run(store, &run, &id, &id, &err), LS_OK);
    struct ls_transmission row = database_transmission(day_ns, 1.0, 877e6);
    struct ls_observation all = database_observation(run.first_ns, run.last_ns);
    cr_assert_eq(ls_store_add_transmission(store, &row, &err), LS_OK);
    sqlite3 *other = lock_for_writing();
    cr_assert_eq(ls_store_add_observation(store, &all, &err), LS_OK, "rows need no lock");
    cr_expect_eq(ls_store_finish_run(store, &run, &err), LS_ERR_BUSY);
    cr_expect_not_null(strstr(err.text, "locked by another program"));
    sqlite3_close(other);
    row.start_ns += LS_NS_PER_S;
    cr_assert_eq(ls_store_add_transmission(store, &row, &err), LS_OK);
    cr_expect_eq(ls_store_finish_run(store, &run, &err), LS_OK, "%s", err.text);
    cr_expect_eq(database_count(store, NULL), 5);
    database_expect_sound(store);
    ls_store_close(store);
}

Test(hardship, readers_go_on_while_a_writer_holds_the_lock) {
    create_with_rows(3);
    struct ls_store *writer = database_open(&database, LS_STORE_WRITE);
    sqlite3 *other = lock_for_writing();
    struct ls_store *reader = database_open(&database, LS_STORE_READ);
    cr_expect_eq(database_count(reader, NULL), 3);
    sqlite3_close(other);
    ls_store_close(reader);
    ls_store_close(writer);
    cr_expect_eq(database_other_files(&database), 0);
}

static void create_in_child(int start) {
    char byte;
    while (read(start, &byte, 1) < 0) {
    }
    struct ls_store *store = NULL;
    struct ls_err err = {0};
    int code = ls_store_open(&store, database.path, LS_STORE_WRITE, &err);
    _exit(code == LS_OK ? 0 : 1);
}

Test(hardship, programs_that_create_the_same_database_at_once_all_succeed) {
    enum { PROGRAMS = 8 };
    int start[2];
    cr_assert_eq(pipe(start), 0);
    for (int i = 0; i < PROGRAMS; i++) {
        if (fork() == 0) {
            close(start[1]);
            create_in_child(start[0]);
        }
    }
    close(start[0]);
    close(start[1]); /* all read the end of the pipe at the same time */
    for (int i = 0; i < PROGRAMS; i++) {
        int status;
        cr_assert_gt(wait(&status), 0);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    database_expect_sound(store);
    ls_store_close(store);
}

/* --- no space, no permission --- */

/* Stores a run while no file may grow past `bytes`; returns the code. */
static int store_within(rlim_t bytes, struct ls_err *err) {
    struct rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    limit.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_run run = ten_seconds("aa");
    int64_t id;
    cr_assert_eq(ls_store_begin_run(store, &run, &id, &id, err), LS_OK);
    for (size_t i = 0; i < 5000; i++) {
        struct ls_transmission row = database_transmission(day_ns, 1.0, 876e6 + 1e3 * (double)i);
        cr_assert_eq(ls_store_add_transmission(store, &row, err), LS_OK, "%s", err->text);
    }
    struct ls_observation all = database_observation(run.first_ns, run.last_ns);
    cr_assert_eq(ls_store_add_observation(store, &all, err), LS_OK);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int code = ls_store_finish_run(store, &run, err);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ls_store_close(store);
    return code;
}

Test(hardship, a_full_disk_keeps_the_old_rows) {
    create_with_rows(7);
    struct ls_err err = {0};
    cr_expect_eq(store_within(100000, &err), LS_ERR_FULL, "%s", err.text);
    cr_expect_not_null(strstr(err.text, "no space left"));
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    cr_expect_eq(database_count(store, NULL), 7);
    database_expect_sound(store);
    ls_store_close(store);
    cr_expect_eq(database_other_files(&database), 0);
    cr_expect_eq(store_within(RLIM_INFINITY, &err), LS_OK, "%s", err.text);
}

/* Adds rows while no file may grow past 1 MB, until that fails. */
static int add_until_full(struct ls_store *store, struct ls_err *err) {
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    struct rlimit limit = {.rlim_cur = 1000000, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int code = LS_OK;
    for (size_t i = 0; i < 1000000 && code == LS_OK; i++) {
        struct ls_transmission row = database_transmission(day_ns, 1.0, 876e6);
        code = ls_store_add_transmission(store, &row, err);
    }
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    return code;
}

Test(hardship, a_run_that_lost_temporary_rows_cannot_replace_the_old_ones) {
    create_with_rows(7);
    struct ls_store *store = database_open(&database, LS_STORE_WRITE);
    struct ls_run run = ten_seconds("aa");
    struct ls_err err = {0};
    int64_t id;
    cr_assert_eq(ls_store_begin_run(store, &run, &id, &id, &err), LS_OK);
    cr_expect_eq(add_until_full(store, &err), LS_ERR_FULL, "%s", err.text);
    cr_expect_not_null(strstr(err.text, "TMPDIR"));
    cr_expect_eq(ls_store_finish_run(store, &run, &err), LS_ERR_IO);
    cr_expect_not_null(strstr(err.text, "run it again"));
    ls_store_abandon_run(store);
    cr_expect_eq(database_count(store, NULL), 7);
    database_expect_sound(store);
    database_store_run(store, &run, 9);
    cr_expect_eq(database_count(store, NULL), 9);
    ls_store_close(store);
}

/* Runs `body` as an ordinary user: nothing is read-only to root. */
static void as_user(void (*body)(void)) {
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(77);
        }
        body();
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        cr_skip_test("cannot become an ordinary user");
    }
    cr_expect_eq(WEXITSTATUS(status), 0, "step %d failed", WEXITSTATUS(status));
}

static int add_one(void *context, const struct ls_transmission *row, struct ls_err *err) {
    (void)row;
    (void)err;
    ++*(size_t *)context;
    return LS_OK;
}

static void read_in_read_only_folder(void) {
    struct ls_store *store = NULL;
    struct ls_err err = {0};
    struct ls_filter filter = {0};
    size_t rows = 0;
    if (ls_store_open(&store, database.path, LS_STORE_READ, &err) != LS_OK) {
        _exit(1);
    }
    if (ls_store_each_transmission(store, &filter, add_one, &rows, &err) != LS_OK || rows != 7) {
        _exit(2);
    }
    ls_store_close(store);
    if (ls_store_open(&store, database.path, LS_STORE_WRITE, &err) != LS_ERR_IO ||
        strstr(err.text, "read-only") == NULL) {
        _exit(3);
    }
}

static void refuse_in_read_only_folder(void) {
    struct ls_store *store = NULL;
    struct ls_err err = {0};
    int code = ls_store_open(&store, database.path, LS_STORE_READ, &err);
    if (code != LS_ERR_IO || strstr(err.text, "not merged yet") == NULL) {
        _exit(1);
    }
}

Test(hardship, a_database_in_a_read_only_folder_can_be_read) {
    create_with_rows(7);
    chmod(database.path, 0444);
    chmod(database.folder, 0555);
    as_user(read_in_read_only_folder);
    chmod(database.folder, 0755);
}

Test(hardship, rows_that_wait_beside_a_read_only_database_are_not_passed_over) {
    char wal[160];
    create_with_rows(7);
    snprintf(wal, sizeof wal, "%s-wal", database.path);
    int fd = open(wal, O_WRONLY | O_CREAT, 0444);
    cr_assert_eq(write(fd, "rows", 4), 4);
    close(fd);
    chmod(database.path, 0444);
    chmod(database.folder, 0555);
    as_user(refuse_in_read_only_folder);
    chmod(database.folder, 0755);
}

/* --- kill -9 --- */

static void write_for_ever(void) {
    struct ls_store *store = NULL;
    struct ls_err err = {0};
    if (ls_store_open(&store, database.path, LS_STORE_WRITE, &err) != LS_OK) {
        _exit(1);
    }
    for (size_t i = 0;; i++) {
        struct ls_run run = ten_seconds("aa");
        database_store_run(store, &run, i % 2 == 0 ? 400 : 700);
    }
}

Test(hardship, a_writer_killed_at_any_moment_leaves_the_old_or_the_new_rows) {
    enum { ROUNDS = 50 };
    create_with_rows(400);
    uint32_t x = 7;
    for (int round = 0; round < ROUNDS; round++) {
        pid_t child = fork();
        if (child == 0) {
            write_for_ever();
        }
        x = x * 1664525u + 1013904223u; /* Numerical Recipes' quick generator */
        struct timespec wait_for = {.tv_nsec = 1000000 + (long)(x >> 8) % 60000000};
        nanosleep(&wait_for, NULL);
        kill(child, SIGKILL);
        int status;
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert(WIFSIGNALED(status), "the writer gave up by itself");
        struct ls_store *store = database_open(&database, LS_STORE_READ);
        size_t rows = database_count(store, NULL);
        cr_assert(rows == 400 || rows == 700, "%zu rows after round %d", rows, round);
        cr_assert_eq(database_count_runs(store), 1);
        database_expect_sound(store);
        ls_store_close(store);
        cr_assert_eq(database_other_files(&database), 0);
    }
}

/* --- backup --- */

Test(hardship, a_backup_is_a_sound_copy_and_never_replaces_a_file) {
    create_with_rows(500);
    struct ls_store *store = database_open(&database, LS_STORE_READ);
    struct ls_err err = {0};
    char path[160];
    snprintf(path, sizeof path, "%s/copy.db", database.folder);
    cr_assert_eq(ls_store_backup(store, path, &err), LS_OK, "%s", err.text);
    cr_expect_eq(ls_store_backup(store, path, &err), LS_ERR_ARG);
    cr_expect_not_null(strstr(err.text, "exists"));
    char nowhere[160];
    snprintf(nowhere, sizeof nowhere, "%s/none/copy.db", database.folder);
    cr_expect_eq(ls_store_backup(store, nowhere, &err), LS_ERR_NOTFOUND);
    ls_store_close(store);
    cr_expect_eq(database_other_files(&database), 1);
    stpcpy(database.path, path);
    store = database_open(&database, LS_STORE_READ);
    cr_expect_eq(database_count(store, NULL), 500);
    database_expect_sound(store);
    ls_store_close(store);
}
