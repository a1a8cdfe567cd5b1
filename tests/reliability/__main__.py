"""`python -m tests.reliability`: the crash harness, for as long as it is told to."""

import asyncio
import logging
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, get_args

import click
import msgspec

from tests.reliability.history import History
from tests.reliability.kills.journal import read
from tests.reliability.kills.judge import judge
from tests.reliability.kills.run import Run
from tests.reliability.parts import PARTS, Part
from tests.reliability.soak.report import HEAD, Report
from tests.reliability.soak.run import Soak
from tests.reliability.summary import Summary

_KILLING: Final = 0.6
"""The share of the time for kills; the other parts share what is left."""
_EVERY_SECONDS: Final = 10.0
_LONG_MINUTES: Final = 30
"""From here on a soak is of the bus as it always is."""
_COMMAND: Final = "python -m tests.reliability"


class Asked(msgspec.Struct, frozen=True):
    """What is to be run.

    Attributes:
        minutes: About how long.
        seed: What chance is made from.
        part: This part alone; None: all.
        kills: How often the bus is killed at most.
        histories: How many stores each other part has at most; None: as time permits.
    """

    minutes: float
    seed: int
    part: Part | Literal["kills", "soak"] | None
    kills: int
    histories: int | None


@click.command()
@click.option("--minutes", default=10.0, show_default=True, help="About how long.")
@click.option("--seed", default=0, show_default=True, help="What chance is made from.")
@click.option(
    "--part",
    type=click.Choice(["kills", *get_args(Part), "soak"]),
    help="This part alone; `soak` only so.",
)
@click.option("--kills", default=300, show_default=True, help="Kill so often at most.")
@click.option("--histories", type=int, help="So many stores for each other part, at most.")
@click.option("--json", "as_json", is_flag=True, help="The summary for programs.")
@click.option(
    "--judge",
    "journal",
    type=click.Path(path_type=Path, exists=True),
    help="Judge this journal again, and nothing else.",
)
def main(
    minutes: float,
    seed: int,
    part: Part | Literal["kills", "soak"] | None,
    kills: int,
    histories: int | None,
    *,
    as_json: bool,
    journal: Path | None,
) -> None:
    """Kill buses and cut the power of stores, and judge what is left.

    The part `soak` lets the backlog of `keybus serve` grow and shrink, and judges whether its
    memory stays flat; from half an hour on with the caches and windows that it always has, and
    before that with small ones, which are full soon.
    """
    if journal is not None:
        click.echo(msgspec.json.encode(judge(read(journal))))
        return
    if part == "soak":
        try:
            report = asyncio.run(_soak(minutes, seed))
        except asyncio.CancelledError:  # it was told to end, and has ended its bus
            sys.exit(128 + signal.SIGTERM)
        click.echo(msgspec.json.encode(report) if as_json else "\n".join(report.table()))
        sys.exit(0 if report.good else 1)
    logging.disable(logging.CRITICAL)  # stores say a thousand times that their disk fails
    try:
        summary = asyncio.run(Harness(Asked(minutes, seed, part, kills, histories)).run())
    finally:
        logging.disable(logging.NOTSET)
    click.echo(msgspec.json.encode(summary) if as_json else "\n".join(summary.table()))
    sys.exit(0 if summary.good else 1)


async def _soak(minutes: float, seed: int) -> Report:
    folder = Path(tempfile.mkdtemp(prefix="keybus-soak-"))
    click.echo(f"soak, seed {seed}: everything of the bus is in {folder}", err=True)
    click.echo(HEAD, err=True)
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    soak = Soak(
        folder,
        seed,
        hurried=minutes < _LONG_MINUTES,
        progress=lambda line: click.echo(line, err=True),
    )
    return await soak.run(minutes)


class Harness:
    """One run of all parts, or of the one that was asked for."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._summary = Summary()
        self._told = 0.0

    async def run(self) -> Summary:
        """Run, for about as long as was asked."""
        asked, seconds = self._asked, self._asked.minutes * 60
        if asked.part in {None, "kills"}:
            await self._kill(seconds * (1 if asked.part else _KILLING))
        parts = [part for part in PARTS if asked.part in {None, part}]
        share = 1 if asked.part else (1 - _KILLING) / len(parts)
        for part in parts:
            await self._histories(part, seconds * share)
        return self._summary

    async def _kill(self, seconds: float) -> None:
        asked = self._asked
        folder = Path(tempfile.mkdtemp(prefix="keybus-kills-"))
        self._tell(f"kills, seed {asked.seed}: journal and bus.log in {folder}")
        run = Run(folder, asked.seed, self._tell)
        verdict = await run.run(asked.kills, seconds=seconds)
        again = f"{_COMMAND} --part kills --seed {asked.seed} --kills {verdict.kills}"
        judged = f"{_COMMAND} --judge {folder / 'journal.jsonl'}"
        self._summary.add_kills(verdict, f"{again}\n  judge the journal again: {judged}")

    async def _histories(self, part: Part, seconds: float) -> None:
        self._tell(f"{part}, from seed {self._asked.seed}")
        ends = time.monotonic() + seconds
        for seed in self._seeds():
            history = History(seed)
            found = await PARTS[part](history)
            again = f"{_COMMAND} --part {part} --seed {seed} --histories 1"
            if any(cut.problems for cut in found):
                again += f"\n  what the last cut left: {_kept(history)}"
            self._summary.add_cuts(found, again)
            if time.monotonic() > self._told + _EVERY_SECONDS:
                done = sum(self._summary.cuts.values())
                self._tell(f"{part}: seed {seed}, {done:,} cuts, {self._summary.lost} lost")
            if time.monotonic() > ends:
                break

    def _seeds(self) -> Iterator[int]:
        asked = self._asked
        last = sys.maxsize if asked.histories is None else asked.seed + asked.histories
        yield from range(asked.seed, last)

    def _tell(self, line: str) -> None:
        self._told = time.monotonic()
        click.echo(line, err=True)


def _kept(history: History) -> Path:
    """A folder with what a history left."""
    folder = Path(tempfile.mkdtemp(prefix=f"keybus-cut-{history.seed}-"))
    for name, content in history.left.items():
        (folder / name).write_bytes(content)
    return folder


if __name__ == "__main__":
    main()
