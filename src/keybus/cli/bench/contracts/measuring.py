"""What is measured, each beside its baseline in the same round."""

import gc
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import msgspec
from jsonschema_rs import Draft4Validator, canonicalize

from keybus.cli.bench.contracts.delivering import DELIVERIES, deliveries
from keybus.cli.bench.contracts.making import broken, changed, contract, make
from keybus.cli.bench.contracts.translating import EVENTS, translations
from keybus.cli.bench.pipeline.bodies import detail
from keybus.cli.bench.pipeline.project import EVENT_TYPE, write_project
from keybus.cli.bench.report import Setting, setting
from keybus.contracts import ContractRepository
from keybus.contracts.bindings import generate
from keybus.contracts.compatibility import check
from keybus.contracts.releases.report import Standing, check_repository

_MILLI, _MICRO = 1e3, 1e6
_EVENTS: Final = 2_000
_PROPERTIES: Final = 100

Say = Callable[[str], None]


class Figure(msgspec.Struct, frozen=True):
    """One thing that was measured; medians over the rounds.

    Attributes:
        name: What.
        unit: ``ms``, ``s`` or ``µs``.
        took: How long it took.
        baseline: How long the baseline took.
        beside: What that is.
        goal: How long it may take.
    """

    name: str
    unit: str
    took: float
    baseline: float
    beside: str
    goal: float


class Costs(msgspec.Struct, frozen=True):
    """The whole run.

    Attributes:
        contracts: How many the repository had.
        properties: How many each of them declared.
        rounds: How many the medians are of.
        setting: On what it ran.
        figures: What was measured.
        faults: What was not as it has to be; the figures are of something else then.
    """

    contracts: int
    properties: int
    rounds: int
    setting: Setting
    figures: Sequence[Figure]
    faults: Sequence[str]


def measure(contracts: int, properties: int, rounds: int, say: Say) -> Costs:
    """Measure on a repository of this size.

    Args:
        contracts: How many.
        properties: How many each declares.
        rounds: How many the medians are of.
        say: Told how it goes.
    """
    faults: list[str] = []
    say("differences")
    figures = [
        _difference("a safe change of 100 properties", changed, rounds, faults),
        _difference("a breaking one", broken, rounds, faults),
    ]
    with tempfile.TemporaryDirectory(prefix="keybus-bench-") as name:
        folder = Path(name) / "contracts"
        make(folder, contracts, properties)
        say(f"the check of {contracts:,} contracts")
        figures.append(_whole(folder, rounds, faults))
        say(f"bindings of {contracts:,} contracts")
        figures.append(_bindings(folder, Path(name) / "bindings", rounds))
        say("one event")
        figures.append(_event(Path(name) / "project", rounds))
    say("one event in another major's form")
    figures += _translated(rounds)
    return Costs(contracts, properties, rounds, setting(None), figures, faults)


def _difference(name: str, change: Callable[[Any], Any], rounds: int, faults: list[str]) -> Figure:
    old = _alone(contract(0, _PROPERTIES))
    new = _alone(change(contract(0, _PROPERTIES)))
    found = check(old, new, "FULL")
    if bool(found) is (change is changed):
        faults.append(f"{name}: {len(found)} incompatibilities were found")

    def covers() -> None:
        one, other = canonicalize(old), canonicalize(new)
        one.covers(other)
        other.covers(one)

    took, baseline = _both(lambda: check(old, new, "FULL"), covers, rounds)
    beside = "jsonschema-rs covers, without places or reasons"
    return Figure(name, "ms", took * _MILLI, baseline * _MILLI, beside, 20.0)


def _alone(schema: dict[str, Any]) -> dict[str, Any]:
    """A contract without what it refers to."""
    return {**schema, "allOf": schema["allOf"][1:]}


def _whole(folder: Path, rounds: int, faults: list[str]) -> Figure:
    """Loading, with every rule, and judging each contract; one in ten has changed."""
    before = ContractRepository.load(folder)
    for file in sorted(folder.glob("thing*/*.json"))[::10]:
        file.write_text(json.dumps(changed(json.loads(file.read_text())), indent=2))

    def judged() -> None:
        checked = check_repository(ContractRepository.load(folder), Standing(before, "before"))
        if not checked.is_releasable:
            faults.append(checked.findings[0].message)

    def decoded() -> None:
        for file in folder.glob("*/*.json"):
            msgspec.json.decode(file.read_bytes())

    took, baseline = _both(judged, decoded, rounds)
    return Figure(
        f"load and check {len(before):,} contracts, one in ten changed",
        *("s", took, baseline, "their files read and decoded", 3.0),
    )


def _bindings(folder: Path, out: Path, rounds: int) -> Figure:
    repository = ContractRepository.load(folder)
    files = generate("python", repository, out)
    texts = [(out / file, (out / file).read_text("utf-8")) for file in files]

    def written() -> None:
        for place, text in texts:
            place.write_text(text, "utf-8")

    took, baseline = _both(lambda: generate("python", repository, out), written, rounds)
    name = f"Python bindings of {len(repository):,} contracts"
    return Figure(name, "s", took, baseline, "the same files written", 20.0)


def _event(folder: Path, rounds: int) -> Figure:
    write_project(folder, 1)
    found = ContractRepository.load(folder / "contracts")[EVENT_TYPE]
    event = msgspec.json.decode(detail())
    encode = msgspec.json.Encoder().encode
    bare: Draft4Validator = Draft4Validator({})

    def all_of_it() -> None:
        for _ in range(_EVENTS):
            assert found.accepts(event)
            encode(event)

    def half() -> None:
        for _ in range(_EVENTS):
            assert bare.is_valid(event)
            encode(event)

    took, baseline = _both(all_of_it, half, rounds)
    return Figure(
        "one event of 800 bytes validated and serialised",
        *("µs", took / _EVENTS * _MICRO, baseline / _EVENTS * _MICRO),
        *("the same against a schema that says nothing", 5.0),
    )


def _translated(rounds: int) -> list[Figure]:
    found = []
    for name, work, plain, goal in translations():
        took, baseline = (each / EVENTS * _MICRO for each in _both(work, plain, rounds))
        beside = "the same event decoded from JSON and encoded"
        found.append(Figure(name, "µs", took, baseline, beside, goal))
    for name, beside, work, plain, goal in deliveries():
        took, baseline = (each / DELIVERIES * _MICRO for each in _both(work, plain, rounds))
        found.append(Figure(name, "µs", took, baseline, beside, goal))
    return found


def _both(
    work: Callable[[], object], baseline: Callable[[], object], rounds: int
) -> tuple[float, float]:
    """Seconds, medians; in turn, so that whatever else the machine does falls on both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for each, taken in zip((work, baseline), times, strict=True):
            gc.collect()
            began = perf_counter()
            each()
            taken.append(perf_counter() - began)
    took, beside = (median(each[1:]) for each in times)  # the first does not count
    return took, beside
