"""Who writes and who reads a type, by what is declared and by what a bus has counted."""

from typing import Any

import pytest

from keybus.contracts import ContractRepository
from keybus.governance.sprawl import Delivered, OfMajor, Published, UsageSnapshot
from keybus.governance.usage import Read, Reader, usage_of, users_of
from tests.unit.governance.usage.scene import CORE, TYPE, platform, repository

NOW = 1_800_000_000_000_000


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> ContractRepository:
    return repository(tmp_path_factory.mktemp("usage") / "contracts")


def reader(contracts: ContractRepository, **subscription: Any) -> Reader:
    [found] = usage_of(platform(one=subscription), contracts, TYPE).readers
    return found


def test_all_of_an_event(contracts: ContractRepository) -> None:
    found = reader(contracts, filter={"detail": {"site": {"kind": ["HOME"]}}})
    assert (found.major, found.version, found.whole, found.never) == (1, "1.0.0", True, ())
    assert found.reads == (Read("/site/kind", ("filter",)),)
    assert {"/note", "/home", "/site/name", "/site/gate"} <= set(found.gets)
    assert not {"/site", "/site/kind", "/home/name"} & set(found.gets)


def test_a_projection_by_the_bus(contracts: ContractRepository) -> None:
    found = reader(contracts, fields=["/site/name", "/tree"], order={})
    assert not found.whole
    assert [each.pointer for each in found.reads] == ["/site/name", "/tree", "/number"]
    assert found.reads[2].by == ("order",)
    assert set(found.gets) == {*(f"/{name}" for name in CORE), "/number", "/status", "/site/kind"}
    assert found.never == (
        "/before",
        "/home",
        "/stops",
        "/labels",
        "/sealed",
        "/note",
        "/site/gate",
    )


def test_an_input_that_is_made(contracts: ContractRepository) -> None:
    found = reader(contracts, target={"input_path": "$.detail.site"})
    assert found.reads == (Read("/site", ("input",)),)
    assert found.gets == ()
    assert "/note" in found.never
    assert reader(contracts, target={"jsonata": "detail.note"}).expression
    nothing = reader(contracts, target={"input": '"ring"'})
    assert (nothing.reads, nothing.gets) == ((), ())


def test_a_major_of_which_there_is_no_contract(contracts: ContractRepository) -> None:
    found = reader(contracts, events=[f"{TYPE}@7"])
    assert (found.major, found.version, found.gets) == (7, "", ())


def test_what_a_bus_has_counted(contracts: ContractRepository) -> None:
    majors = (OfMajor(1, 5, NOW), OfMajor(2, 1, NOW - 9))
    snapshot = UsageSnapshot(
        since_us=1,
        at_us=NOW,
        published=(
            Published("shop", TYPE, 7, 1, NOW, majors),
            Published("desk", TYPE, 2, 1, NOW),
            Published("desk", "order.paid", 9, 1, NOW),
        ),
        delivered=(Delivered("one", TYPE, 4, 1, NOW, majors[:1]),),
    )
    found = usage_of(platform(one={}, other={}), contracts, TYPE, snapshot)
    [writer] = found.writers
    assert writer.observed is not None
    assert (writer.observed.count, writer.observed.majors) == (7, majors)
    assert [each.observed.count for each in found.readers if each.observed] == [4, 0]
    assert {account: each.count for account, each in found.undeclared.items()} == {"desk": 2}
    assert found.since_us == 1


def test_who_uses_a_type() -> None:
    declared = platform(
        one={},
        two={"events": [f"{TYPE}@2", f"{TYPE}@1"]},
        other={"events": ["order.paid@1"]},
        all={"by": "filter", "filter": {"source": [{"prefix": "shop."}]}},
        foreign={"by": "filter", "filter": {"source": ["elsewhere"]}},
        typed={"by": "filter", "filter": {"detail-type": ["order.paid"]}},
    )
    users = users_of(declared, TYPE)
    assert [(each.name, each.account, each.sources) for each in users.publishers] == [
        ("shop.orders", "shop", ("shop.orders",))
    ]
    assert [(each.name, each.majors) for each in users.subscriptions] == [
        ("one", (1,)),
        ("two", (2, 1)),
        ("all", ()),
    ]
    assert [each.name for each in users.subscriptions if each.by_filter] == ["all"]
    assert [each.name for each in users_of(declared, TYPE, 2).subscriptions] == ["two", "all"]
    assert users.accounts == ("desk", "shop")
    assert users_of(declared, "order.unknown").publishers == ()
