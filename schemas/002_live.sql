-- Schema 2: runs that grow while they are read.

-- Runs that are under way: rows are appended to them (src/store/live.c). Written by begin_live,
-- deleted when the run is finished, or by the next begin_live of its sensor when the program was
-- killed before.
CREATE TABLE open_run (
    run_id INTEGER PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE
) STRICT;

PRAGMA user_version = 2;
