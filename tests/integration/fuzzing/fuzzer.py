"""Somebody who asks for everything: schemathesis's command, with a credential or without."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.integration.fuzzing.fuzzed_server import NAMES
from tests.running import ROOT

EXAMPLES: Final = 6
"""Requests that are drawn for each operation, valid or not, beside those at its bounds."""
MOST_SECONDS: Final = 900


class Fuzzer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asks for everything.

    Attributes:
        token: Their own; empty: none.
        names: Names that they may learn nothing of.
        subscriptions: Those that they try, their own first.
        source: Their own.
        applies: Whether they may apply platforms.
        options: What else schemathesis is told.
    """

    token: str = ""
    names: tuple[str, ...] = NAMES
    subscriptions: tuple[str, ...] = ("desk-feed", "kestrel-feed", "no-feed")
    source: str = ""
    applies: bool = False
    options: tuple[str, ...] = ()

    async def run(self, name: str, url: str, document: Path, common: dict[str, Any]) -> None:
        """Ask for everything, beside ``document``; fails with all that was found.

        Args:
            name: What to call it.
            url: The bus.
            document: The file that has its description.
            common: What is told to all; see `Told` in ``hooks.py``.
        """
        told, log = document.with_name(f"{name}.json"), document.with_name(f"{name}.log")
        told.write_bytes(msgspec.json.encode(common | self._told(common)))
        with log.open("w") as output:
            process = await asyncio.create_subprocess_exec(
                *self._command(url, document),
                cwd=document.parent,
                env=os.environ
                | {
                    "FUZZING_TOLD": str(told),
                    "SCHEMATHESIS_HOOKS": "tests.integration.fuzzing.hooks",
                    "PYTHONPATH": str(ROOT),
                },
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
            )
        try:
            async with asyncio.timeout(MOST_SECONDS):
                await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
                sys.stdout.write(log.read_text())
        assert process.returncode == 0, log.read_text()

    def _told(self, common: dict[str, Any]) -> dict[str, Any]:
        return {
            "names": self.names,
            "subscriptions": self.subscriptions,
            "source": self.source,
            "proposal": common["proposal"] if self.applies else {},
        }

    def _command(self, url: str, document: Path) -> list[str]:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(document), f"--url={url}"),
            *("--no-color", "--warnings=off", "--phases=coverage,fuzzing"),
            *(f"--max-examples={EXAMPLES}", "--generation-database=none", "--request-timeout=20"),
            *("--suppress-health-check=all", "--exclude-checks=ignored_auth", *self.options),
        ]
        return command + (["-H", f"Authorization: Bearer {self.token}"] if self.token else [])
