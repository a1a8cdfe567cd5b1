"""The rules of migrations, as data: an ID, a purpose and a hint each."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from keybus.errors import Fault


class MigrationRule(NamedTuple):
    """One rule.

    Attributes:
        id: Its stable identifier, the code of its faults.
        purpose: Why it is a rule.
        hint: What to do about it, unless the fault has a better one.
    """

    id: str
    purpose: str
    hint: str = ""


_EACH: Final = (
    MigrationRule(
        "migration-name",
        "A migration's file says from which major to which it leads.",
        "name it migrations/TYPE/2-to-1.json, or 2-to-1.jsonata",
    ),
    MigrationRule(
        "migration-twice",
        "From one major to another one migration leads.",
        "remove one of the two",
    ),
    MigrationRule(
        "migration-type",
        "A migration is of an event type that there is.",
        "name the folder after the type",
    ),
    MigrationRule(
        "migration-major",
        "A migration leads between majors that there are, or nothing shows whether it is right.",
        "release a contract of that major, or rename the file",
    ),
    MigrationRule(
        "migration-unreadable", "A migration is a text file of a size that can be reviewed."
    ),
    MigrationRule(
        "migration-shape",
        "An unknown member is a misspelt one, and a missing one would be guessed.",
        'write {"steps": [{"op": "move", "from": "/a", "path": "/b"}]}',
    ),
    MigrationRule(
        "migration-op",
        "Every step does one of a few things.",
        "known are move, copy, remove, add, default and map",
    ),
    MigrationRule(
        "migration-pointer",
        "A step names its field by a JSON pointer (RFC 6901).",
        "write it like /garage/code, or /items/*/code for a field of each item",
    ),
    MigrationRule(
        "migration-head",
        "What identifies an event and says where it came from is the same in every major.",
        "leave the step out: id, type, time, publisher, schema_version and the trace are carried over",
    ),
    MigrationRule("migration-expression", "An expression is one of JSONata."),
    MigrationRule(
        "migration-unbounded",
        "Events are hostile, so what an expression costs must be bounded by its form.",
    ),
    MigrationRule(
        "migration-extra",
        "JSONata is evaluated by a library that the base install has not.",
        "pip install 'keybus[server]'",
    ),
)

MIGRATION_RULES: Final[Mapping[str, MigrationRule]] = {rule.id: rule for rule in _EACH}
"""Every rule, by its ID. Files of field moves are JSON as contracts are, by the same rules."""


def fault(
    rule: str, message: str, file: str, *, pointer: str = "", line: int = 0, hint: str = ""
) -> Fault:
    """What breaks a rule.

    Args:
        rule: The rule's ID.
        message: What is wrong, in one sentence.
        file: Where, relative to the repository.
        pointer: JSON pointer into the file.
        line: Its line, from 1; 0 where it is not known.
        hint: What to do, where it is better than the rule's own.
    """
    hint = hint or MIGRATION_RULES[rule].hint
    return Fault(rule, message, pointer=pointer, file=file, line=line, hint=hint)
