"""Buries, redrives and purges until it is killed, printing what was answered. Run by a test."""

import asyncio
import itertools
import sys
from pathlib import Path

from keybus.bus.dead_letters.letters import LetterChoice
from keybus.engines.sqlite import SqliteEngine
from tests.contract.engines_under_test import ANY, records


def answered(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main() -> None:
    engine = SqliteEngine.at(Path(sys.argv[1]))
    cursor = await engine.open("a", ANY)
    for turn in itertools.count():
        prefix = f"{sys.argv[2]}-{turn}"
        await engine.append(records(40, "a", prefix=prefix))
        for index in range(40):
            answered(f"appended {prefix}-{index}")
        for each in await cursor.fetch(60):
            if each.redriven_at:
                await cursor.ack([each.position])
                answered(f"acked {each.envelope.decode()}")
            else:
                await cursor.bury(each.position, reason="poison")
                answered(f"buried {each.envelope.decode()}")
        await cursor.letters.redrive(LetterChoice(), 25)
        await cursor.letters.purge(LetterChoice(), 1)


asyncio.run(main())
