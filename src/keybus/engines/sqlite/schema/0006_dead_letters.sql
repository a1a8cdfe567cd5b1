-- Dead letters have ids that never come again, causes, and counts that cost no scan; and they may
-- be delivered again.

DROP INDEX dead_letter_by_subscription;
ALTER TABLE dead_letter RENAME TO dead_letter_before;

CREATE TABLE dead_letter (
    id           INTEGER PRIMARY KEY,  -- when it was buried, or one more than the last letter's
    subscription INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    event_id     TEXT NOT NULL,
    event_type   TEXT NOT NULL,
    source       TEXT NOT NULL,
    ingested_at  INTEGER NOT NULL,  -- all times in microseconds since the epoch
    attempts     INTEGER NOT NULL,
    cause        TEXT NOT NULL,
    reason       TEXT NOT NULL,
    first_at     INTEGER NOT NULL,  -- when the first attempt failed; 0: none did
    last_at      INTEGER NOT NULL,
    buried_at    INTEGER NOT NULL,
    redriven     INTEGER NOT NULL,  -- how often, before it was buried
    envelope     BLOB NOT NULL
) STRICT;

-- Each also in the order of the ids.
CREATE INDEX dead_letter_by_subscription ON dead_letter (subscription);
CREATE INDEX dead_letter_by_cause ON dead_letter (subscription, cause);
CREATE INDEX dead_letter_by_type ON dead_letter (subscription, event_type);

-- How many dead letters of a kind there are; kinds of which there are none have no row.
CREATE TABLE letter_count (
    subscription INTEGER NOT NULL,
    cause        TEXT NOT NULL,
    event_type   TEXT NOT NULL,
    source       TEXT NOT NULL,
    count        INTEGER NOT NULL,
    PRIMARY KEY (subscription, cause, event_type, source)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER count_letter AFTER INSERT ON dead_letter BEGIN
    INSERT INTO letter_count (subscription, cause, event_type, source, count)
    VALUES (new.subscription, new.cause, new.event_type, new.source, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER discount_letter AFTER DELETE ON dead_letter BEGIN
    UPDATE letter_count SET count = count - 1
    WHERE subscription = old.subscription AND cause = old.cause
        AND event_type = old.event_type AND source = old.source;
    DELETE FROM letter_count
    WHERE subscription = old.subscription AND cause = old.cause
        AND event_type = old.event_type AND source = old.source AND count = 0;
END;

-- Dead letters that were redriven, until they are settled: the log may have let their events go.
CREATE TABLE redriven (
    subscription INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    times        INTEGER NOT NULL,
    redriven_at  INTEGER NOT NULL,
    ingested_at  INTEGER NOT NULL,
    envelope     BLOB NOT NULL,
    PRIMARY KEY (subscription, position)
) STRICT;

-- A delivery that is redriven is among the exceptions, or held, until it is settled.
CREATE TRIGGER settle_redriven AFTER DELETE ON exception BEGIN
    DELETE FROM redriven
    WHERE subscription = old.subscription AND position = old.position AND NOT EXISTS
        (SELECT 1 FROM held WHERE subscription = old.subscription AND position = old.position);
END;

-- When the first and the last attempt of a delivery failed; 0: none did, or nobody knows.
ALTER TABLE exception ADD COLUMN first_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE exception ADD COLUMN last_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE held ADD COLUMN first_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE held ADD COLUMN last_at INTEGER NOT NULL DEFAULT 0;

INSERT INTO dead_letter
SELECT max(buried_at) OVER earlier + row_number() OVER earlier, subscription, position,
    CASE WHEN json_valid(CAST(envelope AS TEXT))
        THEN coalesce(CAST(CAST(envelope AS TEXT) ->> '$.id' AS TEXT), '') ELSE '' END,
    CASE WHEN json_valid(CAST(envelope AS TEXT))
        THEN coalesce(CAST(CAST(envelope AS TEXT) ->> '$.detail-type' AS TEXT), '') ELSE '' END,
    CASE WHEN json_valid(CAST(envelope AS TEXT))
        THEN coalesce(CAST(CAST(envelope AS TEXT) ->> '$.source' AS TEXT), '') ELSE '' END,
    ingested_at, attempts, 'unknown', reason, 0, buried_at, buried_at, 0, envelope
FROM dead_letter_before WINDOW earlier AS (ORDER BY id);

DROP TABLE dead_letter_before;

-- One counter for all dead letters, so that the id of one that is gone never comes again.
INSERT INTO meta (key, value) SELECT 'dead_letter', coalesce(max(id), 0) FROM dead_letter;
