"""EventBridge's input templates: JSON in which ``<name>`` stands for a value of the event.

Outside of quotes a variable is filled in as JSON: a text gets its quotes, an object or array stands
as it is, and one that is not in the event is an empty text. Within quotes a text is filled in
without quotes of its own, and anything else as its JSON; one that is not in the event leaves
nothing. What is filled in within quotes is escaped, so that whatever a publisher writes the result
is JSON and has the template's own structure; EventBridge leaves that out.

Source: Amazon EventBridge user guide, "Amazon EventBridge input transformation"; API reference,
InputTransformer.
"""

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from keybus.topology.inputs.fault import InputError
from keybus.topology.inputs.given import MAX_INPUT_BYTES, Given
from keybus.topology.inputs.path import Path

MAX_TEMPLATE = 8192
MAX_VARIABLES = 100
_VARIABLE = re.compile(r"[A-Za-z0-9_-]{1,256}")
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
_AFTER_TEXT = re.compile(r"\s*:")
_RESERVED = "aws."
_SAMPLE = {True: "x", False: "0"}

_encode = msgspec.json.encode


class Rule(msgspec.Struct, frozen=True):
    """What templates call the rule.

    Attributes:
        name: The subscription's name.
        arn: Its ARN, as EventBridge would write it.
    """

    name: str
    arn: str


class Slot(msgspec.Struct, frozen=True):
    """Where a variable stands.

    Attributes:
        name: The variable.
        quoted: Whether within quotes.
    """

    name: str
    quoted: bool


Value = Callable[[Given], bytes | None]
# Objects, for which there is no place within quotes (user guide, "Predefined variables").
_OBJECTS: Mapping[str, Value] = {
    "aws.events.event": lambda given: given.head,
    "aws.events.event.json": lambda given: given.envelope,
}


class Template:
    """A template with its variables; immutable.

    Args:
        text: The template.
        paths: Paths into the event, by the variable.
        rule: What it calls the rule.

    Raises:
        InputError: It makes no JSON, or names a variable that there is not.
    """

    def __init__(self, text: str, paths: Mapping[str, Path], rule: Rule) -> None:
        if not 1 <= len(text) <= MAX_TEMPLATE:
            raise InputError(f"a template has 1 to {MAX_TEMPLATE} characters, this one {len(text)}")
        self._values = _predefined(rule) | {
            name: _at(path) for name, path in paths.items() if _is_variable(name)
        }
        self._parts = list(_parts(text))
        for part in self._parts:
            if isinstance(part, Slot):
                self._check(part)
        sample = "".join(
            part if isinstance(part, str) else _SAMPLE[part.quoted] for part in self._parts
        )
        try:
            msgspec.json.decode(sample)
        except (msgspec.DecodeError, RecursionError) as error:
            raise InputError(
                f"the template makes no JSON: {error}",
                hint="it is JSON where each <variable> is a value; a text stands in quotes",
            ) from error

    def fill(self, given: Given) -> bytes:
        """The template with an event's values, as JSON without blanks.

        Raises:
            InputError: It grows too large.
        """
        filled = bytearray()
        for part in self._parts:
            if isinstance(part, str):
                filled += part.encode()
                continue
            value = self._values[part.name](given)
            filled += _within_quotes(value) if part.quoted else value or b'""'
            if len(filled) > MAX_INPUT_BYTES:
                raise InputError(f"the template makes more than {MAX_INPUT_BYTES} bytes")
        return msgspec.json.format(bytes(filled), indent=-1)

    def _check(self, slot: Slot) -> None:
        if slot.name not in self._values:
            known = ", ".join(name for name in self._values if not name.startswith(_RESERVED))
            raise InputError(
                f"the template names <{slot.name}>, which is no variable",
                hint=f"declare it in `paths`; declared: {known or 'none'}",
            )
        if slot.quoted and slot.name in _OBJECTS:
            raise InputError(
                f"<{slot.name}> is an object, and stands within quotes", hint="leave the quotes out"
            )


def check_variables(paths: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is wrong with variables' names: the name, and why."""
    for name in paths:
        if not _is_variable(name):
            yield name, "a variable has letters, digits, _ and -, and does not begin with AWS"


def _is_variable(name: str) -> bool:
    return _VARIABLE.fullmatch(name) is not None and not name.upper().startswith("AWS")


def _predefined(rule: Rule) -> dict[str, Value]:
    name, arn = _encode(rule.name), _encode(rule.arn)
    return {
        "aws.events.rule-name": lambda _: name,
        "aws.events.rule-arn": lambda _: arn,
        "aws.events.event.ingestion-time": lambda given: given.ingestion_time,
        **_OBJECTS,
    }


def _at(path: Path) -> Value:
    return lambda given: path.find(given.envelope)


def _within_quotes(value: bytes | None) -> bytes:
    if value is None:
        return b""
    if value[:1] == b'"':
        return value[1:-1]  # escaped as it is
    return _encode(value.decode())[1:-1]


def _parts(text: str) -> Iterator[str | Slot]:
    """The template's own text, and what stands between."""
    place, begun, quoted, filled = 0, 0, False, False
    while place < len(text):
        found = _PLACEHOLDER.match(text, place)
        if found is not None:
            yield text[begun:place]
            yield Slot(found[1], quoted)
            filled = filled or quoted
            place = begun = found.end()
            continue
        if quoted and text[place] == "\\":
            place += 1
        elif text[place] == '"':
            if quoted and filled and _AFTER_TEXT.match(text, place + 1):
                raise InputError("a variable stands in an object's key", hint="write the key out")
            quoted, filled = not quoted, False
        place += 1
    yield text[begun:]
