import asyncio
from typing import Any

import msgspec
import pytest

from keybus.engines.memory.documents import MemoryDocuments
from keybus.errors import Conflict, CredentialError, StorageFailed
from keybus.governance import Principal
from keybus.governance.credentials import Credential, Kind, NoSuchCredential, Registry
from keybus.governance.credentials.registry import COLLECTION
from keybus.governance.credentials.sealing import SealingKeys
from keybus.testing.clock import ManualClock
from keybus.topology import Account, Platform

OPERATOR = Principal("ops", frozenset({"central"}), "KBTKOPERATOR")
PLATFORM = Platform(
    bus="b",
    central="ops",
    accounts={"ops": Account(id="1" * 12), "shop": Account(id="2" * 12)},
)
KINDS: tuple[Kind, ...] = ("key", "token")


class World:
    """A registry, and what it can be loaded from again."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.documents = MemoryDocuments()
        self.platform = PLATFORM
        self.vault: SealingKeys | None = SealingKeys([b"k" * 32])
        self.told: list[tuple[str, str, str]] = []
        self.log_fails = False

    async def load(self) -> Registry:
        async def changed(action: str, credential: Credential, by: Principal) -> None:
            if self.log_fails:
                raise StorageFailed("the disk is full")
            self.told.append((action, credential.id, by.credential))

        return await Registry.load(
            self.documents,
            lambda: self.platform,
            vault=self.vault,
            changed=changed,
            clock=self.clock,
        )


@pytest.fixture
def world() -> World:
    return World()


def works(registry: Registry, credential: Credential, secret: str) -> bool:
    if credential.kind == "token":
        return registry.by_token(secret) == credential.principal
    return (
        registry.secret_key(credential.id) == secret
        and registry.by_key(credential.id) == credential.principal
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_issued_works_also_after_a_restart(world: World, kind: Kind) -> None:
    registry = await world.load()
    issued = await registry.issue("shop", ["subscriber", "publisher"], kind, by=OPERATOR)
    assert issued.credential.roles == ("publisher", "subscriber")
    assert works(registry, issued.credential, issued.secret)
    assert works(await world.load(), issued.credential, issued.secret)
    assert world.told == [("issued", issued.credential.id, "KBTKOPERATOR")]


async def test_ids_and_secrets_have_their_form(world: World) -> None:
    registry = await world.load()
    key = await registry.issue("shop", ["publisher"], "key", by=OPERATOR)
    assert (key.credential.id[:4], len(key.credential.id), len(key.secret)) == ("KBAK", 20, 40)
    token = await registry.issue("shop", ["publisher"], "token", by=OPERATOR)
    assert token.secret.startswith(f"kb_{token.credential.id}_")
    assert len(token.secret.removeprefix(f"kb_{token.credential.id}_")) == 43


@pytest.mark.parametrize("kind", KINDS)
async def test_secrets_are_in_no_document_and_no_text(world: World, kind: Kind) -> None:
    registry = await world.load()
    issued = await registry.issue("shop", ["publisher"], kind, by=OPERATOR)
    secret = issued.secret.rpartition(f"{issued.credential.id}_")[2]
    [document] = [each async for each in world.documents.list(COLLECTION)]
    assert secret.encode() not in document.value
    assert secret not in f"{issued!r} {issued} {registry.get(issued.credential.id)!r}"


@pytest.mark.parametrize(
    "edit",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token + "A",
        lambda token: token[:-1],
        lambda token: token.replace("kb_KBTK", "kb_KBAK"),
        lambda token: token.lower(),
        lambda token: f" {token}",
        lambda token: f"{token}\n",
        lambda _: "",
        lambda _: "kb_",
        lambda token: token * 1000,
    ],
)
async def test_a_token_that_was_changed_is_nobodys(world: World, edit: Any) -> None:
    registry = await world.load()
    issued = await registry.issue("shop", ["publisher"], "token", by=OPERATOR)
    assert registry.by_token(edit(issued.secret)) is None


async def test_a_key_is_no_token_and_a_token_no_key(world: World) -> None:
    registry = await world.load()
    key = await registry.issue("shop", ["publisher"], "key", by=OPERATOR)
    token = await registry.issue("shop", ["publisher"], "token", by=OPERATOR)
    assert registry.by_token(f"kb_{key.credential.id}_{'A' * 43}") is None
    assert registry.secret_key(token.credential.id) is None
    assert registry.by_key(token.credential.id) is None


@pytest.mark.parametrize("kind", KINDS)
async def test_a_revoked_credential_ends_at_once_and_for_good(world: World, kind: Kind) -> None:
    registry = await world.load()
    issued = await registry.issue("shop", ["publisher"], kind, by=OPERATOR)
    ending = asyncio.create_task(registry.ended(issued.credential.id))
    await asyncio.sleep(0)
    assert not ending.done()
    await registry.revoke(issued.credential.id, by=OPERATOR)
    async with asyncio.timeout(5):
        await ending
    for each in (registry, await world.load()):
        assert not works(each, issued.credential, issued.secret)
    again = await registry.revoke(issued.credential.id, by=OPERATOR)
    assert again.state(world.clock.time_us()) == "revoked"
    assert [action for action, _, _ in world.told] == ["issued", "revoked"]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_expired_credential_ends_on_time(world: World, kind: Kind) -> None:
    registry = await world.load()
    expires = world.clock.time_us() + 60_000_000
    issued = await registry.issue("shop", ["publisher"], kind, by=OPERATOR, expires_us=expires)
    world.clock.advance(59.999999)
    assert works(registry, issued.credential, issued.secret)
    world.clock.advance(0.000001)
    assert not works(registry, issued.credential, issued.secret)
    await registry.ended(issued.credential.id)
    with pytest.raises(CredentialError, match="expired"):
        await registry.rotate(issued.credential.id, by=OPERATOR)


@pytest.mark.parametrize("kind", KINDS)
async def test_after_a_rotation_both_work_for_the_overlap(world: World, kind: Kind) -> None:
    registry = await world.load()
    old = await registry.issue("shop", ["publisher"], kind, by=OPERATOR, label="till")
    new = await registry.rotate(old.credential.id, by=OPERATOR, overlap=3600)
    assert (new.credential.rotated_from, new.credential.label) == (old.credential.id, "till")
    assert works(registry, new.credential, new.secret)
    assert works(registry, old.credential, old.secret)
    world.clock.advance(3600)
    for each in (registry, await world.load()):
        assert works(each, new.credential, new.secret)
        assert not works(each, old.credential, old.secret)


async def test_a_rotation_keeps_the_lifetime_and_never_prolongs_the_old(world: World) -> None:
    registry = await world.load()
    expires = world.clock.time_us() + 600_000_000
    old = await registry.issue("shop", ["publisher"], "token", by=OPERATOR, expires_us=expires)
    world.clock.advance(100)
    new = await registry.rotate(old.credential.id, by=OPERATOR, overlap=86_400)
    assert new.credential.expires_us == world.clock.time_us() + 600_000_000
    assert registry.get(old.credential.id).expires_us == expires


@pytest.mark.parametrize(
    ("account", "roles", "options", "told"),
    [
        ("nobody", ["publisher"], {}, "no account 'nobody'"),
        ("shop", [], {}, "has roles"),
        ("shop", ["root"], {}, "has roles"),
        ("shop", ["central"], {}, "not the central one"),
        ("shop", ["publisher"], {"expires_us": 1}, "expired already"),
        ("shop", ["publisher"], {"label": "a\nb"}, "printable"),
        ("shop", ["publisher"], {"label": "x" * 201}, "printable"),
    ],
)
async def test_what_may_not_be_issued_is_refused(
    world: World, account: str, roles: Any, options: Any, told: str
) -> None:
    registry = await world.load()
    with pytest.raises(CredentialError, match=told):
        await registry.issue(account, roles, "token", by=OPERATOR, **options)
    assert (list(registry), world.told) == ([], [])


async def test_without_a_sealing_key_there_are_tokens_only(world: World) -> None:
    world.vault = None
    registry = await world.load()
    await registry.issue("shop", ["publisher"], "token", by=OPERATOR)
    with pytest.raises(CredentialError, match="no sealing key"):
        await registry.issue("shop", ["publisher"], "key", by=OPERATOR)


async def test_keys_cannot_be_loaded_without_their_sealing_key(world: World) -> None:
    issued = await (await world.load()).issue("shop", ["publisher"], "key", by=OPERATOR)
    world.vault = None
    with pytest.raises(CredentialError, match=issued.credential.id):
        await world.load()
    world.vault = SealingKeys([b"x" * 32])
    with pytest.raises(CredentialError, match="not here"):
        await world.load()


async def test_loading_moves_secrets_under_the_new_key(world: World) -> None:
    issued = await (await world.load()).issue("shop", ["publisher"], "key", by=OPERATOR)
    world.vault = SealingKeys([b"n" * 32, b"k" * 32])
    await world.load()
    world.vault = SealingKeys([b"n" * 32])  # the old key is needed no more
    assert works(await world.load(), issued.credential, issued.secret)


async def test_a_sealed_secret_does_not_open_in_anothers_place(world: World) -> None:
    registry = await world.load()
    mine = await registry.issue("shop", ["publisher"], "key", by=OPERATOR)
    ops = await registry.issue("ops", ["central"], "key", by=OPERATOR)
    stored = {each.key: msgspec.json.decode(each.value) async for each in
              world.documents.list(COLLECTION)}  # fmt: skip
    stored[ops.credential.id]["sealed"] = stored[mine.credential.id]["sealed"]
    value = msgspec.json.encode(stored[ops.credential.id])
    await world.documents.put(COLLECTION, ops.credential.id, value)
    with pytest.raises(CredentialError, match="belongs to another"):
        await world.load()


async def test_the_last_that_can_administer_is_not_revoked(world: World) -> None:
    registry = await world.load()
    assert not registry.has_central()
    first = await registry.issue("ops", ["central"], "token", by=OPERATOR)
    assert registry.has_central()
    with pytest.raises(CredentialError, match="the last"):
        await registry.revoke(first.credential.id, by=OPERATOR)
    await registry.rotate(first.credential.id, by=OPERATOR, overlap=0)
    assert not works(registry, first.credential, first.secret)
    await registry.revoke(first.credential.id, by=OPERATOR)
    assert registry.has_central()


async def test_credentials_follow_the_platform_that_holds(world: World) -> None:
    registry = await world.load()
    ops = await registry.issue("ops", ["central"], "token", by=OPERATOR)
    shop = await registry.issue("shop", ["publisher"], "token", by=OPERATOR)
    world.platform = Platform(bus="b", central="shop", accounts={"shop": Account(id="2" * 12)})
    assert not works(registry, ops.credential, ops.secret)
    assert works(registry, shop.credential, shop.secret)
    world.platform = Platform(bus="b", central="ops", accounts={"ops": Account(id="1" * 12)})
    assert works(registry, ops.credential, ops.secret)
    assert not works(registry, shop.credential, shop.secret)


async def test_an_unknown_id_says_so(world: World) -> None:
    registry = await world.load()
    for asking in (registry.revoke("KB", by=OPERATOR), registry.rotate("KB", by=OPERATOR)):
        with pytest.raises(NoSuchCredential, match="'KB'"):
            await asking
    await registry.ended("KB")


async def test_a_change_behind_its_back_is_not_overwritten(world: World) -> None:
    registry = await world.load()
    issued = await registry.issue("shop", ["publisher"], "token", by=OPERATOR)
    await world.documents.put(COLLECTION, issued.credential.id, b"{}")
    with pytest.raises(Conflict):
        await registry.revoke(issued.credential.id, by=OPERATOR)


async def test_use_is_remembered(world: World) -> None:
    registry = await world.load()
    issued = await registry.issue("shop", ["publisher"], "token", by=OPERATOR)
    assert registry.last_used_us(issued.credential.id) is None
    registry.by_token(issued.secret)
    assert registry.last_used_us(issued.credential.id) == world.clock.time_us()


class Slow(MemoryDocuments):
    """Documents whose writes take some turns of the event loop, as a disk's do; then one each."""

    def __init__(self, *turns: int) -> None:
        super().__init__()
        self.turns = list(turns)

    async def put(
        self, collection: str, key: str, value: bytes, *, expected: int | None = None
    ) -> int:
        for _ in range(self.turns.pop(0) if self.turns else 1):
            await asyncio.sleep(0)
        return await super().put(collection, key, value, expected=expected)


async def test_a_revocation_beside_a_rotation_is_not_lost(world: World) -> None:
    world.documents = Slow(1, 10)
    registry = await world.load()
    old = (await registry.issue("shop", ["publisher"], "token", by=OPERATOR)).credential.id
    await asyncio.gather(registry.rotate(old, by=OPERATOR), registry.revoke(old, by=OPERATOR))
    assert registry.get(old).state(world.clock.time_us()) == "revoked"
    assert (await world.load()).get(old).revoked_us is not None


async def test_two_revocations_at_once_leave_somebody_who_administers(world: World) -> None:
    world.documents = Slow()
    registry = await world.load()
    ids = [
        (await registry.issue("ops", ["central"], "token", by=OPERATOR)).credential.id
        for _ in range(2)
    ]
    done = await asyncio.gather(
        *(registry.revoke(each, by=OPERATOR) for each in ids), return_exceptions=True
    )
    assert [isinstance(each, CredentialError) for each in done] == [False, True]
    assert registry.has_central()


async def test_no_credential_ends_after_the_last_calendar_year(world: World) -> None:
    registry = await world.load()
    with pytest.raises(CredentialError, match="9999"):
        await registry.issue("shop", ["publisher"], "token", by=OPERATOR, expires_us=10**18)


class Full(MemoryDocuments):
    """Documents on a full disk."""

    async def put(self, *_: object, **__: object) -> int:
        raise StorageFailed("the disk is full")


async def test_what_cannot_be_written_down_is_not_issued(world: World) -> None:
    registry = await world.load()
    old = await registry.issue("shop", ["publisher"], "token", by=OPERATOR)
    world.log_fails = True
    with pytest.raises(StorageFailed):
        await registry.issue("shop", ["publisher"], "token", by=OPERATOR)
    with pytest.raises(StorageFailed):
        await registry.rotate(old.credential.id, by=OPERATOR, overlap=0)
    assert [each.id for each in registry] == [old.credential.id]
    assert works(registry, old.credential, old.secret)
    with pytest.raises(StorageFailed):  # it ends all the same, and whoever asked knows
        await registry.revoke(old.credential.id, by=OPERATOR)
    assert not works(registry, old.credential, old.secret)


async def test_what_was_written_down_and_not_kept_is_written_down_too(world: World) -> None:
    world.documents = Full()
    registry = await world.load()
    with pytest.raises(StorageFailed):
        await registry.issue("shop", ["publisher"], "token", by=OPERATOR)
    assert not list(registry)
    assert [what for what, *_ in world.told] == ["issued", "failed"]
