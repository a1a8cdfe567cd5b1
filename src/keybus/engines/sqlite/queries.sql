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

-- name: insert_digests
-- By what the events of one segment are known again.
INSERT INTO digest (first, ingested_at, digests) VALUES (?, ?, ?);

-- name: digests_after
-- A page of segments' digests, after one and up to a position, that may be of a time or later.
SELECT first, ingested_at, digests FROM digest
WHERE first > ? AND first <= ? AND ingested_at >= ? ORDER BY first LIMIT 64;

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

-- name: match_rows_from
-- The rows that reach to a position or beyond: where a queue is filled.
SELECT last, positions FROM match WHERE subscription = ? AND last >= ? ORDER BY last;

-- name: delete_match
-- Take one match row away.
DELETE FROM match WHERE subscription = ? AND last = ?;

-- name: update_filled
-- How far a queue that begins before it was made is filled.
UPDATE subscription SET filled = ? WHERE id = ?;

-- name: count_subscriptions
-- How many subscriptions have a queue.
SELECT count(*) FROM subscription;

-- name: subscriptions
-- All subscriptions that have a queue.
SELECT name, id FROM subscription;

-- name: subscription
-- One subscription's place.
SELECT id, floor, sparse, held, ordered, filled, fetched, fetched_due, fetched_at
FROM subscription WHERE name = ?;

-- name: next_subscription
-- One counter for all subscriptions, so that the id of a removed one never comes again.
UPDATE meta SET value = value + 1 WHERE key = 'subscription' RETURNING value;

-- name: insert_subscription
-- A new subscription, at a place of the log.
INSERT INTO subscription (id, name, floor, sparse, filled) VALUES (?, ?, ?, x'', ?);

-- name: delete_subscription
-- Take a subscription's name away; what it leaves in other tables is deleted by and by.
DELETE FROM subscription WHERE name = ? RETURNING id;

-- name: update_subscription
-- Move a subscription's place.
UPDATE subscription SET floor = ?, sparse = ? WHERE id = ?;

-- name: upsert_exception
-- A delivery that left the line, with its failed attempts and the time of the next.
INSERT INTO exception (subscription, position, attempts, due_at, delay, noted_at, reason,
    grp, alone, first_at, last_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?6, ?6)
ON CONFLICT (subscription, position)
DO UPDATE SET attempts = excluded.attempts, due_at = excluded.due_at, delay = excluded.delay,
    noted_at = excluded.noted_at, reason = excluded.reason, grp = excluded.grp,
    alone = excluded.alone, last_at = excluded.last_at,
    first_at = iif(first_at = 0, excluded.first_at, first_at);

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
SELECT due_at, position, attempts, grp, alone FROM exception
WHERE subscription = ? AND (due_at, position) > (?, ?) ORDER BY due_at, position LIMIT ?;

-- name: count_exceptions_after
-- How many of them lie beyond a place in that order, and are due after a time.
SELECT count(*) FROM exception
WHERE subscription = ? AND (due_at, position) > (?, ?) AND due_at > ?;

-- name: count_exceptions_due_after
-- How many deliveries that left the line are due after a time.
SELECT count(*) FROM exception WHERE subscription = ? AND due_at > ?;

-- name: insert_held
-- A delivery that is put aside, with the times of the attempts that failed before.
INSERT INTO held (subscription, position, attempts, held_at, reason, grp, first_at, last_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6,
    coalesce((SELECT first_at FROM exception WHERE subscription = ?1 AND position = ?2), 0),
    coalesce((SELECT last_at FROM exception WHERE subscription = ?1 AND position = ?2), 0))
ON CONFLICT DO NOTHING;

-- name: count_held
-- So many more of a subscription's deliveries are held, and so many of them for order.
UPDATE subscription SET held = held + ?, ordered = ordered + ? WHERE id = ?;

-- name: held_page
-- Where the next held deliveries of a subscription lie, between two positions.
SELECT position, reason = 'order' FROM held
WHERE subscription = ? AND position > ? AND position <= ? ORDER BY position LIMIT ?;

-- name: held_page_of_group
-- The same, of one group.
SELECT position, reason = 'order' FROM held INDEXED BY held_by_group
WHERE subscription = ? AND grp = ? AND position <= ? ORDER BY position LIMIT ?;

-- name: bring_back
-- Held deliveries between two positions are due at once, as after a delay of nothing.
INSERT INTO exception
    (subscription, position, attempts, due_at, delay, noted_at, reason, grp, first_at, last_at)
SELECT subscription, position, attempts, ?, 0, ?, reason, grp, first_at, last_at FROM held
WHERE subscription = ? AND position BETWEEN ? AND ? ORDER BY position
ON CONFLICT DO NOTHING;

-- name: bring_back_one
-- A held delivery is due at once; what it is among the exceptions, where it was not there already.
INSERT INTO exception
    (subscription, position, attempts, due_at, delay, noted_at, reason, grp, first_at, last_at)
SELECT subscription, position, attempts, ?, 0, ?, reason, grp, first_at, last_at FROM held
WHERE subscription = ? AND position = ?
ON CONFLICT DO NOTHING RETURNING due_at, position, attempts, grp, alone;

-- name: delete_held_one
-- A delivery is held no longer.
DELETE FROM held WHERE subscription = ? AND position = ?;

-- name: groups
-- The groups of a subscription, each found by a step in an index: how many exceptions it has, the
-- last of them and of what is held, and the first that is held.
WITH RECURSIVE
tried (grp) AS (
    SELECT min(grp) FROM exception WHERE subscription = ?1 AND grp > ''
    UNION ALL
    SELECT (SELECT min(e.grp) FROM exception AS e
            WHERE e.subscription = ?1 AND e.grp > tried.grp AND e.grp > '')
    FROM tried WHERE tried.grp IS NOT NULL
),
aside (grp) AS (
    SELECT min(grp) FROM held WHERE subscription = ?1 AND grp > ''
    UNION ALL
    SELECT (SELECT min(h.grp) FROM held AS h WHERE h.subscription = ?1 AND h.grp > aside.grp)
    FROM aside WHERE aside.grp IS NOT NULL
)
SELECT
    grp,
    (SELECT count(*) FROM exception AS e
        WHERE e.subscription = ?1 AND e.grp = g.grp AND e.grp > ''),
    max(
        (SELECT coalesce(max(e.position), 0) FROM exception AS e
            WHERE e.subscription = ?1 AND e.grp = g.grp AND e.grp > ''),
        (SELECT coalesce(max(h.position), 0) FROM held AS h INDEXED BY held_by_group
            WHERE h.subscription = ?1 AND h.grp = g.grp)
    ),
    (SELECT coalesce(min(h.position), 0) FROM held AS h INDEXED BY held_by_group
        WHERE h.subscription = ?1 AND h.grp = g.grp)
FROM (SELECT grp FROM tried UNION SELECT grp FROM aside) AS g WHERE grp IS NOT NULL ORDER BY grp;

-- name: mark_fetched
-- How far deliveries may have been handed out.
UPDATE subscription SET fetched = ?, fetched_due = ?, fetched_at = ? WHERE id = ?;

-- name: mark_ended
-- Nothing is handed out any more.
UPDATE subscription SET fetched = 0, fetched_due = -1, fetched_at = -1
WHERE id = ? AND (fetched > 0 OR fetched_due >= 0);

-- name: exceptions_alone
-- What of the exceptions may have been out at a crash is to be delivered by itself.
UPDATE exception SET alone = 1
WHERE subscription = ? AND (due_at, position) <= (?, ?) AND alone = 0;

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

-- name: sweep_redriven
-- Some of the redriven deliveries of a subscription that was removed.
DELETE FROM redriven WHERE subscription = ?1 AND position IN
    (SELECT position FROM redriven WHERE subscription = ?1 ORDER BY position LIMIT ?2);

-- name: next_dead_letters
-- The last of so many ids for letters that are buried now: times, but never one twice.
UPDATE meta SET value = max(value + 1, ?1) + ?2 - 1 WHERE key = 'dead_letter' RETURNING value;

-- name: insert_dead_letter
-- A delivery that gave up, with its own bytes. An attempt that failed now may be its first one.
INSERT INTO dead_letter (id, subscription, position, event_id, event_type, source, ingested_at,
    attempts, cause, reason, first_at, last_at, buried_at, redriven, envelope)
SELECT :id, :subscription, :position, :event_id, :event_type, :source, :ingested_at,
    :attempts, :cause, :reason,
    iif(coalesce(tried.first_at, 0) = 0, :failed_at, tried.first_at),
    iif(:failed_at = 0, coalesce(tried.last_at, 0), :failed_at),
    :buried_at, coalesce(redriven.times, 0), :envelope
FROM (SELECT 1) LEFT JOIN exception AS tried
        ON tried.subscription = :subscription AND tried.position = :position
    LEFT JOIN redriven
        ON redriven.subscription = :subscription AND redriven.position = :position;

-- name: count_dead_letters
-- How many deliveries gave up.
SELECT coalesce(sum(count), 0) FROM letter_count WHERE subscription = ?;

-- name: count_letters_by_kind
-- The same by cause, event type and source, of one of these or of any.
SELECT cause, event_type, source, count FROM letter_count
WHERE subscription = :subscription AND (:cause = '' OR cause = :cause)
    AND (:event_type = '' OR event_type = :event_type)
ORDER BY cause, event_type, source;

-- name: letters_of_all
-- Where the next dead letters are, oldest first, between two ids.
SELECT id, position FROM dead_letter
WHERE subscription = :subscription AND id > :after AND id <= :until ORDER BY id LIMIT :limit;

-- name: letters_of_cause
-- The same of one cause, and of one event type or any.
SELECT id, position FROM dead_letter INDEXED BY dead_letter_by_cause
WHERE subscription = :subscription AND cause = :cause AND id > :after AND id <= :until
    AND (:event_type = '' OR event_type = :event_type) ORDER BY id LIMIT :limit;

-- name: letters_of_type
-- The same of one event type.
SELECT id, position FROM dead_letter INDEXED BY dead_letter_by_type
WHERE subscription = :subscription AND event_type = :event_type
    AND id > :after AND id <= :until ORDER BY id LIMIT :limit;

-- name: letters_of_ids
-- The same of one id, where cause and event type fit.
SELECT id, position FROM dead_letter
WHERE id = :id AND subscription = :subscription AND id > :after AND id <= :until
    AND (:cause = '' OR cause = :cause) AND (:event_type = '' OR event_type = :event_type);

-- name: newest_of_all
-- The last dead letter.
SELECT max(id) FROM dead_letter WHERE subscription = :subscription;

-- name: newest_of_cause
-- The last one of a cause, and of one event type or any.
SELECT id FROM dead_letter INDEXED BY dead_letter_by_cause
WHERE subscription = :subscription AND cause = :cause
    AND (:event_type = '' OR event_type = :event_type) ORDER BY id DESC LIMIT 1;

-- name: newest_of_type
-- The last one of an event type.
SELECT max(id) FROM dead_letter INDEXED BY dead_letter_by_type
WHERE subscription = :subscription AND event_type = :event_type;

-- name: dead_letter
-- A dead letter.
SELECT id, position, event_id, event_type, source, ingested_at, envelope, attempts, cause, reason,
    first_at, last_at, buried_at, redriven
FROM dead_letter WHERE id = ?;

-- name: revive
-- A dead letter is a delivery again that is due at once, with no attempt counted.
INSERT INTO exception (subscription, position, attempts, due_at, delay, noted_at, reason)
SELECT subscription, position, 0, ?, 0, ?, reason FROM dead_letter WHERE id = ?
ON CONFLICT DO NOTHING;

-- name: keep_bytes
-- The bytes of a dead letter that is delivered again.
INSERT INTO redriven (subscription, position, times, redriven_at, ingested_at, envelope)
SELECT subscription, position, redriven + 1, ?, ingested_at, envelope FROM dead_letter WHERE id = ?
ON CONFLICT (subscription, position)
DO UPDATE SET times = max(times, excluded.times), redriven_at = excluded.redriven_at;

-- name: delete_dead_letter
-- A dead letter is gone.
DELETE FROM dead_letter WHERE id = ?;

-- name: has_redriven
-- Whether deliveries of a subscription were dead letters before.
SELECT EXISTS (SELECT 1 FROM redriven WHERE subscription = ?);

-- name: redriven
-- A delivery that was a dead letter before, with its own bytes.
SELECT ingested_at, envelope, redriven_at FROM redriven WHERE subscription = ? AND position = ?;

-- name: redriven_at
-- When a delivery that was a dead letter before was redriven last.
SELECT redriven_at FROM redriven WHERE subscription = ? AND position = ?;

-- name: exception_at
-- One delivery that left the line.
SELECT attempts, due_at, reason FROM exception WHERE subscription = ? AND position = ?;

-- name: first_exception
-- The first delivery that left the line.
SELECT min(position) FROM exception WHERE subscription = ?;

-- name: time_at
-- The times of the segment that a position lies in.
SELECT first, times FROM log WHERE first <= ? AND last >= ?1 ORDER BY first DESC LIMIT 1;

-- name: held_at
-- One delivery that is held.
SELECT attempts, reason, held_at, grp FROM held WHERE subscription = ? AND position = ?;

-- name: first_of_group
-- The first delivery of a group that is to be tried again or is held.
SELECT min(position) FROM (
    SELECT min(position) AS position FROM exception WHERE subscription = ?1 AND grp = ?2 AND grp > ''
    UNION ALL SELECT min(position) FROM held INDEXED BY held_by_group
        WHERE subscription = ?1 AND grp = ?2
);

-- name: letter_at
-- The last dead letter of one delivery.
SELECT id, attempts, reason FROM dead_letter INDEXED BY dead_letter_by_position
WHERE subscription = ? AND position = ? ORDER BY id DESC LIMIT 1;

-- name: place_of
-- One subscription's floor, and what is settled above it.
SELECT floor, sparse FROM subscription WHERE id = ?;

-- name: match_across
-- The one row that a position may be in.
SELECT positions FROM match WHERE subscription = ? AND last >= ? ORDER BY last LIMIT 1;

-- name: segments_back
-- The log's segments backwards, before a position, and whether some bytes are in each.
SELECT first, length(envelopes), peak - lag, instr(envelopes, ?) > 0
FROM log WHERE first < ? ORDER BY first DESC;

-- name: last_before
-- The end of what is older than a time: no segment up to there has anything of it, or later.
SELECT last FROM log WHERE peak < ? ORDER BY peak DESC, first DESC LIMIT 1;

-- name: old_segments
-- Segments after a position of which everything is older than a time, but for the log's last one.
SELECT first, last, length(envelopes) FROM log
WHERE first > ? AND peak < ? AND first < (SELECT max(first) FROM log) ORDER BY first LIMIT ?;

-- name: delete_segment
-- Drop one segment.
DELETE FROM log WHERE first = ?;

-- name: first_times
-- When the events of the first segment were ingested.
SELECT times FROM log ORDER BY first LIMIT 1;

-- name: take_dropped_beside
-- Take out the dropped ranges that end right before a range, or begin right after it.
DELETE FROM dropped WHERE last = ?1 - 1 OR first = ?2 + 1 RETURNING first, last;

-- name: insert_dropped
-- Note that a range is dropped.
INSERT INTO dropped (first, last) VALUES (?, ?);

-- name: end_of_dropped
-- The end of the dropped range that holds a position.
SELECT last FROM (SELECT first, last FROM dropped WHERE last >= ?1 ORDER BY last LIMIT 1)
WHERE first <= ?1;

-- name: places
-- Where each subscription stands.
SELECT name, id, floor, filled FROM subscription;

-- name: exceptions_between
-- Deliveries that left the line, between two positions, and need the log's bytes.
SELECT position FROM exception AS e WHERE subscription = ? AND position BETWEEN ? AND ?
    AND NOT EXISTS (SELECT 1 FROM redriven AS r
        WHERE r.subscription = e.subscription AND r.position = e.position)
ORDER BY position;

-- name: held_between
-- The same of held deliveries.
SELECT position FROM held AS h WHERE subscription = ? AND position BETWEEN ? AND ?
    AND NOT EXISTS (SELECT 1 FROM redriven AS r
        WHERE r.subscription = h.subscription AND r.position = h.position)
ORDER BY position;

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
