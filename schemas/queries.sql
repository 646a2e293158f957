-- The statements of src/store, by name. Each is prepared once for a connection; parameters are bound
-- by name. Reads look up the boxes of cells in the R*Tree (CROSS JOIN: first the boxes, then the
-- index on cell and start_ns) and check every bound again on the row.

-- name: object_count
SELECT count(*) FROM main.sqlite_schema;

-- The schema as one text; ANALYZE may add statistics to it.
-- name: schema_text
SELECT group_concat(line, char(10)) FROM (
    SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM main.sqlite_schema
    WHERE name NOT LIKE 'sqlite!_stat%' ESCAPE '!'
    ORDER BY type, name
);

-- name: next_ids
SELECT run_id, transmission_id, observation_id FROM next_id;

-- name: set_next_ids
UPDATE next_id SET run_id = :run_id, transmission_id = :transmission_id,
    observation_id = :observation_id;

-- name: give_back_transmission_ids
UPDATE next_id SET transmission_id = :next WHERE transmission_id = :reserved_until;

-- A run collects its rows in temporary tables, which need no lock on the database.

-- name: create_staged_transmission
CREATE TEMP TABLE IF NOT EXISTS staged_transmission (
    id INTEGER PRIMARY KEY,
    sensor TEXT,
    class TEXT,
    start_ns INTEGER,
    duration_ns INTEGER,
    center_hz REAL,
    bandwidth_hz REAL,
    snr_db REAL,
    level_dbfs REAL,
    offset_hz REAL,
    bursts INTEGER,
    on_s REAL,
    burst_s REAL,
    period_s REAL,
    flags INTEGER,
    trail BLOB,
    class_score REAL,
    class_rivals TEXT
) STRICT;

-- name: create_staged_observation
CREATE TEMP TABLE IF NOT EXISTS staged_observation (
    id INTEGER PRIMARY KEY,
    sensor TEXT,
    state INTEGER,
    cause TEXT,
    start_ns INTEGER,
    stop_ns INTEGER,
    low_hz REAL,
    high_hz REAL,
    rate_sps REAL,
    samples INTEGER,
    floor_dbfs_hz REAL,
    floor_error_db REAL,
    weakest_dbfs REAL
) STRICT;

-- Cells that lose rows when a run is replaced.
-- name: create_touched
CREATE TEMP TABLE IF NOT EXISTS touched (cell INTEGER PRIMARY KEY) STRICT;

-- name: clear_staged_transmissions
DELETE FROM temp.staged_transmission;

-- name: clear_staged_observations
DELETE FROM temp.staged_observation;

-- name: clear_touched
DELETE FROM temp.touched;

-- name: stage_transmission
INSERT INTO temp.staged_transmission VALUES (:id, :sensor, :class, :start_ns, :duration_ns,
    :center_hz, :bandwidth_hz, :snr_db, :level_dbfs, :offset_hz, :bursts, :on_s, :burst_s,
    :period_s, :flags, :trail, :class_score, :class_rivals);

-- name: stage_observation
INSERT INTO temp.staged_observation (sensor, state, cause, start_ns, stop_ns, low_hz, high_hz,
    rate_sps, samples, floor_dbfs_hz, floor_error_db, weakest_dbfs)
VALUES (:sensor, :state, :cause, :start_ns, :stop_ns, :low_hz, :high_hz, :rate_sps, :samples,
    :floor_dbfs_hz, :floor_error_db, :weakest_dbfs);

-- name: insert_sensors
INSERT OR IGNORE INTO main.sensor (name)
SELECT sensor FROM temp.staged_transmission UNION SELECT sensor FROM temp.staged_observation
UNION SELECT :sensor;

-- name: insert_classes
INSERT OR IGNORE INTO main.class (name) SELECT DISTINCT class FROM temp.staged_transmission;

-- name: insert_transmissions
INSERT INTO main.transmission (id, run_id, sensor_id, class_id, start_ns, duration_ns, center_hz,
    bandwidth_hz, snr_db, level_dbfs, offset_hz, bursts, on_s, burst_s, period_s, flags, trail,
    class_score, class_rivals)
SELECT s.id, :run_id, sensor.id, class.id, s.start_ns, s.duration_ns, s.center_hz, s.bandwidth_hz,
    s.snr_db, s.level_dbfs, s.offset_hz, s.bursts, s.on_s, s.burst_s, s.period_s, s.flags,
    s.trail, s.class_score, s.class_rivals
FROM temp.staged_transmission AS s
CROSS JOIN main.sensor ON sensor.name = s.sensor
CROSS JOIN main.class ON class.name = s.class
ORDER BY s.id;

-- name: insert_observations
INSERT INTO main.observation (id, run_id, sensor_id, state, cause, start_ns, stop_ns, low_hz,
    high_hz, rate_sps, samples, floor_dbfs_hz, floor_error_db, weakest_dbfs)
SELECT :first_id - 1 + s.id, :run_id, sensor.id, s.state, s.cause, s.start_ns, s.stop_ns, s.low_hz,
    s.high_hz, s.rate_sps, s.samples, s.floor_dbfs_hz, s.floor_error_db, s.weakest_dbfs
FROM temp.staged_observation AS s
CROSS JOIN main.sensor ON sensor.name = s.sensor
ORDER BY s.id;

-- Truncation moves a value by less than one, hence - 1 and + 1; 1577836800 s is 2020-01-01.
-- name: insert_transmission_boxes
INSERT OR REPLACE INTO main.transmission_box (cell, first_s, last_s, low_khz, high_khz, longest_ns)
SELECT
    n.cell,
    min(n.first_s, ifnull(b.first_s, n.first_s)),
    max(n.last_s, ifnull(b.last_s, n.last_s)),
    min(n.low_khz, ifnull(b.low_khz, n.low_khz)),
    max(n.high_khz, ifnull(b.high_khz, n.high_khz)),
    max(n.longest_ns, ifnull(b.longest_ns, 0))
FROM (
    SELECT
        cell,
        max(-2147483648, min(start_ns) / 1000000000 - 1577836801) AS first_s,
        min(2147483647, max(start_ns + duration_ns) / 1000000000 - 1577836799) AS last_s,
        max(-2147483648, CAST(min(center_hz - bandwidth_hz / 2) / 1e3 AS INTEGER) - 1) AS low_khz,
        min(2147483647, CAST(max(center_hz + bandwidth_hz / 2) / 1e3 AS INTEGER) + 1) AS high_khz,
        max(duration_ns) AS longest_ns
    FROM main.transmission
    WHERE id BETWEEN :first_id AND :last_id
    GROUP BY +cell
) AS n
LEFT JOIN main.transmission_box AS b ON b.cell = n.cell;

-- name: insert_observation_boxes
INSERT OR REPLACE INTO main.observation_box (cell, first_s, last_s, low_khz, high_khz, longest_ns)
SELECT
    n.cell,
    min(n.first_s, ifnull(b.first_s, n.first_s)),
    max(n.last_s, ifnull(b.last_s, n.last_s)),
    min(n.low_khz, ifnull(b.low_khz, n.low_khz)),
    max(n.high_khz, ifnull(b.high_khz, n.high_khz)),
    max(n.longest_ns, ifnull(b.longest_ns, 0))
FROM (
    SELECT
        cell,
        max(-2147483648, min(start_ns) / 1000000000 - 1577836801) AS first_s,
        min(2147483647, max(stop_ns) / 1000000000 - 1577836799) AS last_s,
        max(-2147483648, CAST(min(low_hz) / 1e3 AS INTEGER) - 1) AS low_khz,
        min(2147483647, CAST(max(high_hz) / 1e3 AS INTEGER) + 1) AS high_khz,
        max(stop_ns - start_ns) AS longest_ns
    FROM main.observation
    WHERE id BETWEEN :first_id AND :last_id
    GROUP BY +cell
) AS n
LEFT JOIN main.observation_box AS b ON b.cell = n.cell;

-- name: insert_run
INSERT INTO run (id, sensor_id, verb, version, input, input_sha512, options, plan, started_ns,
    first_ns, last_ns, no_clock, incomplete, note, first_transmission_id, last_transmission_id,
    first_observation_id, last_observation_id, label, rows_first_ns, rows_last_ns)
SELECT :run_id, id, :verb, :version, :input, :input_sha512, :options, :plan, :started_ns,
    :first_ns, :last_ns, :no_clock, :incomplete, :note, :first_transmission_id,
    :last_transmission_id, :first_observation_id, :last_observation_id, :label,
    (SELECT min(start_ns) FROM (SELECT start_ns FROM temp.staged_transmission
        UNION ALL SELECT start_ns FROM temp.staged_observation)),
    (SELECT max(start_ns) FROM (SELECT start_ns FROM temp.staged_transmission
        UNION ALL SELECT start_ns FROM temp.staged_observation))
FROM sensor WHERE name = :sensor;

-- name: staged_ids
SELECT min(id), max(id), (SELECT count(*) FROM temp.staged_observation)
FROM temp.staged_transmission;

-- The runs that this one replaces. A run without a digest of its input replaces none.
-- name: replaced_runs
SELECT id, first_transmission_id, last_transmission_id, first_observation_id, last_observation_id
FROM run
WHERE input_sha512 = :input_sha512 AND input_sha512 <> '' AND verb = :verb
    AND sensor_id = (SELECT id FROM sensor WHERE name = :sensor);

-- name: delete_run
DELETE FROM run WHERE id = :run_id;

-- name: touch_transmissions
INSERT OR IGNORE INTO temp.touched SELECT cell FROM main.transmission
WHERE id BETWEEN :first_id AND :last_id;

-- name: delete_transmissions
DELETE FROM transmission WHERE id BETWEEN :first_id AND :last_id;

-- name: delete_empty_transmission_boxes
DELETE FROM transmission_box WHERE cell IN (
    SELECT cell FROM temp.touched AS t
    WHERE NOT EXISTS (SELECT 1 FROM main.transmission AS r WHERE r.cell = t.cell)
);

-- name: touch_observations
INSERT OR IGNORE INTO temp.touched SELECT cell FROM main.observation
WHERE id BETWEEN :first_id AND :last_id;

-- Evidence that is no more. Incidents and their findings stay.
-- name: delete_evidence
DELETE FROM incident_transmission WHERE transmission_id BETWEEN :first_id AND :last_id;

-- name: delete_observations
DELETE FROM observation WHERE id BETWEEN :first_id AND :last_id;

-- name: delete_empty_observation_boxes
DELETE FROM observation_box WHERE cell IN (
    SELECT cell FROM temp.touched AS t
    WHERE NOT EXISTS (SELECT 1 FROM main.observation AS r WHERE r.cell = t.cell)
);

-- A run that grows (src/store/live.c): each append is a transaction of its own. A row takes the place
-- of the one with its id.

-- name: insert_live_sensor
INSERT OR IGNORE INTO sensor (name) VALUES (:sensor);

-- name: insert_live_class
INSERT OR IGNORE INTO class (name) VALUES (:class);

-- name: insert_live_run
INSERT INTO run (id, sensor_id, verb, version, input, input_sha512, options, plan, started_ns,
    first_ns, last_ns, no_clock, incomplete, note, first_transmission_id, last_transmission_id,
    first_observation_id, last_observation_id, label)
SELECT :run_id, id, :verb, :version, :input, :input_sha512, :options, :plan, :started_ns,
    :first_ns, :last_ns, :no_clock, :incomplete, :note, :first_transmission_id,
    :first_transmission_id - 1, :first_observation_id, :first_observation_id - 1, :label
FROM sensor WHERE name = :sensor;

-- name: open_run
INSERT INTO open_run VALUES (:run_id);

-- name: close_run
DELETE FROM open_run WHERE run_id = :run_id;

-- name: is_open_run
SELECT count(*) FROM open_run WHERE run_id = :run_id;

-- Runs of a sensor that nobody finished, with where their ledgers end.
-- name: broken_runs
SELECT run.id, run.first_ns, run.last_ns, run.last_observation_id, o.low_hz, o.high_hz, o.rate_sps
FROM open_run
CROSS JOIN run ON run.id = open_run.run_id
JOIN sensor ON sensor.id = run.sensor_id
LEFT JOIN observation AS o ON o.id = run.last_observation_id
WHERE sensor.name = :sensor;

-- name: note_broken_run
UPDATE run SET incomplete = 1, note = note || iif(note = '', '', '; ')
    || 'ended without being closed: what was heard in its last moments is not here'
WHERE id = :run_id;

-- first_ns holds what the oldest row that is kept says, once there are rows.
-- name: update_live_run
UPDATE run SET
    input = :input,
    options = :options,
    plan = :plan,
    first_ns = iif(last_observation_id < first_observation_id, :first_ns, first_ns),
    last_ns = :last_ns,
    no_clock = :no_clock,
    incomplete = :incomplete,
    note = :note,
    last_transmission_id = max(last_transmission_id, :last_transmission_id),
    last_observation_id = max(last_observation_id, :last_observation_id),
    rows_first_ns = min(ifnull(rows_first_ns, :rows_first_ns), ifnull(:rows_first_ns, rows_first_ns)),
    rows_last_ns = max(ifnull(rows_last_ns, :rows_last_ns), ifnull(:rows_last_ns, rows_last_ns))
WHERE id = :run_id;

-- name: extend_broken_run
UPDATE run SET last_ns = :last_ns, last_observation_id = :last_observation_id,
    rows_last_ns = max(rows_last_ns, :rows_last_ns)
WHERE id = :run_id;

-- name: give_back_live_ids
UPDATE next_id SET
    transmission_id = iif(transmission_id = :until_transmission_id,
        run.last_transmission_id + 1, transmission_id),
    observation_id = iif(observation_id = :until_observation_id,
        run.last_observation_id + 1, observation_id)
FROM run WHERE run.id = :run_id;

-- name: transmission_cell
SELECT cell FROM transmission WHERE id = :id;

-- name: put_transmission
INSERT INTO transmission (id, run_id, sensor_id, class_id, start_ns, duration_ns, center_hz,
    bandwidth_hz, snr_db, level_dbfs, offset_hz, bursts, on_s, burst_s, period_s, flags, trail,
    class_score, class_rivals)
VALUES (:id, :run_id, (SELECT id FROM sensor WHERE name = :sensor),
    (SELECT id FROM class WHERE name = :class), :start_ns, :duration_ns, :center_hz,
    :bandwidth_hz, :snr_db, :level_dbfs, :offset_hz, :bursts, :on_s, :burst_s, :period_s, :flags,
    :trail, :class_score, :class_rivals)
ON CONFLICT (id) DO UPDATE SET
    class_id = excluded.class_id, start_ns = excluded.start_ns, duration_ns = excluded.duration_ns,
    center_hz = excluded.center_hz, bandwidth_hz = excluded.bandwidth_hz,
    snr_db = excluded.snr_db, level_dbfs = excluded.level_dbfs, offset_hz = excluded.offset_hz,
    bursts = excluded.bursts, on_s = excluded.on_s, burst_s = excluded.burst_s,
    period_s = excluded.period_s, flags = excluded.flags, trail = excluded.trail,
    class_score = excluded.class_score, class_rivals = excluded.class_rivals;

-- name: drop_empty_transmission_box
DELETE FROM transmission_box WHERE cell = :cell
    AND NOT EXISTS (SELECT 1 FROM transmission AS t WHERE t.cell = :cell);

-- name: observation_cell
SELECT cell FROM observation WHERE id = :id;

-- name: put_observation
INSERT INTO observation (id, run_id, sensor_id, state, cause, start_ns, stop_ns, low_hz, high_hz,
    rate_sps, samples, floor_dbfs_hz, floor_error_db, weakest_dbfs)
VALUES (:id, :run_id, (SELECT id FROM sensor WHERE name = :sensor), :state, :cause, :start_ns,
    :stop_ns, :low_hz, :high_hz, :rate_sps, :samples, :floor_dbfs_hz, :floor_error_db,
    :weakest_dbfs)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, cause = excluded.cause, start_ns = excluded.start_ns,
    stop_ns = excluded.stop_ns, low_hz = excluded.low_hz, high_hz = excluded.high_hz,
    rate_sps = excluded.rate_sps, samples = excluded.samples,
    floor_dbfs_hz = excluded.floor_dbfs_hz, floor_error_db = excluded.floor_error_db,
    weakest_dbfs = excluded.weakest_dbfs;

-- name: drop_empty_observation_box
DELETE FROM observation_box WHERE cell = :cell
    AND NOT EXISTS (SELECT 1 FROM observation AS o WHERE o.cell = :cell);

-- name: sensor_id
SELECT id FROM sensor WHERE name = :name;

-- name: class_id
SELECT id FROM class WHERE name = :name;

-- name: runs
SELECT run.id, sensor.name, verb, version, input, input_sha512, options, plan, started_ns, first_ns,
    last_ns, no_clock, incomplete, note, label
FROM run JOIN sensor ON sensor.id = run.sensor_id
ORDER BY run.id;

-- Runs whose levels can be said in dBm.
-- name: calibrated_runs
SELECT id, options FROM run WHERE instr(options, '"calibration"') > 0 ORDER BY id;

-- A walk reads slices of time in order. It begins with rows_from: where the next row can start and
-- the last one starts. dense_from guesses how many rows a second to expect there.

-- name: rows_from
SELECT min(max(rows_first_ns, :from_ns)), max(rows_last_ns) FROM run
WHERE rows_last_ns >= :from_ns;

-- name: dense_from
SELECT last_transmission_id - first_transmission_id + last_observation_id - first_observation_id + 2,
    last_ns - first_ns
FROM run WHERE rows_last_ns >= :from_ns ORDER BY rows_last_ns LIMIT 1;

-- Rows that start in [from_ns, until_ns); with reach = 1 also those that started before and stop
-- after from_ns.
-- name: transmissions_in_slice
SELECT t.id, t.run_id, sensor.name, class.name, t.start_ns, t.duration_ns, t.center_hz,
    t.bandwidth_hz, t.snr_db, t.level_dbfs, t.offset_hz, t.bursts, t.on_s, t.burst_s, t.period_s,
    t.flags, t.trail, t.class_score, t.class_rivals
FROM transmission_box AS b
CROSS JOIN transmission AS t ON t.cell = b.cell
CROSS JOIN sensor ON sensor.id = t.sensor_id
CROSS JOIN class ON class.id = t.class_id
WHERE b.first_s <= :until_s AND b.last_s >= :from_s
    AND b.low_khz <= :high_khz AND b.high_khz >= :low_khz
    AND t.start_ns >= :from_ns - :reach * b.longest_ns AND t.start_ns < :until_ns
    AND t.start_ns + t.duration_ns > :from_ns
    AND t.center_hz - t.bandwidth_hz / 2 <= :high_hz
    AND t.center_hz + t.bandwidth_hz / 2 >= :low_hz
    AND :sensor_id IN (0, t.sensor_id) AND :class_id IN (0, t.class_id)
ORDER BY t.start_ns, t.center_hz, t.id;

-- Which rows start in a slice, from the index alone.
-- name: starts_in_slice
SELECT t.id, t.start_ns
FROM transmission_box AS b
CROSS JOIN transmission AS t INDEXED BY transmission_cell ON t.cell = b.cell
WHERE b.first_s <= :until_s AND b.last_s >= :from_s
    AND t.start_ns >= :from_ns AND t.start_ns < :until_ns;

-- All that start in a slice, where ids ascend with time: the columns of transmissions_in_slice.
-- name: transmissions_in_stretch
SELECT t.id, t.run_id, sensor.name, class.name, t.start_ns, t.duration_ns, t.center_hz,
    t.bandwidth_hz, t.snr_db, t.level_dbfs, t.offset_hz, t.bursts, t.on_s, t.burst_s, t.period_s,
    t.flags, t.trail, t.class_score, t.class_rivals
FROM transmission AS t
CROSS JOIN sensor ON sensor.id = t.sensor_id
CROSS JOIN class ON class.id = t.class_id
WHERE t.id BETWEEN :first_id AND :last_id AND t.start_ns >= :from_ns AND t.start_ns < :until_ns
ORDER BY t.id;

-- name: observations_in_slice
SELECT o.id, o.run_id, sensor.name, o.state, o.cause, o.start_ns, o.stop_ns, o.low_hz, o.high_hz,
    o.rate_sps, o.samples, o.floor_dbfs_hz, o.floor_error_db, o.weakest_dbfs
FROM observation_box AS b
CROSS JOIN observation AS o ON o.cell = b.cell
CROSS JOIN sensor ON sensor.id = o.sensor_id
WHERE b.first_s <= :until_s AND b.last_s >= :from_s
    AND b.low_khz <= :high_khz AND b.high_khz >= :low_khz
    AND o.start_ns >= :from_ns - :reach * b.longest_ns AND o.start_ns < :until_ns
    AND o.stop_ns > :from_ns
    AND o.low_hz <= :high_hz AND o.high_hz >= :low_hz
    AND :sensor_id IN (0, o.sensor_id)
ORDER BY o.start_ns, (o.low_hz + o.high_hz) / 2, o.id;

-- Permits, findings and incidents (src/store/patterns.c).

-- name: insert_permit
INSERT INTO permit (owner, purpose, place, low_hz, high_hz, since_ns, until_ns)
VALUES (:owner, :purpose, :place, :low_hz, :high_hz, :since_ns, :until_ns) RETURNING id;

-- name: permit_span
SELECT since_ns, until_ns FROM permit WHERE id = :id;

-- name: end_permit
UPDATE permit SET until_ns = :until_ns WHERE id = :id;

-- name: permits
SELECT id, owner, purpose, place, low_hz, high_hz, since_ns, until_ns FROM permit ORDER BY id;

-- name: delete_findings
DELETE FROM finding WHERE kind = :kind AND version = :version;

-- name: put_search
INSERT OR REPLACE INTO pattern_search (kind, version, searches, trials, rows, run_ns)
VALUES (:kind, :version, :searches, :trials, :rows, :run_ns);

-- name: insert_sensor
INSERT OR IGNORE INTO sensor (name) VALUES (:name);

-- name: put_incident
INSERT INTO incident (id, kind, version, severity, false_alarm_probability, log10_p, start_ns,
    stop_ns, low_hz, high_hz, sensor_id, parameters, intervals, rivals, words, limits, searches,
    trials, findings, confirmed, confirm_log10_p, permit_id, band,
    company)
SELECT nullif(:id, 0), :kind, :version, :severity, :false_alarm_probability, :log10_p, :start_ns,
    :stop_ns, :low_hz, :high_hz, sensor.id, :parameters, :intervals, :rivals, :words, :limits,
    :searches, :trials, :findings, :confirmed, :confirm_log10_p, nullif(:permit, 0), :band,
    :company
FROM sensor WHERE sensor.name = :sensor
ON CONFLICT (id) DO UPDATE SET severity = excluded.severity,
    false_alarm_probability = excluded.false_alarm_probability, log10_p = excluded.log10_p,
    start_ns = excluded.start_ns, stop_ns = excluded.stop_ns, low_hz = excluded.low_hz,
    high_hz = excluded.high_hz, parameters = excluded.parameters, intervals = excluded.intervals,
    rivals = excluded.rivals, words = excluded.words, limits = excluded.limits,
    searches = excluded.searches, trials = excluded.trials, findings = excluded.findings,
    confirmed = excluded.confirmed, confirm_log10_p = excluded.confirm_log10_p,
    permit_id = excluded.permit_id, band = excluded.band, company = excluded.company
RETURNING id;

-- name: insert_finding
INSERT INTO finding (incident_id, kind, version, false_alarm_probability, log10_p, start_ns, stop_ns,
    low_hz, high_hz, sensor_id, parameters, intervals)
SELECT :incident_id, :kind, :version, :false_alarm_probability, :log10_p, :start_ns, :stop_ns,
    :low_hz, :high_hz, sensor.id, :parameters, :intervals
FROM sensor WHERE sensor.name = :sensor;

-- name: insert_evidence
INSERT OR IGNORE INTO incident_transmission (incident_id, transmission_id)
VALUES (:incident_id, :transmission_id);

-- The last row of growth, unless nothing has changed since. Evidence is all that the incident rests
-- on, of whichever run and finding; that of further findings of this run is counted when they come.
-- name: put_growth
INSERT OR REPLACE INTO incident_growth (incident_id, run_ns, last_ns, severity, log10_p, findings,
    evidence)
SELECT :incident_id, :run_ns, :last_ns, :severity, :log10_p, :findings, e.rows
FROM (SELECT count(*) AS rows FROM incident_transmission WHERE incident_id = :incident_id) AS e
WHERE NOT EXISTS (
    SELECT 1 FROM incident_growth AS g WHERE g.incident_id = :incident_id
        AND g.run_ns = (SELECT max(run_ns) FROM incident_growth WHERE incident_id = :incident_id)
        AND g.severity = :severity AND g.log10_p = :log10_p AND g.findings = :findings
        AND g.evidence = e.rows
);

-- name: count_growth
UPDATE incident_growth SET evidence =
    (SELECT count(*) FROM incident_transmission WHERE incident_id = :incident_id)
WHERE incident_id = :incident_id
    AND run_ns = (SELECT max(run_ns) FROM incident_growth WHERE incident_id = :incident_id);

-- name: growth
SELECT last_ns, severity, log10_p, findings, evidence FROM incident_growth
WHERE incident_id = :incident_id ORDER BY run_ns;

-- name: set_pattern_state
INSERT OR REPLACE INTO pattern_state (one, program, runs, until_ns, rows, bytes)
VALUES (1, :program, :runs, :until_ns, :rows, :bytes);

-- name: pattern_state
SELECT program, runs, until_ns, rows, bytes FROM pattern_state WHERE one = 1;

-- name: incidents
SELECT i.id, i.kind, i.version, i.severity, i.log10_p, i.start_ns, i.stop_ns, i.low_hz, i.high_hz,
    sensor.name, i.parameters, i.intervals, i.rivals, i.words, i.limits, i.searches, i.trials,
    i.findings, i.confirmed, i.confirm_log10_p, i.permit_id, i.band, i.company,
    iif(EXISTS (SELECT 1 FROM run WHERE label <> ''), (
        SELECT group_concat(label, ' + ') FROM (
            SELECT DISTINCT run.label FROM incident_transmission AS e
            CROSS JOIN transmission AS t ON t.id = e.transmission_id
            CROSS JOIN run ON run.id = t.run_id
            WHERE e.incident_id = i.id AND run.label <> '' ORDER BY run.label)), '')
FROM incident AS i JOIN sensor ON sensor.id = i.sensor_id
WHERE i.start_ns < :until_ns AND i.stop_ns > :since_ns
    AND i.low_hz <= :high_hz AND i.high_hz >= :low_hz
    AND :sensor_id IN (0, i.sensor_id) AND :kind IN ('', i.kind) AND i.severity >= :min_severity
    AND :id IN (0, i.id)
ORDER BY i.start_ns, i.id;

-- name: evidence
SELECT transmission_id FROM incident_transmission WHERE incident_id = :incident_id
ORDER BY transmission_id;

-- name: evidence_rows
SELECT t.id, t.run_id, sensor.name, class.name, t.start_ns, t.duration_ns, t.center_hz,
    t.bandwidth_hz, t.snr_db, t.level_dbfs, t.offset_hz, t.bursts, t.on_s, t.burst_s, t.period_s,
    t.flags, t.trail, t.class_score, t.class_rivals
FROM incident_transmission AS e
JOIN transmission AS t ON t.id = e.transmission_id
JOIN sensor ON sensor.id = t.sensor_id
JOIN class ON class.id = t.class_id
WHERE e.incident_id = :incident_id
ORDER BY t.start_ns, t.center_hz, t.id;

-- The check of a database: each statement returns one line of text for each problem.

-- name: check_integrity
SELECT replace(replace(integrity_check, '*** in database main ***' || char(10), ''), char(10), '; ')
FROM pragma_integrity_check WHERE integrity_check <> 'ok';

-- name: check_foreign_keys
SELECT printf('row %d of table %s names a %s that does not exist', "rowid", "table", parent)
FROM pragma_foreign_key_check;

-- name: check_rtree
SELECT 'transmission_box: ' || replace(text, char(10), '; ')
FROM (SELECT rtreecheck('main', 'transmission_box') AS text) WHERE text <> 'ok'
UNION ALL
SELECT 'observation_box: ' || replace(text, char(10), '; ')
FROM (SELECT rtreecheck('main', 'observation_box') AS text) WHERE text <> 'ok';

-- name: check_transmission_boxes
SELECT printf('transmission %d is outside the box of its cell', t.id)
FROM transmission AS t LEFT JOIN transmission_box AS b ON b.cell = t.cell
WHERE b.cell IS NULL
    OR b.longest_ns < t.duration_ns
    OR (b.first_s > -2147483648 AND b.first_s + 1577836800 > t.start_ns / 1000000000)
    OR (b.last_s < 2147483647 AND b.last_s + 1577836800 < (t.start_ns + t.duration_ns) / 1000000000)
    OR (b.low_khz > -2147483648 AND b.low_khz * 1e3 > t.center_hz - t.bandwidth_hz / 2)
    OR (b.high_khz < 2147483647 AND b.high_khz * 1e3 < t.center_hz + t.bandwidth_hz / 2);

-- name: check_observation_boxes
SELECT printf('observation %d is outside the box of its cell', o.id)
FROM observation AS o LEFT JOIN observation_box AS b ON b.cell = o.cell
WHERE b.cell IS NULL
    OR b.longest_ns < o.stop_ns - o.start_ns
    OR (b.first_s > -2147483648 AND b.first_s + 1577836800 > o.start_ns / 1000000000)
    OR (b.last_s < 2147483647 AND b.last_s + 1577836800 < o.stop_ns / 1000000000)
    OR (b.low_khz > -2147483648 AND b.low_khz * 1e3 > o.low_hz)
    OR (b.high_khz < 2147483647 AND b.high_khz * 1e3 < o.high_hz);

-- name: check_empty_boxes
SELECT printf('box of cell %d holds no transmission', b.cell) FROM transmission_box AS b
WHERE NOT EXISTS (SELECT 1 FROM transmission AS t WHERE t.cell = b.cell)
UNION ALL
SELECT printf('box of cell %d holds no observation', b.cell) FROM observation_box AS b
WHERE NOT EXISTS (SELECT 1 FROM observation AS o WHERE o.cell = b.cell);

-- name: check_run_rows
SELECT printf('transmission %d is outside the ids of its run %d', t.id, run_id)
FROM transmission AS t JOIN run ON run.id = t.run_id
WHERE t.id NOT BETWEEN first_transmission_id AND last_transmission_id
UNION ALL
SELECT printf('observation %d is outside the ids of its run %d', o.id, run_id)
FROM observation AS o JOIN run ON run.id = o.run_id
WHERE o.id NOT BETWEEN first_observation_id AND last_observation_id
UNION ALL
SELECT printf('transmission %d starts outside the times of its run %d', t.id, run_id)
FROM transmission AS t JOIN run ON run.id = t.run_id
WHERE t.start_ns NOT BETWEEN rows_first_ns AND rows_last_ns
UNION ALL
SELECT printf('observation %d starts outside the times of its run %d', o.id, run_id)
FROM observation AS o JOIN run ON run.id = o.run_id
WHERE o.start_ns NOT BETWEEN rows_first_ns AND rows_last_ns;

-- The ledger of a run that analysed samples: rows abut from first_ns to last_ns, or from where
-- retention has cut it. An imported log lists what was observed only.
-- name: check_ledger_steps
SELECT CASE WHEN start_ns > before_ns
    THEN printf('run %d: ledger has a hole of %d ns before observation %d', run_id,
        start_ns - before_ns, id)
    ELSE printf('run %d: ledger counts %d ns twice at observation %d', run_id,
        before_ns - start_ns, id) END
FROM (
    SELECT o.run_id, o.id, o.start_ns, ifnull(
        lag(o.stop_ns) OVER (PARTITION BY o.run_id ORDER BY o.start_ns, o.stop_ns, o.id),
        iif(run.first_ns < cut.before_ns, o.start_ns, run.first_ns)) AS before_ns
    FROM observation AS o JOIN run ON run.id = o.run_id
    CROSS JOIN (SELECT ifnull(max(before_ns), -9223372036854775807) AS before_ns FROM pruning
        WHERE what = 'observation') AS cut
    WHERE run.verb <> 'import' AND o.stop_ns > cut.before_ns
)
WHERE start_ns <> before_ns;

-- name: check_ledger_sum
SELECT printf('run %d: ledger sums up to %d ns of %d ns wall time', id, sum_ns, last_ns - from_ns)
FROM (
    SELECT run.id, run.last_ns,
        (SELECT ifnull(sum(stop_ns - start_ns), 0) FROM observation AS o
            WHERE o.id BETWEEN first_observation_id AND last_observation_id
                AND o.stop_ns > cut.before_ns) AS sum_ns,
        iif(run.first_ns >= cut.before_ns, run.first_ns,
            (SELECT ifnull(min(start_ns), run.last_ns) FROM observation AS o
                WHERE o.id BETWEEN first_observation_id AND last_observation_id
                    AND o.stop_ns > cut.before_ns)) AS from_ns
    FROM run
    CROSS JOIN (SELECT ifnull(max(before_ns), -9223372036854775807) AS before_ns FROM pruning
        WHERE what = 'observation') AS cut
    WHERE verb <> 'import'
)
WHERE last_ns - from_ns <> sum_ns;

-- Health.

-- name: insert_health
INSERT INTO health (sensor_id, t_ns, subject, level, value, unit, text)
SELECT id, :t_ns, :subject, :level, :value, :unit, :text FROM sensor WHERE name = :sensor;

-- name: health_between
SELECT h.id, sensor.name, h.t_ns, h.subject, h.level, h.value, h.unit, h.text
FROM health AS h JOIN sensor ON sensor.id = h.sensor_id
WHERE h.t_ns >= :since_ns AND h.t_ns < :until_ns AND :sensor_id IN (0, h.sensor_id)
ORDER BY h.t_ns, h.id;

-- Retention. A table is pruned up to a time: rows that end before it go, but for those that overlap
-- a pin, and the evidence of incidents. The high bits of a cell are its 65536 s of time, so the
-- index on cells walks through time.

-- name: transmission_cell_after
SELECT min(cell) FROM transmission WHERE cell > :after AND cell < :limit;

-- name: observation_cell_after
SELECT min(cell) FROM observation WHERE cell > :after AND cell < :limit;

-- name: prune_transmissions
DELETE FROM transmission WHERE id IN (
    SELECT t.id FROM transmission AS t
    WHERE t.cell = :cell AND t.start_ns < :before_ns AND t.start_ns + t.duration_ns <= :before_ns
        AND NOT EXISTS (SELECT 1 FROM pin AS p
            WHERE p.start_ns < t.start_ns + t.duration_ns AND p.stop_ns > t.start_ns
                AND p.low_hz <= t.center_hz + t.bandwidth_hz / 2
                AND p.high_hz >= t.center_hz - t.bandwidth_hz / 2)
        AND NOT EXISTS (SELECT 1 FROM incident_transmission AS e WHERE e.transmission_id = t.id)
    LIMIT :room
);

-- name: prune_observations
DELETE FROM observation WHERE id IN (
    SELECT o.id FROM observation AS o
    WHERE o.cell = :cell AND o.start_ns < :before_ns AND o.stop_ns <= :before_ns
        AND NOT EXISTS (SELECT 1 FROM pin AS p
            WHERE p.start_ns < o.stop_ns AND p.stop_ns > o.start_ns
                AND p.low_hz <= o.high_hz AND p.high_hz >= o.low_hz)
        AND NOT EXISTS (SELECT 1 FROM incident AS i
            WHERE i.start_ns < o.stop_ns AND i.stop_ns > o.start_ns
                AND i.low_hz <= o.high_hz AND i.high_hz >= o.low_hz)
    LIMIT :room
);

-- name: prune_health
DELETE FROM health WHERE id IN (SELECT id FROM health WHERE t_ns < :before_ns LIMIT :room);

-- Rows old enough, and those of them that stay.

-- name: count_old_transmissions
SELECT count(*) FROM transmission AS t
WHERE t.cell < :limit AND t.start_ns < :before_ns AND t.start_ns + t.duration_ns <= :before_ns;

-- name: count_old_observations
SELECT count(*) FROM observation AS o
WHERE o.cell < :limit AND o.start_ns < :before_ns AND o.stop_ns <= :before_ns;

-- name: count_old_health
SELECT count(*) FROM health WHERE t_ns < :before_ns;

-- name: count_pinned_transmissions
SELECT count(*) FROM transmission AS t
WHERE t.cell < :limit AND t.start_ns < :before_ns AND t.start_ns + t.duration_ns <= :before_ns
    AND (EXISTS (SELECT 1 FROM pin AS p
        WHERE p.start_ns < t.start_ns + t.duration_ns AND p.stop_ns > t.start_ns
            AND p.low_hz <= t.center_hz + t.bandwidth_hz / 2
            AND p.high_hz >= t.center_hz - t.bandwidth_hz / 2)
        OR EXISTS (SELECT 1 FROM incident_transmission AS e WHERE e.transmission_id = t.id));

-- name: count_pinned_observations
SELECT count(*) FROM observation AS o
WHERE o.cell < :limit AND o.start_ns < :before_ns AND o.stop_ns <= :before_ns
    AND (EXISTS (SELECT 1 FROM pin AS p
        WHERE p.start_ns < o.stop_ns AND p.stop_ns > o.start_ns
            AND p.low_hz <= o.high_hz AND p.high_hz >= o.low_hz)
        OR EXISTS (SELECT 1 FROM incident AS i
            WHERE i.start_ns < o.stop_ns AND i.stop_ns > o.start_ns
                AND i.low_hz <= o.high_hz AND i.high_hz >= o.low_hz));

-- name: count_pinned_health
SELECT 0;

-- Rows by time, oldest first: the start of each 65536 s, and how many start in it.

-- name: transmission_days
SELECT (cell >> 35) * 65536000000000, count(*) FROM transmission GROUP BY cell >> 35;

-- name: observation_days
SELECT (cell >> 35) * 65536000000000, count(*) FROM observation GROUP BY cell >> 35;

-- name: health_days
SELECT (t_ns / 65536000000000) * 65536000000000, count(*) FROM health
GROUP BY t_ns / 65536000000000;

-- name: insert_pruning
INSERT INTO pruning (t_ns, what, reason, before_ns, rows, pinned)
VALUES (:t_ns, :what, :reason, :before_ns, :rows, :pinned);

-- name: prunings
SELECT t_ns, what, reason, before_ns, rows, pinned FROM pruning ORDER BY id;

-- name: insert_pin
INSERT INTO pin (case_id, start_ns, stop_ns, low_hz, high_hz, since_ns)
VALUES (:case_id, :start_ns, :stop_ns, :low_hz, :high_hz, :since_ns);

-- name: delete_pins
DELETE FROM pin WHERE case_id = :case_id;

-- name: pins
SELECT case_id, start_ns, stop_ns, low_hz, high_hz, since_ns FROM pin ORDER BY case_id, id;

-- name: insert_snippet
INSERT INTO snippet (sensor_id, transmission_id, case_id, path, sha512, start_ns, duration_ns,
    center_hz, rate_sps, bytes, expires_ns)
SELECT id, :transmission_id, :case_id, :path, :sha512, :start_ns, :duration_ns, :center_hz,
    :rate_sps, :bytes, :expires_ns
FROM sensor WHERE name = :sensor;

-- name: snippet_bytes
SELECT ifnull(sum(bytes), 0) FROM snippet WHERE deleted_ns IS NULL;

-- name: snippets_of_incident
SELECT path FROM snippet WHERE deleted_ns IS NULL AND transmission_id IN (
    SELECT transmission_id FROM incident_transmission WHERE incident_id = :incident_id)
ORDER BY start_ns, id;

-- name: expired_snippets
SELECT id, path FROM snippet WHERE deleted_ns IS NULL AND expires_ns <= :now_ns ORDER BY id;

-- name: mark_snippet_deleted
UPDATE snippet SET deleted_ns = :now_ns WHERE id = :id;

-- The chain (src/store/chain.c, verify.c). The chain_text_... queries are the canonical form of what a
-- link is about, a line of JSON a row, with the column names as keys: none may ever change, as the
-- hashes of links were made from it. A table that grows is covered by a new query beside the old one.

-- name: chain_head
SELECT seq, hash FROM chain_head WHERE one = 1;

-- name: insert_link
INSERT INTO chain (seq, t_ns, what, subject, text, content, previous, hash)
VALUES (:seq, :t_ns, :what, :subject, :text, :content, :previous, :hash);

-- name: set_chain_head
UPDATE chain_head SET seq = :seq, hash = :hash;

-- name: last_link
SELECT seq, content FROM chain WHERE what = :what AND subject = :subject ORDER BY seq DESC LIMIT 1;

-- name: links
SELECT c.seq, c.t_ns, c.what, c.subject, c.text, c.content, c.previous, c.hash, NOT EXISTS (
    SELECT 1 FROM chain AS later
    WHERE later.what = c.what AND later.subject = c.subject AND later.seq > c.seq)
FROM chain AS c WHERE c.seq <= :until_seq ORDER BY c.seq;

-- name: open_incidents
SELECT DISTINCT incident_id FROM incident_transmission WHERE sha256 IS NULL;

-- name: open_evidence
SELECT transmission_id FROM incident_transmission
WHERE incident_id = :subject AND sha256 IS NULL;

-- name: set_evidence_hash
UPDATE incident_transmission SET sha256 = :sha256
WHERE incident_id = :subject AND transmission_id = :transmission_id;

-- name: open_grown_evidence
UPDATE incident_transmission SET sha256 = NULL WHERE transmission_id = :id;

-- name: incidents_of_evidence
SELECT DISTINCT incident_id FROM incident_transmission
WHERE transmission_id BETWEEN :first_id AND :last_id;

-- name: evidence_hashes
SELECT transmission_id, sha256 FROM incident_transmission WHERE incident_id = :subject
ORDER BY transmission_id;

-- name: chain_text_transmission
SELECT 'transmission' AS type, t.id, t.run_id, sensor.name AS sensor, class.name AS class,
    t.start_ns, t.duration_ns, t.center_hz, t.bandwidth_hz, t.snr_db, t.level_dbfs, t.offset_hz,
    t.bursts, t.on_s, t.burst_s, t.period_s, t.flags,
    nullif(hex(t.trail), '') AS trail, t.class_score, t.class_rivals
FROM transmission AS t
LEFT JOIN sensor ON sensor.id = t.sensor_id
LEFT JOIN class ON class.id = t.class_id
WHERE t.id = :subject;

-- name: chain_text_incident
SELECT 'incident' AS type, i.id, i.kind, i.version, i.severity, i.false_alarm_probability,
    i.log10_p, i.start_ns, i.stop_ns, i.low_hz, i.high_hz, sensor.name AS sensor, i.parameters,
    i.intervals, i.rivals, i.words, i.limits, i.searches, i.trials, i.findings, i.confirmed,
    i.confirm_log10_p, i.permit_id, i.band, i.company
FROM incident AS i LEFT JOIN sensor ON sensor.id = i.sensor_id
WHERE i.id = :subject;

-- name: chain_text_growth
SELECT 'growth' AS type, run_ns, last_ns, severity, log10_p, findings, evidence
FROM incident_growth WHERE incident_id = :subject ORDER BY run_ns;

-- The options of a sensor change while it runs; those of an analysis are its own for good.
-- name: chain_text_runs
SELECT DISTINCT 'run' AS type, run.id, sensor.name AS sensor, run.verb, run.version,
    run.input_sha512, iif(run.input_sha512 = '', '', run.options) AS options, run.started_ns,
    run.no_clock, run.label
FROM incident_transmission AS e
CROSS JOIN transmission AS t ON t.id = e.transmission_id
CROSS JOIN run ON run.id = t.run_id
JOIN sensor ON sensor.id = run.sensor_id
WHERE e.incident_id = :subject ORDER BY run.id;

-- name: chain_text_evidence
SELECT 'evidence' AS type, transmission_id, sha256 FROM incident_transmission
WHERE incident_id = :subject ORDER BY transmission_id;

-- name: chain_text_deletion
SELECT 'deletion' AS type, id, t_ns, what, reason, before_ns, rows, pinned FROM pruning
WHERE id = :subject;

-- name: chain_text_permit
SELECT 'permit' AS type, id, owner, purpose, place, low_hz, high_hz, since_ns, until_ns FROM permit
WHERE id = :subject;

-- name: chain_text_snippet
SELECT 'snippet' AS type, s.id, sensor.name AS sensor, s.transmission_id, s.case_id, s.path,
    s.sha512, s.start_ns, s.duration_ns, s.center_hz, s.rate_sps, s.bytes, s.expires_ns, s.deleted_ns
FROM snippet AS s LEFT JOIN sensor ON sensor.id = s.sensor_id
WHERE s.id = :subject;

-- name: chain_text_seal
SELECT 'seal' AS type, id, t_ns, seq, public_key, signature FROM seal WHERE id = :subject;

-- Rows that should be in the chain and have no link. They are few against the transmissions.

-- name: unchained_incident
SELECT id FROM incident AS r WHERE id > :after AND NOT EXISTS (
    SELECT 1 FROM chain WHERE what = 'incident' AND subject = r.id) ORDER BY id;

-- name: unchained_deletion
SELECT id FROM pruning AS r WHERE id > :after AND NOT EXISTS (
    SELECT 1 FROM chain WHERE what = 'deletion' AND subject = r.id) ORDER BY id;

-- name: unchained_permit
SELECT id FROM permit AS r WHERE id > :after AND NOT EXISTS (
    SELECT 1 FROM chain WHERE what = 'permit' AND subject = r.id) ORDER BY id;

-- name: unchained_snippet
SELECT id FROM snippet AS r WHERE id > :after AND NOT EXISTS (
    SELECT 1 FROM chain WHERE what = 'snippet' AND subject = r.id) ORDER BY id;

-- name: unchained_seal
SELECT id FROM seal AS r WHERE id > :after AND NOT EXISTS (
    SELECT 1 FROM chain WHERE what = 'seal' AND subject = r.id) ORDER BY id;

-- name: insert_seal
INSERT INTO seal (t_ns, seq, public_key, signature)
VALUES (:t_ns, :seq, :public_key, :signature) RETURNING id;

-- name: seal_signature
SELECT seq, public_key, signature FROM seal WHERE id = :subject;

-- The first seal that covers a link.
-- name: seal_over
SELECT id, seq, public_key, signature FROM seal WHERE seq >= :seq ORDER BY seq, id LIMIT 1;
-- Emitters (src/store/emitters.c). A pattern run gathers them in temporary tables as it reads, and
-- stores them at its end.

-- name: create_staged_link
CREATE TEMP TABLE IF NOT EXISTS staged_link (
    transmission_id INTEGER PRIMARY KEY,
    emitter_id INTEGER,
    reason_id INTEGER,
    percent INTEGER
) STRICT;

-- name: create_staged_emitter
CREATE TEMP TABLE IF NOT EXISTS staged_emitter (
    id INTEGER PRIMARY KEY,
    part_of INTEGER,
    sensor TEXT,
    class TEXT,
    transmissions INTEGER,
    first_ns INTEGER,
    last_ns INTEGER,
    on_s REAL,
    low_hz REAL,
    high_hz REAL,
    center_hz REAL,
    bandwidth_hz REAL,
    duration_s REAL,
    level_dbfs REAL,
    level_spread_db REAL,
    offset_hz REAL,
    period_s REAL,
    jitter_s REAL,
    hops INTEGER,
    score REAL
) STRICT;

-- name: create_staged_event
CREATE TEMP TABLE IF NOT EXISTS staged_event (
    id INTEGER PRIMARY KEY,
    t_ns INTEGER,
    emitter_id INTEGER,
    other_id INTEGER,
    split INTEGER,
    text TEXT
) STRICT;

-- name: create_staged_reason
CREATE TEMP TABLE IF NOT EXISTS staged_reason (id INTEGER PRIMARY KEY) STRICT;

-- name: clear_staged_reasons
DELETE FROM temp.staged_reason;

-- name: clear_staged_links
DELETE FROM temp.staged_link;

-- name: clear_staged_emitters
DELETE FROM temp.staged_emitter;

-- name: clear_staged_events
DELETE FROM temp.staged_event;

-- name: stage_link
INSERT OR REPLACE INTO temp.staged_link
VALUES (:transmission_id, :emitter_id, :reason_id, :percent);

-- name: stage_emitter
INSERT OR REPLACE INTO temp.staged_emitter VALUES (:id, nullif(:part_of, 0), :sensor, :class,
    :transmissions, :first_ns, :last_ns, :on_s, :low_hz, :high_hz, :center_hz, :bandwidth_hz,
    :duration_s, :level_dbfs, :level_spread_db, :offset_hz, :period_s, :jitter_s, :hops, :score);

-- name: stage_event
INSERT INTO temp.staged_event (t_ns, emitter_id, other_id, split, text)
VALUES (:t_ns, :emitter_id, :other_id, :split, :text);

-- name: stage_reason
INSERT OR IGNORE INTO temp.staged_reason VALUES (:id);

-- name: staged_reasons
SELECT id FROM temp.staged_reason ORDER BY id;

-- name: insert_reason
INSERT OR IGNORE INTO emitter_reason VALUES (:id, :text);

-- name: drop_links
DELETE FROM emitter_transmission WHERE :known_id = 0;

-- name: drop_emitters
DELETE FROM emitter WHERE id > :known_id;

-- name: drop_events
DELETE FROM emitter_event WHERE t_ns >= :from_ns OR :known_id = 0;

-- Rows that were deleted meanwhile have no link.
-- name: put_links
INSERT OR REPLACE INTO emitter_transmission
SELECT s.transmission_id, s.emitter_id, s.reason_id, s.percent
FROM temp.staged_link AS s
CROSS JOIN transmission AS t ON t.id = s.transmission_id
ORDER BY s.transmission_id;

-- name: put_emitters
INSERT OR REPLACE INTO emitter
SELECT s.id, s.part_of, sensor.id, class.id, s.transmissions, s.first_ns, s.last_ns, s.on_s,
    s.low_hz, s.high_hz, s.center_hz, s.bandwidth_hz, s.duration_s, s.level_dbfs,
    s.level_spread_db, s.offset_hz, s.period_s, s.jitter_s, s.hops, s.score
FROM temp.staged_emitter AS s
JOIN sensor ON sensor.name = s.sensor
LEFT JOIN class ON class.name = s.class
ORDER BY s.id;

-- name: put_events
INSERT INTO emitter_event (t_ns, emitter_id, other_id, split, text)
SELECT t_ns, emitter_id, other_id, split, text FROM temp.staged_event ORDER BY id;

-- name: emitters
SELECT e.id, sensor.name, ifnull(class.name, ''), e.transmissions, e.first_ns, e.last_ns, e.on_s,
    e.low_hz, e.high_hz, e.center_hz, e.bandwidth_hz, e.duration_s, e.level_dbfs,
    e.level_spread_db, e.offset_hz, e.period_s, e.jitter_s, e.hops, e.score
FROM emitter AS e
JOIN sensor ON sensor.id = e.sensor_id
LEFT JOIN class ON class.id = e.class_id
WHERE e.part_of IS NULL AND e.last_ns > :since_ns AND e.first_ns < :until_ns
    AND e.low_hz <= :high_hz AND e.high_hz >= :low_hz
    AND :sensor_id IN (0, e.sensor_id) AND :class_id IN (0, ifnull(e.class_id, 0))
    AND :id IN (0, e.id)
ORDER BY e.first_ns, e.id
LIMIT :limit;

-- An emitter with all its parts, and theirs.
-- name: emitter_events
WITH RECURSIVE part (id) AS (
    SELECT :id UNION SELECT e.id FROM emitter AS e JOIN part ON e.part_of = part.id
)
SELECT t_ns, emitter_id, other_id, split, text FROM emitter_event
WHERE emitter_id IN part OR other_id IN part ORDER BY t_ns, id;

-- Its rows; all links are looked at.
-- name: emitter_rows
WITH RECURSIVE part (id) AS (
    SELECT :id UNION SELECT e.id FROM emitter AS e JOIN part ON e.part_of = part.id
)
SELECT t.id, t.run_id, sensor.name, class.name, t.start_ns, t.duration_ns, t.center_hz,
    t.bandwidth_hz, t.snr_db, t.level_dbfs, t.offset_hz, t.bursts, t.on_s, t.burst_s, t.period_s,
    t.flags, t.trail, t.class_score, t.class_rivals, r.text, l.percent
FROM emitter_transmission AS l
CROSS JOIN transmission AS t ON t.id = l.transmission_id
CROSS JOIN sensor ON sensor.id = t.sensor_id
CROSS JOIN class ON class.id = t.class_id
CROSS JOIN emitter_reason AS r ON r.id = l.reason_id
WHERE l.emitter_id IN part
ORDER BY t.start_ns, t.center_hz, t.id
LIMIT :limit;

-- name: delete_old_emitters
DELETE FROM emitter WHERE last_ns <= :before_ns
    AND id NOT IN (SELECT emitter_id FROM emitter_transmission);

-- name: delete_old_events
DELETE FROM emitter_event WHERE t_ns <= :before_ns
    AND emitter_id NOT IN (SELECT id FROM emitter);

-- name: check_emitters
SELECT printf('transmission %d is linked to emitter %d, which does not exist', transmission_id,
    emitter_id)
FROM emitter_transmission WHERE emitter_id NOT IN (SELECT id FROM emitter)
UNION ALL
SELECT printf('emitter %d is linked to transmission %d, which does not exist', emitter_id,
    transmission_id)
FROM emitter_transmission WHERE transmission_id NOT IN (SELECT id FROM transmission);

-- Another database is taken in (src/store/merge.c), attached as source. Its ids rise by :run,
-- :transmission, ... so that they follow those that are there; names are looked up. Runs that are
-- there already are left out, with what rests on them alone.

-- name: attach_source
ATTACH :path AS source;

-- name: create_merge_run
CREATE TEMP TABLE IF NOT EXISTS merge_run (id INTEGER PRIMARY KEY) STRICT;

-- name: create_merge_row
CREATE TEMP TABLE IF NOT EXISTS merge_row (id INTEGER PRIMARY KEY) STRICT;

-- name: create_merge_incident
CREATE TEMP TABLE IF NOT EXISTS merge_incident (id INTEGER PRIMARY KEY) STRICT;

-- name: create_merge_permit
CREATE TEMP TABLE IF NOT EXISTS merge_permit (id INTEGER PRIMARY KEY, new_id INTEGER) STRICT;

-- name: clear_merge_run
DELETE FROM temp.merge_run;

-- name: clear_merge_row
DELETE FROM temp.merge_row;

-- name: clear_merge_incident
DELETE FROM temp.merge_incident;

-- name: clear_merge_permit
DELETE FROM temp.merge_permit;

-- A run that went on after it was taken in.
-- name: grown_run
SELECT r.id FROM source.run AS r
JOIN source.sensor AS s ON s.id = r.sensor_id
JOIN main.sensor AS m ON m.name = s.name
JOIN main.run AS d ON d.sensor_id = m.id AND d.verb = r.verb AND d.started_ns = r.started_ns
    AND d.input_sha512 = r.input_sha512
WHERE d.last_ns <> r.last_ns LIMIT 1;

-- name: choose_runs
INSERT INTO temp.merge_run
SELECT r.id FROM source.run AS r JOIN source.sensor AS s ON s.id = r.sensor_id
WHERE NOT EXISTS (
    SELECT 1 FROM main.run AS d JOIN main.sensor AS m ON m.id = d.sensor_id
    WHERE m.name = s.name AND d.verb = r.verb AND d.started_ns = r.started_ns
        AND d.input_sha512 = r.input_sha512
);

-- name: merge_sensors
INSERT OR IGNORE INTO main.sensor (name) SELECT name FROM source.sensor ORDER BY id;

-- name: merge_classes
INSERT OR IGNORE INTO main.class (name) SELECT name FROM source.class ORDER BY id;

-- name: merge_runs
INSERT INTO main.run (id, sensor_id, verb, version, input, input_sha512, options, plan, started_ns,
    first_ns, last_ns, no_clock, incomplete, note, first_transmission_id, last_transmission_id,
    first_observation_id, last_observation_id, rows_first_ns, rows_last_ns, label)
SELECT r.id + :run, m.id, verb, version, input, input_sha512, options, plan, started_ns, first_ns,
    last_ns, no_clock, incomplete, note, first_transmission_id + :transmission,
    last_transmission_id + :transmission, first_observation_id + :observation,
    last_observation_id + :observation, rows_first_ns, rows_last_ns, label
FROM temp.merge_run AS c
CROSS JOIN source.run AS r ON r.id = c.id
CROSS JOIN source.sensor AS s ON s.id = r.sensor_id
CROSS JOIN main.sensor AS m ON m.name = s.name;

-- name: choose_rows
INSERT INTO temp.merge_row
SELECT t.id FROM source.transmission AS t
CROSS JOIN temp.merge_run AS c ON c.id = t.run_id;

-- Those that a question is about.
-- name: choose_some_rows
INSERT INTO temp.merge_row
SELECT t.id FROM source.transmission_box AS b
CROSS JOIN source.transmission AS t ON t.cell = b.cell
CROSS JOIN temp.merge_run AS c ON c.id = t.run_id
WHERE b.first_s <= :until_s AND b.last_s >= :from_s
    AND b.low_khz <= :high_khz AND b.high_khz >= :low_khz
    AND t.start_ns < :until_ns AND t.start_ns + t.duration_ns > :since_ns
    AND t.center_hz - t.bandwidth_hz / 2 <= :high_hz
    AND t.center_hz + t.bandwidth_hz / 2 >= :low_hz;

-- And what incidents rest on, whenever it was.
-- name: choose_evidence_rows
INSERT OR IGNORE INTO temp.merge_row
SELECT t.id FROM source.incident_transmission AS e
CROSS JOIN source.transmission AS t ON t.id = e.transmission_id
CROSS JOIN temp.merge_run AS c ON c.id = t.run_id;

-- name: merge_transmissions
INSERT INTO main.transmission (id, run_id, sensor_id, class_id, start_ns, duration_ns, center_hz,
    bandwidth_hz, snr_db, level_dbfs, offset_hz, bursts, on_s, burst_s, period_s, flags,
    trail, class_score, class_rivals)
SELECT t.id + :transmission, t.run_id + :run, m.id, n.id, start_ns, duration_ns, center_hz,
    bandwidth_hz, snr_db, level_dbfs, offset_hz, bursts, on_s, burst_s, period_s, flags,
    trail, class_score, class_rivals
FROM temp.merge_row AS w
CROSS JOIN source.transmission AS t ON t.id = w.id
CROSS JOIN source.sensor AS s ON s.id = t.sensor_id
CROSS JOIN main.sensor AS m ON m.name = s.name
CROSS JOIN source.class AS k ON k.id = t.class_id
CROSS JOIN main.class AS n ON n.name = k.name
ORDER BY w.id;

-- name: merge_observations
INSERT INTO main.observation (id, run_id, sensor_id, state, cause, start_ns, stop_ns, low_hz,
    high_hz, rate_sps, samples, floor_dbfs_hz, floor_error_db, weakest_dbfs)
SELECT o.id + :observation, o.run_id + :run, m.id, state, cause, start_ns, stop_ns, low_hz, high_hz,
    rate_sps, samples, floor_dbfs_hz, floor_error_db, weakest_dbfs
FROM source.observation AS o
CROSS JOIN temp.merge_run AS c ON c.id = o.run_id
CROSS JOIN source.sensor AS s ON s.id = o.sensor_id
CROSS JOIN main.sensor AS m ON m.name = s.name
ORDER BY o.id;

-- name: merge_health
INSERT INTO main.health (sensor_id, t_ns, subject, level, value, unit, text)
SELECT m.id, h.t_ns, h.subject, h.level, h.value, h.unit, h.text
FROM source.health AS h
CROSS JOIN source.sensor AS s ON s.id = h.sensor_id
CROSS JOIN main.sensor AS m ON m.name = s.name
WHERE NOT EXISTS (SELECT 1 FROM main.health AS d WHERE d.t_ns = h.t_ns AND d.sensor_id = m.id
    AND d.subject = h.subject AND d.text = h.text)
ORDER BY h.id;

-- name: merge_pins
INSERT INTO main.pin (case_id, start_ns, stop_ns, low_hz, high_hz, since_ns)
SELECT case_id, start_ns, stop_ns, low_hz, high_hz, since_ns FROM source.pin
EXCEPT SELECT case_id, start_ns, stop_ns, low_hz, high_hz, since_ns FROM main.pin;

-- name: merge_prunings
INSERT INTO main.pruning (t_ns, what, reason, before_ns, rows, pinned)
SELECT t_ns, what, reason, before_ns, rows, pinned FROM source.pruning AS p
WHERE NOT EXISTS (SELECT 1 FROM main.pruning AS d WHERE d.t_ns = p.t_ns AND d.what = p.what
    AND d.reason = p.reason AND d.rows = p.rows)
ORDER BY p.id;

-- name: merge_snippets
INSERT INTO main.snippet (sensor_id, transmission_id, case_id, path, sha512, start_ns, duration_ns,
    center_hz, rate_sps, bytes, expires_ns, deleted_ns)
SELECT m.id, p.transmission_id + :transmission, p.case_id, p.path, p.sha512, p.start_ns,
    p.duration_ns, p.center_hz, p.rate_sps, p.bytes, p.expires_ns, p.deleted_ns
FROM source.snippet AS p
CROSS JOIN source.sensor AS s ON s.id = p.sensor_id
CROSS JOIN main.sensor AS m ON m.name = s.name
WHERE NOT EXISTS (SELECT 1 FROM main.snippet AS d WHERE d.path = p.path AND d.sha512 = p.sha512)
ORDER BY p.id;

-- name: merge_permits
INSERT INTO main.permit (owner, purpose, place, low_hz, high_hz, since_ns, until_ns)
SELECT owner, purpose, place, low_hz, high_hz, since_ns, until_ns FROM source.permit
EXCEPT SELECT owner, purpose, place, low_hz, high_hz, since_ns, until_ns FROM main.permit;

-- name: map_permits
INSERT INTO temp.merge_permit
SELECT p.id, min(q.id) FROM source.permit AS p JOIN main.permit AS q
    ON q.owner = p.owner AND q.purpose = p.purpose AND q.place = p.place AND q.low_hz = p.low_hz
    AND q.high_hz = p.high_hz AND q.since_ns = p.since_ns AND q.until_ns = p.until_ns
GROUP BY p.id;

-- Incidents that rest on a run that is taken in, or whose rows are all gone.
-- name: choose_incidents
INSERT INTO temp.merge_incident
SELECT i.id FROM source.incident AS i
WHERE EXISTS (SELECT 1 FROM temp.merge_run) AND (
    EXISTS (SELECT 1 FROM source.incident_transmission AS e
        CROSS JOIN source.transmission AS t ON t.id = e.transmission_id
        CROSS JOIN temp.merge_run AS c ON c.id = t.run_id WHERE e.incident_id = i.id)
    OR NOT EXISTS (SELECT 1 FROM source.incident_transmission AS e
        CROSS JOIN source.transmission AS t ON t.id = e.transmission_id
        WHERE e.incident_id = i.id)
);

-- name: merge_incidents
INSERT INTO main.incident (id, kind, version, severity, false_alarm_probability, log10_p, start_ns,
    stop_ns, low_hz, high_hz, sensor_id, parameters, intervals, rivals, words, limits, searches,
    trials, findings, confirmed, confirm_log10_p, permit_id, band, company)
SELECT i.id + :incident, kind, version, severity, false_alarm_probability, log10_p, start_ns, stop_ns,
    low_hz, high_hz, m.id, parameters, intervals, rivals, words, limits, searches, trials, findings,
    confirmed, confirm_log10_p, p.new_id, band, company
FROM temp.merge_incident AS c
CROSS JOIN source.incident AS i ON i.id = c.id
CROSS JOIN source.sensor AS s ON s.id = i.sensor_id
CROSS JOIN main.sensor AS m ON m.name = s.name
LEFT JOIN temp.merge_permit AS p ON p.id = i.permit_id;

-- name: merge_evidence
INSERT INTO main.incident_transmission (incident_id, transmission_id)
SELECT e.incident_id + :incident, e.transmission_id + :transmission
FROM temp.merge_incident AS c
CROSS JOIN source.incident_transmission AS e ON e.incident_id = c.id;

-- name: merge_growth
INSERT INTO main.incident_growth (incident_id, run_ns, last_ns, severity, log10_p, findings, evidence)
SELECT g.incident_id + :incident, run_ns, last_ns, severity, log10_p, findings, evidence
FROM temp.merge_incident AS c
CROSS JOIN source.incident_growth AS g ON g.incident_id = c.id;

-- name: merge_findings
INSERT INTO main.finding (incident_id, kind, version, false_alarm_probability, log10_p, start_ns,
    stop_ns, low_hz, high_hz, sensor_id, parameters, intervals)
SELECT f.incident_id + :incident, kind, version, false_alarm_probability, log10_p, start_ns, stop_ns,
    low_hz, high_hz, m.id, parameters, intervals
FROM temp.merge_incident AS c
CROSS JOIN source.finding AS f ON f.incident_id = c.id
CROSS JOIN source.sensor AS s ON s.id = f.sensor_id
CROSS JOIN main.sensor AS m ON m.name = s.name
ORDER BY f.id;

-- name: merge_searches
INSERT INTO main.pattern_search (kind, version, searches, trials, rows, run_ns)
SELECT kind, version, searches, trials, rows, run_ns FROM source.pattern_search
WHERE EXISTS (SELECT 1 FROM temp.merge_run)
ON CONFLICT (kind, version) DO UPDATE SET searches = searches + excluded.searches,
    trials = trials + excluded.trials, rows = rows + excluded.rows,
    run_ns = max(run_ns, excluded.run_ns);

-- name: merge_emitters
INSERT INTO main.emitter (id, part_of, sensor_id, class_id, transmissions, first_ns, last_ns, on_s,
    low_hz, high_hz, center_hz, bandwidth_hz, duration_s, level_dbfs, level_spread_db, offset_hz,
    period_s, jitter_s, hops, score)
SELECT e.id + :emitter, part_of + :emitter, m.id, n.id, transmissions, first_ns, last_ns, on_s,
    low_hz, high_hz, center_hz, bandwidth_hz, duration_s, level_dbfs, level_spread_db, offset_hz,
    period_s, jitter_s, hops, score
FROM source.emitter AS e
CROSS JOIN source.sensor AS s ON s.id = e.sensor_id
CROSS JOIN main.sensor AS m ON m.name = s.name
LEFT JOIN source.class AS k ON k.id = e.class_id
LEFT JOIN main.class AS n ON n.name = k.name
WHERE EXISTS (SELECT 1 FROM temp.merge_run)
ORDER BY e.id;

-- name: merge_reasons
INSERT OR IGNORE INTO main.emitter_reason (id, text) SELECT id, text FROM source.emitter_reason;

-- name: merge_emitter_links
INSERT INTO main.emitter_transmission (transmission_id, emitter_id, reason_id, percent)
SELECT l.transmission_id + :transmission, l.emitter_id + :emitter, l.reason_id, l.percent
FROM source.emitter_transmission AS l
CROSS JOIN main.transmission AS t ON t.id = l.transmission_id + :transmission;

-- name: merge_emitter_events
INSERT INTO main.emitter_event (t_ns, emitter_id, other_id, split, text)
SELECT t_ns, emitter_id + :emitter, other_id + :emitter, split, text FROM source.emitter_event
WHERE EXISTS (SELECT 1 FROM temp.merge_run) ORDER BY id;

-- The engine begins again, over all of it.
-- name: drop_pattern_state
DELETE FROM main.pattern_state;

-- name: merged_next_ids
UPDATE main.next_id SET
    run_id = max(run_id, ifnull((SELECT max(id) + 1 FROM main.run), 1)),
    transmission_id = max(transmission_id,
        ifnull((SELECT max(last_transmission_id) + 1 FROM main.run), 1)),
    observation_id = max(observation_id,
        ifnull((SELECT max(last_observation_id) + 1 FROM main.run), 1));

-- name: merge_offsets
SELECT run_id - 1, transmission_id - 1, observation_id - 1,
    (SELECT ifnull(max(id), 0) FROM main.incident), (SELECT ifnull(max(id), 0) FROM main.emitter)
FROM main.next_id;

-- name: merge_count
SELECT (SELECT count(*) FROM source.run), (SELECT count(*) FROM temp.merge_run),
    (SELECT count(*) FROM temp.merge_incident),
    (SELECT ifnull(sum(last_transmission_id - first_transmission_id + 1), 0) FROM source.run
        WHERE id IN (SELECT id FROM temp.merge_run)),
    (SELECT seq FROM source.chain_head), (SELECT hash FROM source.chain_head);

-- Positions of sensors (src/store/positions.c).

-- name: insert_position
INSERT INTO sensor_position (sensor_id, since_ns, latitude_deg, longitude_deg, altitude_m, source)
SELECT s.id, :since_ns, :latitude_deg, :longitude_deg, :altitude_m, :source
FROM sensor AS s WHERE s.name = :sensor AND NOT EXISTS (
    SELECT 1 FROM sensor_position AS p WHERE p.sensor_id = s.id
        AND p.id = (SELECT max(id) FROM sensor_position WHERE sensor_id = s.id)
        AND p.latitude_deg = :latitude_deg AND p.longitude_deg = :longitude_deg
        AND p.altitude_m IS :altitude_m
);

-- name: positions
SELECT sensor.name, p.since_ns, p.latitude_deg, p.longitude_deg, p.altitude_m, p.source
FROM sensor_position AS p JOIN sensor ON sensor.id = p.sensor_id
ORDER BY sensor.name, p.since_ns, p.id;

-- name: merge_positions
INSERT INTO main.sensor_position (sensor_id, since_ns, latitude_deg, longitude_deg, altitude_m, source)
SELECT m.id, p.since_ns, p.latitude_deg, p.longitude_deg, p.altitude_m, p.source
FROM source.sensor_position AS p
CROSS JOIN source.sensor AS s ON s.id = p.sensor_id
CROSS JOIN main.sensor AS m ON m.name = s.name
WHERE NOT EXISTS (SELECT 1 FROM main.sensor_position AS d WHERE d.sensor_id = m.id
    AND d.since_ns = p.since_ns)
ORDER BY p.id;

-- What each day takes (src/store/usage.c): rows of a table that start in it.

-- name: usage_transmission
SELECT start_ns / 86400000000000, count(*) FROM transmission INDEXED BY transmission_cell GROUP BY 1;

-- name: usage_observation
SELECT start_ns / 86400000000000, count(*) FROM observation INDEXED BY observation_cell GROUP BY 1;

-- name: usage_health
SELECT t_ns / 86400000000000, count(*) FROM health GROUP BY 1;

-- name: usage_deleted
SELECT t_ns / 86400000000000, what, sum(rows) FROM pruning GROUP BY 1, 2;

-- name: usage_exported
SELECT t_ns / 86400000000000, count(*), sum(json_extract(text, '$.bytes')) FROM chain
WHERE what = 'export' GROUP BY 1;
