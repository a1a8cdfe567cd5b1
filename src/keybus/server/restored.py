"""A store that was made of a backup says so in its audit log."""

import asyncio
from pathlib import Path

import msgspec

from keybus.bus.audit.log import AuditLog
from keybus.clock import SYSTEM
from keybus.engines.sqlite import SqliteEngine
from keybus.engines.sqlite.backup import Manifest
from keybus.governance.audit import BUS
from keybus.governance.credentials.sealing import SealingKeys


def note_restored(store: Path, manifest: Manifest) -> None:
    """Write down that a store begins again where a backup was taken.

    Args:
        store: The store's file; no bus runs on it.
        manifest: What the backup said of itself.

    Raises:
        StorageFailed: It could not be written down.
        AuditError: The audit log in the store is sealed under another key, or was changed.
    """
    asyncio.run(_note(store, manifest))


async def _note(store: Path, manifest: Manifest) -> None:
    vault = SealingKeys.from_environment()
    engine = SqliteEngine.at(store)
    try:
        audit = await AuditLog.open(
            engine.documents, SYSTEM, None if vault is None else vault.audit_key
        )
        try:
            about = msgspec.to_builtins(manifest)
            await audit.write(BUS, "store.restored", "store", about)
        finally:
            await audit.close()
    finally:
        await engine.close()
