"""What a message may be made of: its text, its attributes, its size.

Source: Amazon SQS API reference, "SendMessage"; Amazon SQS developer guide, "Amazon SQS message
metadata" and "Amazon SQS message quotas".
"""

import re
from collections.abc import Mapping
from typing import Final

from keybus.bus.message_queues.message import Attribute
from keybus.server.sqs.errors import failure, invalid_value, missing
from keybus.server.sqs.shapes import AttributeValue

MOST_BYTES: Final = 1 << 20
"""Of a message, or of all of a batch."""
MOST_ATTRIBUTES: Final = 10
TRACE: Final = "AWSTraceHeader"
_MOST_TRACE: Final = 1_024
"""Characters of a trace header: it does not count for a message's size."""
_FORBIDDEN: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME: Final = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_RESERVED: Final = re.compile(r"(?:aws|amazon)\.", re.IGNORECASE)
_TYPE: Final = re.compile(r"(String|Number|Binary)(?:\.[\x20-\x7e]+)?")
_MOST_TYPE: Final = 256
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_MOST_DIGITS: Final = 38
_MOST_NUMBER: Final = 256
"""Characters of a number; 38 digits between 10^-128 and 10^126 need fewer, also written out."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")


def checked_body(body: str) -> str:
    """A message's text.

    Raises:
        AwsError: ``MissingParameter``: it is empty; ``InvalidMessageContents``: it has a
            character that XML 1.0 has not.
    """
    if not body:
        raise missing("MessageBody")
    if _FORBIDDEN.search(body) is not None:
        raise failure("InvalidMessageContents", "Invalid characters found in the message body.")
    return body


def attributes_of(given: Mapping[str, AttributeValue]) -> dict[str, Attribute]:
    """A message's attributes.

    Raises:
        AwsError: ``InvalidParameterValue``: one of them cannot be given.
    """
    if len(given) > MOST_ATTRIBUTES:
        raise invalid_value(
            f"Number of message attributes [{len(given)}] exceeds the allowed maximum "
            f"[{MOST_ATTRIBUTES}]."
        )
    for name in given:
        if _NAME.fullmatch(name) is None or _RESERVED.match(name) is not None:
            raise invalid_value(
                f"The message attribute name '{name[:256]}' is invalid. It has letters, digits, "
                "underscores, hyphens and single periods within, and does not begin with AWS. or "
                "Amazon."
            )
    return {name: _attribute(name, value) for name, value in given.items()}


def system_of(given: Mapping[str, AttributeValue]) -> dict[str, Attribute]:
    """A message's system attributes; senders give one, a trace header.

    Raises:
        AwsError: ``InvalidParameterValue``: there is another, or it is no text of that length.
    """
    for name in given:
        if name != TRACE:
            raise invalid_value(f"Message system attribute name '{name[:256]}' is invalid.")
        if given[name].data_type != "String":
            raise invalid_value(f"The type of message system attribute '{name}' must be String.")
        if len(given[name].string_value or "") > _MOST_TRACE:
            raise invalid_value(
                f"The message system attribute '{name}' has at most {_MOST_TRACE} characters."
            )
    return {name: _attribute(name, value) for name, value in given.items()}


def checked_token(name: str, token: str | None) -> str:
    """A group's or a de-duplication's id; empty where there is none.

    Raises:
        AwsError: ``InvalidParameterValue``.
    """
    if token is not None and _TOKEN.fullmatch(token) is None:
        raise invalid_value(
            f"Value {token[:256]} for parameter {name} is invalid. Reason: {name} can only include "
            "alphanumeric and punctuation characters. 1 to 128 in length."
        )
    return token or ""


def size_of(body: str, attributes: Mapping[str, Attribute]) -> int:
    """How long a message counts: its body and its attributes' names, types and values, in bytes."""
    size = len(body.encode())
    for name, each in attributes.items():
        value = each.value if isinstance(each.value, bytes) else each.value.encode()
        size += len(name) + len(each.type.encode()) + len(value)
    return size


def _attribute(name: str, given: AttributeValue) -> Attribute:
    kind = _TYPE.fullmatch(given.data_type)
    if kind is None or len(given.data_type) > _MOST_TYPE:
        raise _wrong(
            name,
            "has an invalid message attribute type, the set of supported type prefixes is "
            "Binary, Number, and String",
        )
    if given.string_list_values or given.binary_list_values:
        raise _wrong(name, "has list values, which are reserved for future use")
    value = given.binary_value if kind[1] == "Binary" else given.string_value
    other = given.string_value if kind[1] == "Binary" else given.binary_value
    if not value or other is not None:
        raise _wrong(name, f"must contain a non-empty value of the type {kind[1]}, and no other")
    if isinstance(value, str):
        if kind[1] == "Number":
            _check_number(name, value)
        if _FORBIDDEN.search(value) is not None:
            raise _wrong(name, "has characters that messages cannot have")
    return Attribute(given.data_type, value)


def _check_number(name: str, text: str) -> None:
    # First the length: what a pattern makes of a long text is its own affair.
    is_number = len(text) <= _MOST_NUMBER and _NUMBER.fullmatch(text) is not None
    mantissa = re.split("[eE]", text, maxsplit=1)[0] if is_number else ""
    digits = sum(each.isdigit() for each in mantissa.strip("+-").lstrip("0"))
    if not is_number or digits > _MOST_DIGITS:
        raise _wrong(name, f"is no number of up to {_MOST_DIGITS} digits")


def _wrong(name: str, why: str) -> Exception:
    return invalid_value(f"The message attribute '{name}' {why}.")
