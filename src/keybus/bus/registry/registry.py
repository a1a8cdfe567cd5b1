"""The registry: contracts are published, approved and given another status."""

import asyncio
import logging
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, Literal, TypeVar

from keybus.bus.audit.log import AuditLog
from keybus.bus.control.generation import Generation
from keybus.bus.control.permission import Permission
from keybus.bus.engine import Documents
from keybus.bus.registry.catalogue import SearchTexts, release_info, unknown
from keybus.bus.registry.errors import LedgerBroken, NoSuchProposal
from keybus.bus.registry.judging import Before, unpacked
from keybus.bus.registry.migrating import Due, Migrating, coming, parsed
from keybus.bus.registry.overlay import overlaid
from keybus.bus.registry.permits import Permits
from keybus.bus.registry.proposals import Proposal, Proposals, check_still, proposed
from keybus.bus.registry.shelf import Shelf
from keybus.bus.registry.statuses import Change, left_behind
from keybus.bus.registry.writing import Writing
from keybus.clock import Clock, rfc3339
from keybus.contracts import Contract, ContractRepository
from keybus.contracts.migrations import Migrations
from keybus.contracts.releases import Ledger
from keybus.contracts.releases.deprecation import joining
from keybus.contracts.releases.exchange import (
    MigrationsPublication,
    MigrationsPublished,
    Publication,
    Published,
    StatusChange,
    StatusChanged,
    Verdict,
)
from keybus.contracts.releases.judging import Judgement
from keybus.contracts.releases.objects import read
from keybus.contracts.releases.records import Records
from keybus.contracts.releases.releasing import Intent, said_of
from keybus.governance import Principal
from keybus.governance.audit import Act, Actor

_log = logging.getLogger(__name__)
_AT_ONCE: Final = 2
"""What is unpacked or tried at a time: each may keep a thread busy for seconds."""
T = TypeVar("T")


class ContractRegistry:
    """Judges what is published by the code of ``keybus contracts release``, and keeps it.

    Everything is written down in the audit log before it holds. Belongs to one event loop.

    Args:
        documents: Where ledgers, contracts and what is pending are kept.
        audit: Where every change is written down.
        permission: The authorizer's decisions, in the bus's mode.
        held: What holds on the bus.
        clock: Time.

    Attributes:
        shelf: What is in the store.
        proposals: What waits for an approval.
        permits: Who may do what.
        texts: What is searched of contracts.
        changed: Told when something else was released of what the bus has events of.
    """

    def __init__(
        self,
        documents: Documents,
        audit: AuditLog,
        permission: Permission,
        held: Callable[[], Generation],
        clock: Clock,
    ) -> None:
        self.texts = SearchTexts()
        self.shelf, self.proposals = Shelf(documents), Proposals(documents)
        self.changed: Callable[[], Awaitable[None]] | None = None
        self.permits = Permits(permission, held, clock)
        self._audit, self._held, self._clock = audit, held, clock
        self._writing = Writing(self.shelf, audit, self._tell)
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        self._unpacking = asyncio.Semaphore(_AT_ONCE)
        self._migrating = Migrating(self.shelf, self._unpacking)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def load(self) -> None:
        """Read all that was released; what is damaged is left out, and logged.

        Raises:
            StorageFailed: The store could not be read.
        """
        await self.shelf.look()
        for faults in self.shelf.broken.values():
            for fault in faults:
                _log.error("the registry: %s", fault)

    async def close(self) -> None:
        """Bring to its end what was begun."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def overlay(self, contracts: ContractRepository) -> ContractRepository:
        """Contracts, with what is newer in the registry beside them, major by major."""
        return overlaid(contracts, self.shelf.records, self.shelf.migration)

    async def publish(self, event_type: str, asked: Publication, by: Principal) -> Published:
        """Release a contract and migrations of its type, or let them wait for an approval.

        Args:
            event_type: Whose contract it is.
            asked: As it came; nothing of it is believed.
            by: Who asks.

        Raises:
            BrokenContracts: With every fault of every file.
            NotReleased: It cannot be released as it is, or a migration is broken, with it or by it.
            Forbidden: The type is another account's.
            ReleasedMeanwhile: Another bus released something of the type at the same moment.
            StorageFailed: It is unknown whether it was released; the same again finds out.
        """
        settings = self._held().contracts.settings
        async with self._unpacking:
            contract = await asyncio.to_thread(unpacked, asked, event_type, settings)
            sent = await asyncio.to_thread(parsed, event_type, asked.migrations)
        return await self._unbroken(self._publish(contract, sent, asked, by))

    async def migrate(
        self, event_type: str, asked: MigrationsPublication, by: Principal
    ) -> MigrationsPublished:
        """Write migrations down, between majors that are there.

        Args:
            event_type: Whose they are.
            asked: As it came; nothing of it is believed.
            by: Who asks.

        Raises:
            UnknownEventType: Nothing of the type was released, or may be read.
            BrokenContracts: With every fault of every migration.
            NotReleased: One is broken: what it makes of events is refused.
            Forbidden: The type is another account's.
        """
        async with self._unpacking:
            sent = await asyncio.to_thread(parsed, event_type, asked.migrations)
        return await self._unbroken(self._migrate(event_type, sent, asked, by))

    async def approve(self, proposal: str, verdict: Verdict, by: Principal) -> Published:
        """Approve a release that waits, which releases it.

        Raises:
            NoSuchProposal: None of this id waits.
            Forbidden: Whoever asks may not approve it, or not alone.
            NotReleased: It cannot be released any more as it is.
        """
        return await self._unbroken(self._approve(proposal, verdict, by))

    async def reject(self, proposal: str, verdict: Verdict, by: Principal) -> Proposal:
        """Let a release wait no longer; nothing was released.

        Raises:
            NoSuchProposal: None of this id waits.
            Forbidden: Whoever asks is neither an approver nor who proposed it.
        """
        return await self._unbroken(self._reject(proposal, verdict, by))

    async def change(self, event_type: str, asked: StatusChange, by: Principal) -> StatusChanged:
        """Give releases another status.

        Raises:
            UnknownEventType: Nothing of the type was released, or may be read.
            ContractError: The status cannot follow on the present one.
            NotReleased: Something speaks against it, and no reason was given to do it all the same.
            Forbidden: The type is another account's.
        """
        return await self._unbroken(self._change(event_type, asked, by))

    async def before(self, event_type: str) -> Before:
        """All forms of a type's contract that there are now.

        Raises:
            LedgerBroken: What is in the store was changed.
        """
        await self.shelf.look_at(event_type)
        if faults := self.shelf.broken.get(event_type):
            raise LedgerBroken(f"the releases of {event_type}", faults)
        return self.known(event_type, self.shelf.records)

    def known(self, event_type: str, records: Records) -> Before:
        """The same as of a look.

        Args:
            event_type: The type.
            records: What was seen.
        """
        ledger = records.get(event_type, Ledger(event_type))
        return Before(event_type, ledger, records, self._held().contracts)

    async def _publish(
        self, contract: Contract, sent: Migrations, asked: Publication, by: Principal
    ) -> Published:
        async with self._changing(contract.type):
            before = await self.before(contract.type)
            self.permits.check_owner(contract, before.owner, by)
            judgement = await asyncio.to_thread(before.judge, contract)
            owner, approvals = before.owner or contract.owner, tuple[str, ...]()
            if is_new := judgement.standing != "unchanged":
                approvals = self.permits.approvals(contract, owner, asked, by)
            due = await self._migrating.due(sent, before, coming(judgement, draft=asked.draft))
            unapproved = judgement.broken or before.changes_policy(contract)
            if is_new and unapproved and not approvals:
                return await self._propose(judgement, asked, by, owner)
            intent = Intent(
                by=self.permits.name(by, owner, asked.by),
                time=self._now(),
                why=asked.why,
                approvals=approvals,
                draft=asked.draft,
            )
            return await self._release(judgement, due, intent, by, before.ledger)

    async def _propose(
        self, judgement: Judgement, asked: Publication, by: Principal, owner: str
    ) -> Published:
        proposal = proposed(
            judgement,
            asked,
            by,
            owner=owner,
            name=self.permits.name(by, owner, asked.by),
            approvers=self.permits.approval(owner).names,
            time=self._now(),
        )
        info = proposal.info
        data = {"id": info.id, "version": info.version, "digest": info.digest}
        if info.migrations:
            data["migrations"] = ", ".join(info.migrations)
        await self._audit.write(Actor.of(by), "contract.proposed", info.type, data)
        await self.proposals.put(proposal)
        return Published("pending", info.type, info.version, info.digest, None, info)

    async def _approve(self, name: str, verdict: Verdict, by: Principal) -> Published:
        proposal = await self._proposal(name, by)
        info = proposal.info
        async with self._changing(info.type):
            await self.proposals.get(name)  # nobody was faster
            before = await self.before(info.type)
            self.permits.check_approver(proposal, by)
            contract = await asyncio.to_thread(read, proposal.content.encode(), info.digest)
            sent = await asyncio.to_thread(parsed, info.type, proposal.migrations)
            judgement = await asyncio.to_thread(before.judge, contract)
            if judgement.standing != "unchanged":  # else it was approved before a crash
                check_still(judgement, proposal, before.owner)
            due = await self._migrating.due(sent, before, coming(judgement, draft=info.draft))
            name_of = self.permits.name(by, proposal.owner)
            intent = proposal.approved(verdict, by=name_of, time=self._now())
            published = await self._release(judgement, due, intent, by, before.ledger)
            await self.proposals.remove(name)
            return published

    async def _reject(self, name: str, verdict: Verdict, by: Principal) -> Proposal:
        proposal = await self._proposal(name, by)
        info = proposal.info
        async with self._changing(info.type):
            self.permits.check_rejecter(proposal, by)
            data = {"id": info.id, "version": info.version, "why": verdict.why}
            await self._audit.write(Actor.of(by), "contract.rejected", info.type, data)
            await self.proposals.remove(name)
            return proposal

    async def _change(self, event_type: str, asked: StatusChange, by: Principal) -> StatusChanged:
        change = Change(event_type, asked, self._clock.time_us())
        await self.shelf.look()  # a replacement may be another type
        async with self._changing(event_type):
            before = await self.before(event_type)
            readable = self.readable(by)
            if event_type not in readable:
                raise unknown(event_type, readable)
            self.permits.check_status(before, asked, by)
            planned = change.planned(before.records, readable, before.applied.settings)
            left = left_behind(self._held().platform, planned, self.permits.told(by))
            change.check(planned, left)
            name = self.permits.name(by, before.owner)
            said = change.said(planned, name, self._now())
            ledger = before.ledger
            if said:
                data = {"releases": [each.version for each in said], "status": asked.status}
                act = Act(Actor.of(by), "contract.status", event_type, data)
                ledger = await self._writing.write(event_type, said, act)
            found = [release_info(ledger.releases[each.version]) for each in said]
            return StatusChanged(event_type, found)

    async def _migrate(
        self, event_type: str, sent: Migrations, asked: MigrationsPublication, by: Principal
    ) -> MigrationsPublished:
        async with self._changing(event_type):
            before, readable = await self.before(event_type), self.readable(by)
            if event_type not in readable:
                raise unknown(event_type, readable)
            self.permits.check_migrations(before, by)
            due = await self._migrating.due(sent, before)
            name = self.permits.name(by, before.owner, asked.by)
            intent = Intent(by=name, time=self._now(), why=asked.why)
            ledger = await self._write_migrations(due, intent, by, before.ledger)
            return MigrationsPublished(event_type, due.made(ledger), due.left)

    async def _write_migrations(
        self, due: Due, intent: Intent, by: Principal, before: Ledger
    ) -> Ledger:
        """Migrations alone; the ledger as it is then."""
        said = await self._migrating.said(due, before, intent)
        if not said:
            return before
        act = Act(Actor.of(by), "contract.migrated", before.type, due.told())
        return await self._writing.write(before.type, said, act)

    async def _release(
        self, judgement: Judgement, due: Due, intent: Intent, by: Principal, before: Ledger
    ) -> Published:
        """The contract and migrations first, then the audit log, then the ledger that names them."""
        contract = judgement.contract
        if judgement.standing == "unchanged":
            ledger = await self._write_migrations(due, intent, by, before)
            return _published("unchanged", contract, ledger, due)
        await self.shelf.keep(contract)
        data = {
            "version": contract.version,
            "digest": contract.digest,
            "breaks": judgement.breaks,
            "approvals": intent.approvals,
            **due.told(),
        }
        act = Act(Actor.of(by), "contract.released", contract.type, data)
        made = said_of(judgement, intent)
        said = [made, *joining(before, made)]
        said += await self._migrating.said(due, self.shelf.after(before, said), intent)
        ledger = await self._writing.write(contract.type, said, act)
        return _published("released", contract, ledger, due)

    async def _tell(self, event_type: str) -> None:
        """Let the bus go by what was released, where it has events of that type."""
        if self.changed is not None and event_type in self._held().contracts:
            await self.changed()

    async def _proposal(self, name: str, by: Principal) -> Proposal:
        """A proposal.

        Raises:
            NoSuchProposal: There is none, or it is not to be told of.
        """
        proposal = await self.proposals.get(name)
        if not self.permits.may_see(proposal, by):
            raise NoSuchProposal(name)
        return proposal

    def readable(self, by: Principal) -> dict[str, Ledger]:
        """The ledgers of which something may be read, as of the last look."""
        reading, records = self.permits.reading(by), self.shelf.records
        return {
            name: each
            for name, each in records.items()
            if reading.releases(self.known(name, records))
        }

    def _changing(self, event_type: str) -> asyncio.Lock:
        """What one change of a type has looked at, no other in this process changes meanwhile."""
        lock = self._locks.get(event_type)
        if lock is None:
            lock = self._locks[event_type] = asyncio.Lock()
        return lock

    def _now(self) -> str:
        return rfc3339(self._clock.time_us(), fraction=False)

    async def _unbroken(self, change: Coroutine[Any, Any, T]) -> T:
        """Carry a change through, also where whoever waits for it is cancelled."""
        task = asyncio.create_task(change, name="registry change")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_log_failure)
        return await asyncio.shield(task)


def _log_failure(change: asyncio.Task[Any]) -> None:
    """Keep what nobody may wait for any more from being lost."""
    if not change.cancelled() and (error := change.exception()) is not None:
        _log.info("a change of the registry was refused: %s", error)


def _published(
    outcome: Literal["released", "unchanged"], contract: Contract, ledger: Ledger, due: Due
) -> Published:
    release, more = ledger.releases[contract.version], (None, due.made(ledger), due.left)
    return Published(outcome, contract.type, release.version, release.digest, release.status, *more)
