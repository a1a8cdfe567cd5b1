"""`keybus bench patterns`: its events, its rules, its counts; never its speeds."""

import json
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from keybus.cli.bench import bench
from keybus.cli.bench.families import FAMILIES, JsonPattern, RuleSet, family
from keybus.cli.bench.fields import cardinalities, used
from keybus.cli.bench.measure import Figures, Speed
from keybus.cli.bench.mixture import mixture
from keybus.cli.bench.parcels import parcels
from keybus.cli.bench.report import Report, Row, row, setting, verdict
from keybus.cli.bench.ruler import Ruler, RulerFigures, find, measure_ruler, write_lines
from keybus.cli.bench.run import Options, perform
from keybus.cli.bench.tables import show
from keybus.errors import SettingsError
from keybus.patterns import Pattern

COUNT = 200
EVENTS = list(parcels(COUNT))
MIXED = 40
RULES = RuleSet("exact", {"one": {"source": ["a"]}, "two": {"source": ["b"]}})


class PlainIndex:
    """The plain evaluator, rule by rule; `lies` leaves out a rule's matches where names are said to
    be unique."""

    def __init__(self, patterns: Mapping[str, JsonPattern], lies: Iterable[str] = ()) -> None:
        self.patterns = {name: Pattern.parse(each) for name, each in patterns.items()}
        self.lies = set(lies)

    def add(self, name: str, pattern: JsonPattern) -> None:
        self.patterns[name] = Pattern.parse(pattern)

    def remove(self, name: str) -> None:
        del self.patterns[name]

    def match(self, event: bytes, *, unique_names: bool = False) -> tuple[str, ...]:
        left_out = self.lies if unique_names else set[str]()
        return tuple(
            name
            for name, pattern in self.patterns.items()
            if name not in left_out and pattern.matches(event)
        )


def plain_matches(rules: RuleSet) -> int:
    patterns = [Pattern.parse(each) for each in rules.patterns.values()]
    events = [json.loads(event) for event in EVENTS]
    return sum(pattern.matches(event) for event in events for pattern in patterns)


def rule_sets() -> dict[str, RuleSet]:
    found = [*(family(name, EVENTS) for name in FAMILIES), mixture(MIXED, EVENTS)]
    return {each.name: each for each in found}


def figures(matches: Mapping[str, int], modes_differ: int = 0) -> Figures:
    return Figures(0.1, Speed(1e5, 2e5), Speed(3e5, 6e5), matches, modes_differ)


def ruler_figures(matches: Mapping[str, int]) -> RulerFigures:
    return RulerFigures("2", "JVM", "G1", 4, 0.1, 2e4, 5e4, 1e5, matches)


def rows(
    matches: Mapping[str, int], theirs: Mapping[str, int] | None = None, modes_differ: int = 0
) -> Row:
    ruler = None if theirs is None else ruler_figures(theirs)
    return row(RULES, {"source": 2}, 1e6, figures(matches, modes_differ), ruler)


def shown(report: Report) -> str:
    console = Console(width=110)
    with console.capture() as captured:
        show(console, report)
    return captured.get()


def program(folder: Path, script: str) -> Ruler:
    """Something that is started as the JVM is."""
    java = folder / "java"
    java.write_text(f"#!/bin/sh\n{script}\n")
    java.chmod(java.stat().st_mode | stat.S_IXUSR)
    return Ruler(str(java), folder / "any.jar")


def test_events_are_different_of_one_kilobyte_and_the_same_every_time() -> None:
    assert len(set(EVENTS)) == COUNT
    assert 950 < sum(map(len, EVENTS)) / COUNT < 1050
    assert list(parcels(COUNT)) == EVENTS
    assert set(parcels(COUNT, seed=1)).isdisjoint(EVENTS)
    lots = {json.loads(event)["detail"]["properties"]["map_block_lot"] for event in EVENTS}
    assert len(lots) == COUNT


def test_an_event_is_an_envelope_with_the_corners_in_both_forms() -> None:
    event = json.loads(EVENTS[0])
    assert list(event) == [
        "version", "id", "detail-type", "source", "account", "time", "region", "resources",
        "detail",
    ]  # fmt: skip
    geometry = event["detail"]["geometry"]
    [corners], [ring] = geometry["coordinates"], geometry["rings"]
    assert [[corner["x"], corner["y"]] for corner in corners] == ring
    assert ring[0] == ring[-1]


@pytest.mark.long
@pytest.mark.parametrize("families", [("exact", "mixed"), pytest.param((), marks=pytest.mark.long)])
def test_the_command_counts_what_the_plain_evaluator_matches(families: tuple[str, ...]) -> None:
    arguments = ["--json", "--events", str(COUNT), "--rules", str(MIXED), "--ruler", "none"]
    arguments += [f"--family={each}" for each in families]
    done = CliRunner().invoke(bench, ["patterns", *arguments])
    assert done.exit_code == 0, done.output
    report = msgspec.json.decode(done.stdout, type=Report)
    assert report.ok
    expected = {
        name: each for name, each in rule_sets().items() if not families or each.family in families
    }
    assert {each.name: each.matches for each in report.rows} == {
        name: plain_matches(rules) for name, rules in expected.items()
    }
    assert all(each.matches for each in report.rows)
    sizes = {**dict.fromkeys(FAMILIES, 5), "all": 45, f"mixed {MIXED}": MIXED}
    assert {each.name: each.rules for each in report.rows} == {
        name: sizes[name] for name in expected
    }
    [changed] = report.changes
    assert (changed.rules, changed.times) == (MIXED, 50)


def test_rules_are_repeatable_and_a_larger_mixture_begins_with_the_smaller() -> None:
    assert rule_sets() == rule_sets()
    smaller, larger = mixture(20, EVENTS).patterns, mixture(30, EVENTS).patterns
    assert list(larger.items())[:20] == list(smaller.items())
    assert mixture(20, EVENTS, seed=1) != mixture(20, EVENTS)


@pytest.mark.parametrize("name", sorted(set(FAMILIES) - {"all"}))
def test_a_family_is_five_rules_that_each_match_something(name: str) -> None:
    rules = family(name, EVENTS)
    assert len(rules.patterns) == 5
    for pattern in map(Pattern.parse, rules.patterns.values()):
        assert any(map(pattern.matches, EVENTS))


def test_the_mixture_has_every_operator_and_few_matches_an_event() -> None:
    events = list(parcels(5_000))
    rules = mixture(1_000, events)
    text = json.dumps(rules.patterns)
    for operator in (
        "prefix", "suffix", "wildcard", "anything-but", "numeric", "cidr", "exists",
        "equals-ignore-case", "$or",
    ):  # fmt: skip
        assert f'"{operator}"' in text
    patterns = [Pattern.parse(each) for each in rules.patterns.values()]
    sample = events[::1_000]
    assert sum(p.matches(event) for p in patterns for event in sample) <= 5 * len(sample)


def test_fields_and_their_distinct_values() -> None:
    pattern = {"a": [1], "b": {"$or": [{"c": [1]}, {"d": {"e": [2]}}]}}
    paths = list(used(pattern))
    assert paths == [("a",), ("b", "c"), ("b", "d", "e")]
    events = [b'{"a":1,"b":[{"c":1},[{"c":2}]]}', b'{"a":1,"b":{"c":2,"d":7}}']
    assert list(cardinalities(events, paths).values()) == [1, 2, 0]


def test_a_disagreement_names_the_rules_and_is_not_ok() -> None:
    assert verdict([rows({"one": 3}, {"one": 3})])[0]
    ok, said = verdict([rows({"one": 3}, {"one": 3, "two": 1})])
    assert not ok
    assert "differ on 1 rules (two: 0 and 1)" in said
    assert not verdict([rows({"one": 3}, modes_differ=1)])[0]
    assert "nothing matched" in verdict([rows({})])[1]


def test_ratios_are_to_the_same_kind_of_pass() -> None:
    ratios = rows({"one": 1}, {"one": 1}).ratios
    assert ratios is not None
    assert (ratios.cold, ratios.cold_jvm, ratios.warm) == (2.0, 5.0, 2.0)


@pytest.mark.long
def test_a_wrong_answer_of_one_way_to_ask_is_found() -> None:
    options = Options(200, 0, ["exact"], [])
    report = perform(lambda rules: PlainIndex(rules, ["exact-1"]), options, lambda _: None)
    assert not report.ok
    assert "exact: 1 events are answered differently" in report.verdict


def test_tables_are_whole_at_their_width_and_say_why_a_side_is_missing() -> None:
    both = rows({"one": 499_401}, {"one": 499_401})
    common = {"events": 9, "mean_bytes": 1.0, "seed": 0, "changes": [], "ok": True, "verdict": ""}
    with_ruler = Report(setting=setting(ruler_figures({})), rows=[both], ruler_missing="", **common)  # type: ignore[arg-type]
    assert "…" not in shown(with_ruler)
    assert "499,401" in shown(with_ruler)
    alone = Report(
        setting=setting(None),
        rows=[rows({"one": 1})],
        ruler_missing="run bench/event_ruler/build.sh",
        **common,  # type: ignore[arg-type]
    )
    assert "run bench/event_ruler/build.sh" in shown(alone)


def test_without_java_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ruler, why = find("auto")
    assert ruler is None
    assert "no java" in why
    assert "bench/event_ruler/build.sh" in why
    with pytest.raises(SettingsError, match=r"build\.sh"):
        find(str(tmp_path / "no.jar"))


def test_the_other_side_is_given_rules_and_events_and_is_read(tmp_path: Path) -> None:
    answer = msgspec.json.encode(ruler_figures({"one": 2})).decode()
    ruler = program(tmp_path, f"cat \"$5\" \"$6\" > '{tmp_path}/seen'\necho '{answer}'")
    events = write_lines(tmp_path / "events", [b'{"source":"a"}'])
    assert measure_ruler(ruler, RULES, events, tmp_path, 3) == ruler_figures({"one": 2})
    first, *_, last = (tmp_path / "seen").read_text().splitlines()
    assert json.loads(first) == {"name": "one", "pattern": '{"source":["a"]}'}
    assert last == '{"source":"a"}'


@pytest.mark.parametrize(
    ("script", "said"), [("echo out of memory >&2; exit 3", "out of memory"), ("echo {}", "build")]
)
def test_a_failure_of_the_other_side_is_told(tmp_path: Path, script: str, said: str) -> None:
    with pytest.raises(click.ClickException, match=said):
        measure_ruler(program(tmp_path, script), RULES, tmp_path / "events", tmp_path, 3)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rules", "0"],
        ["--rules", "many"],
        ["--rules", "10,1000000"],
        ["--events", "10"],
        ["--family", "nonsense"],
        ["--ruler", "no.jar"],
    ],
)
def test_wrong_usage_is_refused_before_anything_is_measured(arguments: list[str]) -> None:
    done = CliRunner().invoke(bench, ["patterns", *arguments])
    assert done.exit_code == 2
    assert arguments[0] in done.output
