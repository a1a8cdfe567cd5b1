"""The ways that events can go, by templates: who puts, which rules forward, where it ends."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from keybus.arns import Arn
from keybus.cdk.checker.cloud_assembly import Template
from keybus.cdk.checker.normal_statement import policy_of
from keybus.cdk.simulator.parts import Identities, Part, parts_of
from keybus.cdk.simulator.request import ASSUME, PUT, RECEIVE, SEND, Request, denied, permitted
from keybus.patterns import Pattern

ANYBODY: Final = "*"
"""Accounts that nobody named."""
_EVENTS: Final = ("Service", "events.amazonaws.com")
_NOBODYS: Final = "000000000000"
_TOLD: Final = frozenset({"detail", "detail-type", "source"})


class Event(msgspec.Struct, frozen=True):
    """An event as somebody puts it.

    Attributes:
        source: Its source.
        type: Its detail-type.
        detail: Its detail.
    """

    source: str
    type: str
    detail: Mapping[str, Any] = {}


class Path(NamedTuple):
    """A way that an event can go from a bus to somewhere that it is received.

    Attributes:
        end: The ARN of the last target: a queue, or whatever a rule hands events to.
        account: The account of that, as 12 digits.
        steps: JSON pointers to all that it takes, each after its template's file and a ``#``.
    """

    end: str
    account: str
    steps: tuple[str, ...]


class _Caller(NamedTuple):
    """Somebody who may ask.

    Attributes:
        account: The account, or ANYBODY.
        principals: As for a request.
        context: As for a request.
        policy: By which policy; None for who needs none, or whose policies are not known.
    """

    account: str
    principals: frozenset[tuple[str, str]]
    context: Mapping[str, str]
    policy: Part | None = None


class _Hop(NamedTuple):
    """How an event got to a bus: the steps, the buses, and whether it came to another account."""

    steps: tuple[str, ...]
    seen: frozenset[str]
    crossed: bool


class Simulator:
    """Answers by templates what a deployment of them would permit.

    Conditions on time are judged at one moment. KMS is not asked: a key can only keep events from
    arriving, which its alarms tell. An account without a template here may have any policies of its
    own, and each policy of a role is asked alone: what another one denies is not taken away.

    Args:
        templates: The templates.
        organizations: The organization of each account, by its 12 digits: templates do not say.
        now_us: The moment, in microseconds since the Unix epoch.

    Attributes:
        doubts: What of the templates is not evaluated and taken for the worst, each with a pointer:
            it lets somebody in, and keeps nobody out.

    Raises:
        Unresolvable: A template does not say something itself; `check_templates` says where.
    """

    def __init__(
        self, templates: Iterable[Template], organizations: Mapping[str, str], now_us: int
    ) -> None:
        self._organizations = organizations
        self._now = f"{datetime.fromtimestamp(now_us / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}"
        every = list(templates)
        self._accounts = {each.account for each in every}
        self._parts = [part for each in every for part in parts_of(each)]
        self._rules = [each for each in self._parts if each.type == "AWS::Events::Rule"]
        self._identities = Identities(self._parts)
        self.doubts = (
            *(words for each in self._parts for words in each.doubts()),
            *self._identities.doubts(),
            *self._doubts_of_rules(),
        )

    def who_puts(self, bus: str, source: str, event_type: str) -> Mapping[str, tuple[str, ...]]:
        """The accounts that can put such events on a bus, each with the policies that let it.

        Args:
            bus: The bus's ARN.
            source: The events' source.
            event_type: Their detail-type.

        Returns:
            By 12 digits; also accounts that are not of the platform, and under ``*`` all that
            nobody named.
        """
        return self._who(PUT, bus, {"events:source": source, "events:detail-type": event_type})

    def who_receives(self, bus: str, event: Event) -> tuple[Path, ...]:
        """Everywhere that an event on a bus can get to.

        Args:
            bus: The bus's ARN.
            event: The event, put on that bus by its own account's or another's publisher.
        """
        return tuple(self._from(bus, event, _Hop((), frozenset({bus}), crossed=False)))

    def who_consumes(self, queue: str) -> Mapping[str, tuple[str, ...]]:
        """The accounts that can receive from a queue, as for `who_puts`."""
        return self._who(RECEIVE, queue, {})

    def _who(self, action: str, arn: str, said: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
        doors = self._doors(arn)
        found: dict[str, tuple[str, ...]] = {}
        for caller in self._callers(arn, doors):
            request = Request(action, arn, {**caller.context, **said}, caller.principals)
            for step in _steps(caller, doors, request):
                if step not in found.setdefault(caller.account, ()):
                    found[caller.account] += (step,)
        return found

    def _callers(self, arn: str, doors: Iterable[Part]) -> Iterator[_Caller]:
        named = {one for door in doors for each in door.statements() for one in each.principals}
        accounts = {_account(one) or one for kind, one in named if kind == "AWS" and one != ANYBODY}
        for account in sorted(accounts | self._organizations.keys()):
            anyone = f"arn:*:iam::{account}:*"
            if account not in self._accounts:
                whole = frozenset({("AWS", account), ("AWS", anyone)})
                yield from self._strangers(account, account, anyone, whole)
                continue
            if account == _account(arn):  # named itself, a role needs no policy of its own
                alone = frozenset({("AWS", anyone)})
                yield _Caller(account, alone, self._context(account, anyone))
            for policy in self._identities.of(account):
                who = policy.arn if policy.type == "AWS::IAM::Role" else anyone
                own = frozenset({("AWS", account), ("AWS", who)})
                yield _Caller(account, own, self._context(account, who), policy)
        who = f"arn:aws:iam::{_NOBODYS}:role/nobodys"
        yield from self._strangers(ANYBODY, _NOBODYS, who, frozenset({("AWS", who)}))

    def _strangers(
        self, name: str, account: str, who: str, principals: frozenset[tuple[str, str]]
    ) -> Iterator[_Caller]:
        """Somebody of whom no template is, in each organization that the account may be in."""
        known = self._organizations.get(account)
        for each in {"", *self._organizations.values()} if known is None else {known}:
            yield _Caller(name, principals, self._context(account, who, each))

    def _from(self, bus: str, event: Event, hop: _Hop) -> Iterator[Path]:
        for rule in self._rules:
            if rule.bus_arn != bus or rule.said.get("State", "ENABLED") == "DISABLED":
                continue
            if not _matches(rule.said.get("EventPattern"), event):
                continue
            for index, target in enumerate(rule.said.get("Targets", [])):
                steps = (*hop.steps, f"{rule.where}/Targets/{index}")
                yield from self._to(rule, target, event, hop._replace(steps=steps))

    def _to(self, rule: Part, target: Mapping[str, Any], event: Event, hop: _Hop) -> Iterator[Path]:
        arn = str(target["Arn"])
        way = self._handed(rule, target, event)
        if way is None:
            return
        steps = (*hop.steps, *way)
        if ":event-bus/" not in arn:
            yield Path(arn, _account(arn), steps)
            return
        crosses = _account(arn) != rule.place.account
        # What came from another account's bus does not go on to a third account.
        if arn not in hop.seen and not (crosses and hop.crossed):
            onward = _Hop(steps, hop.seen | {arn}, hop.crossed or crosses)
            yield from self._from(arn, event, onward)

    def _handed(
        self, rule: Part, target: Mapping[str, Any], event: Event
    ) -> tuple[str, ...] | None:
        """What lets a rule hand an event to a target; None where that is not let."""
        arn, account = str(target["Arn"]), rule.place.account
        acting = {"aws:sourcearn": rule.arn, "aws:sourceaccount": account}
        on_bus = ":event-bus/" in arn
        if not on_bus and ":sqs:" not in arn:
            return ()  # of what it is, nothing is known here
        role_arn = target.get("RoleArn", rule.said.get("RoleArn"))
        if role_arn is None and not on_bus:
            request = Request(SEND, arn, acting, frozenset({_EVENTS}))
            return self._doors_let(arn, request) or None
        who = str(role_arn or f"arn:*:iam::{account}:*")
        said = {"events:source": event.source, "events:detail-type": event.type} if on_bus else {}
        context = self._context(account, who) | said
        principals = frozenset({("AWS", account), ("AWS", who)})
        request = Request(PUT if on_bus else SEND, arn, context, principals)
        role = self._identities.role(who)
        if role is not None:
            take = Request(ASSUME, "", acting, frozenset({_EVENTS}))
            own = self._identities.of_role(role)
            if not permitted(role.trust(), take) or not permitted(own, request):
                return None
        return self._through(arn, request, account, (role.where,) if role else ())

    def _through(
        self, arn: str, request: Request, account: str, steps: tuple[str, ...]
    ) -> tuple[str, ...] | None:
        let = self._doors_let(arn, request)
        every = [one for each in self._doors(arn) for one in each.statements()]
        if account != _account(arn) and not let:
            return None
        return None if denied(every, request) else (*steps, *let)

    def _doors(self, arn: str) -> list[Part]:
        return [each for each in self._parts if each.is_door_of(arn)]

    def _doors_let(self, arn: str, request: Request) -> tuple[str, ...]:
        """The policies of a resource that permit a request; none where one of them denies it."""
        doors = self._doors(arn)
        if not permitted((one for each in doors for one in each.statements()), request):
            return ()
        return tuple(each.where for each in doors if each.lets(request))

    def _context(self, account: str, who: str, organization: str | None = None) -> dict[str, str]:
        member = self._organizations.get(account) if organization is None else organization
        return {
            "aws:currenttime": self._now,
            "aws:principalaccount": account,
            "aws:principalarn": who,
            **({"aws:principalorgid": member} if member else {}),
            "aws:securetransport": "true",
        }

    def _doubts_of_rules(self) -> Iterator[str]:
        for rule in self._rules:
            pattern = policy_of(rule.said.get("EventPattern"))
            if pattern is not None and _told(pattern) != pattern:
                words = "it asks for more than source, type and detail: taken to match"
                yield f"{rule.where}/EventPattern: {words}"
            for index, target in enumerate(rule.said.get("Targets", [])):
                arn = target.get("RoleArn", rule.said.get("RoleArn"))
                if arn is not None and self._identities.role(str(arn)) is None:
                    words = f"no template has {arn}: taken to permit what it is used for"
                    yield f"{rule.where}/Targets/{index}/RoleArn: {words}"


def _steps(caller: _Caller, doors: Iterable[Part], request: Request) -> tuple[str, ...]:
    """The policies that let somebody do something; none where that is not let."""
    doors = list(doors)
    if denied((one for each in doors for one in each.statements()), request):
        return ()
    let = tuple(each.where for each in doors if each.lets(request))
    if caller.policy is None:
        return let
    if not caller.policy.lets(request):
        return ()
    inside = caller.account == _account(request.resource)
    return (caller.policy.where, *let) if let or inside else ()


def _matches(pattern: Any, event: Event) -> bool:
    if pattern is None:
        return False
    whole = {"source": event.source, "detail-type": event.type, "detail": dict(event.detail)}
    told = _told(policy_of(pattern))
    return not told or Pattern.parse(told).matches(whole)


def _told(pattern: Mapping[str, Any]) -> dict[str, Any]:
    """What of a pattern is asked of what an event says; its account and time, for one, are not."""
    told = {key: each for key, each in pattern.items() if key in _TOLD}
    branches = [_told(each) for each in pattern.get("$or", [])]
    return {**told, "$or": branches} if branches and all(branches) else told


def _account(arn: str) -> str:
    found = Arn.parse(arn)
    return found.account if found is not None else ""
