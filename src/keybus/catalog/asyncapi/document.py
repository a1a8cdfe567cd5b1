"""The document as a whole."""

from typing import Any, Final

import msgspec

from keybus.catalog.asyncapi.channels import Channels
from keybus.catalog.asyncapi.messages import Messages, Payload
from keybus.catalog.asyncapi.schemas import Schemas, ordered
from keybus.catalog.asyncapi.servers import Server, servers_section
from keybus.catalog.catalogue import Catalogue
from keybus.contracts.documents import digest_of

SPECIFICATION: Final = "3.0.0"
_DIGITS: Final = 12


class Options(msgspec.Struct, frozen=True):
    """What the platform itself does not say.

    Attributes:
        title: The document's title; empty: the bus's name.
        version: Its version; empty: a part of the digest of all that it says.
        servers: Where the bus is.
        payload: Whether a message's payload is the whole envelope, as it is delivered, or the
            event alone, as a publisher writes it.
    """

    title: str = ""
    version: str = ""
    servers: tuple[Server, ...] = ()
    payload: Payload = "envelope"


def asyncapi_document(catalogue: Catalogue, options: Options | None = None) -> dict[str, Any]:
    """The AsyncAPI document of a platform, as JSON values.

    Args:
        catalogue: The platform's catalogue.
        options: What the platform does not say.

    Raises:
        SettingsError: Two servers have one name.
    """
    options = options or Options()
    today = {
        file: document
        for event in catalogue.events.values()
        for file, document in event.newest.contract.closure.items()
    }
    schemas = Schemas(today)
    messages = Messages(catalogue.platform, schemas, options.payload)
    made = Channels(catalogue, messages, options.payload)
    body: dict[str, Any] = {
        "defaultContentType": "application/json",
        "channels": made.channels,
        "operations": made.operations,
        "components": {"messages": messages.found, "schemas": ordered(schemas.found)},
    }
    if options.servers:
        body = {"servers": servers_section(options.servers), **body}
    return {
        "asyncapi": SPECIFICATION,
        "id": f"urn:keybus:{catalogue.bus}",
        "info": _info(catalogue, options, body),
        **body,
    }


def _info(catalogue: Catalogue, options: Options, body: dict[str, Any]) -> dict[str, Any]:
    digest = digest_of(body).removeprefix("sha256:")
    owners = sorted({event.contract.owner for event in catalogue.events.values()})
    counted = f"{_count(len(catalogue.events), 'event')} of {_count(len(owners), 'owner')}"
    return {
        "title": options.title or catalogue.bus,
        "version": options.version or digest[:_DIGITS],
        "description": f"The bus {catalogue.bus}: {counted}.",
        "tags": [{"name": f"owner:{owner}"} for owner in owners],
        "x-keybus": {
            "bus": catalogue.bus,
            "region": catalogue.platform.region,
            "contracts": catalogue.name,
            "digest": f"sha256:{digest}",
        },
    }


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
