"""SearchSchemas looks for so many words, through so much a page, and finds all over the pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keybus.bus import Bus
from keybus.bus.audit.log import AuditLog
from keybus.bus.control.versions import Declared
from keybus.bus.engine import Document
from keybus.bus.schema_registries import SchemaRegistries
from keybus.bus.schema_registries.records import Draft, Registry, Schema
from keybus.engines.memory import MemoryEngine
from keybus.governance import ANYBODY, Principal
from keybus.server.aws import AwsError, Call
from keybus.server.schemas import read_schemas
from keybus.server.schemas.read_schemas import SearchSchemas, search_schemas
from keybus.testing import ManualClock
from keybus.topology import load_platform


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Call]:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "keybus.toml").write_text('[repository]\nname = "tiny"\n')
    (tmp_path / "platform.yaml").write_text('bus: tiny\naccounts: {me: {id: "222222222222"}}\n')
    clock, declared = ManualClock(), Declared(*load_platform(tmp_path))
    bus = await Bus.start(declared, MemoryEngine(clock=clock), clock=clock)
    yield Call(bus, Principal("me", frozenset({"publisher"}), "C1"))
    await bus.close()


async def keep(kept: SchemaRegistries, account: str, registry: str, **texts: str) -> None:
    await kept.create(Registry(account, registry), ANYBODY)
    for name, text in texts.items():
        schema = Schema(account, registry, name, versions=(), last=0, modified_us=0)
        await kept.create_schema(schema, Draft("JSONSchemaDraft4", text), ANYBODY)


async def found(call: Call, keywords: str, token: str = "") -> tuple[list[str], str]:
    asked = SearchSchemas("r", keywords, next_token=token or None)
    answer = await search_schemas(call, asked)
    return [each.schema_name for each in answer.schemas], answer.next_token or ""


async def test_a_page_looks_through_so_much_and_says_where_to_go_on(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {f"s{n}": f'{{"title": "{n % 3} {"x" * 100}"}}' for n in range(9)}
    await keep(call.bus.schema_registries, call.account, "r", **texts)
    assert (await found(call, '"0 X'))[0] == ["s0", "s3", "s6"]
    monkeypatch.setattr(read_schemas, "MOST_SEARCHED", 250)
    pages, token = [], ""
    while True:
        names, token = await found(call, '"2 x', token)
        pages.append(names)
        if not token:
            break
    assert pages == [["s2"], ["s5"], ["s8"]]
    assert (await found(call, "nowhere"))[0] == []


@pytest.mark.parametrize("keywords", [" ".join(f"w{n}" for n in range(21)), "x" * 1_001, " "])
async def test_so_many_words_and_no_more(call: Call, keywords: str) -> None:
    await keep(call.bus.schema_registries, call.account, "r", a="{}")
    with pytest.raises(AwsError) as error:
        await found(call, keywords)
    assert error.value.kind == "BadRequestException"


class Counting:
    """Documents, and how many of them were listed."""

    def __init__(self, engine: MemoryEngine) -> None:
        documents = engine.documents
        self.get, self.put, self.delete = documents.get, documents.put, documents.delete
        self.create, self._list, self.listed = documents.create, documents.list, 0

    async def list(self, collection: str) -> AsyncIterator[Document]:
        async for each in self._list(collection):
            self.listed += 1
            yield each


async def test_an_account_reads_nobody_elses_documents() -> None:
    clock = ManualClock()
    documents = Counting(MemoryEngine(clock=clock))
    audit = await AuditLog.open(documents, clock)
    kept = SchemaRegistries(documents, audit, clock)
    for account in "abcdefgh":
        await keep(kept, account, "r", s="{}", t="{}")
        await kept.create(Registry(account, "other"), ANYBODY)
    documents.listed = 0
    assert [each.name for each in await kept.shelf.all("a")] == ["other", "r"]
    assert [each.name for each in await kept.shelf.schemas("a", "r")] == ["s", "t"]
    assert documents.listed == 4
    await audit.close()
