"""Real contracts of several owners and classifications."""

import json

import pytest

from keybus.contracts import ContractRepository
from tests.unit.governance.authorizer.drawn import CONTRACTS

CORE = ("id", "type", "time", "publisher", "schema_version")


@pytest.fixture(scope="session")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> ContractRepository:
    """The event types of `drawn.CONTRACTS`."""
    folder = tmp_path_factory.mktemp("contracts")
    (folder / "keybus.toml").write_text('[repository]\nname = "drawn"\n')
    for event_type, (owner, classification) in CONTRACTS.items():
        title = "".join(word.title() for word in event_type.split("."))
        schema = {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "title": title,
            "type": "object",
            "x-keybus": {
                "type": event_type,
                "version": "1.0.0",
                "owner": owner,
                "classification": classification,
            },
            "required": list(CORE),
            "properties": {name: {"type": "string"} for name in CORE},
        }
        (folder / f"{title}.json").write_text(json.dumps(schema))
    return ContractRepository.load(folder)
