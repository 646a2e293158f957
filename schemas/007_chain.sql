-- Schema 7: a chain of hashes over what must not be changed quietly, seals on it, and labels.

-- One link for each version of an incident, a permit, a snippet, and for each deletion, pin, export
-- and seal. Written with what it is about, in the same transaction; never changed, never deleted.
-- content is the SHA-256 of the canonical text (store/chain.h) of the row that what and subject
-- name, or of text where there is no such row. hash is the SHA-256 of the line
-- "lineside/1 SEQ TIME WHAT SUBJECT CONTENT PREVIOUS" with its line feed, and previous the hash of
-- the link before, 64 zeros for the first. All are lower-case hex.
CREATE TABLE chain (
    seq INTEGER PRIMARY KEY, -- 1, 2, 3, ...
    t_ns INTEGER NOT NULL, -- when it was written
    what TEXT NOT NULL,
    subject INTEGER NOT NULL, -- row of its table, 0: none
    text TEXT NOT NULL, -- '' when there is a row
    content TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX chain_subject ON chain (what, subject, seq);

-- The last link: one row, so that a link that is cut off the end is missed too.
CREATE TABLE chain_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL
) STRICT;
INSERT INTO chain_head VALUES (1, 0,
    '0000000000000000000000000000000000000000000000000000000000000000');

-- Ed25519 signatures of the line of link seq, and so of everything before it. Written by 'db seal',
-- by 'watch' at its interval, and by exports of evidence; lower-case hex.
CREATE TABLE seal (
    id INTEGER PRIMARY KEY,
    t_ns INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    public_key TEXT NOT NULL,
    signature TEXT NOT NULL
) STRICT;
CREATE INDEX seal_seq ON seal (seq);

-- SHA-256 of the canonical text of the transmission, when it became evidence, '' when retention had
-- deleted it before; NULL until the end of the database transaction that adds it.
ALTER TABLE incident_transmission ADD COLUMN sha256 TEXT;
CREATE INDEX incident_transmission_open ON incident_transmission (incident_id) WHERE sha256 IS NULL;

-- Classification label of the rows of a run, '' for none. Written with the run, never changed.
ALTER TABLE run ADD COLUMN label TEXT NOT NULL DEFAULT '';

PRAGMA user_version = 7;
