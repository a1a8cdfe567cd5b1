"""What a change of a registry or of a schema is, and whether it was made already."""

from typing import Any

import msgspec

from keybus.bus.schema_registries.errors import SchemasRefused, TooManySchemas
from keybus.bus.schema_registries.records import Draft, Registry, Schema
from keybus.bus.schema_registries.shelf import digest_of


def is_made(schema: Schema, draft: Draft) -> bool:
    """Whether a request has made its version already.

    Raises:
        SchemasRefused: Its token was that of another request.
    """
    for each in schema.versions:
        if draft.token and each.token == draft.token:
            if (each.kind, each.digest) == (draft.kind, digest_of(draft.content.encode())):
                return True
            raise SchemasRefused("The ClientTokenId was used for another content.")
    return False


def check_room(what: str, count: int, most: int) -> None:
    """Let there be one more.

    Raises:
        TooManySchemas: There are as many as may be.
    """
    if count >= most:
        raise TooManySchemas(f"There are {count} {what}, and no more may be.")


def difference(before: Registry | Schema, after: Registry | Schema) -> dict[str, Any]:
    """What the audit log says of a change; empty where there is none."""
    left, right = msgspec.to_builtins(before), msgspec.to_builtins(after)
    told = {name: right[name] for name in ("description", "tags") if left[name] != right[name]}
    if isinstance(before, Schema) and isinstance(after, Schema):
        old = {each.number: each.digest for each in before.versions}
        new = {each.number: each.digest for each in after.versions}
        added = {str(number): new[number] for number in new.keys() - old.keys()}
        gone = sorted(old.keys() - new.keys())
        told |= {"added": added} if added else {}
        told |= {"deleted": gone} if gone else {}
    return told
