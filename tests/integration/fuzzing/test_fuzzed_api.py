"""Whatever is asked of the native API: no 500, no leak, no loss."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from keybus.governance.credentials import Issued
from keybus.governance.credentials.tokens import read_token
from tests.integration.fuzzing.fuzzed_server import EVENT, NAMES, WATCHED, FuzzedServer
from tests.integration.fuzzing.fuzzer import Fuzzer
from tests.integration.fuzzing.work import at_work

DOCUMENT: Final = "/api/v1/openapi.json"
CURRENT: Final = "/api/v1/platform/versions/current"
UNAPPLIED: Final = ("--exclude-operation-id=applyPlatform",)
"""800 requests to be refused as the auditor's are."""
CLOSED: Final = (
    "--phases=fuzzing",
    "--exclude-checks=ignored_auth,unsupported_method,positive_data_acceptance,negative_data_rejection",
)
"""A bus answers 401 to everything that comes without a credential that holds."""


@pytest.fixture
def fuzzed(tmp_path: Path) -> Iterator[FuzzedServer]:
    server = FuzzedServer(tmp_path)
    server.start()
    yield server
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


def fuzzers(issued: dict[str, Issued]) -> dict[str, Fuzzer]:
    granted = {"kestrels", WATCHED}  # the shop knows to whom it gave its events
    return {
        "central": Fuzzer(token=issued["operations"].secret, names=(), applies=True),
        "publisher": Fuzzer(
            token=issued["shop"].secret,
            names=tuple(set(NAMES) - granted),
            source="shop.till",
            options=UNAPPLIED,
        ),
        "subscriber": Fuzzer(token=issued["desk"].secret, options=UNAPPLIED),
        "auditor": Fuzzer(token=issued["review"].secret, names=()),
        "guesser": Fuzzer(token="kb_KBTKAAAAAAAAAAAAAAAA_nothing", options=CLOSED),
        "nobody": Fuzzer(options=CLOSED),
    }


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_no_500_no_leak_no_loss(fuzzed: FuzzedServer, tmp_path: Path) -> None:
    issued = {
        "operations": fuzzed.issue("operations", "central"),
        "shop": fuzzed.issue("shop", "publisher", "subscriber"),
        "desk": fuzzed.issue("desk", "subscriber"),
        "review": fuzzed.issue("review", "auditor"),
        "kestrels": fuzzed.issue("kestrels", "publisher", "subscriber"),
    }
    tokens = [fuzzed.token, *(each.secret for each in issued.values())]
    async with at_work(fuzzed, issued["kestrels"].secret, tmp_path) as work:
        sold = await work.sell(issued["shop"].secret, issued["desk"].secret)
        for token in tokens:  # so that each is known to be good, whoever guesses
            await work.get("/api/v1/grants", token)
        document = tmp_path / "openapi.json"
        document.write_bytes(msgspec.json.encode(await work.get(DOCUMENT, fuzzed.token)))
        holds = await work.get(CURRENT, fuzzed.token)
        common = {
            "secrets": [*tokens, fuzzed.key_file.read_text().strip(), EVENT],
            "keep": [read[0] for read in map(read_token, tokens) if read],
            "events": [sold, await work.first_put()],
            "proposal": {"platform": holds["platform"], "contracts": holds["contracts"]},
            "taken": str(work.taken),
        }
        async with asyncio.TaskGroup() as group:
            for name, fuzzer in fuzzers(issued).items():
                group.create_task(fuzzer.run(name, fuzzed.url, document, common))
        for token in tokens:  # else some have asked for nothing but a credential
            await work.get("/api/v1/grants", token)
