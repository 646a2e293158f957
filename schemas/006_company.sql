-- Schema 6: what an incident is judged by stays with it, so that it can be judged anew when a permit
-- that explained it has ended.

-- Share of the evidence, 0 to 1, that came while several others passed, as what trains carry does;
-- NULL: not known, or the place is busy anyway. Written by pattern runs.
ALTER TABLE incident ADD COLUMN company REAL CHECK (company BETWEEN 0 AND 1);

PRAGMA user_version = 6;
