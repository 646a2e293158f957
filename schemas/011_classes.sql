-- Schema 11. How well the class of a transmission fits, and what else does.

-- 0 to 1, of the class or, where that is unknown, of what came nearest; NULL when nothing was
-- measured, as of imported rows.
ALTER TABLE transmission ADD COLUMN class_score REAL;
-- Names of other classes that the evidence allows, best first, with commas; NULL when there are none.
ALTER TABLE transmission ADD COLUMN class_rivals TEXT;

DROP VIEW transmission_line;
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
    class_score,
    class_rivals,
    offset_hz,
    bursts
FROM transmission
JOIN sensor ON sensor.id = transmission.sensor_id
JOIN class ON class.id = transmission.class_id;

PRAGMA user_version = 11;
