"""Trying a migration: what it makes of events that its source allows, its target has to accept.

It is a test and no proof: `samples` says on which events. What is wrong with an event that nobody
thought of is found at delivery, by the target's contract.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf
from time import thread_time
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from keybus.contracts.contract import Contract
from keybus.contracts.migrations.declared import Migrations
from keybus.contracts.migrations.error import MigrationError
from keybus.contracts.migrations.idle import Watch, hint_of, indices
from keybus.contracts.migrations.migration import FORMS, Migration
from keybus.contracts.migrations.samples import samples
from keybus.contracts.pointers import PointerError, follow, pointer_of, tokens_of
from keybus.errors import Fault

MOST_TROUBLES: Final = 20
"""Different things that are told of one migration."""
_ANY: Final = "*"
_Kind: TypeAlias = tuple[str, ...]

ContractAt = Callable[[str, int], Contract | None]
"""The contract of a type's major; None where there is none."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that came out of a trial.

    Attributes:
        severity: ``error``: it cannot be released so; ``note``: it is worth knowing.
        rule: ``migration-broken``: what it makes is refused; ``migration-failed``: it makes nothing
            of an event; ``migration-gives-nothing``: what is required is never there;
            ``migration-idle``: a step changes no event; ``migration-pointer``: an item is asked for
            by an index; ``migration-untried``: it could not be tried.
        message: What it is, in one sentence.
        pointer: JSON pointer into the migration's file, to the step that it comes from.
        hint: What to do.
        example: An event that shows it.
        translation: What became of that.
        faults: Why the target's contract refuses it.
    """

    severity: Literal["error", "note"]
    rule: str
    message: str
    pointer: str = ""
    hint: str = ""
    example: Any | UnsetType = UNSET
    translation: Any | UnsetType = UNSET
    faults: tuple[Fault, ...] = ()


class Trial(msgspec.Struct, frozen=True):
    """What came of trying a migration.

    Attributes:
        migration: The migration.
        source: The version whose events were tried; empty where there is none.
        target: The version by whose contract the outcome was judged.
        events: How many events were tried.
        troubles: What came out; nothing where all is well.
    """

    migration: Migration
    source: str
    target: str
    events: int
    troubles: Sequence[Trouble]

    @property
    def is_broken(self) -> bool:
        """Whether it may not be released."""
        return any(each.severity == "error" for each in self.troubles)


def try_migrations(migrations: Migrations, contract_at: ContractAt) -> list[Trial]:
    """Try each of a repository's migrations.

    Args:
        migrations: Them.
        contract_at: Has the contracts.
    """
    found = []
    for each in migrations:
        source, target = contract_at(each.type, each.source), contract_at(each.type, each.target)
        if source is not None and target is not None:
            found.append(try_migration(each, source, target))
            continue
        missing = each.source if source is None else each.target
        message = f"{each.file} was not tried: there is no contract of {each.type}@{missing}."
        trouble = Trouble(severity="note", rule="migration-untried", message=message)
        found.append(Trial(each, "", "", 0, (trouble,)))
    return found


def try_migration(
    migration: Migration, source: Contract, target: Contract, seconds: float = inf
) -> Trial:
    """Translate events that one contract accepts, and have the other judge the outcome.

    Args:
        migration: The migration.
        source: The contract of the events that it takes.
        target: The contract of those that it makes.
        seconds: Of the thread's time; what is not through by then is broken.
    """
    translate, watch = migration.compile(target.version), Watch(migration.steps)
    found: dict[_Kind, Trouble] = {}
    made: list[dict[str, Any]] = []
    events, end = 0, thread_time() + seconds
    for event in samples(source, target, migration.told_apart):
        if thread_time() > end:
            found[("slow",)] = _slow(migration, events)
            break
        events += 1
        watch.see(event)
        try:
            made.append(translate(event))
        except MigrationError as error:
            found.setdefault(("", str(error)), _failed(migration, source, event, error))
            continue
        for kind, trouble in _judged(migration, source, target, (event, made[-1])):
            found.setdefault(kind, trouble)
    troubles = [*_of_steps(migration, source, target, watch), *found.values()][:MOST_TROUBLES]
    troubles += _not_given(migration, target, made)
    if not events and not found:
        message = f"{migration.file} was not tried: no event of {source.version} could be made."
        hint = "give the contract an example"
        troubles = [Trouble(severity="note", rule="migration-untried", message=message, hint=hint)]
    return Trial(migration, source.version, target.version, events, tuple(troubles))


def _of_steps(
    migration: Migration, source: Contract, target: Contract, watch: Watch
) -> Iterator[Trouble]:
    """What is wrong with steps, whatever comes of them."""
    told = set[str]()
    for pointer, right in indices(migration.steps, source, target):
        told.add(pointer.rpartition("/")[0])
        message = "Items of an array have no indices: a token is a name, or * for each item."
        hint = f"write {right}"
        yield Trouble(
            severity="error", rule="migration-pointer", message=message, pointer=pointer, hint=hint
        )
    for index in watch.idle:
        pointer, step = pointer_of("steps", index), migration.steps[index]
        if pointer not in told:
            at = pointer_of(*(step.source or step.path))
            message = f"The step {step.op!r} changes none of the events that were tried ({at})."
            hint = hint_of(step, source) or "leave it out, if it is not for events still to come"
            yield Trouble(
                severity="note", rule="migration-idle", message=message, pointer=pointer, hint=hint
            )


def _slow(migration: Migration, events: int) -> Trouble:
    message = f"{migration.file} was tried on {events} events, and there was no time for more."
    hint = "make the expression cheaper, or write field moves; send fewer at a time"
    return Trouble(severity="error", rule="migration-failed", message=message, hint=hint)


def _failed(
    migration: Migration, source: Contract, event: Mapping[str, Any], error: MigrationError
) -> Trouble:
    return Trouble(
        severity="error",
        rule="migration-failed",
        message=f"An event of {source.type} {source.version} cannot become one of"
        f" {migration.target}: {error}.",
        example=event,
    )


def _judged(
    migration: Migration,
    source: Contract,
    target: Contract,
    pair: tuple[dict[str, Any], dict[str, Any]],
) -> Iterator[tuple[_Kind, Trouble]]:
    """What the target refuses of one event's outcome, each with what kind of trouble it is."""
    event, outcome = pair
    faults = () if target.accepts(outcome) else tuple(target.faults(outcome))
    for fault in faults:
        tokens = tokens_of(fault.pointer)
        where = f"{fault.pointer}: " if fault.pointer else ""
        trouble = Trouble(
            severity="error",
            rule="migration-broken",
            message=f"An event of {source.type} {source.version} becomes one that"
            f" {target.version} refuses: {where}{fault.message}",
            pointer=_step(migration, tokens),
            hint=fault.hint,
            example=event,
            translation=outcome,
            faults=faults,
        )
        yield (fault.code, *(_ANY if each.isdecimal() else each for each in tokens)), trouble


def _step(migration: Migration, tokens: list[str]) -> str:
    """The pointer to the last step that gave the value at a place; empty where none did."""
    for index, step in reversed(list(enumerate(migration.steps))):
        pairs = zip(step.path, tokens, strict=False)
        fits = all(each in (token, _ANY) for each, token in pairs)
        if fits and len(step.path) <= len(tokens) and step.op != "remove":
            return pointer_of("steps", index)
    return ""


def _not_given(
    migration: Migration, target: Contract, made: Sequence[Mapping[str, Any]]
) -> Iterator[Trouble]:
    """What the target requires and is in no outcome at all."""
    for row in target.declared():
        above, _, name = row.pointer.rpartition("/")
        if not row.required or name == _ANY or _ANY in tokens_of(row.pointer):
            continue
        holders = [holder for each in made if isinstance(holder := _at(each, above), dict)]
        [token] = tokens_of(f"/{name}")
        if holders and all(token not in holder for holder in holders):
            message = (
                f"{target.type} {target.version} requires {row.pointer}, and nothing gives it."
            )
            hint = f'for instance {{"op": "default", "path": "{row.pointer}", "value": …}}'
            yield Trouble(
                severity="note",
                rule="migration-gives-nothing",
                message=message,
                hint=hint if migration.name.endswith(FORMS[0]) else "",
            )


def _at(event: Mapping[str, Any], pointer: str) -> Any:
    try:
        return follow(event, pointer)
    except PointerError:
        return None
