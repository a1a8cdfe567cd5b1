"""The run: events, rule sets, both sides of each in the same minutes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from keybus.cli.bench.families import FAMILIES, RuleSet, family
from keybus.cli.bench.fields import cardinalities, used
from keybus.cli.bench.measure import (
    PASSES,
    Changes,
    Figures,
    IndexMaker,
    changes,
    decoding,
    measure,
)
from keybus.cli.bench.mixture import mixture
from keybus.cli.bench.parcels import parcels
from keybus.cli.bench.report import Report, Row, row, setting, verdict
from keybus.cli.bench.ruler import Ruler, RulerFigures, measure_ruler, write_lines
from keybus.cli.bench.tables import progress

MIXED = "mixed"
_CHANGES = 50


class Options(msgspec.Struct, frozen=True):
    """What to measure.

    Attributes:
        events: How many.
        seed: Which ones, and which rules.
        families: Which rule sets, of `FAMILIES` and ``mixed``.
        scales: How many mixed rules, a rule set each.
        ruler: event-ruler, or none.
        ruler_missing: Why there is none.
    """

    events: int
    seed: int
    families: Sequence[str]
    scales: Sequence[int]
    ruler: Ruler | None = None
    ruler_missing: str = ""


def perform(make: IndexMaker, options: Options, say: Callable[[str], None]) -> Report:
    """Measure everything that is asked for.

    Args:
        make: Makes the index that is measured.
        options: What is asked for.
        say: Told what is being done.
    """
    say(f"making {options.events:,} events")
    events = list(parcels(options.events, options.seed))
    sets = list(_sets(options, events))
    distinct = cardinalities(events, {path for each in sets for path in _paths(each)})
    rows, last = [], None
    with TemporaryDirectory(prefix="keybus-bench-") as made:
        folder = Path(made)
        file = write_lines(folder / "events.jsonl", events) if options.ruler else None
        for rules in sets:
            say(f"{rules.name}: measuring")
            decode = decoding(events)
            figures = measure(make, rules, events)
            if options.ruler and file:
                last = measure_ruler(options.ruler, rules, file, folder, PASSES)
            rows.append(_row(rules, distinct, decode, figures, last))
            say(f"{rules.name}: {progress(last, figures.checked.warm)}")
    changed = list(_changes(make, options, events, say))
    ok, said = verdict(rows)
    return Report(
        events=len(events),
        mean_bytes=sum(map(len, events)) / len(events),
        seed=options.seed,
        setting=setting(last),
        rows=rows,
        changes=changed,
        ruler_missing=options.ruler_missing,
        ok=ok,
        verdict=said,
    )


def _sets(options: Options, events: Sequence[bytes]) -> Iterator[RuleSet]:
    for name in FAMILIES:
        if name in options.families:
            yield family(name, events, options.seed)
    if MIXED in options.families:
        for count in options.scales:
            yield mixture(count, events, options.seed)


def _paths(rules: RuleSet) -> list[tuple[str, ...]]:
    return sorted({path for pattern in rules.patterns.values() for path in used(pattern)})


def _row(
    rules: RuleSet,
    distinct: Mapping[tuple[str, ...], int],
    decode: float,
    figures: Figures,
    ruler: RulerFigures | None,
) -> Row:
    fields = {".".join(path): distinct[path] for path in _paths(rules)}
    return row(rules, fields, decode, figures, ruler)


def _changes(
    make: IndexMaker, options: Options, events: Sequence[bytes], say: Callable[[str], None]
) -> Iterator[Changes]:
    if MIXED not in options.families:
        return
    for count in options.scales:
        say(f"adding to {count:,} rules, and removing")
        all_of_them = mixture(count + _CHANGES, events, options.seed).patterns
        rules = RuleSet(MIXED, dict(islice(all_of_them.items(), count)))
        spare = dict(islice(all_of_them.items(), count, None))
        yield changes(make, rules, spare, events)
