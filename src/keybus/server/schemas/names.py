"""What registries and schemas may be called, and what may be said of them."""

import re
from collections.abc import Mapping
from typing import Final

from keybus.server.schemas.errors import FORBIDDEN, bad_request, refused

_REGISTRY: Final = re.compile(r"(?!\.+$)[A-Za-z0-9._-]{1,64}")
_SCHEMA: Final = re.compile(r"(?!\.+$)[A-Za-z0-9._@-]{1,385}")
_RESERVED: Final = "aws."
_RESERVED_TAG: Final = "aws:"
_MOST_TAGS: Final = 50
_MOST_KEY: Final = 128
_MOST_VALUE: Final = 256


def check_registry_name(name: str) -> None:
    """Let a registry have a name.

    Raises:
        AwsError: It may not.
    """
    if not _REGISTRY.fullmatch(name):
        raise bad_request("A registry's name has 1 to 64 letters, digits and . - _ alone.")
    if name.startswith(_RESERVED):
        raise refused(FORBIDDEN, f"Names that begin with {_RESERVED} are AWS's own.")


def check_schema_name(name: str) -> None:
    """Let a schema have a name.

    Raises:
        AwsError: It may not.
    """
    if not _SCHEMA.fullmatch(name):
        raise bad_request("A schema's name has 1 to 385 letters, digits and . - _ @ alone.")


def check_tags(tags: Mapping[str, str]) -> None:
    """Let something have tags.

    Source: AWS general reference, "Tagging AWS resources".

    Raises:
        AwsError: They are too many, too long, or AWS's own.
    """
    if len(tags) > _MOST_TAGS:
        raise bad_request(f"{len(tags)} tags are more than {_MOST_TAGS}.")
    for key, value in tags.items():
        if not 1 <= len(key) <= _MOST_KEY or len(value) > _MOST_VALUE:
            raise bad_request(
                f"A tag's key has 1 to {_MOST_KEY} characters, its value at most {_MOST_VALUE}."
            )
        if key.lower().startswith(_RESERVED_TAG):
            raise bad_request(f"Tags that begin with {_RESERVED_TAG} are AWS's own.")
