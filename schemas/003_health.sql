-- Schema 3: what the sensor says about itself; what is kept, and what was deleted.

-- Health of a sensor. Written by 'watch': a row when the level of a subject changes, one of each
-- subject an hour, and events as they happen. level is 0 ok, 1 warn, 2 fail; t_ns is system time.
CREATE TABLE health (
    id INTEGER PRIMARY KEY,
    sensor_id INTEGER NOT NULL REFERENCES sensor (id),
    t_ns INTEGER NOT NULL,
    subject TEXT NOT NULL,
    level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 2),
    value REAL,
    unit TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX health_time ON health (t_ns);

-- What retention leaves alone: transmissions and observations that overlap the box. Written by
-- 'db pin', deleted by 'db unpin'.
CREATE TABLE pin (
    id INTEGER PRIMARY KEY,
    case_id TEXT NOT NULL CHECK (case_id <> ''),
    start_ns INTEGER NOT NULL,
    stop_ns INTEGER NOT NULL CHECK (stop_ns > start_ns),
    low_hz REAL NOT NULL,
    high_hz REAL NOT NULL CHECK (high_hz >= low_hz),
    since_ns INTEGER NOT NULL -- when it was pinned
) STRICT;

-- The record of retention: one row for each table that a pruning deleted from. Written by 'watch'
-- and 'db prune', never deleted. Rows that ended before before_ns are gone, but for pinned ones.
CREATE TABLE pruning (
    id INTEGER PRIMARY KEY,
    t_ns INTEGER NOT NULL, -- when it was done
    what TEXT NOT NULL, -- the table
    reason TEXT NOT NULL, -- 'age', 'size', 'expiry'
    before_ns INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    pinned INTEGER NOT NULL -- rows that were old enough and stayed
) STRICT;
CREATE INDEX pruning_what ON pruning (what, before_ns);

-- Raw I/Q that was kept around a transmission. Written by 'watch' when snippets are enabled.
-- deleted_ns is when the files were deleted, after expires_ns; the row stays as the record of it.
CREATE TABLE snippet (
    id INTEGER PRIMARY KEY,
    sensor_id INTEGER NOT NULL REFERENCES sensor (id),
    transmission_id INTEGER NOT NULL,
    case_id TEXT NOT NULL CHECK (case_id <> ''),
    path TEXT NOT NULL, -- of the .sigmf-meta file; the samples lie beside it
    sha512 TEXT NOT NULL, -- of the samples
    start_ns INTEGER NOT NULL,
    duration_ns INTEGER NOT NULL,
    center_hz REAL NOT NULL,
    rate_sps REAL NOT NULL,
    bytes INTEGER NOT NULL,
    expires_ns INTEGER NOT NULL,
    deleted_ns INTEGER
) STRICT;
CREATE INDEX snippet_expiry ON snippet (deleted_ns, expires_ns);

PRAGMA user_version = 3;
