-- Schema 5: what the receiver listened through.

-- Of observed rows, as the noise was at their end; NULL where nothing was searched, and in rows of
-- older programs. floor_dbfs_hz: noise of the middle one of the channels, dBFS in 1 Hz;
-- floor_error_db: standard error of one channel's floor; weakest_dbfs: level of a burst of 25 kHz
-- and 10 ms that would have been found nine times in ten.
ALTER TABLE observation ADD COLUMN floor_dbfs_hz REAL;
ALTER TABLE observation ADD COLUMN floor_error_db REAL;
ALTER TABLE observation ADD COLUMN weakest_dbfs REAL;

DROP VIEW observation_line;
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
    high_hz,
    floor_dbfs_hz,
    floor_error_db,
    weakest_dbfs
FROM observation
JOIN sensor ON sensor.id = observation.sensor_id
WHERE state = 0;

PRAGMA user_version = 5;
