-- Schema 10: level and carrier along a transmission.

-- Points along a long transmission, evenly spaced, at most 64; NULL for short ones and for imported
-- rows. 8 bytes each, little-endian: uint16 time in 65535ths of the duration, int16 level in 0.01
-- dBFS, int32 carrier less center_hz in 0.1 Hz, -2147483648 where it is not known. Written with its
-- row.
ALTER TABLE transmission ADD COLUMN trail BLOB;

PRAGMA user_version = 10;
