"""The archive: the log, of which events come once more."""
