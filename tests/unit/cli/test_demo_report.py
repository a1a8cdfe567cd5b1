"""The demo's verdict: what counts as lost, as touched, as caught up."""

import msgspec
import pytest
from rich.console import Console

from keybus.cli.demo.report import Report, Row, Run, judge, percentile, row, table
from keybus.cli.demo.worker import Tally
from keybus.protocol import SubscriptionInfo

RUN = Run(acknowledged=200, refused=0, seconds=1.0, asked_rate=200, outage_seconds=0.2)


def info(name: str, waiting: int = 0, dead: int = 0) -> SubscriptionInfo:
    return SubscriptionInfo(
        name=name,
        account="a",
        events=[],
        filter=None,
        consumers=1,
        acknowledged=0,
        waiting=waiting,
        in_flight=0,
        delayed=0,
        held=0,
        holding=[],
        dead=dead,
    )


def events(count: int) -> set[str]:
    return {f"e{number}" for number in range(count)}


def handled(count: int, latency_us: int = 2000) -> Tally:
    return Tally(latency_us=dict.fromkeys(events(count), latency_us))


def judged(sound: Row, broken: Row, run: Run = RUN) -> Report:
    tallies = {sound.subscription: handled(100), broken.subscription: handled(100)}
    return judge([sound, broken], tallies, run=run)


SOUND = row(info("sound"), handled(100), set(), events(100), broken=False)
BROKEN = row(info("broken"), handled(100), set(), events(100), broken=True)


def test_all_is_well() -> None:
    report = judged(SOUND, BROKEN)
    assert report.ok
    assert report.verdict == (
        "The outage of 0.2 s touched only broken: the other 1 subscriptions went on as before."
        " Acknowledged events lost: 0."
    )


def test_an_event_that_is_nowhere_is_lost() -> None:
    lost = row(info("sound"), handled(99), set(), events(100), broken=False)
    assert lost.lost == 1
    assert not judged(lost, BROKEN).ok


def test_dead_letters_of_other_events_and_duplicates_hide_no_loss() -> None:
    tally = handled(99)
    tally.duplicates = 5
    assert row(info("sound", dead=3), tally, {"x", "y", "z"}, events(100), broken=False).lost == 1
    assert row(info("sound", dead=1), tally, {"e99"}, events(100), broken=False).lost == 0


def test_a_late_event_is_no_success() -> None:
    late = row(info("sound"), handled(100, latency_us=1_000_001), set(), events(100), broken=False)
    assert (late.handled, late.in_time) == (100, 0)
    report = judged(late, BROKEN)
    assert not report.ok
    assert "others suffered too: sound" in report.verdict


@pytest.mark.parametrize("left", [info("sound", waiting=1), info("sound", dead=1)])
def test_what_is_left_over_counts_against_a_sound_subscription(left: SubscriptionInfo) -> None:
    assert not judged(row(left, handled(100), set(), events(100), broken=False), BROKEN).ok


def test_the_broken_one_has_to_catch_up() -> None:
    behind = row(info("broken", waiting=40), handled(60), set(), events(100), broken=True)
    assert behind.lost == 0
    report = judged(SOUND, behind)
    assert not report.ok
    assert "has not caught up: broken" in report.verdict


def test_a_machine_that_is_too_slow_is_not_blamed_on_the_vendor() -> None:
    slow = Run(acknowledged=200, refused=0, seconds=4.0, asked_rate=200, outage_seconds=0.2)
    report = judged(SOUND, BROKEN, slow)
    assert not report.ok
    assert "50 events/s of the 200 asked for" in report.verdict


def test_percentiles_are_by_the_nearest_rank() -> None:
    assert percentile([], 50) is None
    assert percentile([1000], 99) == 1.0
    latencies = [number * 1000 for number in range(1, 101)]
    assert [percentile(latencies, percent) for percent in (50, 90, 99)] == [50.0, 90.0, 99.0]


def test_the_table_fits_80_columns() -> None:
    wide = msgspec.structs.replace(
        SOUND,
        subscription="property-portal",
        matched=250_000,
        handled=250_000,
        in_time=250_000,
        p90=123.4,
        p99=8557.1,
        waiting=1000,
    )
    console = Console(width=80, record=True, file=None)
    with console.capture() as captured:
        console.print(table([wide, BROKEN]))
    lines = captured.get().splitlines()
    assert all("…" not in line for line in lines)
    assert any("property-portal" in line and "100.000%" in line for line in lines)
