"""The declared platform: accounts, publishers, grants and subscriptions as data."""

from keybus.topology.declaration import Declaration
from keybus.topology.document import Place
from keybus.topology.filters import lint_filters
from keybus.topology.load import (
    load_apart,
    load_declaration,
    load_platform,
    read_declaration,
)
from keybus.topology.model import Account, EventRef, Grant, Platform, Publisher, Retry, Subscription
from keybus.topology.schema import editor_schema, team_schema

__all__ = [
    "Account",
    "Declaration",
    "EventRef",
    "Grant",
    "Place",
    "Platform",
    "Publisher",
    "Retry",
    "Subscription",
    "editor_schema",
    "lint_filters",
    "load_apart",
    "load_declaration",
    "load_platform",
    "read_declaration",
    "team_schema",
]
