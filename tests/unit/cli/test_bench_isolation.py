"""`keybus bench isolation`: what it counts and says; never its speeds."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from keybus.cli.bench import bench
from keybus.cli.bench.isolation.report import Report, report, show
from keybus.cli.bench.isolation.round import Asked, Round, run_round
from keybus.cli.bench.pipeline.figures import Figures
from keybus.cli.bench.pipeline.latency import Percentiles

ASKED = Asked(1_000, 1, 5.0, 0, 100.0)


def measured(p99: float, *, missing: int = 0, refused: str = "", taken: float = 1_000.0) -> Round:
    times = Percentiles(1.0, 2.0, p99, 2 * p99)
    return Round(Figures(taken, 3 * taken, None, times, times, 0.1, 0, missing, refused), 1 << 20)


def shown(found: Report) -> str:
    console = Console(width=100)
    with console.capture() as captured:
        show(console, found)
    return captured.get()


def test_the_ratio_is_of_the_medians() -> None:
    calm = [measured(each) for each in (2.0, 4.0, 90.0)]
    found = report(ASKED, calm, [measured(each) for each in (5.0, 6.0, 7.0)])
    assert (found.calm_p99, found.disturbed_p99, found.ratio) == (4.0, 6.0, 1.5)
    assert (found.met, found.faults) == (True, [])
    text = shown(found)
    assert "met: median p99 6.0 ms beside 4.0 ms: 1.50 times (goal 1.5)" in text
    assert "1.0/2.0/90.0" in text


def test_a_goal_that_is_missed_is_said() -> None:
    found = report(ASKED, [measured(4.0)], [measured(6.1)])
    assert not found.met
    assert "missed: median p99" in shown(found)


def test_what_may_not_happen_is_a_fault() -> None:
    calm, disturbed = measured(4.0, missing=3), measured(4.0, refused="429 slow", taken=10.0)
    broken = report(ASKED, [calm], [disturbed])
    said = " ".join(broken.faults)
    assert not broken.met
    assert "says nothing" in shown(broken)
    assert "calm, round 1: 3 acknowledged events did not come" in said
    assert "disturbed, round 1: not taken: 429 slow" in said
    assert "disturbed, round 1: 10/s were taken, so the rate was not held" in said
    nothing = Round(Figures(1_000.0, 0.0, None, None, None, 0.0, 0, 0, ""), 0)
    found = report(ASKED, [nothing], [nothing])
    assert (found.ratio, found.met) == (0.0, False)
    assert "nothing was delivered" in " ".join(found.faults)


@pytest.mark.long
@pytest.mark.parametrize("disturbed", [False, True])
def test_a_round_delivers_all_that_was_taken(tmp_path: Path, *, disturbed: bool) -> None:
    asked = Asked(50, 10, 1.0, 2_500, 100.0, tmp_path)
    found = run_round(asked, lambda _: None, disturbed=disturbed)
    assert (found.figures.missing, found.figures.refused) == (0, "")
    assert found.figures.handled is not None
    assert found.resident > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_the_command_answers_json(tmp_path: Path) -> None:
    numbers = ["--rate", "20", "--seconds", "1", "--rounds", "1", "--backlog", "0"]
    done = CliRunner().invoke(bench, ["isolation", *numbers, "--within", str(tmp_path), "--json"])
    found = msgspec.json.decode(done.stdout, type=Report)
    assert len(found.calm) == len(found.disturbed) == 1
    assert done.exit_code == (1 if found.faults else 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rate", "0"],
        ["--per-request", "0"],
        ["--seconds", "0"],
        ["--rounds", "0"],
        ["--slow-rate", "0"],
    ],
)
def test_wrong_usage_is_refused_before_anything_is_measured(arguments: list[str]) -> None:
    done = CliRunner().invoke(bench, ["isolation", *arguments])
    assert done.exit_code == 2
    assert arguments[0] in done.output
