"""What the pages do step by step can be done, and prints what they say."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.docs import transcript
from tests.docs.test_pages import shop
from tests.running import EXAMPLE, ROOT

DOCUMENTED_END = "2027-12-31"
"""Until when grants hold, on the pages and in the example."""
END = (datetime.now(UTC) + timedelta(days=365)).date().isoformat()
"""Until when they hold here, so that the tests do not end with them."""


def of_page(name: str) -> list[transcript.Step]:
    text = (ROOT / "docs" / name).read_text()
    return list(transcript.steps(text.replace(DOCUMENTED_END, END)))


def example_in(folder: Path) -> Path:
    """A copy of the reference application, at the place that the pages name."""
    left_out = shutil.ignore_patterns(".keybus", "build", "__pycache__")
    return shutil.copytree(EXAMPLE, folder / "examples" / "amazon_key", ignore=left_out)


def check(steps: list[transcript.Step], folder: Path) -> None:
    printed = transcript.run(steps, folder)
    assert len(printed) == len(steps)
    for step, found in zip(steps, printed, strict=True):
        if step.expected is not None and not transcript.fits(step.expected, found):
            pytest.fail(f"$ {step.commands}{transcript.plain(found)}\n-- not --\n{step.expected}")


@pytest.mark.long
def test_a_closed_bus_step_by_step(tmp_path: Path) -> None:
    copy = example_in(tmp_path)
    for file in [copy / "platform.yaml", *(copy / "teams").glob("*.yaml")]:
        file.write_text(file.read_text().replace(DOCUMENTED_END, END))
    check(of_page("server.md"), tmp_path)


@pytest.mark.long
def test_dead_letters_are_looked_at_redriven_and_purged(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("dead-letters.md"), tmp_path)


@pytest.mark.long
def test_what_became_of_an_event(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("explain.md"), tmp_path)


@pytest.mark.long
def test_events_are_replayed(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("replay.md"), tmp_path)


@pytest.mark.long
def test_what_does_not_fit_is_counted(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("admission.md"), tmp_path)


@pytest.mark.long
def test_an_event_is_owned_from_nothing_to_its_second_major(tmp_path: Path) -> None:
    check(of_page("owning-an-event.md"), tmp_path)


@pytest.mark.long
def test_contracts_are_linted(tmp_path: Path) -> None:
    check(of_page("lint.md"), tmp_path)


@pytest.mark.long
def test_contracts_are_released(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("releases.md"), tmp_path)


@pytest.mark.long
def test_releases_are_left_and_end(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("lifecycle.md"), tmp_path)


@pytest.mark.long
def test_bindings_are_pinned(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("bindings-python.md"), tmp_path)


@pytest.mark.long
def test_events_are_migrated(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("migrations.md"), tmp_path)


@pytest.mark.long
def test_contracts_are_published_in_a_registry(tmp_path: Path) -> None:
    copy = example_in(tmp_path)
    for file in [copy / "platform.yaml", *(copy / "teams").glob("*.yaml")]:
        file.write_text(file.read_text().replace(DOCUMENTED_END, END))
    check(of_page("registry.md"), tmp_path)


@pytest.mark.long
def test_who_uses_what(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("usage.md"), tmp_path)


@pytest.mark.long
def test_the_api_describes_itself(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("api.md"), tmp_path)


def test_a_subscription_is_polled(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("polling.md"), tmp_path)


@pytest.mark.long
def test_events_are_watched(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("tail.md"), tmp_path)


@pytest.mark.long
def test_a_store_is_backed_up_and_restored(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("backup.md"), tmp_path)


@pytest.mark.long
def test_accounts_and_grants_of_a_project_of_ones_own(tmp_path: Path) -> None:
    shop(tmp_path / "shop")
    running = transcript.Step("keybus dev . &\n", None)
    check([running, *of_page("getting-started.md")], tmp_path / "shop")


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("a  b", "a  b   \n"),
        ("a … c", "a b\nb c"),
        ("at 2026-01-31T08:00:00Z", "at 2027-02-28T23:59:59Z"),
    ],
)
def test_a_transcript_fits(expected: str, printed: str) -> None:
    assert transcript.fits(expected, printed)


@pytest.mark.parametrize(
    ("expected", "printed"),
    [("at 2026-01-31T08:00:00Z", "at noon"), ("a", "a\nb"), ("(a)", "a"), ("a …", "b a c")],
)
def test_a_transcript_does_not_fit(expected: str, printed: str) -> None:
    assert not transcript.fits(expected, printed)


@pytest.mark.long
def test_rules_are_made_by_hand(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("rules.md"), tmp_path)


@pytest.mark.long
def test_an_archive_is_replayed_by_the_aws_cli(tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page("eventbridge.md"), tmp_path)
