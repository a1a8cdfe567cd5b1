"""``keybus audit``: from a store, from a bus, from a file; what it prints, and how it ends."""

import asyncio
import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from click.testing import CliRunner, Result

from keybus.bus.audit.log import AuditLog
from keybus.bus.audit.tail import ENTRIES, HEADS, name_of
from keybus.cli.audit import audit
from keybus.clock import SYSTEM
from keybus.engines.sqlite import SqliteEngine
from keybus.governance.audit import Actor, Filter, audit_key

SEALING_KEY = b"s" * 32
KEY = audit_key(SEALING_KEY)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(audit, [str(argument) for argument in arguments])


async def fill(data: Path) -> None:
    engine = SqliteEngine.at(data / "bus.db")
    log = await AuditLog.open(engine.documents, SYSTEM, KEY)
    for number in range(1, 6):
        account = "central" if number < 4 else "mal\x1b[31mlory"
        await log.write(Actor(account, f"cred-{number}"), "grant.added", f"/grants/{number}")
    await log.close()
    await engine.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    asyncio.run(fill(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_bytes(base64.b64encode(SEALING_KEY) + b"\n")
    return path


@pytest.fixture
def exported(data: Path, tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    result = run("export", "--data", data, "--out", path)
    assert (result.exit_code, result.stderr) == (0, "5 entries\n")
    return path


@pytest.fixture
def bus(data: Path) -> Iterator[str]:
    """Answers as the native API does, from the store."""

    async def page(query: dict[str, list[str]]) -> bytes:
        engine = SqliteEngine.at(data / "bus.db")
        log = await AuditLog.open(engine.documents, SYSTEM, KEY)
        wanted = Filter(query.get("action", [""])[0], query.get("account", [""])[0])
        # Less than is asked for, so that pages follow each other.
        found = await log.page(int(query["after"][0]), min(2, int(query["limit"][0])), wanted)
        await log.close()
        await engine.close()
        return msgspec.json.encode(found)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            assert address.path == "/api/v1/audit"
            content = asyncio.run(page(parse_qs(address.query)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_sound_log_from_everywhere(data: Path, exported: Path, bus: str, key_file: Path) -> None:
    for place in (("--data", data), ("--data", data / "bus.db"), ("--url", bus), (exported,)):
        result = run("verify", *place)
        assert result.exit_code == 0, result.output
        assert "intact: 5 entries, 5 of them sealed, their seals not checked" in result.stdout
        anchor = result.stdout.splitlines()[-1].removeprefix("end: ")
        result = run("verify", *place, "--anchor", anchor, "--key-file", key_file, "--json")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["seals_checked"] is True


def test_the_same_is_exported_from_a_store_and_from_a_bus(exported: Path, bus: str) -> None:
    result = run("export", "--url", bus)
    assert result.stdout == exported.read_text()
    assert len(result.stdout.splitlines()) == 6


def test_a_tampered_file_is_named_by_its_places(exported: Path, key_file: Path) -> None:
    lines = exported.read_bytes().splitlines(keepends=True)
    for changed, said in (
        ([*lines[:1], lines[1].replace(b"grant", b"groan"), *lines[2:]], "entry 2: was changed"),
        (lines[:3] + lines[4:], "entry 4: is missing"),
        (lines[:4] + lines[5:], "entry 5: was cut off"),
        (lines[:4], "entry 5: the log's head is gone"),
        ([*lines[:2], b"\x1b[31m\n", *lines[3:]], "entry 3: cannot be read"),
    ):
        exported.write_bytes(b"".join(changed))
        result = run("verify", exported, "--key-file", key_file)
        assert result.exit_code == 1
        assert said in result.stdout
        assert "\x1b" not in result.stdout
        assert json.loads(run("verify", exported, "--json").stdout)["ok"] is False


async def tamper(data: Path) -> None:
    engine = SqliteEngine.at(data / "bus.db")
    await engine.documents.delete(ENTRIES, name_of(2))
    await engine.documents.put(ENTRIES, name_of(4), b"{\n}")
    await engine.documents.put(ENTRIES, "note", b"")
    await engine.close()


def test_a_tampered_store_is_named_by_its_places_also_over_an_export(
    data: Path, tmp_path: Path, bus: str
) -> None:
    asyncio.run(tamper(data))
    result = run("verify", "--data", data)
    assert result.exit_code == 1
    assert "entry 2: is missing [audit-missing]" in result.stdout
    assert "entry 4: cannot be read" in result.stdout
    assert "audit-stray" in result.stdout
    path = tmp_path / "tampered.jsonl"
    assert run("export", "--data", data, "--out", path).exit_code == 0
    for place in ((path,), ("--url", bus)):
        result = run("verify", *place)
        assert result.exit_code == 1
        assert "entry 2: is missing" in result.stdout
        assert "entry 4: cannot be read" in result.stdout


def test_an_anchor_or_a_key_that_does_not_fit(exported: Path, tmp_path: Path) -> None:
    result = run("verify", exported, "--anchor", f"3:{'a' * 64}")
    assert (result.exit_code, "entry 3: is not the entry that the anchor" in result.stdout) == (
        1,
        True,
    )
    other = tmp_path / "other"
    other.write_bytes(base64.b64encode(b"o" * 32))
    assert "its seal is not the key's" in run("verify", exported, "--key-file", other).stdout
    other.write_text("not a key")
    result = run("verify", exported, "--key-file", other)
    assert "no sealing key" in str(result.exception)
    assert "not a key" not in str(result.exception)


def test_the_list(data: Path, exported: Path, bus: str) -> None:
    for place in (("--data", data), ("--url", bus), (exported,)):
        shown = run("list", *place)
        assert shown.exit_code == 0, shown.output
        assert "/grants/5" in shown.stdout
        assert "\x1b" not in shown.stdout
        found = json.loads(run("list", *place, "--after", "1", "--limit", "2", "--json").stdout)
        assert [entry["sequence"] for entry in found] == [4, 5]
        found = json.loads(run("list", *place, "--account", "central", "--json").stdout)
        assert [entry["sequence"] for entry in found] == [1, 2, 3]
        found = json.loads(run("list", *place, "--action", "credential", "--json").stdout)
        assert found == []


def test_what_cannot_be_done_is_said(data: Path, tmp_path: Path, exported: Path) -> None:
    assert run("verify", exported, "--data", data).exit_code == 2
    assert "no store" in str(run("verify", "--data", tmp_path).exception)
    assert "no anchor" in str(run("verify", exported, "--anchor", "17").exception)
    assert "exists" in str(run("export", "--data", data, "--out", exported).exception)
    empty = tmp_path / "empty"
    empty.touch()
    assert "is empty" in str(run("verify", empty).exception)


def test_a_store_without_its_head(data: Path) -> None:
    async def lose() -> None:
        engine = SqliteEngine.at(data / "bus.db")
        await engine.documents.delete(HEADS, "head")
        await engine.close()

    asyncio.run(lose())
    result = run("verify", "--data", data)
    assert (result.exit_code, "the log's head is gone" in result.stdout) == (1, True)
