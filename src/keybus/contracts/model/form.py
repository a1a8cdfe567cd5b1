"""What a class knows of its contract: its schema's place, its properties, and how both are checked."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import msgspec
from msgspec import UNSET

from keybus.contracts.extensible import Reading
from keybus.contracts.hints import Hints, folded, place_of, quoted
from keybus.contracts.model.bundle import Bundle
from keybus.contracts.model.fields import FILLED, Property
from keybus.contracts.model.plain import plain
from keybus.contracts.sentences import MOST_FAULTS
from keybus.contracts.validation import Validator
from keybus.contracts.view import Sites
from keybus.errors import Fault, InvalidEvent


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
        self._reading: Reading | None = None

    @property
    def validator(self) -> Validator:
        """The validator of its whole schema."""
        if self._validator is None:
            self._validator = self.bundle.validator(*self.sites)
        return self._validator

    @property
    def reading(self) -> Reading:
        """What is taken of others: more than the lists of its schema, where they may grow."""
        if self._reading is None:
            self._reading = self.bundle.reading(*self.sites)
        return self._reading

    def accepts(self, document: dict[str, Any]) -> bool:
        """Whether the schema accepts a document at creation, when it need not be whole yet.

        Args:
            document: The caller's own, as it is again afterwards.
        """
        return self.validator.accepts(document)

    def misfits(self, document: Mapping[str, Any]) -> list[Fault]:
        """What the schema finds wrong with a document at creation."""
        return self.validator.faults(document)

    def faults_of(self, document: Mapping[str, Any]) -> list[Fault]:
        """What is wrong with a document beyond what the schema says."""
        del document
        return []

    def faults_of_change(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Fault]:
        """What is wrong with the difference between two documents."""
        del before, after
        return []

    def sites_of(self, name: str) -> Sites:
        """The places that declare the property of this name."""
        return self.bundle.view.node(*self.sites, whole=True).properties[name]

    def reader(self, name: str) -> Callable[[Any], Any]:
        """What reads the property of this name."""
        return self.bundle.reader(self.sites_of(name))


def check(
    form: Form, document: dict[str, Any], faults: list[Fault], *, whole: bool = False
) -> None:
    """Validate a document.

    Args:
        form: The class's form.
        document: A plain document, the caller's own.
        faults: What is already known to be wrong.
        whole: Whether it must be whole, as it is when it is published.

    Raises:
        InvalidEvent: Anything is wrong, with the first hundred faults.
    """
    faults = _joined(faults, form.faults_of(document))
    accepts = form.validator.accepts if whole else form.accepts
    if not faults and accepts(document):
        return
    misfits = form.validator.faults(document) if whole else form.misfits(document)
    _refuse(form, document, faults, misfits)


def check_received(form: Form, document: dict[str, Any]) -> None:
    """Validate a whole document of another's; what its lists lack may be new.

    Raises:
        InvalidEvent: Anything is wrong, with the first hundred faults.
    """
    faults = form.faults_of(document)
    if faults or not form.reading.accepts(document):
        _refuse(form, document, faults, form.reading.faults(document))


def _refuse(
    form: Form, document: Mapping[str, Any], faults: list[Fault], misfits: Iterable[Fault]
) -> NoReturn:
    faults = _joined(faults, (_hinted(form, document, fault) for fault in misfits))
    # A pattern on which the engine gave up may leave no error behind.
    unexplained = [Fault("undecided", "The validator could not decide, so this is refused.")]
    raise InvalidEvent(form.name, faults[:MOST_FAULTS] or unexplained)


def assign(form: Form, document: dict[str, Any], fields: Mapping[str, Any]) -> list[Fault]:
    """Put constructor arguments into a document; the faults that need no schema."""
    faults: list[Fault] = []
    unknown: list[str] = []
    properties = form.properties
    for attribute, value in fields.items():
        known = properties.get(attribute)
        if known is None:
            unknown.append(attribute)
        elif type(value) is str and value.isascii():
            document[known.name] = value
        elif value is UNSET or (value is None and known.none_is_absent):
            document.pop(known.name, None)
        elif value is not FILLED:
            document[known.name] = plain(value, (known.name,), faults)
    return [*_unknown(form, document, unknown[:MOST_FAULTS]), *faults] if unknown else faults


def _joined(known: list[Fault], more: Iterable[Fault]) -> list[Fault]:
    """All of these faults, but one for each place that is already known to be wrong."""
    places = {fault.pointer for fault in known}
    return known + [fault for fault in more if fault.pointer not in places]


def _unknown(form: Form, document: Mapping[str, Any], attributes: list[str]) -> list[Fault]:
    """Arguments that are no properties, each with the nearest that could still be given."""
    hints = Hints()
    by_name = {known.name: known.attribute for known in form.properties.values()}
    by_fold = {folded(name): name for name in form.properties}
    open_ = [
        known.attribute
        for known in form.properties.values()
        if known.default is not FILLED and known.name not in document
    ]
    faults = []
    for attribute in attributes:
        if attribute in by_name:
            hint = f"in Python it is called {by_name[attribute]!r}"
        elif folded(attribute) in by_fold:
            hint = f"did you mean {by_fold[folded(attribute)]!r}?"
        else:
            hint = hints.nearest(attribute, open_)
        message = f"The contract declares no property {quoted(attribute)}."
        place = place_of(attribute)
        faults.append(Fault("unknown-argument", message, pointer=place, hint=hint))
    return faults


def _hinted(form: Form, document: Mapping[str, Any], fault: Fault) -> Fault:
    """A fault of a missing property, with a hint only at a name that the contract does not know."""
    name = fault.pointer.removeprefix("/").replace("~1", "/").replace("~0", "~")
    names = [known.name for known in form.properties.values()]
    if fault.code != "required" or not fault.hint or fault.pointer != place_of(name):
        return fault
    hint = Hints().misspelt(name, (there for there in document if there not in names))
    return msgspec.structs.replace(fault, hint=hint)
