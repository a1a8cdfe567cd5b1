"""Records: immutable views over JSON documents, checked against their schemas at creation."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NoReturn, Self, TypeVar, dataclass_transform, get_origin

import msgspec

from keybus.contracts.hints import clip
from keybus.contracts.locations import Location
from keybus.contracts.model.bundle import Bundle, decoder
from keybus.contracts.model.fields import REQUIRED, Field, Property, field
from keybus.contracts.model.form import Form, assign, check, check_received
from keybus.contracts.model.plain import (
    Documented,
    deep_copy,
    json_equal,
    json_hash,
    over,
    plain,
    set_document,
)
from keybus.errors import Fault, InvalidEvent

_encode = msgspec.json.Encoder(decimal_format="number").encode


def parse(form: Form, data: bytes | str) -> dict[str, Any]:
    """Parse the JSON text of an object, keeping every number exact.

    Raises:
        InvalidEvent: It is no JSON, or no object.
    """
    try:
        document = decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError, ArithmeticError) as error:
        raise InvalidEvent(form.name, [_bad_json(error)]) from None
    if not isinstance(document, dict):
        raise InvalidEvent(form.name, [Fault("type", "Expected a JSON object.")])
    return document


def _bad_json(error: Exception) -> Fault:
    """What the parser said, without the place in its own notation."""
    reason = str(error).partition(" - at `")[0].rstrip(".")
    return Fault("bad-json", f"This is no JSON that can be used: {clip(reason)}.")


def copied(form: Form, mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A plain document of the caller's mapping.

    Raises:
        InvalidEvent: It holds what is no JSON.
    """
    faults: list[Fault] = []
    document = plain(mapping, (), faults)
    if faults or not isinstance(document, dict):
        faults = faults or [Fault("type", "Expected a mapping.")]
        raise InvalidEvent(form.name, faults)
    return document


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Record(Documented):
    """An immutable view over a JSON object that its schema accepts. Safe to share.

    Generated classes derive from it. The constructor takes the declared properties by their Python
    names and raises `InvalidEvent` with every fault; what the schema does not declare survives in
    documents that were received.
    """

    __slots__ = ()
    _form: ClassVar[Form]

    def __init_subclass__(
        cls, *, bundle: Bundle | None = None, schema: str | tuple[str, ...] = ()
    ) -> None:
        """Make the properties that the class declares readable, and the class known."""
        super().__init_subclass__()
        if bundle is None:
            return
        places = (schema,) if isinstance(schema, str) else schema
        sites = tuple(map(Location.of_uri, places))
        cls._form = Form(getattr(cls, "TYPE", cls.__name__), bundle, sites)
        cls._form.properties = {found.attribute: found for found in _declared(cls)}
        for known in cls._form.properties.values():
            setattr(cls, known.attribute, known)
        bundle.add(sites, cls)

    def __init__(self, /, **fields: Any) -> None:
        form = self._form
        refuse_again(self)
        document: dict[str, Any] = {}
        check(form, document, assign(form, document, fields))
        set_document(self, document)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """A record of a whole document, by the names of the contract; the document is copied.

        Raises:
            InvalidEvent: The schema refuses it; every fault is listed.
        """
        return received(cls, copied(cls._form, document))

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """A record of a JSON text; every number is kept exact.

        Raises:
            InvalidEvent: It is no JSON, or the schema refuses it; every fault is listed.
        """
        return received(cls, parse(cls._form, data))

    def to_dict(self) -> dict[str, Any]:
        """The whole document, with what the contract does not declare; a copy, the caller's own.

        Numbers that a float cannot hold exactly are Decimals.
        """
        return deep_copy(self._document)  # type: ignore[no-any-return]

    def to_json(self) -> bytes:
        """The whole document as JSON in UTF-8, without white space."""
        return _encode(self._document)

    def replace(self, /, **changes: Any) -> Self:
        """A copy in which these properties are others; None or UNSET removes an optional one.

        Raises:
            InvalidEvent: The schema refuses the outcome; every fault is listed.
        """
        document = dict(self._document)
        form = self._form
        faults = assign(form, document, changes)
        faults += form.faults_of_change(self._document, document)
        check(form, document, faults)
        return over(type(self), document)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: use replace({name}=…)")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record) or type(other) is not type(self):
            return NotImplemented
        return json_equal(self._document, other._document)

    def __hash__(self) -> int:
        return hash((type(self), json_hash(self._document)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(_shown(self))})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return over, (type(self), deep_copy(self._document))


R = TypeVar("R", bound=Record)


def received(cls: type[R], document: dict[str, Any]) -> R:
    """A view of this class over a whole document, once it is checked.

    Raises:
        InvalidEvent: The schema refuses it; every fault is listed.
    """
    check_received(cls._form, document)
    return over(cls, document)


def refuse_again(record: Record) -> None:
    """Refuse to run a constructor on a record that has its document."""
    if hasattr(record, "_document"):
        raise AttributeError(f"{type(record).__name__} is immutable: use replace(…)")


def _declared(cls: type[Record]) -> Iterator[Property]:
    """The properties that a generated class declares in its own body."""
    for attribute, annotation in inspect.get_annotations(cls).items():
        if _is_of_the_class(annotation):
            continue
        default = cls.__dict__.get(attribute, REQUIRED)
        if isinstance(default, Field):
            yield Property(attribute, default.name, default.default)
        else:
            yield Property(attribute, attribute, default)


def _is_of_the_class(annotation: Any) -> bool:
    """Whether an annotation, evaluated or not, is that of a class's own constant."""
    if isinstance(annotation, str):
        return annotation.startswith(("_t.ClassVar[", "ClassVar["))
    return get_origin(annotation) is ClassVar


def _shown(record: Record) -> Iterator[str]:
    """The parts of a record's repr: declared properties first, then the others."""
    document, form = record._document, record._form  # noqa: SLF001 - its own repr
    known = {found.name: found.attribute for found in form.properties.values()}
    for name, attribute in known.items():
        if name in document:
            yield f"{attribute}={getattr(record, attribute)!r}"
    for name in [name for name in document if name not in known]:
        yield f"{name}={document[name]!r}"
