"""All credentials: kept in the engine's documents, looked up in memory.

Belongs to one event loop, and to the one process that has the store open.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from keybus.clock import SYSTEM, Clock
from keybus.errors import CredentialError, EngineError
from keybus.governance.credentials.model import Credential, Issued, Kind, new_id
from keybus.governance.credentials.rules import (
    LATEST_US,
    check_end,
    check_label,
    checked_roles,
    holds,
)
from keybus.governance.credentials.tokens import (
    digest,
    fits,
    new_secret,
    new_secret_key,
    read_token,
    write_token,
)
from keybus.governance.credentials.vault import Documents, Sealed, Vault
from keybus.governance.principal import Principal, Role
from keybus.topology import Platform

COLLECTION = "credentials"
DAY_SECONDS = 24 * 3600.0
DEFAULT_OVERLAP_SECONDS = DAY_SECONDS
_US = 1_000_000
_RECHECK_SECONDS = 60.0  # the wall clock may be set while somebody waits for an expiry
_NOTHING = digest("")

Action = Literal["issued", "rotated", "revoked", "failed"]
Changed = Callable[[Action, Credential, Principal], Awaitable[None]]
"""Told of every change: what, which credential, and by whom.

Of a new credential before it holds, and again where it came to nothing (``failed``); of a
revocation after it took effect, which waits for nothing.
"""


class NoSuchCredential(CredentialError):
    """There is no credential of this id."""

    code = "no-such-credential"


class Stored(msgspec.Struct, frozen=True, omit_defaults=True):
    """A credential with its proof: a sealed secret key, or a token's digest."""

    credential: Credential
    sealed: Sealed | None = None
    digest: bytes = b""


class _Held:
    __slots__ = ("last_used_us", "stored", "version")

    def __init__(self, stored: Stored, version: int) -> None:
        self.stored, self.version = stored, version
        self.last_used_us = 0


_decoder = msgspec.json.Decoder(Stored)


async def _nobody_is_told(_: Action, __: Credential, ___: Principal) -> None:
    return


class Registry:
    """Issues, rotates, revokes and looks up; made by `load`.

    Args:
        documents: Where credentials are kept.
        platform: The platform that holds now: its accounts, and which is central.
        vault: Seals secret keys; None: there can be no keys, tokens only.
        changed: Told of every change.
        clock: Time.
    """

    def __init__(
        self,
        documents: Documents,
        platform: Callable[[], Platform],
        *,
        vault: Vault | None,
        changed: Changed = _nobody_is_told,
        clock: Clock = SYSTEM,
    ) -> None:
        self._documents, self._platform = documents, platform
        self._vault, self._changed, self._clock = vault, changed, clock
        self._held: dict[str, _Held] = {}
        self._change = asyncio.Event()
        self._changing = asyncio.Lock()  # what one change has looked at, no other changes meanwhile

    @classmethod
    async def load(
        cls,
        documents: Documents,
        platform: Callable[[], Platform],
        *,
        vault: Vault | None,
        changed: Changed = _nobody_is_told,
        clock: Clock = SYSTEM,
    ) -> "Registry":
        """Read all credentials, and seal anew what is under an old key.

        Raises:
            CredentialError: A key that holds cannot be opened.
        """
        registry = cls(documents, platform, vault=vault, changed=changed, clock=clock)
        async for document in documents.list(COLLECTION):
            held = _Held(_decoder.decode(document.value), document.version)
            registry._held[held.stored.credential.id] = held
        for held in registry._held.values():
            await registry._reseal(held)
        return registry

    def __iter__(self) -> Iterator[Credential]:
        """All credentials, the oldest first."""
        found = (held.stored.credential for held in self._held.values())
        return iter(sorted(found, key=lambda credential: (credential.created_us, credential.id)))

    def get(self, credential_id: str) -> Credential:
        """A credential.

        Raises:
            NoSuchCredential: There is none of this id.
        """
        return self._find(credential_id).stored.credential

    def last_used_us(self, credential_id: str) -> int | None:
        """When it was last used since the bus was started; None: it was not."""
        return self._find(credential_id).last_used_us or None

    @property
    def seals(self) -> bool:
        """Whether there is a key under which secrets are sealed."""
        return self._vault is not None

    def has_central(self, platform: Platform | None = None) -> bool:
        """Whether a credential of the central account holds: now, or on a platform to come."""
        return self._any_central(list(self._held.values()), platform)

    def by_token(self, text: str) -> Principal | None:
        """Whoever sent this token; None where it does not hold."""
        read = read_token(text)
        held = self._held.get(read[0]) if read else None
        kept = held.stored.digest if held else b""
        # The same work for a token that nobody has as for one whose secret is wrong.
        right = fits(read[1] if read else "", kept or _NOTHING)
        return self._used(held) if held is not None and kept and right else None

    def secret_key(self, credential_id: str) -> str | None:
        """The secret of an access key; None where there is no such key, or it does not hold."""
        held = self._held.get(credential_id)
        if held is None or held.stored.sealed is None or not self._holds(held):
            return None
        assert self._vault is not None
        return self._vault.open(held.stored.sealed, _bound(held.stored.credential))

    def by_key(self, credential_id: str) -> Principal | None:
        """Whoever signed with this key; ask it after the signature was verified."""
        held = self._held.get(credential_id)
        return None if held is None or held.stored.sealed is None else self._used(held)

    async def ended(self, credential_id: str) -> None:
        """Wait until a credential no longer holds."""
        while (held := self._held.get(credential_id)) is not None and self._holds(held):
            expires, wait = held.stored.credential.expires_us, _RECHECK_SECONDS
            if expires is not None:
                wait = min(wait, (expires - self._clock.time_us()) / _US)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._change.wait()

    async def issue(
        self,
        account: str,
        roles: Iterable[Role],
        kind: Kind,
        *,
        by: Principal,
        expires_us: int | None = None,
        label: str = "",
    ) -> Issued:
        """Issue a credential.

        Args:
            account: The account's name.
            roles: What it is for.
            kind: How it is used.
            by: Who issues it.
            expires_us: The first moment at which it no longer holds; None: it does not end.
            label: What to call it.

        Returns:
            The credential and its secret, which is never shown again.

        Raises:
            CredentialError: There is no such account, it may not have such a role, the time is
                past, or no sealing key is set.
        """
        now = self._clock.time_us()
        sorted_roles = checked_roles(account, roles, self._platform())
        check_end(expires_us, now)
        check_label(label)
        issued, stored = self._make(
            Credential(new_id(kind), account, sorted_roles, kind, now, expires_us, label=label)
        )
        await self._add("issued", stored, by)
        return issued

    async def rotate(
        self, credential_id: str, *, by: Principal, overlap: float = DEFAULT_OVERLAP_SECONDS
    ) -> Issued:
        """Issue a credential in another's place, which ends after the overlap.

        Args:
            credential_id: The one to be replaced.
            by: Who rotates it.
            overlap: Seconds for which the old one still holds, at most.

        Raises:
            CredentialError: There is none, or it does not hold any more.
        """
        async with self._changing:
            old, now = self._find(credential_id), self._clock.time_us()
            replaced = old.stored.credential
            issued, stored = self._make(self._successor(old, now))
            await self._add("rotated", stored, by)
            ends = now + int(max(0.0, overlap) * _US)
            ends = ends if replaced.expires_us is None else min(ends, replaced.expires_us)
            await self._replace(old, msgspec.structs.replace(replaced, expires_us=ends))
            return issued

    async def revoke(self, credential_id: str, *, by: Principal) -> Credential:
        """End a credential, at once; one that was revoked stays so.

        Raises:
            CredentialError: There is none, or it is the last that can administer.
            StorageFailed: It holds on, or has ended and could not be written down.
        """
        async with self._changing:
            held = self._find(credential_id)
            if held.stored.credential.revoked_us is not None:
                return held.stored.credential
            others = [other for other in self._held.values() if other is not held]
            if "central" in held.stored.credential.roles and not self._any_central(others):
                raise CredentialError(
                    f"{credential_id} is the last credential of the role central",
                    hint="issue or rotate one first, and use it",
                )
            revoked = msgspec.structs.replace(
                held.stored.credential, revoked_us=self._clock.time_us()
            )
            await self._replace(held, revoked)
            await self._changed("revoked", revoked, by)
            return revoked

    def _successor(self, held: _Held, now_us: int) -> Credential:
        """What comes in a credential's place; it holds for as long from now on."""
        old = held.stored.credential
        if not self._holds(held, now_us):
            state = old.state(now_us)
            why = "its account may not have it any more" if state == "active" else f"it is {state}"
            raise CredentialError(f"{old.id}: {why}", hint="issue a new one")
        lifetime = old.expires_us and old.expires_us - old.created_us
        return msgspec.structs.replace(
            old,
            id=new_id(old.kind),
            created_us=now_us,
            expires_us=lifetime and min(now_us + lifetime, LATEST_US),
            rotated_from=old.id,
        )

    def _make(self, credential: Credential) -> tuple[Issued, Stored]:
        if credential.kind == "token":
            secret = new_secret()
            token = write_token(credential.id, secret)
            return Issued(credential, token), Stored(credential, digest=digest(secret))
        if self._vault is None:
            raise CredentialError(
                "access keys are kept sealed, and there is no sealing key",
                hint="make one with `keybus credentials new-key`, and set KEYBUS_SEALING_KEY_FILE",
            )
        secret = new_secret_key()
        sealed = self._vault.seal(secret, _bound(credential))
        return Issued(credential, secret), Stored(credential, sealed=sealed)

    async def _add(self, action: Action, stored: Stored, by: Principal) -> None:
        """Write it down, then let it hold; what cannot be written down never does."""
        await self._changed(action, stored.credential, by)
        try:
            version = await self._write(stored, 0)
        except EngineError:
            with contextlib.suppress(EngineError):  # the store fails, and says so to whoever asked
                await self._changed("failed", stored.credential, by)
            raise
        self._held[stored.credential.id] = _Held(stored, version)
        self._wake()

    async def _replace(self, held: _Held, credential: Credential) -> None:
        stored = msgspec.structs.replace(held.stored, credential=credential)
        held.version = await self._write(stored, held.version)
        held.stored = stored
        self._wake()

    async def _write(self, stored: Stored, expected: int) -> int:
        value = msgspec.json.encode(stored)
        key = stored.credential.id
        return await self._documents.put(COLLECTION, key, value, expected=expected)

    async def _reseal(self, held: _Held) -> None:
        """Move a secret under the key that seals now; what no longer holds may stay closed."""
        credential, sealed = held.stored.credential, held.stored.sealed
        if sealed is None or credential.state(self._clock.time_us()) != "active":
            return
        if self._vault is None:
            raise CredentialError(
                f"{credential.id} is sealed under the key {sealed.key_id}, and no key is set",
                hint="set KEYBUS_SEALING_KEY_FILE or KEYBUS_SEALING_KEY",
            )
        secret = self._vault.open(sealed, _bound(credential))
        if sealed.key_id != self._vault.current:
            anew = self._vault.seal(secret, _bound(credential))
            stored = msgspec.structs.replace(held.stored, sealed=anew)
            held.version = await self._write(stored, held.version)
            held.stored = stored

    def _find(self, credential_id: str) -> _Held:
        held = self._held.get(credential_id)
        if held is None:
            raise NoSuchCredential(
                f"there is no credential {credential_id[:40]!r}",
                hint="see `keybus credentials list`",
            )
        return held

    def _any_central(self, among: Sequence[_Held], platform: Platform | None = None) -> bool:
        now = self._clock.time_us()
        return any(
            "central" in held.stored.credential.roles and self._holds(held, now, platform)
            for held in among
        )

    def _holds(
        self, held: _Held, now_us: int | None = None, platform: Platform | None = None
    ) -> bool:
        """Whether it holds now, on the platform that holds now."""
        now_us = self._clock.time_us() if now_us is None else now_us
        return holds(held.stored.credential, platform or self._platform(), now_us)

    def _used(self, held: _Held) -> Principal | None:
        now = self._clock.time_us()
        if not self._holds(held, now):
            return None
        held.last_used_us = now
        return held.stored.credential.principal

    def _wake(self) -> None:
        self._change.set()
        self._change = asyncio.Event()


def _bound(credential: Credential) -> str:
    """What a sealed secret is bound to."""
    return f"{credential.id}/{credential.account}"
