"""Events: records with a type, filled in at creation and bound to their contract."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

from keybus.causality import current_cause, next_trace
from keybus.clock import SYSTEM, Clock, rfc3339
from keybus.contracts.hints import clip
from keybus.contracts.model.bundle import Bundle
from keybus.contracts.model.fields import ALWAYS, FILLED
from keybus.contracts.model.form import Form, assign, check
from keybus.contracts.model.plain import over, set_document
from keybus.contracts.model.publishers import Publishers, is_of_publisher
from keybus.contracts.model.record import Record, refuse_again
from keybus.contracts.model.registry import BINDINGS
from keybus.contracts.sentences import show
from keybus.errors import Fault

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

    @cached_property
    def publishers(self) -> Publishers:
        """What the contract has for a publisher."""
        return Publishers(self.bundle, self.sites)

    def accepts(self, document: dict[str, Any]) -> bool:
        """Whether the event fits its contract, or would with a publisher."""
        if "publisher" in document:
            return self.validator.accepts(document)
        accepts = self.validator.accepts
        for publisher in self.publishers.stand_ins:
            document["publisher"] = publisher
            fits = accepts(document)
            del document["publisher"]
            if fits:
                return True
        faults = self._with_stand_in(document)
        return bool(faults) and all(map(is_of_publisher, faults))

    def misfits(self, document: Mapping[str, Any]) -> list[Fault]:
        if "publisher" in document:
            return self.validator.faults(document)
        return [fault for fault in self._with_stand_in(document) if not is_of_publisher(fault)]

    def _with_stand_in(self, document: Mapping[str, Any]) -> list[Fault]:
        return self.validator.faults({**document, "publisher": self.publishers.stand_ins[0]})

    def is_own(self, document: Mapping[str, Any]) -> bool:
        """Whether a document says that it is of the class's very type and version."""
        own = self._constants
        return bool(
            document.get("type") == own["type"]
            and document.get("schema_version") == own["schema_version"]
        )

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
            hint = f"use the bindings of major version {clip(version.partition('.')[0], 20)}"
            faults.append(Fault("other-major", message, pointer="/schema_version", hint=hint))
        return faults

    def faults_of_change(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Fault]:
        """An event keeps its version, which is the class's own unless it was received."""
        if after.get("schema_version") == before.get("schema_version"):
            return []
        return self.faults_of_version(after)

    def faults_of_version(self, document: Mapping[str, Any]) -> list[Fault]:
        """A new event is of its class's own version, to the letter."""
        own, found = self.event.VERSION, document.get("schema_version")
        if found == own:
            return []
        message = f"Expected the class's own version {own!r} and found {show(found)}."
        return [Fault("other-version", message, pointer="/schema_version", hint="leave it out")]

    def drop_refused(self, document: dict[str, Any], fields: Mapping[str, Any]) -> None:
        """Take out what was carried along from the cause but is not of this contract's form."""
        for attribute, name, _, fill in self.fills:
            if name in ALWAYS or fill is None or name not in document:
                continue
            if fields.get(attribute, FILLED) is FILLED and not self.bundle.validator(
                *self.sites_of(name)
            ).accepts(document[name]):
                del document[name]


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
        DEPRECATED: Why the class is to be left, as a sentence; empty where it is not.
    """

    __slots__ = ()

    TYPE: ClassVar[str]
    VERSION: ClassVar[str]
    DIGEST: ClassVar[str]
    OWNER: ClassVar[str]
    DEPRECATED: ClassVar[str] = ""

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
        refuse_again(self)
        clock = _clock.get()
        document: dict[str, Any] = {}
        for attribute, name, constant, fill in form.fills:
            if fields.get(attribute, FILLED) is FILLED:
                value = constant if fill is None else fill(clock)
                if value is not None:
                    document[name] = value
        faults = assign(form, document, fields)
        if faults or not (form.is_own(document) and form.accepts(document)):
            form.drop_refused(document, fields)
            check(form, document, faults + form.faults_of_version(document))
        set_document(self, document)

    def replace(self, /, **changes: Any) -> Self:
        """A copy in which these properties are others: another event, with an id of its own.

        With ``id=event.id`` it has the same, and the bus takes only the one that it gets first.

        Args:
            changes: The properties; None or UNSET removes an optional one.

        Raises:
            InvalidEvent: The contract refuses the outcome; every fault is listed.
        """
        changes.setdefault("id", _clock.get().uuid())
        return super().replace(**changes)


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
    assert isinstance(form, _EventForm)
    if "publisher" in document:
        form.publishers.check(form.name, document["publisher"], publisher_name)
        return event
    stamped = {**document, "publisher": form.publishers.of(publisher_name)}
    check(form, stamped, [], whole=True)
    return over(type(event), stamped)
