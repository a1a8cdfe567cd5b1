"""`python -m tests.reliability`: what it prints, and that it fails where something is lost."""

import re

import msgspec
from click.testing import CliRunner

from tests.reliability.__main__ import main
from tests.reliability.summary import Summary
from tests.reliability.synchronous import weakened


def test_a_run_without_faults_ends_well_and_counts_what_it_did() -> None:
    done = CliRunner().invoke(main, ["--part", "cuts", "--seed", "3", "--histories", "1", "--json"])
    assert done.exit_code == 0
    summary = msgspec.json.decode(done.stdout, type=Summary)
    assert sum(summary.cuts.values()) + summary.killed == 7
    assert summary.acknowledged > 0
    assert (summary.lost, summary.again, summary.wrong, summary.failures) == (0, 0, 0, [])


def test_a_run_that_finds_something_says_how_to_run_just_that_again() -> None:
    with weakened("OFF"):
        done = CliRunner().invoke(main, ["--part", "cuts", "--histories", "5"])
    assert done.exit_code == 1
    failed = re.search(r"FAILED seed (\d+), ", done.stdout)
    assert failed is not None
    assert f"--part cuts --seed {failed[1]} --histories 1" in done.stdout
