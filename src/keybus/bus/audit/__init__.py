"""The audit log, and its last part."""
