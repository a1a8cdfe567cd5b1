"""Appends, acknowledges and holds until it is killed, printing what was answered. Run by a test."""

import asyncio
import itertools
import sys
from pathlib import Path

from keybus.engines.sqlite import SqliteEngine
from tests.contract.engines_under_test import ANY, record


def answered(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def append(engine: SqliteEngine, run: str, worker: int) -> None:
    for index in itertools.count():
        text = f"{run}-{worker}-{index}"
        await engine.append([record(text, "a", "b"), record(text + "-twin", "a")])
        answered(f"appended {text}")


async def consume(engine: SqliteEngine) -> None:
    cursor = await engine.open("a", ANY)
    await cursor.unhold()
    for turn in itertools.count():
        deliveries = await cursor.fetch(20)
        done = [each for each in deliveries if (each.position + turn) % 5]
        await cursor.ack([each.position for each in done])
        for each in done:
            answered(f"acked {each.envelope.decode()}")
        aside = [each for each in deliveries if each not in done and each.position % 2]
        await cursor.hold([each.position for each in aside], reason="no grant")
        for each in aside:
            answered(f"held {each.envelope.decode()}")


async def main() -> None:
    engine = SqliteEngine.at(Path(sys.argv[1]))
    await asyncio.gather(engine.open("a", ANY), engine.open("b", ANY))
    await asyncio.gather(
        *(append(engine, sys.argv[2], worker) for worker in range(4)), consume(engine)
    )


asyncio.run(main())
