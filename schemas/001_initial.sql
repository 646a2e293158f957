-- Schema 1. Released files are never edited: a change is a new file with the next number.
--
-- Times are ns since 1970-01-01 UTC; recordings without a clock count from 1970, and times before
-- 1970 are allowed. Frequencies are Hz; they may be negative when a recording does not name its
-- centre. Columns hold NULL for what is not known.

PRAGMA application_id = 0x6c696e65; -- "line"

-- Names of sensors. Written by finish_run when a run brings a new name; rows are never changed.
CREATE TABLE sensor (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Names of signal classes, "" for rows that were not classified. Written by finish_run when a run
-- brings a new name; rows are never changed.
CREATE TABLE class (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- The next ids to give out: one row. Written by begin_run, which reserves a range of transmission
-- ids so that two programs can write at once, and by finish_run, which gives back the unused rest.
CREATE TABLE next_id (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    run_id INTEGER NOT NULL,
    transmission_id INTEGER NOT NULL,
    observation_id INTEGER NOT NULL
) STRICT;
INSERT INTO next_id VALUES (1, 1, 1, 1);

-- Provenance: one row for each analysis, import or watch whose rows are stored. Written by
-- finish_run in the transaction that stores its rows and deletes those of the run it replaces.
-- The rows of a run have ids from first_transmission_id (first_observation_id) on, without another
-- run's between; rows_first_ns and rows_last_ns are the earliest and latest start_ns among them.
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    sensor_id INTEGER NOT NULL REFERENCES sensor (id),
    verb TEXT NOT NULL,
    version TEXT NOT NULL,
    input TEXT NOT NULL,
    input_sha512 TEXT NOT NULL,
    options TEXT NOT NULL,
    plan TEXT NOT NULL,
    started_ns INTEGER NOT NULL,
    first_ns INTEGER NOT NULL,
    last_ns INTEGER NOT NULL,
    no_clock INTEGER NOT NULL CHECK (no_clock IN (0, 1)),
    incomplete INTEGER NOT NULL CHECK (incomplete IN (0, 1)),
    note TEXT NOT NULL,
    first_transmission_id INTEGER NOT NULL,
    last_transmission_id INTEGER NOT NULL, -- first - 1 when there are none
    first_observation_id INTEGER NOT NULL,
    last_observation_id INTEGER NOT NULL,
    rows_first_ns INTEGER,
    rows_last_ns INTEGER
) STRICT;
CREATE INDEX run_input ON run (input_sha512);
CREATE INDEX run_rows ON run (rows_last_ns, rows_first_ns);

-- Transmissions. Written by finish_run, deleted when their run is replaced, never changed.
-- flags are the LS_BURST_* bits of model/burst.h.
--
-- cell gathers rows that start in the same 65536 s in the same slot of frequency and are alike in
-- duration and bandwidth; transmission_box holds the extent of each cell. Two cells that share a
-- number do no harm: their box is wider. Wide slots make time queries fast, narrow ones frequency
-- queries: with ten million rows both stay within some milliseconds, and the R*Tree is a hundredth
-- of one with an entry a row, which alone would halve the speed of storing.
CREATE TABLE transmission (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES run (id),
    sensor_id INTEGER NOT NULL REFERENCES sensor (id),
    class_id INTEGER NOT NULL REFERENCES class (id),
    start_ns INTEGER NOT NULL,
    duration_ns INTEGER NOT NULL CHECK (duration_ns > 0),
    center_hz REAL NOT NULL,
    bandwidth_hz REAL NOT NULL CHECK (bandwidth_hz >= 0.0),
    snr_db REAL,
    level_dbfs REAL,
    offset_hz REAL,
    bursts INTEGER CHECK (bursts > 0),
    on_s REAL,
    burst_s REAL,
    period_s REAL,
    flags INTEGER NOT NULL,
    cell INTEGER NOT NULL GENERATED ALWAYS AS (
        ((start_ns / 65536000000000) << 35)
        | ((CASE WHEN duration_ns <= 256000000000 THEN 0
            WHEN duration_ns <= 16384000000000 THEN 1 ELSE 2 END) << 32)
        | ((CASE WHEN bandwidth_hz <= 50e3 THEN 0 WHEN bandwidth_hz <= 800e3 THEN 1
            WHEN bandwidth_hz <= 12800e3 THEN 2 ELSE 3 END) << 30)
        | (CAST(center_hz / (CASE WHEN bandwidth_hz <= 50e3 THEN 50e3
            WHEN bandwidth_hz <= 800e3 THEN 800e3 WHEN bandwidth_hz <= 12800e3 THEN 12800e3
            ELSE 204800e3 END) AS INTEGER) & 0x3fffffff)
    ) VIRTUAL
) STRICT;
CREATE INDEX transmission_cell ON transmission (cell, start_ns);

-- Time x frequency extent of the cells of transmission, rounded outward to s since 2020-01-01 UTC
-- (cut to 32 bits: 1951 to 2088) and kHz: what it lets through is checked again on the row.
-- longest_ns is the longest duration in the cell. Written by finish_run; a box is removed with the
-- last row of its cell, and is not made smaller before.
CREATE VIRTUAL TABLE transmission_box USING rtree_i32 (
    cell, first_s, last_s, low_khz, high_khz, +longest_ns INTEGER
);

-- The ledger: what the receiver did, when and over which range; state is 0 observed, 1 lost,
-- 2 retuning, 3 off. The rows of a run that analysed samples abut from its first_ns to its last_ns.
-- Written by finish_run, deleted when their run is replaced, never changed. cell as in transmission.
CREATE TABLE observation (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES run (id),
    sensor_id INTEGER NOT NULL REFERENCES sensor (id),
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
    cause TEXT NOT NULL,
    start_ns INTEGER NOT NULL,
    stop_ns INTEGER NOT NULL CHECK (stop_ns > start_ns),
    low_hz REAL NOT NULL,
    high_hz REAL NOT NULL CHECK (high_hz >= low_hz),
    rate_sps REAL,
    samples INTEGER NOT NULL,
    cell INTEGER NOT NULL GENERATED ALWAYS AS (
        ((start_ns / 65536000000000) << 35)
        | ((CASE WHEN stop_ns - start_ns <= 256000000000 THEN 0
            WHEN stop_ns - start_ns <= 16384000000000 THEN 1 ELSE 2 END) << 32)
        | (CAST(low_hz / 800e3 AS INTEGER) & 0xffffffff)
    ) VIRTUAL
) STRICT;
CREATE INDEX observation_cell ON observation (cell, start_ns);

-- As transmission_box, for the cells of observation.
CREATE VIRTUAL TABLE observation_box USING rtree_i32 (
    cell, first_s, last_s, low_khz, high_khz, +longest_ns INTEGER
);

-- Rows as interchange lines: the columns are the JSON keys. Read by people and by other tools.
CREATE VIEW transmission_line AS
SELECT
    'transmission' AS type,
    sensor.name AS sensor,
    strftime('%Y-%m-%dT%H:%M:%S', (start_ns - (start_ns % 1000000000 + 1000000000) % 1000000000)
        / 1000000000, 'unixepoch')
        || printf('.%09dZ', (start_ns % 1000000000 + 1000000000) % 1000000000) AS start,
    duration_ns / 1e9 AS duration_s,
    center_hz,
    bandwidth_hz,
    snr_db,
    level_dbfs,
    nullif(class.name, '') AS class,
    offset_hz,
    bursts
FROM transmission
JOIN sensor ON sensor.id = transmission.sensor_id
JOIN class ON class.id = transmission.class_id;

-- Only intervals in which the receiver was really listening are observations to other tools.
CREATE VIEW observation_line AS
SELECT
    'observation' AS type,
    sensor.name AS sensor,
    strftime('%Y-%m-%dT%H:%M:%S', (start_ns - (start_ns % 1000000000 + 1000000000) % 1000000000)
        / 1000000000, 'unixepoch')
        || printf('.%09dZ', (start_ns % 1000000000 + 1000000000) % 1000000000) AS start,
    strftime('%Y-%m-%dT%H:%M:%S', (stop_ns - (stop_ns % 1000000000 + 1000000000) % 1000000000)
        / 1000000000, 'unixepoch')
        || printf('.%09dZ', (stop_ns % 1000000000 + 1000000000) % 1000000000) AS stop,
    low_hz,
    high_hz
FROM observation
JOIN sensor ON sensor.id = observation.sensor_id
WHERE state = 0;

PRAGMA user_version = 1;
