-- Schema 9: where sensors stand.

-- Written by 'watch' from its configuration, and by 'db place', when a position differs from the last
-- one of the sensor; rows are never changed. WGS 84; no other position is ever made up.
CREATE TABLE sensor_position (
    id INTEGER PRIMARY KEY,
    sensor_id INTEGER NOT NULL REFERENCES sensor (id),
    since_ns INTEGER NOT NULL, -- when it was stated
    latitude_deg REAL NOT NULL CHECK (latitude_deg BETWEEN -90 AND 90),
    longitude_deg REAL NOT NULL CHECK (longitude_deg BETWEEN -180 AND 180),
    altitude_m REAL,
    source TEXT NOT NULL -- 'configuration' or 'person'
) STRICT;
CREATE INDEX sensor_position_time ON sensor_position (sensor_id, since_ns);

PRAGMA user_version = 9;
