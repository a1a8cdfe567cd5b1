"""What is delivered is what the contract requires and what the fields name, byte for byte."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keybus.contracts import Contract, ContractRepository
from keybus.topology.model import Subscription
from keybus.topology.projection import Projection
from tests.unit.topology.conftest import contract

SITE = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"type": "string"},
        "name": {"type": "string"},
        "gate": {"type": "object", "properties": {"code": {"type": "integer"}}},
    },
}
PROPERTIES: dict[str, Any] = {
    "site": SITE,
    "home": SITE,
    "stops": {"type": "array", "items": SITE},
    "note": {"type": "string"},
    "tree": {"$ref": "#/definitions/tree"},
}
REQUIRED = {("site",), ("site", "kind"), ("stops",), ("stops", "kind")}
OF_EVERY = {(name,) for name in ("id", "type", "time", "publisher", "schema_version")}
# What is required of a value that is there only because the fields name something within it.
WITHIN = {("home", "kind"), ("tree", "leaf")}
POINTERS = ["/note", "/site", "/site/name", "/home", "/home/gate/code", "/stops/name", "/tree/twigs/leaf", "/extra"]  # fmt: skip


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> ContractRepository:
    folder = tmp_path_factory.mktemp("contracts")
    (folder / "keybus.toml").write_text('[repository]\nname = "tiny"\n')
    schema = contract("order.placed", PROPERTIES)
    schema["required"] += ["site", "stops"]
    tree = {"type": "object", "required": ["leaf"], "properties": {"leaf": {"type": "string"}}}
    tree["properties"]["twigs"] = {"type": "array", "items": {"$ref": "#/definitions/tree"}}  # type: ignore[index]
    schema["definitions"] = {"tree": tree}
    (folder / "OrderPlaced.json").write_text(json.dumps(schema))
    return ContractRepository.load(folder)


def projection(repository: ContractRepository, fields: list[str]) -> Projection:
    asked = Subscription(account="me", events=["order.placed@1"], fields=fields)
    return Projection.compile(asked, repository)


def envelope(detail: str, event_type: str = '"order.placed"') -> bytes:
    return f'{{"version":"0","detail-type":{event_type},"source":"s","detail":{detail}}}'.encode()


SITES = st.fixed_dictionaries(
    {"kind": st.text()},
    optional={"name": st.text(), "gate": st.just({"code": 7, "x": 1}), "other": st.integers()},
)
TREES = st.recursive(
    st.fixed_dictionaries({"leaf": st.text()}, optional={"x": st.integers()}),
    lambda inner: st.fixed_dictionaries({"leaf": st.text(), "twigs": st.lists(inner, max_size=2)}),
    max_leaves=4,
)
DETAILS = st.fixed_dictionaries(
    {
        **dict.fromkeys(("id", "type", "time", "publisher", "schema_version"), st.text()),
        "site": SITES,
        "stops": st.lists(SITES, max_size=3),
    },
    optional={"note": st.text(), "home": SITES, "tree": TREES, "extra": st.just({"deep": [1]})},
)


def paths(value: Any, above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for item in value if isinstance(value, list) else ():
        found |= paths(item, above)
    for name, item in value.items() if isinstance(value, dict) else ():
        found |= {(*above, name)} | paths(item, (*above, name))
    return found


@given(detail=DETAILS, fields=st.lists(st.sampled_from(POINTERS), min_size=1, unique=True))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None
)
def test_its_laws(
    repository: ContractRepository, detail: dict[str, Any], fields: list[str]
) -> None:
    sound: Contract = repository["order.placed"]
    assert sound.accepts(detail)
    cut = projection(repository, fields)
    once = cut.apply(envelope(json.dumps(detail)))
    assert cut.apply(once) == once
    left = json.loads(once)["detail"]
    assert sound.accepts(left)
    assert list(left) == [name for name in detail if name in left]
    named = [tuple(field[1:].split("/")) for field in fields]
    inside = REQUIRED | OF_EVERY | WITHIN
    for path in paths(left):
        below = any(path[: len(field)] == field for field in named)
        above = any(field[: len(path)] == path for field in named)
        assert path in inside or below or above
    for path in paths(detail) - paths(left):
        assert path not in REQUIRED | OF_EVERY
        assert not any(path[: len(field)] == field for field in named)


@pytest.mark.parametrize("number", ["1.0", "1", "1e400", "0.1234567890123456789", "9" * 40, "-0"])
def test_values_keep_their_bytes(repository: ContractRepository, number: str) -> None:
    detail = f'{{"note":{number},"site":{{"kind":"\\u00e9","name":{number}}},"gone":1}}'
    told = projection(repository, ["/note", "/site/name"]).apply(envelope(detail))
    assert told == envelope(detail.replace(',"gone":1', ""))


def test_a_type_may_be_escaped(repository: ContractRepository) -> None:
    cut = projection(repository, ["/note"])
    detail = '{"id":"1","note":"n","home":{}}'
    for written in ('"order.placed"', '"order\\u002eplaced"'):
        assert json.loads(cut.apply(envelope(detail, written)))["detail"] == {
            "id": "1",
            "note": "n",
        }


@pytest.mark.parametrize(
    ("detail", "left"),
    [
        ('{"a":{"b":1,"c":2},"d":3}', '{"a":{"b":1}}'),
        ('{"a":[{"b":1,"c":2},[{"b":3}],4]}', '{"a":[{"b":1},[{"b":3}]]}'),
        ('{"a":"secret"}', "{}"),
        ("{}", "{}"),
    ],
)
def test_without_a_contract_only_the_fields_are_told(
    repository: ContractRepository, detail: str, left: str
) -> None:
    cut = projection(repository, ["/a/b"])
    assert cut.apply(envelope(detail, '"Foreign"')) == envelope(left, '"Foreign"')


def test_without_fields_an_event_is_left_as_it_is(example: Path) -> None:
    contracts = ContractRepository.load(example / "contracts")
    whole = Projection.compile(Subscription(account="me"), contracts)
    assert whole.apply(b' {"detail": 1}') == b' {"detail": 1}'


def test_events_of_the_example_still_fit(example: Path) -> None:
    contracts = ContractRepository.load(example / "contracts")
    asked = Subscription(account="me", filter={"source": ["x"]}, fields=["/site/name"])
    cut = Projection.compile(asked, contracts)
    for line in (example / "vectors" / "valid.jsonl").read_text().splitlines():
        detail = json.loads(line)["detail"]
        told = cut.apply(envelope(json.dumps(detail), json.dumps(detail["type"])))
        assert contracts[detail["type"]].accepts(json.loads(told)["detail"])
