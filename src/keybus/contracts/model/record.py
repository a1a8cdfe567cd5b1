"""Records: immutable views over JSON documents, checked against their schemas at creation."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NoReturn, Self, TypeVar, dataclass_transform

import msgspec
from msgspec import UNSET

from keybus.contracts.locations import Location
from keybus.contracts.model.bundle import Bundle, decoder
from keybus.contracts.model.fields import FILLED, REQUIRED, Field, Property, field
from keybus.contracts.model.plain import (
    Documented,
    deep_copy,
    json_equal,
    json_hash,
    over,
    plain,
    set_document,
)
from keybus.contracts.model.reading import Reader
from keybus.contracts.pointers import pointer_of
from keybus.contracts.sentences import nearest
from keybus.contracts.validation import Validator
from keybus.contracts.view import Sites
from keybus.errors import Fault, InvalidEvent

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Form:
    """What a generated class knows of itself; shared by all its instances.

    Attributes:
        name: What faults call it: an event's type, or the class's name.
        sites: The places of its schema.
        properties: Python name to property, in the order of the contract.
    """

    def __init__(self, name: str, bundle: Bundle, sites: Sites) -> None:
        self.name = name
        self.bundle = bundle
        self.sites = sites
        self.properties: dict[str, Property] = {}
        self._validator: Validator | None = None

    @property
    def validator(self) -> Validator:
        """The validator of its whole schema."""
        if self._validator is None:
            self._validator = self.bundle.validator(*self.sites)
        return self._validator

    def validator_for(self, document: Mapping[str, Any]) -> Validator:
        """The validator of a document at creation, when it need not be whole yet."""
        del document
        return self.validator

    def faults_of(self, document: Mapping[str, Any]) -> list[Fault]:
        """What is wrong with a document beyond what the schema says."""
        del document
        return []

    def reader(self, name: str) -> Reader:
        """What reads the property of this name."""
        node = self.bundle.view.node(*self.sites, whole=True)
        return self.bundle.reader(node.properties[name])


def check(form: Form, validator: Validator, document: Any, faults: list[Fault]) -> None:
    """Validate a document.

    Args:
        form: The class's form.
        validator: The validator to use.
        document: A plain document.
        faults: What is already known to be wrong.

    Raises:
        InvalidEvent: Anything is wrong, with every fault.
    """
    known = {fault.pointer for fault in faults}
    faults += [fault for fault in form.faults_of(document) if fault.pointer not in known]
    if not faults and validator.accepts(document):
        return
    known = {fault.pointer for fault in faults}
    faults += [fault for fault in validator.faults(document) if fault.pointer not in known]
    # A pattern on which the engine gave up may leave no error behind.
    unexplained = [Fault("undecided", "The validator could not decide, so this is refused.")]
    raise InvalidEvent(form.name, faults or unexplained)


def assign(form: Form, document: dict[str, Any], fields: Mapping[str, Any]) -> list[Fault]:
    """Put constructor arguments into a document; the faults that need no schema."""
    faults: list[Fault] = []
    properties = form.properties
    for attribute, value in fields.items():
        known = properties.get(attribute)
        if known is None:
            faults.append(_unknown(form, attribute))
        elif type(value) is str and value.isascii():
            document[known.name] = value
        elif value is UNSET or (value is None and known.none_is_absent):
            document.pop(known.name, None)
        elif value is not FILLED:
            document[known.name] = plain(value, (known.name,), faults)
    return faults


def parse(form: Form, data: bytes | str) -> dict[str, Any]:
    """Parse the JSON text of an object, keeping every number exact.

    Raises:
        InvalidEvent: It is no JSON, or no object.
    """
    try:
        document = decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError, ArithmeticError) as error:
        raise InvalidEvent(form.name, [Fault("bad-json", f"This is no JSON: {error}.")]) from None
    if not isinstance(document, dict):
        raise InvalidEvent(form.name, [Fault("type", "Expected a JSON object.")])
    return document


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
        document: dict[str, Any] = {}
        faults = assign(form, document, fields)
        check(form, form.validator_for(document), document, faults)
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
        check(form, form.validator_for(document), document, faults)
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
    form = cls._form
    check(form, form.validator, document, [])
    return over(cls, document)


def _declared(cls: type[Record]) -> Iterator[Property]:
    """The properties that a generated class declares in its own body."""
    for attribute, annotation in inspect.get_annotations(cls).items():
        if "ClassVar" in str(annotation):
            continue
        default = cls.__dict__.get(attribute, REQUIRED)
        if isinstance(default, Field):
            yield Property(attribute, default.name, default.default)
        else:
            yield Property(attribute, attribute, default)


def _unknown(form: Form, attribute: str) -> Fault:
    by_name = {known.name: known.attribute for known in form.properties.values()}
    if attribute in by_name:
        hint = f"in Python it is called {by_name[attribute]!r}"
    else:
        hint = nearest(attribute, form.properties)
    message = f"The contract declares no property {attribute!r}."
    return Fault("unknown-argument", message, pointer=pointer_of(attribute), hint=hint)


def _shown(record: Record) -> Iterator[str]:
    """The parts of a record's repr: declared properties first, then the others."""
    document, form = record._document, record._form  # noqa: SLF001 - its own repr
    known = {found.name: found.attribute for found in form.properties.values()}
    for name, attribute in known.items():
        if name in document:
            yield f"{attribute}={getattr(record, attribute)!r}"
    for name in [name for name in document if name not in known]:
        yield f"{name}={document[name]!r}"
