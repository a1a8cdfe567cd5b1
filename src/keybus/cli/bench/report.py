"""What was measured, and whether both sides agree."""

import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from keybus import __version__
from keybus.cli.bench.families import RuleSet
from keybus.cli.bench.measure import Changes, Figures, Speed
from keybus.cli.bench.ruler import JVM_OPTIONS, RulerFigures

_NAMED = 5


class Ratios(msgspec.Struct, frozen=True):
    """How many times as fast as event-ruler.

    Attributes:
        cold: First pass, beside a fresh machine in a warm JVM.
        cold_jvm: First pass, beside a fresh machine in a fresh JVM.
        warm: Later passes.
    """

    cold: float
    cold_jvm: float
    warm: float


class RulerSpeed(msgspec.Struct, frozen=True):
    """event-ruler's side of a row; see `RulerFigures`."""

    build_seconds: float
    cold_jvm: float
    cold_machine: float
    warm: float
    matches: int


class Row(msgspec.Struct, frozen=True):
    """One rule set; speeds are events a second on one thread.

    Attributes:
        name: The family, with the number of rules where that varies.
        family: An operator, ``all`` or ``mixed``.
        rules: How many.
        fields: Distinct values of each field that the rules ask about, by its dotted path.
        matches: Pairs of an event and a rule that match.
        build_seconds: To make the index over all rules.
        decode: The baseline: msgspec decoding the same text.
        checked: `match(event)`.
        unique_names: `match(event, unique_names=True)`.
        modes_differ: Events that the two answer differently.
        ruler: event-ruler on the same events and rules, right after; none where it is missing.
        ratios: `checked` beside event-ruler.
        unique_names_ratios: `unique_names` beside event-ruler.
        disputed: Rules whose matches differ: Keybus's count and event-ruler's.
    """

    name: str
    family: str
    rules: int
    fields: Mapping[str, int]
    matches: int
    build_seconds: float
    decode: float
    checked: Speed
    unique_names: Speed
    modes_differ: int
    ruler: RulerSpeed | None
    ratios: Ratios | None
    unique_names_ratios: Ratios | None
    disputed: Mapping[str, tuple[int, int]]


class Setting(msgspec.Struct, frozen=True):
    """On what it ran.

    Attributes:
        keybus: Its version.
        python: Its implementation and version.
        msgspec: Its version.
        system: The operating system and processor.
        cpus: How many processors there are; one thread was measured.
        event_ruler: Its version; empty where it is missing.
        java: The virtual machine; empty where event-ruler is missing.
        jvm_options: What it was told.
        collector: Its garbage collector.
    """

    keybus: str
    python: str
    msgspec: str
    system: str
    cpus: int
    event_ruler: str = ""
    java: str = ""
    jvm_options: str = ""
    collector: str = ""


class Report(msgspec.Struct, frozen=True):
    """The whole run.

    Attributes:
        events: How many there were, all different.
        mean_bytes: Their mean size.
        seed: Which ones.
        setting: On what it ran.
        rows: A rule set each.
        changes: Adding and removing single rules, by how many there are.
        ruler_missing: Why event-ruler is missing; empty where it is not.
        ok: Both sides agree about every rule, and every rule set matched something.
        verdict: The same in sentences.
    """

    events: int
    mean_bytes: float
    seed: int
    setting: Setting
    rows: Sequence[Row]
    changes: Sequence[Changes]
    ruler_missing: str
    ok: bool
    verdict: str


def row(
    rules: RuleSet,
    fields: Mapping[str, int],
    decode: float,
    figures: Figures,
    ruler: RulerFigures | None,
) -> Row:
    """Put both sides of a rule set beside each other."""
    theirs = figures.matches if ruler is None else ruler.matches
    names = figures.matches.keys() | theirs.keys()
    counts = {name: (figures.matches.get(name, 0), theirs.get(name, 0)) for name in sorted(names)}
    return Row(
        name=rules.name,
        family=rules.family,
        rules=len(rules.patterns),
        fields=fields,
        matches=sum(figures.matches.values()),
        build_seconds=figures.build_seconds,
        decode=decode,
        checked=figures.checked,
        unique_names=figures.unique_names,
        modes_differ=figures.modes_differ,
        ruler=None if ruler is None else _speed(ruler),
        ratios=None if ruler is None else _ratios(figures.checked, ruler),
        unique_names_ratios=None if ruler is None else _ratios(figures.unique_names, ruler),
        disputed={name: both for name, both in counts.items() if both[0] != both[1]},
    )


def setting(ruler: RulerFigures | None) -> Setting:
    """This machine, and the JVM's own words."""
    mine: dict[str, Any] = {
        "keybus": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "msgspec": msgspec.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count() or 1,
    }
    if ruler is not None:
        mine |= {
            "event_ruler": ruler.version,
            "java": ruler.java,
            "jvm_options": " ".join(JVM_OPTIONS),
            "collector": ruler.collector,
        }
    return Setting(**mine)


def verdict(rows: Sequence[Row]) -> tuple[bool, str]:
    """Whether the answers are right, and what is not."""
    faults = [
        f"{row.name}: Keybus and event-ruler differ on {len(row.disputed):,} rules"
        f" ({_disputed(row.disputed)})."
        for row in rows
        if row.disputed
    ]
    faults += [
        f"{row.name}: {row.modes_differ:,} events are answered differently with unique_names."
        for row in rows
        if row.modes_differ
    ]
    faults += [f"{row.name}: nothing matched." for row in rows if not row.matches]
    if faults:
        return False, " ".join(faults)
    compared = [row for row in rows if row.ratios]
    if not compared:
        return True, "Every rule set matched some events."
    said = f"Keybus and event-ruler agree on every rule's matches, in {len(compared)} rule sets."
    return True, f"{said} {_worst(compared)}"


def _worst(rows: Sequence[Row]) -> str:
    def least(which: str) -> str:
        found = min(rows, key=lambda row: getattr(row.ratios, which))
        return f"{getattr(found.ratios, which):.2f} x {which} ({found.name})"

    return f"Least ratios: {least('warm')}, {least('cold')}."


def _disputed(disputed: Mapping[str, tuple[int, int]]) -> str:
    shown = [
        f"{name}: {mine:,} and {theirs:,}"
        for name, (mine, theirs) in list(disputed.items())[:_NAMED]
    ]
    return "; ".join(shown) + ("; …" if len(disputed) > _NAMED else "")


def _speed(ruler: RulerFigures) -> RulerSpeed:
    return RulerSpeed(
        ruler.build_seconds,
        ruler.cold_jvm,
        ruler.cold_machine,
        ruler.warm,
        sum(ruler.matches.values()),
    )


def _ratios(mine: Speed, ruler: RulerFigures) -> Ratios:
    return Ratios(
        mine.cold / ruler.cold_machine, mine.cold / ruler.cold_jvm, mine.warm / ruler.warm
    )
