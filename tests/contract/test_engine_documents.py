"""Documents: compare-and-set."""

import asyncio

import pytest

from keybus.bus.engine import Document, Engine
from keybus.errors import Conflict
from tests.contract.engines_under_test import ANY, fetch, records


async def test_a_document_is_what_was_put(engine: Engine) -> None:
    assert await engine.documents.get("c", "k") is None
    version = await engine.documents.put("c", "k", b"\x00value")
    assert await engine.documents.get("c", "k") == Document("k", version, b"\x00value")
    assert await engine.documents.get("other", "k") is None


async def test_versions_only_grow_even_over_a_removal(engine: Engine) -> None:
    documents = engine.documents
    versions = [await documents.put("c", "k", b"1"), await documents.put("c", "k", b"2")]
    await documents.delete("c", "k")
    versions.append(await documents.put("c", "k", b"3", expected=0))
    assert versions == sorted(set(versions))
    assert versions[0] > 0


async def test_a_put_on_another_version_is_a_conflict(engine: Engine) -> None:
    documents = engine.documents
    first = await documents.put("c", "k", b"1", expected=0)
    second = await documents.put("c", "k", b"2", expected=first)
    for expected in (0, first):
        with pytest.raises(Conflict) as caught:
            await documents.put("c", "k", b"3", expected=expected)
        assert (caught.value.expected, caught.value.found) == (expected, second)
    found = await documents.get("c", "k")
    assert found is not None
    assert found.value == b"2"
    with pytest.raises(Conflict):
        await documents.put("c", "absent", b"1", expected=first)


async def test_new_documents_are_written_all_or_none(engine: Engine) -> None:
    documents = engine.documents
    await documents.create("c", [("a", b"1"), ("b", b"2")])
    stands = await documents.get("c", "b")
    assert stands is not None
    with pytest.raises(Conflict) as caught:
        await documents.create("c", [("0", b"3"), ("b", b"4"), ("c", b"5")])
    assert (caught.value.key, caught.value.expected, caught.value.found) == ("b", 0, stands.version)
    assert [(each.key, each.value) async for each in documents.list("c")] == [
        ("a", b"1"),
        ("b", b"2"),
    ]
    assert await documents.put("c", "b", b"6", expected=stands.version) > stands.version
    await documents.create("c", [])


async def test_removal_compares_as_well(engine: Engine) -> None:
    documents = engine.documents
    await documents.delete("c", "absent")
    await documents.delete("c", "absent", expected=0)
    with pytest.raises(Conflict):
        await documents.delete("c", "absent", expected=7)
    version = await documents.put("c", "k", b"1")
    with pytest.raises(Conflict):
        await documents.delete("c", "k", expected=0)
    await documents.delete("c", "k", expected=version)
    assert await documents.get("c", "k") is None


async def test_a_collection_is_listed_by_key(engine: Engine) -> None:
    documents = engine.documents
    keys = [f"k{index:04}" for index in range(700)]
    await asyncio.gather(*(documents.put("c", key, key.encode()) for key in reversed(keys)))
    await documents.put("other", "k", b"")
    await documents.put("c", "", b"the empty key")
    listed = [document async for document in documents.list("c")]
    assert [document.key for document in listed] == ["", *keys]
    assert listed[1].value == keys[0].encode()
    assert [document async for document in documents.list("absent")] == []


async def test_of_writers_on_one_version_one_succeeds(engine: Engine) -> None:
    answers = await asyncio.gather(
        *(engine.documents.put("c", "k", b"%d" % each, expected=0) for each in range(20)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, int) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 19


async def test_a_conflict_fails_nobody_else(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    await engine.documents.put("c", "k", b"1")
    refused, appended, version = await asyncio.gather(
        engine.documents.put("c", "k", b"2", expected=0),
        engine.append(records(3, "a")),
        engine.documents.put("c", "other", b"1"),
        return_exceptions=True,
    )
    assert isinstance(refused, Conflict)
    assert not isinstance(appended, BaseException)
    assert [delivery.position for delivery in await fetch(cursor)] == list(appended)
    assert isinstance(version, int)
