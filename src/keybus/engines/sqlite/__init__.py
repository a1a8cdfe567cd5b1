"""The embedded engine: one SQLite file, one committer thread, durable when a call returns.

How it holds together:

- ``log``: finished envelopes, packed into segments, append-only.
- ``match``: which positions of a segment a subscription matched, frozen at publish.
- ``subscription``: a floor below which everything is settled, and the settled positions above it.
- ``exception``: only deliveries that were retried, delayed or left behind by the floor.
- ``held``: deliveries that were put aside; ``removed``: ids whose rows are still being deleted.
- ``dead_letter`` owns its bytes; ``document`` is versioned; ``meta`` has the schema's version.

Threads: the event loop owns queues and leases; the committer owns the writing connection and the
ledgers; the reader owns the reading connection; the checkpointer moves the WAL into the file.
They share nothing but a queue of operations and the callbacks that land them on the loop.
"""

from keybus.engines.sqlite.engine import SqliteEngine

__all__ = ["SqliteEngine"]
