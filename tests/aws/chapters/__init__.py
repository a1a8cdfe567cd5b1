"""Every supported operation with valid input, in the order in which programs ask."""

from collections.abc import Mapping, Sequence
from typing import Final

from tests.aws.chapters import archives, connections, events, messages, queues, rules, schemas
from tests.aws.chapters.step import Step, Told, tell

CHAPTERS: Final[Mapping[str, Sequence[Step]]] = {
    "events": events.EVENTS,
    "buses": events.BUSES,
    "permissions": events.PERMISSIONS,
    "rules": rules.RULES,
    "targets": rules.TARGETS,
    "tags": rules.TAGS,
    "archives": archives.ARCHIVES,
    "replays": archives.REPLAYS,
    "connections": connections.CONNECTIONS,
    "destinations": connections.DESTINATIONS,
    "queues": queues.QUEUES,
    "shared queues": queues.SHARED,
    "dead letters": queues.REDRIVEN,
    "messages": messages.MESSAGES,
    "batches": messages.BATCHES,
    "messages in order": messages.IN_ORDER,
    "registries": schemas.REGISTRIES,
    "schemas": schemas.SCHEMAS,
    "code bindings": schemas.BINDINGS,
    "discovery": schemas.DISCOVERY,
}

__all__ = ["CHAPTERS", "Step", "Told", "tell"]
