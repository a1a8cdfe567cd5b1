"""A released contract as it is kept: the very bytes that its digest is of, wherever they stand."""

import hashlib
from typing import Final

import msgspec

from keybus.contracts.contract import Contract
from keybus.contracts.documents import canonical_json, parse_document

PREFIX: Final = "sha256:"
"""What stands before a digest's hexadecimal digits."""


class _Object(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of a release: the same that its digest is of."""

    contract: str
    closure: dict[str, msgspec.Raw]


def written(contract: Contract) -> bytes:
    """A contract and all that it refers to, as it is kept under its digest."""
    return canonical_json({"contract": contract.file, "closure": contract.closure})


def is_of(data: bytes, digest: str) -> bool:
    """Whether these bytes are what a digest is of."""
    return PREFIX + hashlib.sha256(data).hexdigest() == digest


def read(data: bytes | None, digest: str) -> Contract:
    """The contract with a digest.

    Args:
        data: What is kept under it; None: nothing is.
        digest: The digest, as `Contract.digest` has it.

    Raises:
        ValueError: It is not what was released, or is not there.
    """
    if data is None:
        raise ValueError("its contract is not there")
    if not is_of(data, digest):
        raise ValueError("its contract was changed")
    try:
        kept = msgspec.json.decode(data, type=_Object)
        closure: dict[str, object] = {}
        for file, text in kept.closure.items():
            closure[file], faults = parse_document(bytes(text).decode(), file)
            if faults:
                raise ValueError(str(faults[0]))
        return Contract(closure, kept.contract)
    except (msgspec.MsgspecError, LookupError, TypeError, RecursionError) as error:
        raise ValueError("it is no contract") from error
