"""`keybus dev` is killed -9 under load: nothing acknowledged is lost, and what comes twice has a cause."""

from pathlib import Path

import pytest

from tests.reliability.kills.judge import Verdict
from tests.reliability.kills.run import Run
from tests.reliability.kills.witness import IN_FLIGHT


async def run(folder: Path, kills: int, seed: int) -> Verdict:
    """A run whose problems say how to have it again."""
    verdict = await Run(folder, seed).run(kills)
    again = f"python -m tests.reliability --part kills --seed {seed} --kills {kills}"
    assert verdict.problems == [], f"{again}; the journal is in {folder}"
    assert verdict.kills >= kills
    return verdict


@pytest.mark.long
async def test_nothing_acknowledged_is_lost_over_kills_under_load(tmp_path: Path) -> None:
    verdict = await run(tmp_path, 2, seed=1)
    assert verdict.lost == 0
    assert verdict.acknowledged > 100
    assert verdict.delivered > 2 * verdict.acknowledged
    assert verdict.duplicates[IN_FLIGHT] > 0


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_nothing_acknowledged_is_lost_over_more_kills(tmp_path: Path) -> None:
    verdict = await run(tmp_path, 12, seed=3)
    assert verdict.lost == 0


@pytest.mark.soak
@pytest.mark.timeout(1_800)
async def test_nothing_acknowledged_is_lost_over_hundreds_of_kills(tmp_path: Path) -> None:
    verdict = await run(tmp_path, 200, seed=2)
    assert verdict.lost == 0
