/* tests/store/database.h: a database in a folder of its own, rows with known values, and rows read
 * back. Helpers fail the test themselves. */
#ifndef TESTS_STORE_DATABASE_H
#define TESTS_STORE_DATABASE_H

#include <stddef.h>

#include "store/store.h"

struct database {
    char folder[64];
    char path[128]; /* folder/lineside.db */
};

/* A fresh folder below TMPDIR or /tmp; nothing is opened yet. finish removes it. */
void database_init(struct database *database);
void database_finish(struct database *database);

struct ls_store *database_open(const struct database *database, enum ls_store_mode mode);

/* Files in the folder besides lineside.db. */
size_t database_other_files(const struct database *database);

/* A run of verb "analyse" whose input has this digest, over [first_ns, last_ns). */
struct ls_run database_run(const char *sha512, int64_t first_ns, int64_t last_ns);

/* A row with every optional value known. */
struct ls_transmission database_transmission(int64_t start_ns, double duration_s, double center_hz);
struct ls_observation database_observation(int64_t start_ns, int64_t stop_ns);

/* Stores a run of `count` transmissions of 10 ms, one every 50 ms from run->first_ns on in
 * channels of 25 kHz from 876 MHz up, and one observation of the whole run. Returns its id. */
int64_t database_store_run(struct ls_store *store, const struct ls_run *run, size_t count);

struct found_rows {
    struct ls_transmission *rows;
    size_t count;
};

/* filter: NULL means everything. */
struct found_rows database_read(struct ls_store *store, const struct ls_filter *filter);
size_t database_count(struct ls_store *store, const struct ls_filter *filter);
size_t database_count_runs(struct ls_store *store);

/* Fails the test with the problems that the check finds. */
void database_expect_sound(struct ls_store *store);

/* Runs SQL on the file with a connection of its own. */
void database_sql(const struct database *database, const char *sql);

#endif
