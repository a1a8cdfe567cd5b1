"""The statements that were put into the bus's policy: kept, checked, and let hold."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from keybus.arns import Arn
from keybus.bus.audit.log import AuditLog
from keybus.bus.control.generation import Generation
from keybus.bus.engine import Documents
from keybus.clock import Clock
from keybus.errors import KeybusError
from keybus.governance import Principal
from keybus.governance.audit import Actor
from keybus.governance.authorizer import Denied
from keybus.governance.bus_policy import (
    OF_THE_TOPOLOGY,
    MalformedPolicy,
    NotCovered,
    Statement,
    denials,
    of_the_topology,
    read_policy,
    read_statement,
    uncovered,
)
from keybus.topology import Platform
from keybus.topology.model import NOBODY

MAX_BYTES: Final = 10_240
"""Bytes of what was put, as JSON (EventBridge quotas, "Event bus policy size")."""
_COLLECTION, _KEY = "bus-policy", "policy"
_VERSION = "2012-10-17"


class PolicyTooLong(KeybusError):
    """More was put into the policy than it may have."""

    code = "policy-too-long"


class NoSuchStatement(KeybusError):
    """A statement that the policy does not have."""

    code = "no-such-statement"


class _Kept(msgspec.Struct, frozen=True):
    changed_us: int
    statements: list[dict[str, Any]]


class BusPolicy:
    """What was put into the policy. Belongs to one event loop.

    A change is one of what the store has: after a write that failed nobody knows what that is. It
    is written to the audit log, made durable, and then holds for every event that is put; what
    broke off in between holds once it is asked for again.

    Args:
        documents: Where it is kept.
        audit: Where every change is written down, and what was refused.
        held: What holds on the bus.
        changed: Lets the rules be compiled once more.
        clock: Time.

    Attributes:
        statements: What was put, in its order.
        changed_us: When that was changed last, in microseconds since the Unix epoch; 0: never.
    """

    def __init__(
        self,
        documents: Documents,
        audit: AuditLog,
        held: Callable[[], Generation],
        changed: Callable[[], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self._documents, self._audit, self._held = documents, audit, held
        self._changed, self._clock = changed, clock
        self._changing = asyncio.Lock()
        self._version = self._compiled = 0
        self.statements: tuple[Statement, ...] = ()
        self.changed_us = 0

    async def load(self) -> None:
        """Read what was put in an earlier run.

        Raises:
            MalformedPolicy: A statement cannot be evaluated by this release of Keybus.
        """
        await self._read()
        self._compiled = self._version

    def denied(self, platform: Platform) -> Mapping[str, Denied]:
        """What it denies to a platform's accounts, by name."""
        return denials(self.statements, platform)

    def document(self, resource: str, account: str | None = None) -> str:
        """The policy that is in effect, as IAM's JSON; empty where nobody may put anything.

        Args:
            resource: The bus's ARN, as it is to be shown.
            account: The one account of which the topology's statements are to be shown, and no
                others; None: everything.
        """
        platform = self._held().platform
        found: list[Mapping[str, Any]] = list(of_the_topology(platform, resource))
        if account is None:
            found += [each.written for each in self.statements]
        else:
            found = [each for each in found if each["Sid"] == _sid_of(platform, account)]
        if not found:
            return ""
        return msgspec.json.encode({"Version": _VERSION, "Statement": found}).decode()

    def problem(self, statement: Statement) -> str:
        """What of a statement the topology does not cover now; empty where it does."""
        generation = self._held()
        found = uncovered(statement, generation.platform, generation.authorizer)
        return "" if found is None else str(found.args[0])

    async def put(self, written: dict[str, Any], by: Principal) -> None:
        """Put a statement, in the place of the one of its name where there is one.

        Args:
            written: The statement, as IAM writes it, with a ``Sid``.
            by: Who puts it.

        Raises:
            MalformedPolicy: It is none, or something of it would not be evaluated.
            NotCovered: It allows what the topology does not.
            PolicyTooLong: There would be too much.
            Conflict: Another bus changed the policy at the same moment.
            StorageFailed: It is unknown whether it was put.
        """
        async with self._changing:
            await self._read()
            with self._refusals_told(by):
                accepted = self._accepted([read_statement(written, self._resources())])
            more = {each.sid or number: each for number, each in enumerate(self.statements)}
            more |= {each.sid: each for each in accepted}
            await self._keep(list(more.values()), by)

    async def replace(self, text: str, by: Principal) -> None:
        """Put a whole policy in the place of all that was put.

        What the topology allows may be in it, as `document` writes it, and is passed over.

        Raises:
            MalformedPolicy, NotCovered, PolicyTooLong, Conflict, StorageFailed: As for `put`.
        """
        async with self._changing:
            await self._read()
            with self._refusals_told(by):
                statements = self._accepted(read_policy(text, self._resources()))
            await self._keep(statements, by)

    async def remove(self, sid: str, by: Principal) -> None:
        """Take a statement out.

        Raises:
            NoSuchStatement: There is none of that name, or it is the topology's.
            Conflict, StorageFailed: As for `put`.
        """
        async with self._changing:
            await self._read()
            beside = [each for each in self.statements if each.sid != sid]
            if len(beside) == len(self.statements):
                raise self._none_of(sid)
            await self._keep(beside, by)

    async def clear(self, by: Principal) -> None:
        """Take everything out that was put; what the topology allows stays.

        Raises:
            Conflict, StorageFailed: As for `put`.
        """
        async with self._changing:
            await self._read()
            await self._keep([], by)

    def _none_of(self, sid: str) -> NoSuchStatement:
        if sid.startswith(OF_THE_TOPOLOGY):
            return NoSuchStatement(
                f"the statement {sid} is the topology's: it goes with the account's publishers",
                hint="take them out of platform.yaml",
            )
        if not self.statements:
            return NoSuchStatement("EventBus does not have a policy.")
        return NoSuchStatement("Statement with the provided id does not exist.")

    def _resources(self) -> list[str]:
        """The bus's ARNs: it has two names."""
        platform = self._held().platform
        central = platform.accounts.get(platform.central or "")
        account_id = NOBODY if central is None else central.id
        names = dict.fromkeys(("default", platform.bus))
        return [
            str(Arn("events", platform.region, account_id, f"event-bus/{each}")) for each in names
        ]

    def _accepted(self, statements: Sequence[Statement]) -> list[Statement]:
        """Those that are not the topology's own.

        Raises:
            MalformedPolicy, NotCovered: One of them may not be put.
        """
        generation = self._held()
        own = self._own(generation.platform)
        found = []
        for each in statements:
            if each.sid.startswith(OF_THE_TOPOLOGY):
                if each.sid in own and each.says_the_same(own[each.sid]):
                    continue
                raise MalformedPolicy(
                    f"the Sid {each.sid!r} is the topology's, and the statement is not",
                    hint=f"call it otherwise than {OF_THE_TOPOLOGY}…",
                )
            refused = uncovered(each, generation.platform, generation.authorizer)
            if refused is not None:
                raise refused
            found.append(each)
        return found

    def _own(self, platform: Platform) -> dict[str, Statement]:
        resources = self._resources()
        written = of_the_topology(platform, resources[0])
        return {each["Sid"]: read_statement(each, resources) for each in written}

    @contextmanager
    def _refusals_told(self, by: Principal) -> Iterator[None]:
        """What is refused goes into the audit log."""
        try:
            yield
        except (MalformedPolicy, NotCovered) as refused:
            what, message = "put into the bus's policy", str(refused.args[0])
            self._audit.note(Actor.of(by), "exchange.refused", what, refused.code, message)
            raise

    async def _keep(self, statements: Sequence[Statement], by: Principal) -> None:
        """Write it down, where anything changes, and let it hold."""
        written = [dict(each.written) for each in statements]
        before = [dict(each.written) for each in self.statements]
        if written != before:
            await self._write(statements, written, before, by)
        if self._compiled != self._version:
            await self._changed()
            self._compiled = self._version

    async def _write(
        self,
        statements: Sequence[Statement],
        written: list[dict[str, Any]],
        before: list[dict[str, Any]],
        by: Principal,
    ) -> None:
        size = len(msgspec.json.encode({"Version": _VERSION, "Statement": written}))
        if size > MAX_BYTES:
            raise PolicyTooLong(
                f"the policy would have {size} bytes, and may have {MAX_BYTES}",
                hint="take statements out of it",
            )
        now = self._clock.time_us()
        added = [each for each in written if each not in before]
        removed = [each for each in before if each not in written]
        data = {"added": added, "removed": removed}
        await self._audit.write(Actor.of(by), "bus-policy.changed", "", data)
        kept = _Kept(now, written)
        value = msgspec.json.encode(kept)
        version = await self._documents.put(_COLLECTION, _KEY, value, expected=self._version)
        self._hold(version, kept, statements)

    async def _read(self) -> None:
        """What the store has."""
        found = await self._documents.get(_COLLECTION, _KEY)
        if found is None:
            self._hold(0, _Kept(0, []), ())
        elif found.version != self._version:
            kept = msgspec.json.decode(found.value, type=_Kept)
            self._hold(found.version, kept, [_as_kept(each) for each in kept.statements])

    def _hold(self, version: int, kept: _Kept, statements: Sequence[Statement]) -> None:
        self._version, self.changed_us = version, kept.changed_us
        self.statements = tuple(statements)


def _as_kept(written: dict[str, Any]) -> Statement:
    """A statement that was checked when it was put; the bus may have another name since."""
    read = read_statement({**written, "Resource": "*"}, ())
    return msgspec.structs.replace(read, written=written)


def _sid_of(platform: Platform, account: str) -> str:
    found = platform.accounts.get(account)
    return "" if found is None else OF_THE_TOPOLOGY + found.id
