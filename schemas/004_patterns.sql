-- Schema 4: what the pattern engine found, and what explains it.

-- Registered, authorised activities. Written by 'permits add' and 'permits end', never deleted: what
-- a permit explained must stay to be read. until_ns is 9223372036854775807 until it is ended; place
-- is the name of a sensor, '' for everywhere.
CREATE TABLE permit (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    purpose TEXT NOT NULL,
    place TEXT NOT NULL,
    low_hz REAL NOT NULL,
    high_hz REAL NOT NULL CHECK (high_hz >= low_hz),
    since_ns INTEGER NOT NULL,
    until_ns INTEGER NOT NULL CHECK (until_ns >= since_ns)
) STRICT;

-- What the last pattern run of each detector version searched: one row a kind and version, so that
-- the result of an older version stands beside that of a newer one. Written by a pattern run, in the
-- transaction that replaces the findings of the same kinds and versions.
CREATE TABLE pattern_search (
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    searches INTEGER NOT NULL,
    trials REAL NOT NULL,
    rows INTEGER NOT NULL, -- transmissions that were looked at
    run_ns INTEGER NOT NULL, -- when it ran; not part of any export
    PRIMARY KEY (kind, version)
) STRICT, WITHOUT ROWID;

-- The state of the pattern engine behind every row that starts before until_ns: one row or none.
-- Written by pattern runs, so that the next one reads only what is new. runs says which runs the
-- rows came from; when they are others the state is void, and the engine begins again.
CREATE TABLE pattern_state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    program TEXT NOT NULL, -- version that wrote it
    runs TEXT NOT NULL,
    until_ns INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- Findings with context that are worth a person's time. Written by pattern runs: one that is found
-- again grows (start_ns, stop_ns, evidence, findings, severity), none is deleted. log10_p is of the
-- strongest finding; false_alarm_probability is the same and is 1e-300 where that would underflow.
-- parameters, intervals (90 %) and rivals are JSON, as exports write them.
CREATE TABLE incident (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 3), -- permitted, note, watch, alert
    false_alarm_probability REAL NOT NULL,
    log10_p REAL NOT NULL,
    start_ns INTEGER NOT NULL,
    stop_ns INTEGER NOT NULL CHECK (stop_ns >= start_ns),
    low_hz REAL NOT NULL,
    high_hz REAL NOT NULL CHECK (high_hz >= low_hz),
    sensor_id INTEGER NOT NULL REFERENCES sensor (id),
    parameters TEXT NOT NULL,
    intervals TEXT NOT NULL,
    rivals TEXT NOT NULL,
    words TEXT NOT NULL,
    limits TEXT NOT NULL,
    searches INTEGER NOT NULL,
    trials REAL NOT NULL,
    findings INTEGER NOT NULL CHECK (findings > 0), -- that it grew from
    confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
    confirm_log10_p REAL,
    permit_id INTEGER REFERENCES permit (id),
    band TEXT NOT NULL
) STRICT;
CREATE INDEX incident_time ON incident (start_ns);

-- The reported findings of the last run of each kind and version, and the incident that each is part
-- of. Written by pattern runs, which replace those of the same kinds and versions.
CREATE TABLE finding (
    id INTEGER PRIMARY KEY,
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    false_alarm_probability REAL NOT NULL,
    log10_p REAL NOT NULL,
    start_ns INTEGER NOT NULL,
    stop_ns INTEGER NOT NULL CHECK (stop_ns >= start_ns),
    low_hz REAL NOT NULL,
    high_hz REAL NOT NULL CHECK (high_hz >= low_hz),
    sensor_id INTEGER NOT NULL REFERENCES sensor (id),
    parameters TEXT NOT NULL,
    intervals TEXT NOT NULL
) STRICT;
CREATE INDEX finding_kind ON finding (kind, version);
CREATE INDEX finding_incident ON finding (incident_id);

-- The transmissions that an incident rests on. Written with it; the links of a run that is replaced
-- go with its rows.
CREATE TABLE incident_transmission (
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    transmission_id INTEGER NOT NULL,
    PRIMARY KEY (incident_id, transmission_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_transmission_id ON incident_transmission (transmission_id);

-- How an incident grew: one row for each pattern run that changed it. Written with it.
CREATE TABLE incident_growth (
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    run_ns INTEGER NOT NULL, -- when the run was; not part of any export
    last_ns INTEGER NOT NULL, -- end of the rows that it had
    severity INTEGER NOT NULL,
    log10_p REAL NOT NULL,
    findings INTEGER NOT NULL,
    evidence INTEGER NOT NULL,
    PRIMARY KEY (incident_id, run_ns)
) STRICT, WITHOUT ROWID;

-- Incidents as interchange lines: the columns are the JSON keys.
CREATE VIEW incident_line AS
SELECT
    'incident' AS type,
    incident.id,
    kind,
    CASE severity WHEN 0 THEN 'permitted' WHEN 1 THEN 'note' WHEN 2 THEN 'watch' ELSE 'alert' END
        AS severity,
    false_alarm_probability,
    strftime('%Y-%m-%dT%H:%M:%S', (start_ns - (start_ns % 1000000000 + 1000000000) % 1000000000)
        / 1000000000, 'unixepoch')
        || printf('.%09dZ', (start_ns % 1000000000 + 1000000000) % 1000000000) AS start,
    strftime('%Y-%m-%dT%H:%M:%S', (stop_ns - (stop_ns % 1000000000 + 1000000000) % 1000000000)
        / 1000000000, 'unixepoch')
        || printf('.%09dZ', (stop_ns % 1000000000 + 1000000000) % 1000000000) AS stop,
    low_hz,
    high_hz,
    sensor.name AS sensor,
    parameters,
    (SELECT json_group_array(transmission_id) FROM incident_transmission AS e
        WHERE e.incident_id = incident.id) AS transmissions,
    rivals,
    limits,
    kind || '/' || version AS detector,
    intervals,
    confirmed,
    findings,
    permit_id AS permit,
    nullif(band, '') AS band,
    words
FROM incident
JOIN sensor ON sensor.id = incident.sensor_id;

PRAGMA user_version = 4;
