"""The secrets that sign webhooks' deliveries: of an account each, by name, sealed in the store.

Belongs to one event loop, and to the one process that has the store open.
"""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal

import msgspec

from keybus.clock import SYSTEM, Clock
from keybus.errors import CredentialError
from keybus.governance.credentials.vault import Documents, Sealed, Vault
from keybus.governance.principal import Principal
from keybus.topology import Platform
from keybus.topology.findings import quoted
from keybus.topology.model import NAME_PATTERN

COLLECTION = "webhook-secrets"
DAY_SECONDS = 24 * 3600.0
_US = 1_000_000
_BYTES = 32
_PREFIX = "kbws_"  # so that one that leaked is recognised for what it is

Action = Literal["issued", "rotated", "revoked"]
Changed = Callable[[Action, "WebhookSecret", Principal], Awaitable[None]]
"""Told of every change before it holds: what, of which secret, and by whom."""


class Version(msgspec.Struct, frozen=True):
    """One value of a secret.

    Attributes:
        id: What it is sealed as.
        created_us: When it was issued, in microseconds since the Unix epoch.
        expires_us: The first moment at which it signs no more; None: it does not end.
        sealed: The value, encrypted.
    """

    id: str
    created_us: int
    expires_us: int | None
    sealed: Sealed


class Kept(msgspec.Struct, frozen=True):
    """A secret as the store has it: its values, the oldest first; none: it was revoked."""

    account: str
    name: str
    versions: tuple[Version, ...]


class WebhookSecret(msgspec.Struct, frozen=True):
    """A secret without its value.

    Attributes:
        account: The account's name.
        name: Its name, as subscriptions' webhooks call it.
        created_us: When the present value was issued, in microseconds since the Unix epoch.
        signing: How many values sign now: two while it is rotated.
    """

    account: str
    name: str
    created_us: int
    signing: int


class IssuedSecret(msgspec.Struct, frozen=True):
    """A secret as it is handed over, once.

    Attributes:
        webhook_secret: What was issued.
        secret: Its value.
    """

    webhook_secret: WebhookSecret
    secret: str

    def __repr__(self) -> str:
        """Without the value: what is printed by accident is not given away."""
        return f"IssuedSecret({self.webhook_secret!r}, secret=…)"

    __str__ = __repr__


_decoder = msgspec.json.Decoder(Kept)
_Key = tuple[str, str]


async def _nobody_is_told(_: Action, __: WebhookSecret, ___: Principal) -> None:
    return


class WebhookSecrets:
    """Issues, rotates, revokes and opens; `load` reads what the store has.

    Args:
        documents: Where secrets are kept.
        platform: The platform that holds now.
        vault: Seals them; None: none can be issued.
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
        self._kept: dict[_Key, Kept] = {}
        self._change = asyncio.Event()
        self._changing = asyncio.Lock()  # what one change has looked at, no other changes meanwhile

    async def load(self) -> None:
        """Read all secrets, and seal anew what is under an old key.

        Raises:
            CredentialError: One that signs cannot be opened.
        """
        async for document in self._documents.list(COLLECTION):
            kept = _decoder.decode(document.value)
            self._kept[kept.account, kept.name] = kept
            await self._reseal(kept)

    def __iter__(self) -> Iterator[WebhookSecret]:
        """All secrets that sign, by account and name."""
        for kept in sorted(self._kept.values(), key=lambda each: (each.account, each.name)):
            if self._signing(kept):
                yield self._info(kept)

    def signing(self, account: str, name: str) -> tuple[str, ...]:
        """The values that sign now, the newest first; none where there is no such secret."""
        kept = self._kept.get((account, name))
        if kept is None or self._vault is None:
            return ()
        return tuple(
            self._vault.open(each.sealed, _bound(kept, each))
            for each in reversed(self._signing(kept))
        )

    async def change(self) -> None:
        """Wait until a secret was issued, rotated or revoked."""
        await self._change.wait()

    async def issue(self, account: str, name: str, *, by: Principal) -> IssuedSecret:
        """Issue a secret.

        Returns:
            Its value with it, which is never shown again.

        Raises:
            CredentialError: There is no such account, it has one of this name, the name cannot be
                used, or no sealing key is set.
        """
        async with self._changing:
            if account not in self._platform().accounts:
                raise CredentialError(f"the platform has no account {quoted(account)}")
            if not re.fullmatch(NAME_PATTERN, name):
                raise CredentialError(f"{quoted(name)} is no name for a secret")
            kept = self._kept.get((account, name), Kept(account, name, ()))
            if self._signing(kept):
                raise CredentialError(
                    f"{quoted(account)} has a secret {quoted(name)} already", hint="rotate it"
                )
            return await self._add(msgspec.structs.replace(kept, versions=()), "issued", by)

    async def rotate(
        self, account: str, name: str, *, by: Principal, overlap: float = DAY_SECONDS
    ) -> IssuedSecret:
        """Issue another value; the one before it signs beside it until the overlap is over.

        Raises:
            CredentialError: There is no such secret.
        """
        async with self._changing:
            kept = self._find(account, name)
            now = self._clock.time_us()
            last = self._signing(kept)[-1]
            ends = now + int(max(0.0, overlap) * _US)
            ending = msgspec.structs.replace(last, expires_us=ends)
            return await self._add(msgspec.structs.replace(kept, versions=(ending,)), "rotated", by)

    async def revoke(self, account: str, name: str, *, by: Principal) -> WebhookSecret:
        """End a secret at once; what it would sign is not delivered until there is another.

        Raises:
            CredentialError: There is no such secret.
        """
        async with self._changing:
            kept = self._find(account, name)
            info = self._info(kept)
            await self._changed("revoked", info, by)
            await self._keep(msgspec.structs.replace(kept, versions=()))
            return info

    async def _add(self, kept: Kept, action: Action, by: Principal) -> IssuedSecret:
        if self._vault is None:
            raise CredentialError(
                "webhooks' secrets are kept sealed, and there is no sealing key",
                hint="make one with `keybus credentials new-key`, and set KEYBUS_SEALING_KEY_FILE",
            )
        value = _PREFIX + secrets.token_urlsafe(_BYTES)
        draft = Version(secrets.token_hex(8), self._clock.time_us(), None, Sealed("", b""))
        sealed = self._vault.seal(value, _bound(kept, draft))
        version = msgspec.structs.replace(draft, sealed=sealed)
        grown = msgspec.structs.replace(kept, versions=(*kept.versions, version))
        await self._changed(action, self._info(grown), by)
        await self._keep(grown)
        return IssuedSecret(self._info(grown), value)

    async def _keep(self, kept: Kept) -> None:
        """Write it down, then let it hold."""
        value = msgspec.json.encode(kept)
        await self._documents.put(COLLECTION, f"{kept.account}:{kept.name}", value)
        self._kept[kept.account, kept.name] = kept
        self._change.set()
        self._change = asyncio.Event()

    async def _reseal(self, kept: Kept) -> None:
        versions = self._signing(kept)
        if not versions:
            return
        if self._vault is None:
            raise CredentialError(
                f"the webhook secret {quoted(kept.name)} of {quoted(kept.account)} is sealed, and"
                " no key is set",
                hint="set KEYBUS_SEALING_KEY_FILE or KEYBUS_SEALING_KEY",
            )
        values = [self._vault.open(each.sealed, _bound(kept, each)) for each in versions]
        if any(each.sealed.key_id != self._vault.current for each in versions):
            anew = tuple(
                msgspec.structs.replace(each, sealed=self._vault.seal(value, _bound(kept, each)))
                for each, value in zip(versions, values, strict=True)
            )
            await self._keep(msgspec.structs.replace(kept, versions=anew))

    def _find(self, account: str, name: str) -> Kept:
        kept = self._kept.get((account, name))
        if kept is None or not self._signing(kept):
            raise CredentialError(
                f"{quoted(account)} has no webhook secret {quoted(name)}",
                hint="see `keybus webhooks secret list`",
            )
        return kept

    def _signing(self, kept: Kept) -> tuple[Version, ...]:
        now = self._clock.time_us()
        return tuple(
            each for each in kept.versions if each.expires_us is None or now < each.expires_us
        )

    def _info(self, kept: Kept) -> WebhookSecret:
        signing = self._signing(kept)
        return WebhookSecret(kept.account, kept.name, signing[-1].created_us, len(signing))


def _bound(kept: Kept, version: Version) -> str:
    """What a sealed value is bound to."""
    return f"webhook:{kept.account}:{kept.name}/{version.id}"
