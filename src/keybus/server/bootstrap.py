"""The first credential: written into the store of a bus that does not run, for whoever administers.

Whoever can write the store's file can do as much anyway; this only saves doing it by hand.
"""

import asyncio
from pathlib import Path

import msgspec

from keybus.bus.audit.log import AuditLog
from keybus.bus.control.versions import Versions
from keybus.clock import SYSTEM
from keybus.engines.sqlite import SqliteEngine
from keybus.errors import CredentialError
from keybus.governance import Principal
from keybus.governance.audit import BUS
from keybus.governance.credentials import Credential, Issued, Registry
from keybus.governance.credentials.registry import Action
from keybus.governance.credentials.sealing import SealingKeys
from keybus.server.dev import store_of
from keybus.topology import load_platform

_BY = Principal("", frozenset())


def bootstrap(
    folder: Path,
    data: Path | None,
    label: str,
    *,
    expires_us: int | None = None,
    recover: bool = False,
) -> Issued:
    """Issue a bearer token of the central account.

    Args:
        folder: Where `platform.yaml` is; what was applied to the store already comes before it.
        data: Where events are kept; ``.keybus`` in the folder where it is not given.
        label: What to call the credential.
        expires_us: The first moment at which it no longer holds; None: it does not end.
        recover: Also where a central credential holds, since its token was lost.

    Returns:
        The credential and its token, which is never shown again.

    Raises:
        CredentialError: The platform names no central account, or has a central credential.
        TopologyError: The platform file has faults.
        BrokenContracts: The contracts have.
        StorageFailed: The store cannot be opened.
    """
    store = store_of(folder, data)
    return asyncio.run(_bootstrap(folder, store, label, expires_us, recover=recover))


async def _bootstrap(
    folder: Path, store: Path, label: str, expires_us: int | None, *, recover: bool
) -> Issued:
    vault = SealingKeys.from_environment()
    engine = SqliteEngine.at(store)
    try:
        applied = await Versions(engine.documents).current()
        platform = applied.platform if applied else load_platform(folder)[0]
        if platform.central is None:
            raise CredentialError(
                f"the platform {platform.bus!r} names no central account",
                hint="write `central: NAME` into the platform file",
            )
        audit = await AuditLog.open(
            engine.documents, SYSTEM, None if vault is None else vault.audit_key
        )
        try:

            async def changed(action: Action, credential: Credential, _: Principal) -> None:
                about = msgspec.to_builtins(credential)
                await audit.write(BUS, f"credential.{action}", credential.id, about)

            registry = await Registry.load(
                engine.documents, lambda: platform, vault=vault, changed=changed
            )
            if registry.has_central() and not recover:
                raise CredentialError(
                    "there is a credential of the role central already",
                    hint="issue more with `keybus credentials issue`; is its token lost: --recover",
                )
            return await registry.issue(
                platform.central, ["central"], "token", by=_BY, expires_us=expires_us, label=label
            )
        finally:
            await audit.close()
    finally:
        await engine.close()
