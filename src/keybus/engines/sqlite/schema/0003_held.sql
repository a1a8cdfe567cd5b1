-- Deliveries may be put aside, and queues removed.

-- Deliveries that are neither delivered nor forgotten until somebody says so.
CREATE TABLE held (
    subscription INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,  -- attempts that failed before
    held_at      INTEGER NOT NULL,  -- microseconds since the epoch
    reason       TEXT NOT NULL,
    PRIMARY KEY (subscription, position)
) STRICT, WITHOUT ROWID;

-- How many rows of its own are in held: counting a million would hold up a restart.
ALTER TABLE subscription ADD COLUMN held INTEGER NOT NULL DEFAULT 0;

-- Removed subscriptions whose rows are not all deleted yet.
CREATE TABLE removed (
    subscription INTEGER PRIMARY KEY
) STRICT;

INSERT INTO meta (key, value)
SELECT 'subscription', coalesce(max(id), 0) FROM subscription;
