"""Migrations: how events of one major of a contract become events of another."""

from keybus.contracts.migrations.declared import Migrations
from keybus.contracts.migrations.error import MigrationError
from keybus.contracts.migrations.migration import MIGRATIONS, Migration, Translation
from keybus.contracts.migrations.rules import MIGRATION_RULES

__all__ = [
    "MIGRATIONS",
    "MIGRATION_RULES",
    "Migration",
    "MigrationError",
    "Migrations",
    "Translation",
]
