"""*Safe* is meant: with the field and without it, a subscription is given the same bytes."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keybus.contracts import ContractRepository
from keybus.governance.usage import can_remove
from keybus.patterns import Pattern
from keybus.topology.inputs.fault import InputError
from keybus.topology.inputs.given import Given
from keybus.topology.inputs.maker import Maker, rule_of
from keybus.topology.model import Platform, Subscription
from keybus.topology.projection import Projection
from tests.unit.governance.usage.scene import CORE, TYPE, platform, repository

POINTERS = [
    "/note", "/site", "/site/name", "/site/kind", "/site/gate", "/site/gate/code", "/home",
    "/home/name", "/stops", "/stops/name", "/stops/gate/code", "/labels", "/labels/red/name",
    "/tree", "/tree/leaf", "/tree/twigs", "/tree/twigs/leaf", "/status", "/before", "/sealed/wax",
]  # fmt: skip
REMOVED = [*POINTERS, "/labels/*/name", "/labels/*/gate"]
SITES = st.fixed_dictionaries(
    {"kind": st.sampled_from(["HOME", "SHOP"])},
    optional={"name": st.text(max_size=2), "gate": st.sampled_from([{}, {"code": 1}])},
)
TREES = st.recursive(
    st.fixed_dictionaries({}, optional={"leaf": st.text(max_size=2)}),
    lambda inner: st.fixed_dictionaries({}, optional={"leaf": st.text(max_size=2), "twigs": st.lists(inner, max_size=2)}),
    max_leaves=4,
)  # fmt: skip
STATUS = st.sampled_from(["NEW", "PAID"])
DETAILS = st.fixed_dictionaries(
    {**dict.fromkeys((*CORE, "number"), st.just("7")), "status": STATUS},
    optional={
        "before": STATUS,
        "site": SITES,
        "home": SITES,
        "stops": st.lists(SITES, max_size=2),
        "labels": st.dictionaries(st.sampled_from(["red", "blue"]), SITES),
        "note": st.text(max_size=2),
        "sealed": st.sampled_from([{}, {"wax": "x"}]),
        "tree": TREES,
    },
)
VALUES = st.sampled_from([["HOME"], ["x"], [{"exists": True}], [{"exists": False}], [1]])
PATHS = st.sampled_from(
    [
        "$",
        "$.detail",
        "$.source",
        "$.detail.stops[*].name",
        "$.detail.stops[0]",
        "$.detail.labels.*",
    ]
    + [f"$.detail{each.replace('/', '.')}" for each in POINTERS]
)
INPUTS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"input_path": PATHS}),
    st.fixed_dictionaries(
        {
            "input_transformer": st.fixed_dictionaries(
                {
                    "template": st.sampled_from(
                        ['{"a": <a>}', "<b>", "<aws.events.event>", '"<a>"']
                    ),
                    "paths": st.fixed_dictionaries({"a": PATHS, "b": PATHS}),
                }
            )
        }
    ),
)


def nested(pointer: str, values: list[Any]) -> dict[str, Any]:
    pattern: Any = values
    for name in reversed(pointer[1:].split("/")):
        pattern = {name: pattern}
    return {"detail": pattern}


FILTERS = st.one_of(
    st.none(),
    st.builds(nested, st.sampled_from(POINTERS), VALUES),
    st.builds(
        lambda *each: {"$or": list(each)},
        st.builds(nested, st.sampled_from(POINTERS), VALUES),
        st.builds(nested, st.sampled_from(POINTERS), VALUES),
    ),
)
SUBSCRIPTIONS = st.builds(
    lambda fields, asked, target: (
        {"fields": fields, "target": target} | ({} if asked is None else {"filter": asked})
    ),
    st.lists(st.sampled_from(POINTERS), max_size=3, unique=True),
    FILTERS,
    INPUTS,
)


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> ContractRepository:
    return repository(tmp_path_factory.mktemp("laws") / "contracts")


def without(value: Any, steps: tuple[str, ...]) -> Any:
    """A value without what stands at a place, in all items of arrays."""
    if isinstance(value, list):
        return [without(each, steps) for each in value]
    if not isinstance(value, dict):
        return value
    first, *rest = steps
    mine = set(value) if first == "*" else {first}
    if not rest:
        return {name: each for name, each in value.items() if name not in mine}
    return {n: without(each, tuple(rest)) if n in mine else each for n, each in value.items()}


def envelope(detail: dict[str, Any]) -> bytes:
    head = {"version": "0", "detail-type": TYPE, "source": "shop.orders"}
    return json.dumps({**head, "detail": detail}).encode()


def given_of(
    declared: Platform, one: Subscription, contracts: ContractRepository, event: bytes
) -> object:
    """What a subscription is given of an event: whether it matches, and the bytes that are handed over."""
    matches = one.filter is None or Pattern.parse(one.filter).matches(event)
    cut = Projection.compile(one, contracts).apply(event)
    maker = Maker.compile(one.target, rule_of("one", declared))
    try:
        return matches, cut if maker is None else maker.make(Given(cut, 1))
    except InputError as error:
        return matches, str(error)


@given(asked=SUBSCRIPTIONS, pointer=st.sampled_from(REMOVED), details=st.lists(DETAILS, max_size=4))
@settings(max_examples=80, deadline=None)
def test_what_is_safe_to_remove_makes_no_difference(
    contracts: ContractRepository,
    asked: dict[str, Any],
    pointer: str,
    details: list[dict[str, Any]],
) -> None:
    declared = platform(one=asked)
    removal = can_remove(declared, contracts, TYPE, pointer)
    one = declared.subscriptions["one"]
    [verdict] = [each.verdict for each in removal.users if each.name == "one"]
    steps = tuple(pointer[1:].split("/"))
    for detail in details if verdict == "safe" else ():
        with_it, less = envelope(detail), envelope(without(detail, steps))
        assert given_of(declared, one, contracts, with_it) == given_of(
            declared, one, contracts, less
        )


def test_what_is_not_safe_makes_a_difference_somewhere(contracts: ContractRepository) -> None:
    """The law holds of a judge that never says *safe*, too: this one does, where it can."""
    asked = {"fields": ["/site/name"], "filter": {"detail": {"status": ["NEW"]}}}
    found = {
        pointer: can_remove(platform(one=asked), contracts, TYPE, pointer).users[1].verdict
        for pointer in POINTERS
    }
    safe = {pointer for pointer, verdict in found.items() if verdict == "safe"}
    kept = {"/site", "/site/name", "/site/kind", "/status"}
    assert safe == set(POINTERS) - kept
