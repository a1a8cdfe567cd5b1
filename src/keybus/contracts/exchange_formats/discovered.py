"""What was seen of events as a schema in one of EventBridge's formats, as its discoverers write them.

Nothing is marked in it, and no list of values is proposed, as AWS's are neither.
"""

from typing import Final, Literal

import msgspec

from keybus.contracts.discovery.place import Place
from keybus.contracts.discovery.rendering import schema_of
from keybus.contracts.exchange_formats.envelopes import EVENT, enveloped
from keybus.contracts.exchange_formats.openapi_document import openapi_of
from keybus.contracts.naming import pascal
from keybus.contracts.validation import DRAFT_04

Kind = Literal["OpenApi3", "JSONSchemaDraft4"]
_UNNAMED: Final = "Event"
_LONGEST_NAME: Final = 100
_FIRST: Final = "1.0.0"
_encode = msgspec.json.Encoder(decimal_format="number").encode


def discovered(place: Place, kind: Kind, *, detail_type: str = "", source: str = "") -> str:
    """A schema of what was seen.

    Args:
        place: What was seen: of details, or, without a detail type, of whatever else.
        kind: What the schema is written in.
        detail_type: What the events say that they are; empty: they are no events of a bus.
        source: Where they came from.

    Returns:
        Its JSON; that of a whole event, where it is one.
    """
    name = "".join(c for c in pascal(detail_type)[:_LONGEST_NAME] if c.isascii()) or _UNNAMED
    document = {"$schema": DRAFT_04, **schema_of(place, marks=False, root=True)}
    if detail_type:
        document = enveloped(document, name, detail_type, source)
    if kind == "OpenApi3":
        root = EVENT if detail_type else name
        document = openapi_of(document, root=root, title=name, version=_FIRST).document
    elif not detail_type:
        document["title"] = name
    return _encode(document).decode()
