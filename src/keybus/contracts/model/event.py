"""Events: records with a type, filled in at creation and bound to their contract."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from keybus.causality import current_cause, next_trace
from keybus.clock import SYSTEM, Clock, rfc3339
from keybus.contracts.model.bundle import Bundle
from keybus.contracts.model.fields import FILLED
from keybus.contracts.model.plain import over, set_document
from keybus.contracts.model.record import Form, Record, assign, check
from keybus.contracts.model.registry import BINDINGS
from keybus.contracts.sentences import show
from keybus.contracts.validation import Validator
from keybus.errors import Fault, InvalidEvent

_clock: ContextVar[Clock] = ContextVar("keybus_event_clock", default=SYSTEM)


@contextmanager
def clock_for_events(clock: Clock) -> Iterator[None]:
    """Take the ids and times of events created inside from this clock."""
    token = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(token)


_second: tuple[int, str] = (-1, "")  # the last second and its text; swapped as a whole


def _now(clock: Clock) -> str:
    """The clock's time as `rfc3339` writes it; the calendar is worked out once a second."""
    global _second  # noqa: PLW0603 - a cache of one
    second, rest = divmod(clock.time_us(), 1_000_000)
    last, text = _second
    if second != last:
        text = rfc3339(second * 1_000_000, fraction=False)[:-1]
        _second = second, text
    return f"{text}.{rest // 1000:03d}Z"


def _correlation(_: Clock) -> str | None:
    cause = current_cause()
    return None if cause is None else cause.correlation_id


def _causation(_: Clock) -> str | None:
    cause = current_cause()
    return None if cause is None else cause.event_id


_FILLS: Mapping[str, Callable[[Clock], str | None]] = {
    "id": lambda clock: clock.uuid(),
    "time": _now,
    "trace": next_trace,
    "correlation_id": _correlation,
    "causation_id": _causation,
}


class _EventForm(Form):
    """What a generated event class knows of itself.

    Attributes:
        event: The class.
        fills: Attributes that the client fills, with the property's name and the value's source.
    """

    def __init__(self, name: str, bundle: Bundle, event: "type[Event]", base: Form) -> None:
        super().__init__(name, bundle, base.sites)
        self.event = event
        self.properties = base.properties
        self._constants = {"type": event.TYPE, "schema_version": event.VERSION}
        self.fills = [
            (known.attribute, known.name, self._constants.get(known.name), _FILLS.get(known.name))
            for known in self.properties.values()
            if known.default is FILLED and known.name != "publisher"
        ]

    def validator_for(self, document: Mapping[str, Any]) -> Validator:
        if "publisher" in document:
            return self.validator
        return self.bundle.unstamped(self.sites[0])

    def is_own(self, document: Mapping[str, Any]) -> bool:
        """Whether a document says that it is of the class's very type and version."""
        own = self._constants
        return bool(
            document.get("type") == own["type"]
            and document.get("schema_version") == own["schema_version"]
        )

    @cached_property
    def publisher_is_text(self) -> bool:
        """Whether the contract has a plain string for a publisher, rather than an object."""
        node = self.bundle.view.find(self.sites[0], ["publisher"])
        return node is not None and "object" not in node.types

    def faults_of(self, document: Mapping[str, Any]) -> list[Fault]:
        """Another type, or another major version; minor ones may differ in what is received."""
        faults = []
        found = document.get("type", self.event.TYPE)
        if found != self.event.TYPE:
            message = f"Expected the type {self.event.TYPE!r} and found {show(found)}."
            faults.append(Fault("other-type", message, pointer="/type"))
        version = document.get("schema_version")
        major = self.event.VERSION.partition(".")[0]
        if isinstance(version, str) and version.partition(".")[0] != major:
            message = f"Expected a schema version {major}.x and found {show(version)}."
            hint = f"use the bindings of major version {version.partition('.')[0]}"
            faults.append(Fault("other-major", message, pointer="/schema_version", hint=hint))
        return faults


class Event(Record):
    """An immutable event, bound to its contract: the base of every generated event class.

    The constructor takes the contract's properties by name. It fills ``id``, ``type``, ``time``
    and ``schema_version``, and ``trace``, ``correlation_id`` and ``causation_id`` where the
    contract declares them; ``publisher`` is filled, and checked, at publish. It validates the
    whole event and raises `InvalidEvent` with every fault.

    Attributes:
        TYPE: The event type, such as ``delivery.status.updated``.
        VERSION: The contract's version.
        DIGEST: ``sha256:…`` of the contract and all that it refers to.
        OWNER: The account that owns the type.
    """

    __slots__ = ()

    TYPE: ClassVar[str]
    VERSION: ClassVar[str]
    DIGEST: ClassVar[str]
    OWNER: ClassVar[str]

    if TYPE_CHECKING:
        id: str = FILLED
        type: str = FILLED
        time: str = FILLED
        publisher: Any = FILLED
        schema_version: str = FILLED

    def __init_subclass__(
        cls, *, bundle: Bundle | None = None, schema: str | tuple[str, ...] = ()
    ) -> None:
        """Bind the class to its contract, and register it under its type."""
        super().__init_subclass__(bundle=bundle, schema=schema)
        if bundle is not None:
            cls._form = _EventForm(cls.TYPE, bundle, cls, cls._form)
            BINDINGS.add(cls)

    def __init__(self, /, **fields: Any) -> None:
        form = self._form
        assert isinstance(form, _EventForm)
        clock = _clock.get()
        document: dict[str, Any] = {}
        for attribute, name, constant, fill in form.fills:
            if fields.get(attribute, FILLED) is FILLED:
                value = constant if fill is None else fill(clock)
                if value is not None:
                    document[name] = value
        faults = assign(form, document, fields)
        validator = form.validator_for(document)
        if faults or not (form.is_own(document) and validator.accepts(document)):
            faults += _own_version(form, document)
            check(form, validator, document, faults)
        set_document(self, document)


def stamp(event: Event, publisher_name: str) -> Event:
    """The event with its publisher: filled where it is missing, checked where it stands.

    Args:
        event: An event as it was created.
        publisher_name: The name of the publisher that is about to publish it.

    Raises:
        InvalidEvent: It names another publisher, or its contract asks more of ``publisher`` than a
            name: then pass ``publisher=…`` at creation.
    """
    form = event._form  # noqa: SLF001 - the class's own form
    document = event._document  # noqa: SLF001 - never changed, only copied
    found = document.get("publisher")
    if found is not None:
        name = found.get("name") if isinstance(found, dict) else found
        if name != publisher_name:
            message = f"Expected the publisher {publisher_name!r} and found {show(name)}."
            pointer = "/publisher/name" if isinstance(found, dict) else "/publisher"
            hint = "leave the publisher out: it is filled at publish"
            fault = Fault("other-publisher", message, pointer=pointer, hint=hint)
            raise InvalidEvent(form.name, [fault])
        return event
    assert isinstance(form, _EventForm)
    publisher = publisher_name if form.publisher_is_text else {"name": publisher_name}
    stamped = {**document, "publisher": publisher}
    check(form, form.validator, stamped, [])
    return over(type(event), stamped)


def _own_version(form: _EventForm, document: Mapping[str, Any]) -> list[Fault]:
    """A new event is of its class's own version, to the letter."""
    found = document.get("schema_version")
    if found == form.event.VERSION:
        return []
    message = f"Expected the class's own version {form.event.VERSION!r} and found {show(found)}."
    return [Fault("other-version", message, pointer="/schema_version", hint="leave it out")]
