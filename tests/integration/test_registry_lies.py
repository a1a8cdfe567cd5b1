"""What a registry answers is verified before anything of it is written, or generated from."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from click.testing import CliRunner

from keybus.cli.contracts import contracts
from keybus.contracts import Contract
from keybus.contracts.migrations import Migration
from keybus.contracts.releases import Ledger, Releases
from keybus.contracts.releases.objects import written
from keybus.errors import BrokenContracts, KeybusError
from tests.unit.bus.registry.publishing import SOLD, USED, contract, moves
from tests.unit.contracts.releases.releasing import released

FIRST, OTHER = contract(SOLD), contract(USED)
Answers = dict[str, Any]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    """What a registry answers, by path, and a registry that does."""
    found: Answers = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(self.path.partition("?")[0].removeprefix("/api/v1"))
            body = msgspec.json.encode(found[path])
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("KEYBUS_URL", f"http://127.0.0.1:{server.server_port}")
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def tell(answers: Answers, ledger: Ledger, content: bytes, *, digest: str = FIRST.digest) -> None:
    """Answer with a ledger, and with a contract for whatever it names."""
    entries = [json.loads(each.line()) for each in ledger]
    answers[f"/contracts/{SOLD}/ledger"] = {"type": SOLD, "entries": entries}
    release = {
        "version": "1.0.0",
        "digest": digest,
        "status": "active",
        "released": "2026-01-31T08:00:00Z",
        "breaks": [],
    }
    answers[f"/contracts/{SOLD}/releases/{digest}"] = {
        "type": SOLD,
        "release": release,
        "content": msgspec.Raw(content),
    }


def pull(out: Path) -> Any:
    found = CliRunner().invoke(contracts, ["pull", "--type", SOLD, "--out", str(out)])
    if isinstance(found.exception, KeybusError):
        raise found.exception
    return found


def test_the_truth_is_taken(answers: Answers, tmp_path: Path) -> None:
    tell(answers, Ledger(SOLD).then(released(FIRST)), written(FIRST))
    assert pull(tmp_path).exit_code == 0
    assert (tmp_path / "releases" / "ledgers" / f"{SOLD}.jsonl").exists()


@pytest.mark.parametrize(
    "content",
    [
        written(OTHER),
        written(FIRST).replace(b'"string"', b'"number"', 1),
        b"{}",
        b'{"contract":"a","closure":{}}',
    ],
    ids=["another", "changed", "nothing", "empty"],
)
def test_another_content_is_refused(answers: Answers, tmp_path: Path, content: bytes) -> None:
    tell(answers, Ledger(SOLD).then(released(FIRST)), content)
    with pytest.raises(BrokenContracts, match="was changed"):
        pull(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_contract_that_breaks_the_rules_of_a_folder_is_refused(
    answers: Answers, tmp_path: Path
) -> None:
    schema = {**FIRST.schema, "title": "Sold\nimport os"}  # it would be a class's name
    wicked = Contract({**FIRST.closure, FIRST.file: schema}, FIRST.file)
    tell(answers, Ledger(SOLD).then(released(wicked)), written(wicked), digest=wicked.digest)
    with pytest.raises(BrokenContracts, match="title-mismatch"):
        pull(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_chain_that_does_not_hold_is_refused(answers: Answers, tmp_path: Path) -> None:
    tell(answers, Ledger(SOLD).then(released(FIRST)), written(FIRST))
    answers[f"/contracts/{SOLD}/ledger"]["entries"][0]["by"] = "eve"
    with pytest.raises(BrokenContracts, match="was changed"):
        pull(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_another_type_s_ledger_is_refused(answers: Answers, tmp_path: Path) -> None:
    tell(answers, Ledger(USED).then(released(OTHER)), written(OTHER))
    with pytest.raises(BrokenContracts, match="of the type"):
        pull(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("told", [moves(), "{}", moves() + " "], ids=["truth", "another", "longer"])
def test_a_migration_is_held_against_its_digest(
    answers: Answers, tmp_path: Path, told: str
) -> None:
    migration, _ = Migration.parse(SOLD, "1-to-2.json", moves())
    assert migration is not None
    more = {"action": "migration", "migration": migration.name, "text": migration.digest}
    ledger = Ledger(SOLD).then(released(FIRST)).then(released(FIRST, **more))
    tell(answers, ledger, written(FIRST))
    info = {"name": "1-to-2.json", "digest": migration.digest, "version": "1.0.0", "released": ""}
    place = f"/contracts/{SOLD}/migrations/{migration.digest}"
    answers[place] = {"type": SOLD, "migration": info, "text": told}
    if told == moves():
        assert pull(tmp_path).exit_code == 0
        assert list(Releases.load(tmp_path / "releases")[SOLD].migrations) == ["1-to-2.json"]
        return
    with pytest.raises(BrokenContracts, match="its text was changed"):
        pull(tmp_path)
    assert list(tmp_path.iterdir()) == []
