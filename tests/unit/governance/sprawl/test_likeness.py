"""Which event types are almost the same, and which only look alike."""

from pathlib import Path

import pytest

from keybus.contracts import ContractRepository
from keybus.governance.sprawl import near_duplicates
from keybus.governance.sprawl.likeness import NAMES_ALIKE, names_alike, words_of
from tests.unit.governance.sprawl.platforms import contracts, fields

ORDER = "order_id:string total:number currency:string placed_at:string"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order.placed", "orders.placed"),
        ("order.placed", "order.place"),
        ("customer.address.updated", "customer.address.changed"),
        ("customer.address.updated", "customer_address.update"),
        ("customer.address.updated", "customer.adress.updated"),
        ("invoice.created", "invoice.event.created"),
        ("invoice.created", "invoice.created.v2"),
        ("user.registered", "user.created"),
        ("payment.cancelled", "payment.canceled"),
        ("delivery.status.updated", "delivery.updated"),
        ("mail.sent", "mail.dispatched"),
        ("parcel.delivery.failed", "parcel.delivery.fails"),
    ],
)
def test_names_that_are_alike(one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        assert names_alike(words_of(first), words_of(second)) >= NAMES_ALIKE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("delivery.garage.opened", "delivery.garage.closed"),
        ("door.locked", "door.unlocked"),
        ("device.online", "device.offline"),
        ("order.placed", "order.paid"),
        ("order.placed", "invoice.placed"),
        ("order.line.item.price.added", "order.line.item.price.removed"),
        ("delivery.completed", "delivery.failed"),
        ("access.visit.started", "access.visit.ended"),
        ("user.created", "user.deleted"),
        ("meter.read", "meter.reset"),
    ],
)
def test_names_that_are_not(one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        assert names_alike(words_of(first), words_of(second)) < NAMES_ALIKE


def pairs(repository: ContractRepository) -> list[tuple[str, str]]:
    return [(one.type, other.type) for one, other, _ in near_duplicates(repository)]


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (ORDER, True),
        ("orderId:string total:integer currency:string placedAt:string", True),
        (ORDER + " note:string", True),
        (ORDER + " a:string b:string c:string", False),
        ("order_id:integer total:string currency:number placed_at:boolean", False),
        ("shelf:string row:integer", False),
        ("", False),
    ],
)
def test_fields_decide_where_names_are_alike(tmp_path: Path, other: str, *, alike: bool) -> None:
    repository = contracts(
        tmp_path, {"order.placed": fields(ORDER), "orders.placed": fields(other)}
    )
    assert pairs(repository) == ([("order.placed", "orders.placed")] if alike else [])


def test_equal_fields_make_no_duplicates_of_different_names(tmp_path: Path) -> None:
    repository = contracts(
        tmp_path, {name: fields(ORDER) for name in ("order.placed", "order.paid", "cart.placed")}
    )
    assert pairs(repository) == []


def test_events_without_fields_of_their_own_go_by_their_names(tmp_path: Path) -> None:
    repository = contracts(tmp_path, {"a_b.opened": {}, "a_b.open": {}, "a_b.closed": {}})
    assert pairs(repository) == [("a_b.open", "a_b.opened")]


def test_the_example_has_none(example: Path) -> None:
    assert pairs(ContractRepository.load(example / "contracts")) == []
