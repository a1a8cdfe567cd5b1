"""`keybus bench pipeline`: events in over HTTP, through a durable bus, out over WebSockets."""

from keybus.cli.bench.pipeline.command import pipeline

__all__ = ["pipeline"]
