"""``components.messages``: one for each major of each event type."""

from typing import Any, Literal

from keybus.catalog.asyncapi.envelope import envelope_schema, enveloped
from keybus.catalog.asyncapi.schemas import Schemas, has_property
from keybus.catalog.event import CataloguedEvent
from keybus.catalog.samples import samples_of
from keybus.contracts import Contract
from keybus.contracts.editions import WARNED_OF, Edition
from keybus.topology import Platform

Payload = Literal["envelope", "detail"]


class Messages:
    """The messages of a document, made as events are taken in.

    Args:
        platform: The platform.
        schemas: The shared schemas, which are filled.
        payload: Whether a message's payload is the whole envelope, or the event alone.
    """

    def __init__(self, platform: Platform, schemas: Schemas, payload: Payload) -> None:
        self._platform = platform
        self._schemas = schemas
        self._payload = payload
        self.found: dict[str, Any] = {}

    def add(self, event: CataloguedEvent, edition: Edition) -> str:
        """Take in a major of an event; answers its message's name."""
        contract = edition.contract
        name = message_name(contract)
        detail = {"$ref": self._schemas.refer(contract, name)}
        whole = self._payload == "envelope"
        self.found[name] = {
            "name": contract.type,
            "title": contract.title,
            **described(contract, edition),
            "contentType": "application/json",
            **self._correlation(contract),
            "tags": tags_of(contract, event.status(edition)),
            **({"deprecated": True} if edition.status in WARNED_OF else {}),
            "payload": envelope_schema(detail, contract.type) if whole else detail,
            "examples": self._examples(event, contract),
            "x-keybus": _metadata(event, edition),
        }
        return name

    def _examples(self, event: CataloguedEvent, contract: Contract) -> list[dict[str, Any]]:
        return [
            {"name": each.label, "payload": self._wrapped(event, each.detail)}
            for each in samples_of(contract)
        ]

    def _wrapped(self, event: CataloguedEvent, detail: dict[str, Any]) -> dict[str, Any]:
        if self._payload == "detail":
            return detail
        source, account = event.type.partition(".")[0], "0" * 12
        for each in event.publishers[:1]:
            source, account = each.sources[0], self._platform.accounts[each.account].id
        return enveloped(detail, source, account, self._platform.region)

    def _correlation(self, contract: Contract) -> dict[str, Any]:
        if not has_property(contract, "correlation_id"):
            return {}
        way = "/detail/correlation_id" if self._payload == "envelope" else "/correlation_id"
        description = "The id of the first event of the whole story."
        return {
            "correlationId": {"description": description, "location": f"$message.payload#{way}"}
        }


def message_name(contract: Contract) -> str:
    """What a major's message, and the schema of its event, are called."""
    return f"{contract.type}-v{contract.major}"


def described(contract: Contract, edition: Edition) -> dict[str, str]:
    """What a contract says of its event, and what is to be known of its end."""
    said = contract.schema.get("description")
    text = said if isinstance(said, str) else ""
    parts = [text] if text else []
    if edition.warning:
        parts.append(f"{edition.warning[0].upper()}{edition.warning[1:]}.")
    return {"description": "\n\n".join(parts)} if parts else {}


def tags_of(contract: Contract, status: str) -> list[dict[str, str]]:
    """What a message is sorted by: its owner, its classification, and where in its life it is."""
    names = (f"owner:{contract.owner}", f"classification:{contract.classification}", status)
    return [{"name": name} for name in names]


def _metadata(event: CataloguedEvent, edition: Edition) -> dict[str, Any]:
    contract = edition.contract
    found = {
        "type": contract.type,
        "major": contract.major,
        "version": contract.version,
        "digest": contract.digest,
        "owner": contract.owner,
        "classification": contract.classification,
        "key": contract.key,
        "status": event.status(edition),
        "replaced_by": edition.replaced_by,
        "sunset": edition.sunset,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}
