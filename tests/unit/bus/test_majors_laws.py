"""Laws of majors: what matches is what a naive reader finds, and every form fits its contract."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.bus.forms.forms import Forms
from keybus.bus.forms.shape import Shape
from keybus.bus.ingest.router import Router
from keybus.contracts import ContractRepository
from keybus.contracts.versions import major_of
from keybus.envelope import Envelope, encode
from keybus.patterns import Pattern
from keybus.topology import Subscription
from tests.unit.bus.majors import BACK, TYPE, write_contracts

CITIES = st.sampled_from(["Oslo", "Rome"])
EVENTS = st.one_of(
    st.fixed_dictionaries({"schema_version": st.just("1.0.0"), "city": CITIES}),
    st.fixed_dictionaries(
        {
            "schema_version": st.sampled_from(["2.0.0", "2.3.1"]),
            "address": st.fixed_dictionaries({"city": CITIES}),
        }
    ),
    st.fixed_dictionaries({"schema_version": st.sampled_from(["3.0.0", "x", ""])}),
)
FILTERS = st.sampled_from(
    [
        None,
        {"detail": {"city": ["Oslo"]}},
        {"detail": {"address": {"city": ["Rome"]}}},
        {"detail": {"schema_version": [{"prefix": "1."}]}},
        {"source": ["shop"]},
    ]
)
SUBSCRIPTIONS = st.builds(
    lambda majors, asked: Subscription(
        account="you", events=[f"{TYPE}@{each}" for each in majors], filter=asked
    ),
    st.lists(st.sampled_from([1, 2]), unique=True),
    FILTERS,
)


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> ContractRepository:
    folder: Path = tmp_path_factory.mktemp("majors")
    return ContractRepository.load(write_contracts(folder, migrations={"2-to-1.json": BACK}))


def detail_of(fields: dict[str, Any]) -> dict[str, Any]:
    core = {"id": "1", "type": TYPE, "time": "2026-01-31T08:00:00Z", "publisher": "shop"}
    return {**core, "order_id": "order 1", **fields}


def envelope_of(detail: dict[str, Any]) -> Envelope:
    return Envelope(
        version="0",
        id="e",
        detail_type=TYPE,
        source="shop",
        account="1",
        time="2026-01-31T08:00:00Z",
        region="local",
        resources=(),
        detail=msgspec.Raw(json.dumps(detail).encode()),
    )


def as_first(detail: dict[str, Any]) -> dict[str, Any]:
    """An event of major 2 as one of major 1, written down once more."""
    rest = {name: each for name, each in detail.items() if name != "address"}
    return {**rest, "city": detail["address"]["city"], "schema_version": "1.0.0"}


def form_for(subscription: Subscription, detail: dict[str, Any]) -> dict[str, Any] | None:
    """An event as a subscription has to get it; None where it does not ask for it."""
    major = detail["schema_version"].partition(".")[0]
    asked = [str(ref.major) for ref in subscription.event_refs]
    if not asked or major in asked:
        return detail
    return as_first(detail) if (major, asked) == ("2", ["1"]) else None


@given(st.lists(SUBSCRIPTIONS, max_size=5), EVENTS.map(detail_of))
def test_what_matches_is_what_a_naive_reader_finds(
    contracts: ContractRepository, asked: list[Subscription], detail: dict[str, Any]
) -> None:
    router = Router({str(n): each for n, each in enumerate(asked)}, contracts, Forms(contracts))
    envelope = envelope_of(detail)
    text = encode(envelope)
    expected = set()
    for number, subscription in enumerate(asked):
        form = form_for(subscription, detail)
        if form is not None and (
            subscription.filter is None
            or Pattern.parse(subscription.filter).matches(encode(envelope_of(form)))
        ):
            expected.add(str(number))
    matched = router.match(envelope, text, detail)
    assert len(matched) == len(set(matched))
    assert set(matched) == expected
    assert {name for name, rule in router.rules.items() if rule.accepts(text)} == expected
    assert set(router.branch(TYPE, "").match(bytes(envelope.detail), text, detail)) == expected


@given(SUBSCRIPTIONS, EVENTS.map(detail_of))
def test_what_is_delivered_is_the_form_that_was_asked_for(
    contracts: ContractRepository, subscription: Subscription, detail: dict[str, Any]
) -> None:
    form = form_for(subscription, detail)
    if form is None:
        return
    shape = Shape.compile(subscription, contracts, Forms(contracts))
    text = encode(envelope_of(detail))
    delivered = text if shape is None else shape.apply(text)
    assert json.loads(delivered) == {**json.loads(text), "detail": form}
    edition = contracts.editions.at(TYPE, major_of(form["schema_version"]))
    assert edition is None or edition.contract.accepts(form)
