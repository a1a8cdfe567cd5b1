"""The check: modes, policies, and the directions and histories that they mean."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from keybus.contracts.compatibility.comparison import Broken, Comparison
from keybus.contracts.compatibility.demands import Reader
from keybus.contracts.compatibility.drafts import draft_named, draft_of
from keybus.contracts.compatibility.formulas import Formulas
from keybus.contracts.compatibility.incompatibility import Direction, Incompatibility
from keybus.contracts.compatibility.rules import meaning_of
from keybus.contracts.compatibility.sides import SchemaFiles, Side, Source
from keybus.contracts.compatibility.solving.outcomes import Found, Unknown
from keybus.contracts.compatibility.wording import hint_of, message_of
from keybus.contracts.contract import Contract
from keybus.contracts.policies import MODES, STRICTNESSES
from keybus.errors import SettingsError

_TRANSITIVE: Final = "_TRANSITIVE"
_DIRECTIONS: Final[dict[str, tuple[Direction, ...]]] = {
    "NONE": (),
    "BACKWARD": ("backward",),
    "FORWARD": ("forward",),
    "FULL": ("backward", "forward"),
}


def check(
    old: Source | Sequence[Source],
    new: Source,
    mode: str = "FULL",
    policy: str = "tolerant",
    *,
    draft: str | None = None,
) -> list[Incompatibility]:
    """All that makes a contract incompatible with what it was before; empty for a safe change.

    A change is breaking backward if an event exists that the old contract accepts and the new one
    refuses, and forward the other way round. What cannot be judged counts as breaking, and says so.

    Args:
        old: What it was: a contract, `SchemaFiles`, or a schema; or several, the newest last. Modes
            that are not transitive look at the newest only.
        new: What it is to be.
        mode: NONE, BACKWARD, FORWARD, FULL, or one of them with _TRANSITIVE behind it.
        policy: ``strict`` asks it of all events; ``tolerant`` of those that have no properties but
            what their writer's contract declares, and of readers that keep the promise of lists
            that are declared extensible.
        draft: The draft of schemas that name none by ``$schema``: draft-04, draft-06, draft-07,
            2019-09 or 2020-12. Without it, they are taken for the other side's, else for draft-04.

    Raises:
        SettingsError: The mode, the policy or the draft is unknown, or there is nothing old.
        BrokenContracts: A plain schema is none, or a reference in it leads nowhere.
    """
    if mode not in MODES:
        raise SettingsError(f"{mode!r} is no mode", hint=f"one of {', '.join(MODES)}")
    if policy not in STRICTNESSES:
        raise SettingsError(f"{policy!r} is no policy", hint=f"one of {', '.join(STRICTNESSES)}")
    history = _history(old)
    if not history:
        raise SettingsError("there is nothing old to compare with", hint="the first is always safe")
    chosen = draft_named(draft) if draft else None
    first = 0 if mode.endswith(_TRANSITIVE) else len(history) - 1
    directions = _DIRECTIONS[mode.removesuffix(_TRANSITIVE)]
    make, tolerant = Formulas(), policy == "tolerant"
    readers: dict[int | None, Reader] = {}  # the new contract's, by what it is read as
    found: list[Incompatibility] = []
    for index, before in list(enumerate(history))[first:]:
        side = Side("old", before, chosen or _draft(new), version=str(index))
        taken_as = chosen or _draft(before)
        if taken_as not in readers:
            readers[taken_as] = Reader(Side("new", new, taken_as), make, meaning_of)
        pair = Reader(side, make, meaning_of), readers[taken_as]
        for direction in () if side.says_the_same_as(pair[1].side) else directions:
            found += _compared(*pair, direction, tolerant=tolerant)
    return found


def _history(old: Source | Sequence[Source]) -> list[Source]:
    if isinstance(old, Contract | SchemaFiles | Mapping | bool):
        return [old]
    return list(old)


def _compared(
    old: Reader, new: Reader, direction: Direction, *, tolerant: bool
) -> Iterator[Incompatibility]:
    written, read = (old, new) if direction == "backward" else (new, old)
    side = read.side.as_tolerant_reader() if tolerant else read.side
    if side is not read.side:
        read = Reader(side, read.formulas, meaning_of)
    for broken in Comparison(written, read, tolerant=tolerant).broken():
        yield _found(broken, direction, old.side.version)


def _draft(source: Source) -> int | None:
    """The draft that a source names."""
    if isinstance(source, SchemaFiles):
        return draft_of(source.documents.get(source.file))
    return draft_of(getattr(source, "schema", source))


def _found(broken: Broken, direction: Direction, against: str) -> Incompatibility:
    backward = direction == "backward"
    old, new = (broken.said, broken.asked) if backward else (broken.asked, broken.said)
    outcome = broken.outcome
    return Incompatibility(
        rule=broken.demand.rule,
        direction=direction,
        document="new" if backward else "old",
        file=broken.demand.place.file,
        pointer=broken.demand.place.pointer,
        field=broken.field,
        old=old,
        new=new,
        message=message_of(broken, direction),
        hint=hint_of(broken, direction),
        proven=isinstance(outcome, Found),
        reason=outcome.reason if isinstance(outcome, Unknown) else "",
        against=against,
        **({"example": outcome.value} if isinstance(outcome, Found) else {}),
    )
