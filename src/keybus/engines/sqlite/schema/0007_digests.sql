-- By what events are known again that are published twice; segments that have none have no row. A
-- table of its own: whoever reads the digests of some minutes shall not walk through envelopes.

CREATE TABLE digest (
    first       INTEGER PRIMARY KEY,  -- of the segment
    ingested_at INTEGER NOT NULL,     -- the latest of its events
    digests     BLOB NOT NULL         -- 16 bytes for each of its events; zeros: it has none
) STRICT;

CREATE TRIGGER forget_digests AFTER DELETE ON log BEGIN
    DELETE FROM digest WHERE first = old.first;
END;
