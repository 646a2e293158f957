-- Schema 8: transmissions that look like one radio.

-- Emitters, as the last pattern run left them: written by it, in the transaction of its findings. A
-- run that begins again from the rows writes all of them anew, with other ids if there are other
-- rows. part_of is the emitter that this one was found to be part of, whose figures include its own.
-- An emitter is deleted with the last of its transmissions.
CREATE TABLE emitter (
    id INTEGER PRIMARY KEY,
    part_of INTEGER,
    sensor_id INTEGER NOT NULL REFERENCES sensor (id),
    class_id INTEGER REFERENCES class (id),
    transmissions INTEGER NOT NULL,
    first_ns INTEGER NOT NULL,
    last_ns INTEGER NOT NULL, -- stop of its last transmission
    on_s REAL NOT NULL,
    low_hz REAL NOT NULL, -- edges of all that it occupied
    high_hz REAL NOT NULL,
    center_hz REAL NOT NULL, -- of the channel that it used last
    bandwidth_hz REAL NOT NULL,
    duration_s REAL,
    level_dbfs REAL,
    level_spread_db REAL,
    offset_hz REAL,
    period_s REAL,
    jitter_s REAL,
    hops INTEGER NOT NULL CHECK (hops IN (0, 1)),
    score REAL -- mean probability of its links
) STRICT;
CREATE INDEX emitter_time ON emitter (last_ns);

-- Which emitter a transmission was put to, why (emitter_reason) and with what probability, in
-- percent, against a stranger that is like it. Written with the emitters.
CREATE TABLE emitter_transmission (
    transmission_id INTEGER PRIMARY KEY,
    emitter_id INTEGER NOT NULL,
    reason_id INTEGER NOT NULL REFERENCES emitter_reason (id),
    percent INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 99)
) STRICT;

-- Reasons in words. Written with the first link that has one, never deleted.
CREATE TABLE emitter_reason (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;

-- Merges and splits: other_id became part of emitter_id, or was split off it, at t_ns; text says
-- why. Written with the emitters.
CREATE TABLE emitter_event (
    id INTEGER PRIMARY KEY,
    t_ns INTEGER NOT NULL,
    emitter_id INTEGER NOT NULL,
    other_id INTEGER NOT NULL,
    split INTEGER NOT NULL CHECK (split IN (0, 1)),
    text TEXT NOT NULL
) STRICT;

-- Whoever deletes a transmission deletes its link.
CREATE TRIGGER transmission_unlink AFTER DELETE ON transmission BEGIN
    DELETE FROM emitter_transmission WHERE transmission_id = old.id;
END;

-- Emitters as lines: the columns are the JSON keys.
CREATE VIEW emitter_line AS
SELECT
    'emitter' AS type,
    emitter.id AS id,
    sensor.name AS sensor,
    strftime('%Y-%m-%dT%H:%M:%S', (first_ns - (first_ns % 1000000000 + 1000000000) % 1000000000)
        / 1000000000, 'unixepoch')
        || printf('.%09dZ', (first_ns % 1000000000 + 1000000000) % 1000000000) AS start,
    strftime('%Y-%m-%dT%H:%M:%S', (last_ns - (last_ns % 1000000000 + 1000000000) % 1000000000)
        / 1000000000, 'unixepoch')
        || printf('.%09dZ', (last_ns % 1000000000 + 1000000000) % 1000000000) AS stop,
    transmissions,
    on_s,
    low_hz,
    high_hz,
    center_hz,
    bandwidth_hz,
    duration_s,
    level_dbfs,
    level_spread_db,
    nullif(class.name, '') AS class,
    offset_hz,
    period_s,
    jitter_s,
    hops,
    score
FROM emitter
JOIN sensor ON sensor.id = emitter.sensor_id
LEFT JOIN class ON class.id = emitter.class_id
WHERE part_of IS NULL;

PRAGMA user_version = 8;
