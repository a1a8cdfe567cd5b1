"""Contracts that are written in EventBridge's formats, and read again, take the same events."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from keybus.bus.schema_registries.content import check as check_content
from keybus.contracts import Contract, ContractRepository
from keybus.contracts.compatibility import check
from keybus.contracts.draft_folder import DraftFolder
from keybus.contracts.exchange_formats.envelopes import enveloped
from keybus.contracts.exchange_formats.foreign import read_text
from keybus.contracts.exchange_formats.importing import Wish, imported
from keybus.contracts.exchange_formats.openapi_document import Written, openapi_of
from keybus.contracts.exchange_formats.self_contained import document_of
from keybus.contracts.scaffold import CORE
from tests.unit.contracts.compatibility.schemas import EVENTS, definitions, schemas

HEAD = {
    "id": "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
    "type": "law.held",
    "time": "2026-01-31T08:00:00Z",
    "publisher": {"name": "laws"},
    "schema_version": "1.0.0",
}
FORMS = ["JSONSchemaDraft4", "OpenApi3"]
encode = msgspec.json.Encoder(decimal_format="number").encode


def written(contract: Contract, form: str, *, whole: bool) -> Written:
    """A contract in one of EventBridge's formats, which EventBridge would take."""
    document = document_of(contract)
    if whole:
        document = enveloped(document, contract.title, contract.type, "laws.source")
    found = Written(document, ())
    if form == "OpenApi3":
        root = "AWSEvent" if whole else contract.title
        found = openapi_of(document, root=root, title=contract.title, version=contract.version)
        validate(json.loads(encode(found.document)))
    check_content(form, encode(found.document).decode())  # type: ignore[arg-type]  # one of FORMS
    return found


def read(found: Written, where: DraftFolder) -> tuple[Contract, bool]:
    """The contract that is made of a document, and whether all of it was carried."""
    [schema] = read_text(encode(found.document).decode(), "law")
    made = imported(schema, where, Wish())
    file = where.file_of(made.type)
    whole = not (found.losses or made.losses or made.changes)
    return Contract({**where.shared, file: made.document}, file), whole


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("whole", [True, False])
def test_sound_contracts_come_back(
    form: str, *, whole: bool, fixtures: Path, tmp_path: Path
) -> None:
    where = DraftFolder(tmp_path / "contracts")
    for contract in ContractRepository.load(fixtures / "valid").values():
        found = written(contract, form, whole=whole)
        again, is_whole = read(found, where)
        assert (again.type, again.version, again.owner) == (
            contract.type,
            contract.version,
            contract.owner,
        )
        broken = check([contract], again, mode="FULL" if is_whole else "BACKWARD", policy="strict")
        assert broken == []


@pytest.mark.parametrize(
    ("others", "taken"), [(False, []), ({"type": "string"}, ["a"]), (True, ["a", 1])]
)
def test_what_is_required_and_not_declared_means_what_it_meant(
    others: Any, taken: list[Any]
) -> None:
    inner = {"type": "object", "properties": {"a": {}}, "required": ["b"]}
    again = _law_held({**inner, "additionalProperties": others}, {}, FORMS[0], whole=False)[1]
    found = [each for each in ("a", 1) if again.accepts({**HEAD, "v": {"b": each}})]
    assert found == taken


@pytest.mark.long
@settings(max_examples=100)
@given(
    drawn=schemas(4),
    shared=definitions(4),
    form=st.sampled_from(FORMS),
    whole=st.booleans(),
    data=st.data(),
)
def test_what_comes_back_takes_the_same_events(
    drawn: Any, shared: Any, form: str, data: st.DataObject, *, whole: bool
) -> None:
    contract, again, is_whole = _law_held(drawn, shared, form, whole=whole)
    if not is_whole:
        return  # within a `not`, what is lost refuses more
    for value in data.draw(st.lists(st.sampled_from(EVENTS), min_size=20, max_size=40)):
        for event in ({**HEAD, "v": value}, {**HEAD, "w": {**HEAD, "v": value}}):
            assert again.accepts(event) is contract.accepts(event), (value, again.schema)


def _law_held(
    drawn: Any, shared: Any, form: str, *, whole: bool
) -> tuple[Contract, Contract, bool]:
    """A contract of an event with such a value, what came back of it, and whether all of it did."""
    metadata = {"type": "law.held", "owner": "o", "version": "1.0.0", "classification": "public"}
    file = "law/LawHeld.json"
    body = {"type": "object", "properties": {"v": drawn, "w": {"$ref": "#"}}}
    documents: dict[str, Any] = {
        **CORE,
        file: {
            "title": "LawHeld",
            "x-keybus": metadata,
            "allOf": [{"$ref": "../core/Event.json"}, body],
            "definitions": {"X": shared},
        },
    }
    contract = Contract(documents, file)
    return (contract, *read(written(contract, form, whole=whole), DraftFolder(Path("/nowhere"))))
