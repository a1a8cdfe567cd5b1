"""Explains what became of events, as far as whoever asks may know."""

from collections.abc import Callable

import msgspec

from keybus.bus.control.control import Control
from keybus.bus.control.versions import Applied
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.engine import Engine
from keybus.bus.explaining.explanation import (
    EventExplanation,
    ExplainAnswer,
    SubscriptionExplanation,
)
from keybus.bus.explaining.history import History
from keybus.bus.explaining.matching import verdict
from keybus.bus.explaining.of_rules import of_rule
from keybus.bus.explaining.search import Search, Sighting
from keybus.bus.explaining.standing import notes, standing
from keybus.bus.forms.forms import Forms
from keybus.bus.rules.beside import Beside
from keybus.clock import Clock, rfc3339
from keybus.envelope import is_of_account
from keybus.errors import EngineError
from keybus.governance import Principal
from keybus.protocol import PauseInfo, TargetInfo

_ON_ITS_WAY = ("waiting", "delayed", "ordered", "held")


class Hindrances(msgspec.Struct, frozen=True):
    """What may stand in the way of a subscription's deliveries, asked by its name.

    Attributes:
        paused: Its pause.
        target: How its target stands.
        replayed_past: Whether replays of a name were all for other subscriptions than one.
    """

    paused: Callable[[str], PauseInfo | None]
    target: Callable[[str], TargetInfo | None]
    replayed_past: Callable[[str, str], bool]


class Explaining:
    """Finds events by their id, and says what became of them. Belongs to one event loop.

    Args:
        engine: What has the log.
        control: What holds.
        hindrances: What may stand in the way.
        clock: Time.
    """

    def __init__(
        self, engine: Engine, control: Control, hindrances: Hindrances, clock: Clock
    ) -> None:
        self._control, self._hindrances, self._clock = control, hindrances, clock
        self._search = Search(engine, clock)
        self._history = History(control.versions)

    async def explain(
        self, event_id: str, asking: Principal | None, *, before: int | None = None, since: int = 0
    ) -> ExplainAnswer:
        """One step of looking for an event, from the log's end backwards.

        Of an event that whoever asks may not know of, nothing is said.

        Args:
            event_id: The id that the put answered, or the event's own ``id``.
            asking: Who asks; None: somebody who may see everything.
            before: Only what lies before this position of the log; None: everything.
            since: Only what was ingested at this time or later, in microseconds since the Unix
                epoch.

        Raises:
            EnvelopeError: That can be nobody's id.
            Throttled: Too many are searching.
            StorageFailed: The store could not be read.
        """
        found = await self._search.step(event_id, before, since)
        told = [await self._event(each, asking) for each in found.events]
        events = [each for each in told if each is not None]
        return ExplainAnswer(events, found.before, found.back_to)

    async def _event(self, found: Sighting, asking: Principal | None) -> EventExplanation | None:
        """What became of an event; None where whoever asks may not know of it."""
        authorizer = self._control.generation.authorizer
        visible = None if asking is None else authorizer.visible(asking)
        everything = visible is None or visible.everything
        readable = asking is None or self._may_read(asking, found)
        subscriptions = self._control.generation.subscriptions
        told = []
        for name, dispatcher in sorted(self._control.dispatchers.items()):
            if name in subscriptions and (visible is None or name in visible.subscriptions):
                about = await self._subscription(name, dispatcher, found, readable=readable)
                if everything or readable or (about is not None and not about.version):
                    told += [] if about is None else [about]
        if not (everything or readable or told):
            return None
        return EventExplanation(
            event_id=found.envelope.id,
            detail_id=found.detail_id,
            event_type=found.envelope.detail_type,
            source=found.envelope.source,
            position=found.stored.position,
            ingested_at=found.stored.ingested_at,
            subscriptions=told,
            everything=everything,
        )

    def _may_read(self, asking: Principal, found: Sighting) -> bool:
        envelope, now = found.envelope, self._clock.time_us()
        generation = self._control.generation
        own = generation.platform.accounts.get(asking.account)
        if envelope.event_bus and (own is None or not is_of_account(found.stored.envelope, own.id)):
            return False  # another account's bus: to this one it does not exist
        read = generation.authorizer.read
        return read(asking, envelope.detail_type, envelope.source, now) is None

    async def _subscription(
        self, name: str, dispatcher: Dispatcher, found: Sighting, *, readable: bool
    ) -> SubscriptionExplanation | None:
        """What became of it in one subscription; None where that is removed meanwhile."""
        declared = self._control.generation.subscriptions[name]
        position = found.stored.position
        try:
            status = await dispatcher.cursor.status(position)
            if status.state == "gone":
                filled = dispatcher.cursor.filled
                if filled is not None and position > filled:
                    return _being_filled(name, declared.account, filled)
                return await self._past(name, declared.account, found, readable=readable)
            told = await standing(dispatcher, declared.account, position, status)
        except EngineError:
            if name in self._control.dispatchers:
                raise
            return None
        if told.outcome not in _ON_ITS_WAY:
            return told
        gatekeeper, envelope = dispatcher.settings.gatekeeper, found.envelope
        refusal = (
            ""
            if gatekeeper is None or told.outcome == "held"
            else gatekeeper.refusal(envelope.detail_type, envelope.source, self._clock.time_us())
        )
        ways = self._hindrances
        hindering = notes(dispatcher, ways.paused(name), ways.target(name), refusal)
        return msgspec.structs.replace(told, notes=hindering)

    async def _past(
        self, name: str, account: str, found: Sighting, *, readable: bool
    ) -> SubscriptionExplanation:
        """What became of it, by the rules that held when it came: its queue knows nothing."""
        replay = found.envelope.replay_name
        if replay and self._hindrances.replayed_past(replay, name):
            return _for_another(name, account, self._control.generation.applied)
        if (beside := self._control.generation.beside.get(name)) is not None:
            return self._of_rule(name, beside, found, readable=readable)
        held = await self._history.at(found.stored.ingested_at)
        if name not in held.platform.subscriptions:
            since = await self._history.since(name, held)
            if since is None or not _begins_before(since, name, found.stored.ingested_at):
                return _not_yet(name, account, held, since)
            held = since
        declared = held.platform.subscriptions[name]
        judged = verdict(
            name,
            declared,
            await self._forms(held),
            found.envelope,
            found.stored.envelope,
            readable=readable,
        )
        return SubscriptionExplanation(
            name,
            account,
            judged.outcome,
            judged.message,
            notes=self._of_another(held, found.stored.ingested_at),
            version=held.version,
            fields=judged.fields,
        )

    def _of_rule(
        self, name: str, beside: Beside, found: Sighting, *, readable: bool
    ) -> SubscriptionExplanation:
        """What became of it at a rule's target, by what holds now."""
        generation, envelope = self._control.generation, found.envelope
        taken_at, gatekeeper = found.stored.ingested_at, None
        if (dispatcher := self._control.dispatchers.get(name)) is not None:
            gatekeeper = dispatcher.settings.gatekeeper
        refusal = (
            gatekeeper.refusal(envelope.detail_type, envelope.source, taken_at)
            if gatekeeper is not None
            else ""
        )
        told = of_rule(name, beside, generation.forms, found, refusal=refusal, readable=readable)
        return msgspec.structs.replace(told, version=generation.applied.version)

    async def _forms(self, held: Applied) -> Forms:
        """The majors that there were, and what led from one to another."""
        generation = self._control.generation
        if held.contracts == generation.applied.contracts:
            return generation.forms
        return await self._history.forms(held)

    def _of_another(self, held: Applied, taken_at: int) -> list[str]:
        """By which rules it was judged, where others hold now."""
        if held.applied_us > taken_at:
            told = f"with version {held.version} of the platform, with events of the past"
            return [f"its queue was made after the event came, {told}"]
        if held.version == self._control.generation.applied.version:
            return []
        return [f"by version {held.version} of the platform, which held when the event came"]


def _begins_before(since: Applied, name: str, taken_at: int) -> bool:
    """Whether a queue, where it was made, began with events of that time."""
    start = since.platform.subscriptions[name].start_us
    return start is not None and start <= taken_at


def _being_filled(name: str, account: str, filled: int) -> SubscriptionExplanation:
    told = f"its queue is being filled from the log's past, and is at position {filled}"
    return SubscriptionExplanation(name, account, "waiting", told)


def _for_another(name: str, account: str, held: Applied) -> SubscriptionExplanation:
    told = "it came once more, by a replay that was for another subscription"
    return SubscriptionExplanation(name, account, "not-subscribed", told, version=held.version)


def _not_yet(
    name: str, account: str, held: Applied, since: Applied | None
) -> SubscriptionExplanation:
    when = (
        ""
        if since is None
        else (
            f", with version {since.version} of the platform at"
            f" {rfc3339(since.applied_us, fraction=False)}"
        )
    )
    message = f"it was declared after the event came{when}"
    return SubscriptionExplanation(name, account, "not-yet-declared", message, version=held.version)
