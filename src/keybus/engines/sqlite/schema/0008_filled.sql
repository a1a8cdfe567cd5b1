-- A queue may begin before it was made: it is filled from the log first.

-- Up to which position that was done; -1: there is nothing to fill.
ALTER TABLE subscription ADD COLUMN filled INTEGER NOT NULL DEFAULT -1;
