"""A backup takes the message queues along, and is readable where there are none."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from keybus.cli.root import keybus
from keybus.engines.sqlite import SqliteEngine
from keybus.errors import StorageFailed
from tests.contract.engines_under_test import ANY, fetch, record, texts


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(keybus, [str(each) for each in arguments])


async def _write(store: Path, text: str) -> None:
    engine = SqliteEngine.at(store)
    try:
        await engine.open("line", ANY)
        await engine.append([record(text, "line")])
    finally:
        await engine.close()


async def _read(store: Path) -> list[str]:
    engine = SqliteEngine.at(store)
    try:
        return texts(await fetch(await engine.open("line", ANY)))
    finally:
        await engine.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    asyncio.run(_write(tmp_path / "data" / "bus.db", "an event"))
    return tmp_path / "data"


def test_messages_come_back(data: Path, tmp_path: Path) -> None:
    asyncio.run(_write(data / "messages.db", "a message"))
    taken = ran("backup", tmp_path / "backup", "--data", data)
    assert "bytes of messages" in taken.stdout
    assert ran("restore", tmp_path / "backup", "--check").exit_code == 0
    restored = ran("restore", tmp_path / "backup", "--data", tmp_path / "again")
    assert restored.exit_code == 0, restored.output
    assert asyncio.run(_read(tmp_path / "again" / "messages.db")) == ["a message"]
    assert asyncio.run(_read(tmp_path / "again" / "bus.db")) == ["an event"]


def test_a_backup_without_messages_is_whole(data: Path, tmp_path: Path) -> None:
    taken = ran("backup", tmp_path / "backup", "--data", data, "--json")
    assert json.loads(taken.stdout)["messages"] is None
    manifest = tmp_path / "backup" / "manifest.json"
    known = json.loads(manifest.read_text())
    del known["messages"]  # as an earlier release wrote it
    manifest.write_text(json.dumps(known))
    restored = ran("restore", tmp_path / "backup", "--data", tmp_path / "again")
    assert restored.exit_code == 0, restored.output
    assert not (tmp_path / "again" / "messages.db").exists()


def test_changed_messages_are_not_put_back(data: Path, tmp_path: Path) -> None:
    asyncio.run(_write(data / "messages.db", "a message"))
    ran("backup", tmp_path / "backup", "--data", data)
    copy = tmp_path / "backup" / "messages.db"
    copy.write_bytes(copy.read_bytes() + b"x")
    for arguments in (("--check",), ("--data", tmp_path / "again")):
        refused = ran("restore", tmp_path / "backup", *arguments)
        assert isinstance(refused.exception, StorageFailed)
        assert "was changed" in str(refused.exception)
    assert {each.name for each in (tmp_path / "again").iterdir()} == {"bus.db.lock"}


def test_nothing_is_restored_beside_messages_that_stand(data: Path, tmp_path: Path) -> None:
    ran("backup", tmp_path / "backup", "--data", data)
    asyncio.run(_write(tmp_path / "again" / "messages.db", "a message"))
    refused = ran("restore", tmp_path / "backup", "--data", tmp_path / "again")
    assert isinstance(refused.exception, StorageFailed)
    assert "messages.db stands already" in str(refused.exception)
    assert "bus.db and messages.db belong together" in refused.exception.hint
