-- The embedded store. All packed columns are little-endian arrays.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (key, value) VALUES ('schema', 0), ('document_version', 0);

-- A segment is a run of events that were committed together. Positions have no gaps.
CREATE TABLE log (
    first     INTEGER PRIMARY KEY,  -- position of the first event
    last      INTEGER NOT NULL,     -- position of the last event
    peak      INTEGER NOT NULL,     -- latest ingested_at up to here: never falls
    lag       INTEGER NOT NULL,     -- how far behind the peak any event up to here may lie
    times     BLOB NOT NULL,        -- int64: ingested_at of each event
    sizes     BLOB NOT NULL,        -- uint32: bytes of each envelope
    envelopes BLOB NOT NULL         -- the envelopes, end to end
) STRICT;

CREATE INDEX log_by_peak ON log (peak);

CREATE TABLE subscription (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    floor  INTEGER NOT NULL,  -- whatever matched up to here is settled or in exception
    sparse BLOB NOT NULL      -- uint64: positions above the floor of which the same is true
) STRICT;

-- Which events of a segment a subscription matched; rows up to the floor are deleted.
CREATE TABLE match (
    subscription INTEGER NOT NULL,
    last         INTEGER NOT NULL,  -- the last of the positions
    count        INTEGER NOT NULL,
    positions    BLOB NOT NULL,     -- uint64, growing
    PRIMARY KEY (subscription, last)
) STRICT, WITHOUT ROWID;

-- Deliveries that left the line: retried, or leased while the floor had to go on without them.
CREATE TABLE exception (
    subscription INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,  -- attempts that failed
    due_at       INTEGER NOT NULL,  -- microseconds since the epoch; not before this
    reason       TEXT NOT NULL,
    PRIMARY KEY (subscription, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX exception_by_due ON exception (subscription, due_at, position);

CREATE TABLE dead_letter (
    id           INTEGER PRIMARY KEY,
    subscription INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    ingested_at  INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    buried_at    INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    envelope     BLOB NOT NULL
) STRICT;

CREATE INDEX dead_letter_by_subscription ON dead_letter (subscription);

CREATE TABLE document (
    collection TEXT NOT NULL,
    key        TEXT NOT NULL,
    version    INTEGER NOT NULL,
    value      BLOB NOT NULL,
    PRIMARY KEY (collection, key)
) STRICT;
