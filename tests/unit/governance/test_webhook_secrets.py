"""Webhooks' secrets: issued once, two while they are rotated, sealed, and gone when revoked."""

import asyncio

import msgspec
import pytest

from keybus.engines.memory import MemoryEngine
from keybus.errors import CredentialError
from keybus.governance import ANYBODY, Principal
from keybus.governance.credentials.sealing import SealingKeys
from keybus.governance.webhook_secrets import Action, WebhookSecret, WebhookSecrets
from keybus.testing import ManualClock
from keybus.topology.model import Account, Platform

PLATFORM = Platform(
    "bus", accounts={"me": Account("111111111111"), "you/us": Account("222222222222")}
)
NEW, OLD = b"n" * 32, b"o" * 32
AN_HOUR = 3600


class Book:
    """What was told of changes."""

    def __init__(self) -> None:
        self.entries: list[tuple[Action, str, str]] = []
        self.fails = False

    async def changed(self, action: Action, secret: WebhookSecret, by: Principal) -> None:
        if self.fails:
            raise CredentialError("the book is full")
        self.entries.append((action, f"{secret.account}/{secret.name}", by.account))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def engine(clock: ManualClock) -> MemoryEngine:
    return MemoryEngine(clock=clock)


@pytest.fixture
def book() -> Book:
    return Book()


async def loaded(
    engine: MemoryEngine, clock: ManualClock, book: Book, *keys: bytes
) -> WebhookSecrets:
    found = WebhookSecrets(
        engine.documents,
        lambda: PLATFORM,
        vault=SealingKeys(keys) if keys else None,
        changed=book.changed,
        clock=clock,
    )
    await found.load()
    return found


@pytest.fixture
async def secrets(engine: MemoryEngine, clock: ManualClock, book: Book) -> WebhookSecrets:
    return await loaded(engine, clock, book, OLD)


async def test_a_secrets_whole_life(
    secrets: WebhookSecrets, clock: ManualClock, book: Book
) -> None:
    first = await secrets.issue("me", "hook", by=Principal("me", frozenset()))
    assert first.secret.startswith("kbws_")
    assert first.secret not in repr(first)
    assert secrets.signing("me", "hook") == (first.secret,)
    second = await secrets.rotate("me", "hook", by=ANYBODY, overlap=AN_HOUR)
    assert secrets.signing("me", "hook") == (second.secret, first.secret)
    assert [each.signing for each in secrets] == [2]
    third = await secrets.rotate("me", "hook", by=ANYBODY, overlap=AN_HOUR)
    assert secrets.signing("me", "hook") == (third.secret, second.secret)
    clock.advance(AN_HOUR)
    assert secrets.signing("me", "hook") == (third.secret,)
    await secrets.revoke("me", "hook", by=ANYBODY)
    assert secrets.signing("me", "hook") == ()
    assert list(secrets) == []
    again = await secrets.issue("me", "hook", by=ANYBODY)
    assert secrets.signing("me", "hook") == (again.secret,)
    actions = [action for action, _, _ in book.entries]
    assert actions == ["issued", "rotated", "rotated", "revoked", "issued"]
    assert book.entries[0] == ("issued", "me/hook", "me")


async def test_what_cannot_be_done_says_why(secrets: WebhookSecrets) -> None:
    await secrets.issue("me", "hook", by=ANYBODY)
    for refused, words in (
        (secrets.issue("me", "hook", by=ANYBODY), "already"),
        (secrets.issue("nobody", "hook", by=ANYBODY), "no account"),
        (secrets.issue("me", "a b", by=ANYBODY), "no name"),
        (secrets.rotate("you/us", "hook", by=ANYBODY), "has no webhook secret"),
        (secrets.revoke("me", "other", by=ANYBODY), "has no webhook secret"),
    ):
        with pytest.raises(CredentialError, match=words):
            await refused


async def test_accounts_and_names_are_not_mixed_up(secrets: WebhookSecrets) -> None:
    mine = await secrets.issue("me", "us/hook", by=ANYBODY)
    theirs = await secrets.issue("you/us", "hook", by=ANYBODY)
    assert secrets.signing("me", "us/hook") == (mine.secret,)
    assert secrets.signing("you/us", "hook") == (theirs.secret,)
    assert secrets.signing("you", "us/hook") == ()


async def test_it_is_sealed_and_moves_under_a_new_key(
    secrets: WebhookSecrets, engine: MemoryEngine, clock: ManualClock, book: Book
) -> None:
    issued = await secrets.issue("me", "hook", by=ANYBODY)
    assert issued.secret.encode() not in await kept(engine)
    moved = await loaded(engine, clock, book, NEW, OLD)
    assert moved.signing("me", "hook") == (issued.secret,)
    only = await loaded(engine, clock, book, NEW)
    assert only.signing("me", "hook") == (issued.secret,)
    for keys in ((), (OLD,)):
        with pytest.raises(CredentialError):
            await loaded(engine, clock, book, *keys)


async def test_one_that_is_moved_to_another_account_does_not_open(
    secrets: WebhookSecrets, engine: MemoryEngine, clock: ManualClock, book: Book
) -> None:
    await secrets.issue("me", "hook", by=ANYBODY)
    stolen = (await kept(engine)).replace(b'"account":"me"', b'"account":"you/us"')
    await engine.documents.put("webhook-secrets", "you/us:hook", stolen)
    with pytest.raises(CredentialError, match="was changed"):
        await loaded(engine, clock, book, OLD)


async def test_without_a_sealing_key_there_are_none(
    engine: MemoryEngine, clock: ManualClock, book: Book
) -> None:
    secrets = await loaded(engine, clock, book)
    with pytest.raises(CredentialError, match="no sealing key"):
        await secrets.issue("me", "hook", by=ANYBODY)


async def test_what_cannot_be_written_down_does_not_hold(
    secrets: WebhookSecrets, book: Book
) -> None:
    issued = await secrets.issue("me", "hook", by=ANYBODY)
    book.fails = True
    for change in (
        secrets.issue("me", "other", by=ANYBODY),
        secrets.rotate("me", "hook", by=ANYBODY),
        secrets.revoke("me", "hook", by=ANYBODY),
    ):
        with pytest.raises(CredentialError, match="full"):
            await change
    assert secrets.signing("me", "hook") == (issued.secret,)
    assert secrets.signing("me", "other") == ()


async def test_whoever_waits_for_a_change_is_told(secrets: WebhookSecrets) -> None:
    waiting = asyncio.create_task(secrets.change())
    await asyncio.sleep(0)
    assert not waiting.done()
    await secrets.issue("me", "hook", by=ANYBODY)
    async with asyncio.timeout(5):
        await waiting


async def kept(engine: MemoryEngine) -> bytes:
    [document] = [each async for each in engine.documents.list("webhook-secrets")]
    assert isinstance(msgspec.json.decode(document.value), dict)
    return document.value
