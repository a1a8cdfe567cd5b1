"""Copies of a store: taken while a bus runs on it, and put back where none stands."""

from keybus.engines.sqlite.backup.manifest import Manifest
from keybus.engines.sqlite.backup.restoring import check_backup, restore
from keybus.engines.sqlite.backup.taking import take_backup

__all__ = ["Manifest", "check_backup", "restore", "take_backup"]
