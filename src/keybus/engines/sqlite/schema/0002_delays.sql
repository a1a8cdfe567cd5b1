-- The wall clock may be set: what is reopened waits no longer than it was told to.

ALTER TABLE exception ADD COLUMN delay INTEGER NOT NULL DEFAULT 0;     -- microseconds to wait
ALTER TABLE exception ADD COLUMN noted_at INTEGER NOT NULL DEFAULT 0;  -- wall clock at the failure

-- No retry was put off by more than a minute.
UPDATE exception SET delay = 60000000, noted_at = due_at - 60000000 WHERE due_at > 0;
