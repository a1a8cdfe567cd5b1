"""Named archives, as EventBridge has them: views of the one log, which keeps every event."""
