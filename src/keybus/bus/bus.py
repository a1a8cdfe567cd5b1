"""The running bus: a platform, its contracts and an engine, put together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from keybus.bus.api_destinations.api_destinations import ApiDestinations
from keybus.bus.api_destinations.target import ApiDestinationTargets
from keybus.bus.archive.backfills import Backfills
from keybus.bus.archive.passage import Surroundings
from keybus.bus.archive.replays import Replays
from keybus.bus.archive.retention import Retention
from keybus.bus.archives.archives import Archives
from keybus.bus.audit.log import AuditLog
from keybus.bus.control.control import Control
from keybus.bus.control.generation import Generation, Modes
from keybus.bus.control.grants import GrantWatch
from keybus.bus.control.overlays import Overlays
from keybus.bus.control.permission import Permission
from keybus.bus.control.proposal import Proposal
from keybus.bus.control.proposing import judged
from keybus.bus.control.versions import Applied, Declared, Versions
from keybus.bus.dead_letters.age_limits import AgeLimits
from keybus.bus.dead_letters.clearings import Clearings
from keybus.bus.dead_letters.desks import LetterDesks
from keybus.bus.dead_letters.forwarding import Forwarding
from keybus.bus.dead_letters.letters import DeadLetter
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.delivery.pauses import Pauses
from keybus.bus.delivery.session import Send, Session
from keybus.bus.engine import CursorState, Engine, Record
from keybus.bus.event_bus.custom_buses import CustomBuses
from keybus.bus.event_bus.details import BusDetails
from keybus.bus.explaining.explaining import Explaining, Hindrances
from keybus.bus.ingest.admission import Mode
from keybus.bus.ingest.backlog import Backlog
from keybus.bus.ingest.deduplication import Deduplication
from keybus.bus.ingest.ingest import Ingest
from keybus.bus.ingest.puts import Puts
from keybus.bus.ingest.quotas import Quotas
from keybus.bus.message_queues import MessageQueues
from keybus.bus.message_queues.store import OpenStore
from keybus.bus.metering.meters import Meters
from keybus.bus.metering.violations import Violations
from keybus.bus.policy.bus_policy import BusPolicy
from keybus.bus.registry import ContractRegistry
from keybus.bus.rules.rules import Rules
from keybus.bus.schema_registries import SchemaRegistries
from keybus.bus.schema_registries.discovered import DiscoveredSchemas
from keybus.bus.schema_registries.discoverers import Discoverers
from keybus.bus.schema_registries.discovering import Discovering
from keybus.bus.standing import Standing
from keybus.bus.tapping.taps import Taps
from keybus.bus.targets import Targets, WebhookSettings
from keybus.bus.targets.queue_target import QueueTargets
from keybus.bus.targets.webhooks import Webhooks
from keybus.bus.usage.usage import Usage
from keybus.clock import SYSTEM, Clock
from keybus.envelope import Entry, EntryResult
from keybus.errors import KeybusError, SubscriptionError
from keybus.governance import ANYBODY, Principal
from keybus.governance.audit import Actor, AuditKey
from keybus.governance.authorizer import Authorizer, Refusal
from keybus.governance.credentials.vault import Vault
from keybus.governance.webhook_secrets import Action, WebhookSecret, WebhookSecrets
from keybus.protocol import PublisherInfo, SubscriptionInfo
from keybus.topology import Platform


class Bus:
    """Takes events in, and delivers them.

    Made by `start`; everything happens on the event loop that called it.

    Attributes:
        engine: Where events are kept.
        modes: How strictly it looks at what it is asked.
        permission: The authorizer's decisions, in that mode.
        control: What holds, and how it is changed.
        audit: The log of all that was changed, and refused.
        usage: What is published, delivered and run.
        deduplication: What keeps contract events from being appended twice.
        clock: Time and ids.
        targets: What delivers by itself: webhooks.
        webhook_secrets: What signs their deliveries.
        api_destinations: Endpoints of others that rules send to, and the connections to them.
        pauses: Subscriptions whose deliveries wait until somebody lets them go on.
        clearings: Redrives and purges of dead letters.
        letter_desks: Dead letters handed out as a queue's messages are.
        quotas: How much accounts may publish.
        backlog: Bytes of what was offered and is not answered yet.
        explaining: Says what became of an event.
        taps: Whoever watches events as they become durable.
        meters: What is counted for whoever watches.
        violations: What was taken although it does not fit.
        replays: Events of the log that are sent once more.
        releases: Released contracts, and what waits for an approval.
        rules: What was made by hand: rules, with the targets that they send to.
        policy: The bus's resource policy, as it was put.
        archives: Named views of the log, as EventBridge's archives.
        details: What is said of the bus: its description and tags.
        custom_buses: Buses that accounts have made for themselves, beside the platform's own.
        retention: How much is kept.
        message_queues: Queues that were created, with messages of their own.
        schema_registries: Schemas that accounts keep for themselves.
        discoverers: Who looks at events that have no contract.
        discovered_schemas: What they have found.
    """

    def __init__(
        self,
        engine: Engine,
        modes: Modes,
        audit: AuditLog,
        usage: Usage,
        clock: Clock,
        *,
        deduplication: Deduplication,
        webhooks: WebhookSettings,
        vault: Vault | None,
        messages: OpenStore | None = None,
    ) -> None:
        self.engine, self.modes, self.clock = engine, modes, clock
        self.audit, self.usage = audit, usage
        self.deduplication = deduplication
        self.permission = Permission(modes.authorization, self.refused)
        self.meters, self.violations = Meters(), Violations(clock)
        self.releases = ContractRegistry(
            engine.documents, audit, self.permission, lambda: self.generation, clock
        )
        self.rules = Rules(engine.documents, audit, clock)
        self.details = BusDetails(engine.documents, audit, clock)
        self.custom_buses = CustomBuses(engine.documents, audit, clock)
        self.archives = Archives(engine, audit, clock)
        self.policy = BusPolicy(
            engine.documents, audit, lambda: self.generation, self._renew, clock
        )
        self.control = Control(
            engine,
            modes,
            self.permission,
            audit=audit,
            usage=usage,
            clock=clock,
            meters=self.meters,
            violations=self.violations,
            overlays=Overlays(self.releases.overlay, self.rules.beside, self.policy.denied),
        )
        self.releases.changed = self.rules.changed = self._renew
        self.rules.discard = self.control.discard
        self.webhook_secrets = WebhookSecrets(
            engine.documents,
            lambda: self.platform,
            vault=vault,
            changed=self._secret_changed,
            clock=clock,
        )
        hooks = Webhooks(webhooks, self.webhook_secrets, clock)
        self.api_destinations = ApiDestinations(
            engine.documents,
            audit,
            lambda: self.platform,
            vault=vault,
            settings=webhooks,
            poster=hooks.poster,
            clock=clock,
        )
        calling = ApiDestinationTargets(self.api_destinations, hooks, webhooks, clock)
        self.message_queues = MessageQueues(
            engine.documents,
            audit,
            messages,
            find=self.dispatcher,
            join=self.join,
            clock=clock,
        )
        self.targets = Targets([hooks, calling, QueueTargets(self.message_queues, clock)])
        self._forwarding = Forwarding(self.control, self.message_queues, self.meters, clock)
        self.pauses = Pauses(engine.documents, audit, self.dispatcher, clock)
        self.clearings = Clearings(engine.documents, audit, self.dispatcher, clock)
        self.letter_desks = LetterDesks(self.dispatcher, clock)
        self._standing = Standing(self.control, self.pauses, self.targets, modes, clock)
        self.taps = Taps()
        around = Surroundings(
            engine,
            lambda: self.generation.router,
            lambda: self.control.dispatchers,
            self.taps.offer,
            clock,
        )
        self.replays = Replays(engine.documents, audit, around)
        hindrances = Hindrances(self.pauses.of, self.targets.info, self.replays.passes_by)
        self.explaining = Explaining(engine, self.control, hindrances, clock)
        self.retention = Retention(engine, lambda: self.platform.archive, audit, clock)
        self._puts = Puts()
        self._backfills = Backfills(
            around,
            self._puts,
            audit,
            lambda name: self.platform.subscriptions.get(name),  # noqa: PLW0108 - of what holds then
        )
        self.quotas, self.backlog = Quotas(clock), Backlog()
        self._age_limits = AgeLimits(lambda: self.control.dispatchers, audit, clock)
        self._watch = GrantWatch(engine.documents, self.control, audit, clock)
        self.schema_registries = SchemaRegistries(engine.documents, audit, clock)
        self.discovered_schemas = DiscoveredSchemas(engine.documents, self.schema_registries)
        self.discoverers = Discoverers(engine.documents, audit)
        self._discovering = Discovering(
            engine, self.control, modes, self.discoverers, self.discovered_schemas, clock=clock
        )
        self.discoverers.changed = self._discovering.follow
        self._ingest: Ingest | None = None

    @classmethod
    async def start(  # noqa: PLR0913 - each is a part of its own
        cls,
        declared: Declared | None,
        engine: Engine,
        *,
        admission: Mode = "observe",
        authorization: Mode = "observe",
        clock: Clock = SYSTEM,
        audit_key: AuditKey | None = None,
        vault: Vault | None = None,
        webhooks: WebhookSettings | None = None,
        messages: OpenStore | None = None,
        note: str = "declared at the start",
    ) -> "Bus":
        """Apply a platform to the engine, or go on with the one that was, and start.

        Args:
            declared: What is to hold; None: what was applied last.
            engine: Where events are kept; the bus closes it.
            admission: What happens to an event that does not fit its contract.
            authorization: What happens to what the authorizer refuses.
            clock: Time and ids.
            audit_key: Seals the audit log.
            vault: Seals webhooks' secrets; None: none can be issued.
            webhooks: How webhooks are delivered.
            messages: Opens the store of message queues, which the bus closes; None: it has none.
            note: What the list of versions says of it.

        Raises:
            NoSuchVersion: Nothing was declared, and nothing has been applied.
        """
        deduplication = await Deduplication.open(engine, clock)
        audit = await AuditLog.open(engine.documents, clock, audit_key)
        usage = await Usage.open(engine.documents, clock)
        bus = cls(
            engine,
            Modes(admission, authorization),
            audit,
            usage,
            clock,
            deduplication=deduplication,
            webhooks=webhooks or WebhookSettings(),
            vault=vault,
            messages=messages,
        )
        try:
            await bus.webhook_secrets.load()
            await bus.api_destinations.load()
            await bus.pauses.load()
            await bus.message_queues.load()
            await bus.releases.load()
            await bus.rules.load()
            await bus.policy.load()
            await bus.details.load()
            await bus.custom_buses.load()
            await bus.archives.load()
            await bus.discoverers.load()
            await bus.control.resume(bus._activate, required=declared is None)
            if declared is not None:
                await bus.apply(declared, note=note)
            await bus.rules.sweep(await engine.queues())
            bus.api_destinations.resume()
            await bus.clearings.resume()
            await bus.replays.resume()
            bus._age_limits.start()
            bus._forwarding.start()
            bus.retention.start()
            bus._discovering.follow()
        except BaseException:
            await bus.stop()
            raise
        return bus

    async def apply(
        self,
        declared: Declared,
        by: Principal = ANYBODY,
        *,
        note: str = "",
        expected: int | None = None,
    ) -> Applied:
        """Let a platform hold from now on; see `Control.apply`."""
        return await self.control.apply(declared, by, self._activate, note=note, expected=expected)

    async def propose(self, proposal: Proposal, by: Principal) -> Applied:
        """Let a proposed platform hold, where nothing speaks against it.

        Raises:
            BrokenContracts, TopologyError: It has faults.
            PlanRefused: It may not hold; the reasons are listed.
            PlanOutdated: Another version holds than it was planned on.
        """
        declared = await asyncio.to_thread(judged, proposal, self.clock.time_us(), self.platform)
        return await self.apply(declared, by, note=proposal.remark, expected=proposal.expected)

    @property
    def generation(self) -> Generation:
        """The rules that hold."""
        return self.control.generation

    @property
    def platform(self) -> Platform:
        """What is declared."""
        return self.generation.platform

    @property
    def authorizer(self) -> Authorizer:
        """Who may do what."""
        return self.generation.authorizer

    @property
    def versions(self) -> Versions:
        """All that was applied."""
        return self.control.versions

    def refused(self, principal: Principal, what: str, refusal: Refusal) -> None:
        """Keep book of something that was refused.

        Args:
            principal: Who asked.
            what: For what.
            refusal: Why not.
        """
        action = "exchange.refused" if principal.account else "authentication.failed"
        self.audit.note(Actor.of(principal), action, what, refusal.code, refusal.message)

    async def put(
        self, entries: Sequence[Entry], principal: Principal = ANYBODY, event_bus: str = ""
    ) -> list[EntryResult]:
        """Take entries; see `Ingest.put`.

        Raises:
            Throttled: Its account has used up its quota; none of them is taken.
        """
        assert self._ingest is not None
        try:
            self.quotas.take(entries, principal, self.generation.account_of)
            with self._puts.one():
                results = await self._ingest.put(entries, principal, event_bus)
        except KeybusError as error:
            self.meters.turned_away(error.code, len(entries))
            raise
        self.meters.answered(results)
        return results

    def _taken(self, records: Sequence[Record], positions: Sequence[int]) -> None:
        """Events became durable."""
        self.meters.taken(records)
        self.taps.offer(records, positions)

    def join(
        self, subscription: str, send: Send, window: int, principal: Principal = ANYBODY
    ) -> Session:
        """Let a consumer in, and tell it what it has to know; one that may not is ended.

        Raises:
            SubscriptionError: There is no such subscription.
        """
        dispatcher = self.dispatcher(subscription)
        if (target := self.targets.info(subscription)) is not None:
            raise SubscriptionError(
                f"the subscription {subscription!r} delivers to its {target.kind}",
                hint=f"take the {target.kind} out of its target to consume it",
            )
        handing = self.targets.handing(subscription, send, dispatcher)
        session = handing.session = dispatcher.join(handing, window, principal)
        refusal = self.authorizer.consume(principal, subscription)
        if refusal is not None and self.modes.authorization == "enforce":
            # Other rules came to hold since it was let in at the door.
            self.refused(principal, f"consume {subscription}", refusal)
            session.end(refusal.message)
        self._standing.tell(session, subscription)
        return session

    def dispatcher(self, subscription: str) -> Dispatcher:
        """The subscription's dispatcher.

        Raises:
            SubscriptionError: There is no such subscription.
        """
        found = self.control.dispatchers.get(subscription)
        if found is None:
            raise SubscriptionError.unknown(subscription, self.control.dispatchers)
        return found

    async def dead_letters(self, subscription: str) -> AsyncIterator[tuple[DeadLetter, str]]:
        """The subscription's dead letters, oldest first, as its account may have them now.

        Yields:
            A dead letter, its event as it would be delivered; and, where the account may not
            receive the event any more, why.

        Raises:
            SubscriptionError: There is no such subscription.
        """
        async for letter in self.dispatcher(subscription).dead_letters():
            yield letter

    def publishers(self, event_type: str | None = None) -> list[PublisherInfo]:
        """The declared publishers; only those that emit the type where one is named."""
        return [
            PublisherInfo(name, publisher.account, publisher.sources or [name], publisher.events)
            for name, publisher in self.platform.publishers.items()
            if event_type is None or event_type in publisher.events
        ]

    async def states(self) -> dict[str, CursorState]:
        """How each subscription stands."""
        return await self._standing.states()

    async def subscriptions(self) -> list[SubscriptionInfo]:
        """The subscriptions, what they ask for and how they stand."""
        return await self._standing.subscriptions()

    def end_consumers(self, ends: Callable[[str, Principal], str]) -> None:
        """End consumers, such as those of a credential that was revoked; see `Control.end`."""
        self.control.end(ends)

    async def stop_delivering(self) -> None:
        """Hand leases back, untried, before consumers are cut off; events are still taken."""
        self.taps.close()
        await self.targets.stop()
        await self.message_queues.stop()
        self.letter_desks.stop()
        await self.control.stop()
        await self.targets.close()

    async def stop(self) -> None:
        """Stop delivering and keeping book; the engine stays open."""
        await self._watch.close()
        await self._age_limits.close()
        await self._forwarding.close()
        await self.retention.close()
        await self._discovering.close()
        await self.clearings.close()
        await self.replays.close()
        await self.archives.close()
        await self.releases.close()
        await self.rules.close()
        await self.api_destinations.close()
        await self._backfills.close()
        await self.stop_delivering()
        await self.message_queues.close()
        await self.deduplication.close()
        await self.usage.close()
        await self.audit.close()

    async def close(self) -> None:
        """Stop, and close the engine."""
        await self.stop()
        await self.engine.close()

    async def _renew(self) -> None:
        """Compile what holds once more."""
        await self.control.renew(self._activate)

    async def _secret_changed(self, action: Action, secret: WebhookSecret, by: Principal) -> None:
        name = f"{secret.account}/{secret.name}"
        await self.audit.write(Actor.of(by), f"webhook-secret.{action}", name)

    def _activate(self, generation: Generation) -> None:
        if self._ingest is None:
            self._ingest = Ingest(
                generation,
                self.deduplication,
                self.permission,
                self.usage,
                self.clock,
                taken=self._taken,
            )
        self._ingest.generation = generation
        self._watch.watch(generation.platform)
        self.quotas.follow(generation.platform)
        self.pauses.hold(self.control.dispatchers)
        self.targets.change(generation, self.control.dispatchers)
        self._backfills.begin()
