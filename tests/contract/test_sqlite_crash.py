"""Killed at any moment, the store has everything that was answered."""

import subprocess
import sys
from pathlib import Path

from keybus.engines.sqlite import SqliteEngine
from tests.contract.engines_under_test import ANY, fetch_all, texts

LINES = (1, 150, 1_500)
"""After how many answers each child is killed."""


def run_and_kill(store: Path, run: str, lines: int) -> dict[str, set[str]]:
    """Kill -9 a child in the middle of its work; what it had been told, by verb."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.contract.crashing_child", str(store), run],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    with child, child.stdout:
        said = [child.stdout.readline() for _ in range(lines)]
        child.kill()
        said += child.stdout.readlines()
    # The last line may have been cut.
    words = [line.split() for line in said if line.endswith("\n")]
    return {
        told: {text for verb, text in words if verb == told}
        for told in ("appended", "acked", "held")
    }


async def test_nothing_answered_is_lost_over_kill_9(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    appended: set[str] = set()
    acked: set[str] = set()
    for index, lines in enumerate(LINES):
        told = run_and_kill(store, f"run{index}", lines)
        assert any(told.values())
        appended |= told["appended"]
        acked |= told["acked"]
    engine = SqliteEngine.at(store)
    kept = [event.envelope.decode() async for event in engine.read()]
    assert len(kept) == len(set(kept))
    assert appended <= set(kept)
    # An append is all or nothing, also where nobody was told.
    assert all(text.removesuffix("-twin") + "-twin" in set(kept) for text in kept)
    a, b = await engine.open("a", ANY), await engine.open("b", ANY)
    # What the last run was told that it holds is held; what runs before it held may have come back.
    assert told["held"]
    held = {each.envelope.decode() async for each in a.held()}
    assert told["held"] <= held
    assert acked.isdisjoint(held)
    assert await a.unhold() == len(held)
    left = texts(await fetch_all(a, (await a.state()).waiting))
    assert held <= set(left)
    assert acked.isdisjoint(left)
    # Every fifth was never settled, and comes again; so does all that was never fetched.
    assert set(left) <= set(kept)
    assert len(left) == len(set(left)) >= len(set(kept)) // 6
    everything = [text for text in kept if not text.endswith("-twin")]
    assert texts(await fetch_all(b, len(everything))) == everything
    await engine.close()
