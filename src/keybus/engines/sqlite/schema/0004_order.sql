-- Deliveries may have a group, within which they are in order; and what was out at a crash is known.

ALTER TABLE exception ADD COLUMN grp TEXT NOT NULL DEFAULT '';
ALTER TABLE exception ADD COLUMN alone INTEGER NOT NULL DEFAULT 0;  -- to be delivered by itself
ALTER TABLE held ADD COLUMN grp TEXT NOT NULL DEFAULT '';

CREATE INDEX exception_by_group ON exception (subscription, grp) WHERE grp > '';
CREATE INDEX held_by_group ON held (subscription, grp, position);

-- Of the rows in held, how many wait behind an earlier one of their group.
ALTER TABLE subscription ADD COLUMN ordered INTEGER NOT NULL DEFAULT 0;

-- How far deliveries may have been handed out since the queue was opened; nothing where it was
-- closed in order. In the log: a position. Of the exceptions: a place in the order of their times.
ALTER TABLE subscription ADD COLUMN fetched INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN fetched_due INTEGER NOT NULL DEFAULT -1;
ALTER TABLE subscription ADD COLUMN fetched_at INTEGER NOT NULL DEFAULT -1;
