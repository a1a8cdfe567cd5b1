-- name: log_tail
-- Where the log ends: its last segment.
SELECT last, peak, lag FROM log ORDER BY first DESC LIMIT 1;

-- name: insert_segment
-- Append one segment to the log.
INSERT INTO log (first, last, peak, lag, times, sizes, envelopes) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: segment_at
-- The segment that a position lies in.
SELECT first, last, peak, times, sizes, envelopes FROM log
WHERE first <= ? ORDER BY first DESC LIMIT 1;

-- name: first_since
-- The first segment that may hold an event of that time or later: the peak never falls.
SELECT first FROM log WHERE peak >= ? ORDER BY peak, first LIMIT 1;

-- name: insert_match
-- Freeze what a subscription matched in one segment.
INSERT INTO match (subscription, last, count, positions) VALUES (?, ?, ?, ?);

-- name: matches_after
-- What a subscription matched after a position, in log order.
SELECT positions FROM match WHERE subscription = ? AND last > ? ORDER BY last;

-- name: count_matches_after
-- How many positions there are in the rows that reach beyond a position.
SELECT coalesce(sum(count), 0) FROM match WHERE subscription = ? AND last > ?;

-- name: first_match_after
-- The one row that may reach across a position.
SELECT positions FROM match WHERE subscription = ? AND last > ? ORDER BY last LIMIT 1;

-- name: delete_matches
-- Forget match rows that lie entirely at or below the floor.
DELETE FROM match WHERE subscription = ? AND last <= ?;

-- name: subscriptions
-- All subscriptions that were ever opened.
SELECT name, id FROM subscription;

-- name: subscription
-- One subscription's place.
SELECT id, floor, sparse FROM subscription WHERE name = ?;

-- name: insert_subscription
-- A new subscription, at the log's end.
INSERT INTO subscription (name, floor, sparse) VALUES (?, ?, x'') RETURNING id;

-- name: update_subscription
-- Move a subscription's place.
UPDATE subscription SET floor = ?, sparse = ? WHERE id = ?;

-- name: upsert_exception
-- A delivery that left the line, with its failed attempts and the time of the next.
INSERT INTO exception (subscription, position, attempts, due_at, delay, noted_at, reason)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (subscription, position)
DO UPDATE SET attempts = excluded.attempts, due_at = excluded.due_at, delay = excluded.delay,
    noted_at = excluded.noted_at, reason = excluded.reason;

-- name: date_exceptions
-- Delays of an earlier run, by the wall clock of now: none is longer than it was from the first.
-- Clocks that agree to a second are left alone.
UPDATE exception SET due_at = min(noted_at, ?1) + delay
WHERE subscription = ?2 AND abs(due_at - delay - min(noted_at, ?1)) > 1000000;

-- name: delete_exception
-- A delivery that left the line is settled.
DELETE FROM exception WHERE subscription = ? AND position = ?;

-- name: count_exceptions
-- How many deliveries left the line.
SELECT count(*) FROM exception WHERE subscription = ?;

-- name: exceptions_after
-- Deliveries that left the line, in the order of their next attempt, beyond a place in it.
SELECT due_at, position, attempts FROM exception
WHERE subscription = ? AND (due_at, position) > (?, ?) ORDER BY due_at, position LIMIT ?;

-- name: count_exceptions_after
-- How many of them lie beyond a place in that order, and are due after a time.
SELECT count(*) FROM exception
WHERE subscription = ? AND (due_at, position) > (?, ?) AND due_at > ?;

-- name: insert_dead_letter
-- A delivery that gave up, with its own bytes.
INSERT INTO dead_letter
    (subscription, position, ingested_at, attempts, buried_at, reason, envelope)
VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: count_dead_letters
-- How many deliveries gave up.
SELECT count(*) FROM dead_letter WHERE subscription = ?;

-- name: dead_letters_after
-- Deliveries that gave up, oldest first, beyond a place in that order.
SELECT id, position, ingested_at, envelope, attempts, reason, buried_at FROM dead_letter
WHERE subscription = ? AND id > ? ORDER BY id LIMIT ?;

-- name: document
-- One document.
SELECT key, version, value FROM document WHERE collection = ? AND key = ?;

-- name: documents_after
-- A collection's documents by key, beyond a key.
SELECT key, version, value FROM document WHERE collection = ? AND key > ? ORDER BY key LIMIT ?;

-- name: documents_from_start
-- A collection's first documents by key.
SELECT key, version, value FROM document WHERE collection = ? ORDER BY key LIMIT ?;

-- name: next_document_version
-- One counter for all documents, so that a deleted key's versions never come again.
UPDATE meta SET value = value + 1 WHERE key = 'document_version' RETURNING value;

-- name: upsert_document
-- Write a document.
INSERT INTO document (collection, key, version, value) VALUES (?, ?, ?, ?)
ON CONFLICT (collection, key) DO UPDATE SET version = excluded.version, value = excluded.value;

-- name: delete_document
-- Remove a document.
DELETE FROM document WHERE collection = ? AND key = ?;

-- name: tables
-- How many tables the file has: none means that it is new.
SELECT count(*) FROM sqlite_schema WHERE type = 'table';

-- name: has_meta
-- Whether the file is a store at all.
SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta';

-- name: schema_version
-- The version of the store's schema.
SELECT value FROM meta WHERE key = 'schema';

-- name: set_schema_version
-- Note the version that a migration reached.
UPDATE meta SET value = ? WHERE key = 'schema';
