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
-- All subscriptions that have a queue.
SELECT name, id FROM subscription;

-- name: subscription
-- One subscription's place.
SELECT id, floor, sparse, held FROM subscription WHERE name = ?;

-- name: next_subscription
-- One counter for all subscriptions, so that the id of a removed one never comes again.
UPDATE meta SET value = value + 1 WHERE key = 'subscription' RETURNING value;

-- name: insert_subscription
-- A new subscription, at the log's end.
INSERT INTO subscription (id, name, floor, sparse) VALUES (?, ?, ?, x'');

-- name: delete_subscription
-- Take a subscription's name away; what it leaves in other tables is deleted by and by.
DELETE FROM subscription WHERE name = ? RETURNING id;

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

-- name: count_exceptions_due_after
-- How many deliveries that left the line are due after a time.
SELECT count(*) FROM exception WHERE subscription = ? AND due_at > ?;

-- name: insert_held
-- A delivery that is put aside.
INSERT INTO held (subscription, position, attempts, held_at, reason) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- name: count_held
-- So many more of a subscription's deliveries are held.
UPDATE subscription SET held = held + ? WHERE id = ?;

-- name: held_page
-- Where the next held deliveries of a subscription lie, between two positions.
SELECT position FROM held
WHERE subscription = ? AND position > ? AND position <= ? ORDER BY position LIMIT ?;

-- name: bring_back
-- Held deliveries between two positions are due at once, as after a delay of nothing.
INSERT INTO exception (subscription, position, attempts, due_at, delay, noted_at, reason)
SELECT subscription, position, attempts, ?, 0, ?, reason FROM held
WHERE subscription = ? AND position BETWEEN ? AND ? ORDER BY position
ON CONFLICT DO NOTHING;

-- name: delete_held
-- Held deliveries between two positions are held no longer.
DELETE FROM held WHERE subscription = ? AND position BETWEEN ? AND ?;

-- name: held_after
-- Held deliveries in log order, beyond a position.
SELECT position, attempts, reason, held_at FROM held
WHERE subscription = ? AND position > ? ORDER BY position LIMIT ?;

-- name: insert_removed
-- A subscription without a name, whose rows are to be deleted.
INSERT INTO removed (subscription) VALUES (?);

-- name: removed
-- Subscriptions that were removed, and have rows left.
SELECT subscription FROM removed;

-- name: delete_removed
-- Nothing is left of a subscription.
DELETE FROM removed WHERE subscription = ?;

-- name: sweep_matches
-- Some of the matches of a subscription that was removed.
DELETE FROM match WHERE subscription = ?1 AND last IN
    (SELECT last FROM match WHERE subscription = ?1 ORDER BY last LIMIT ?2);

-- name: sweep_exceptions
-- Some of the exceptions of a subscription that was removed.
DELETE FROM exception WHERE subscription = ?1 AND position IN
    (SELECT position FROM exception WHERE subscription = ?1 ORDER BY position LIMIT ?2);

-- name: sweep_held
-- Some of the held deliveries of a subscription that was removed.
DELETE FROM held WHERE subscription = ?1 AND position IN
    (SELECT position FROM held WHERE subscription = ?1 ORDER BY position LIMIT ?2);

-- name: sweep_dead_letters
-- Some of the dead letters of a subscription that was removed.
DELETE FROM dead_letter WHERE id IN
    (SELECT id FROM dead_letter WHERE subscription = ?1 ORDER BY id LIMIT ?2);

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
