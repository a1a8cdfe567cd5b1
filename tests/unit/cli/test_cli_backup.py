"""`keybus backup` and `keybus restore`, as they are typed."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from keybus.bus.audit.log import AuditLog
from keybus.cli.root import keybus
from keybus.clock import SYSTEM
from keybus.engines.sqlite import SqliteEngine
from keybus.errors import KeybusError, StorageFailed
from keybus.governance.audit import BUS
from keybus.governance.credentials.sealing import SealingKeys


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(keybus, [str(each) for each in arguments])


async def _write(store: Path) -> None:
    """An audit log, sealed under the key of the environment, with one entry."""
    vault = SealingKeys.from_environment()
    engine = SqliteEngine.at(store)
    try:
        audit = await AuditLog.open(engine.documents, SYSTEM, vault.audit_key if vault else None)
        await audit.write(BUS, "platform.applied", "version 1")
        await audit.close()
    finally:
        await engine.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    asyncio.run(_write(tmp_path / "data" / "bus.db"))
    return tmp_path / "data"


def test_a_store_goes_on_from_its_backup_and_says_so(data: Path, tmp_path: Path) -> None:
    taken = ran("backup", tmp_path / "backup", "--data", data, "--json")
    assert taken.exit_code == 0, taken.output
    checked = ran("restore", tmp_path / "backup", "--check", "--json")
    restored = ran("restore", tmp_path / "backup", "--data", tmp_path / "again", "--json")
    assert restored.exit_code == 0, restored.output
    manifest = json.loads(taken.stdout)
    assert json.loads(checked.stdout) == json.loads(restored.stdout) == manifest
    listed = ran("audit", "list", "--data", tmp_path / "again", "--json")
    assert listed.exit_code == 0, listed.output
    assert "store.restored" in listed.stdout
    assert manifest["sha256"] in listed.stdout
    verified = ran("audit", "verify", "--data", tmp_path / "again")
    assert verified.exit_code == 0, verified.output


def test_a_log_that_is_sealed_goes_on_under_its_key_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    assert ran("credentials", "new-key", "--out", key).exit_code == 0
    monkeypatch.setenv("KEYBUS_SEALING_KEY_FILE", str(key))
    asyncio.run(_write(tmp_path / "data" / "bus.db"))
    assert ran("backup", tmp_path / "backup", "--data", tmp_path / "data").exit_code == 0
    restored = ran("restore", tmp_path / "backup", "--data", tmp_path / "again")
    assert restored.exit_code == 0, restored.output
    assert ran("audit", "verify", "--data", tmp_path / "again").exit_code == 0
    monkeypatch.delenv("KEYBUS_SEALING_KEY_FILE")
    without = ran("restore", tmp_path / "backup", "--data", tmp_path / "without")
    assert isinstance(without.exception, KeybusError)
    assert [each.name for each in (tmp_path / "without").iterdir()] == ["bus.db.lock"]


def test_words_say_what_was_done(data: Path, tmp_path: Path) -> None:
    taken = ran("backup", tmp_path / "backup", "--data", data)
    assert "the log up to position 0, 0 queues" in taken.stdout
    assert "sound" in ran("restore", tmp_path / "backup", "--check").stdout
    assert ran("restore", tmp_path / "backup").exit_code == 2
    assert ran("restore", tmp_path / "backup", "--check", "--data", data).exit_code == 2
    for refused in (
        ran("backup", tmp_path / "backup", "--data", data),
        ran("backup", tmp_path / "other", "--data", tmp_path / "nowhere"),
        ran("restore", tmp_path / "backup", "--data", data),
        ran("restore", tmp_path / "nowhere", "--check"),
    ):
        assert isinstance(refused.exception, StorageFailed)
