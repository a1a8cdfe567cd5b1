-- What was dropped from the log on purpose is known, so that a hole in it is seen to be damage.

-- Positions of segments that are no more; ranges that meet are one.
CREATE TABLE dropped (
    last  INTEGER PRIMARY KEY,
    first INTEGER NOT NULL
) STRICT;
