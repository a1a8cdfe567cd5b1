"""An event pattern in a request's body, which may be left out: any event is meant."""

from typing import Annotated, Any, Final

import msgspec

PatternOrNull = Annotated[
    msgspec.Raw, msgspec.Meta(extra_json_schema={"type": ["object", "null"], "default": None})
]
"""The JSON of a pattern, or null."""
_NOTHING: Final = b"null"
NO_PATTERN: Final[Any] = msgspec.field(default_factory=lambda: msgspec.Raw(_NOTHING))
"""The field's default."""
