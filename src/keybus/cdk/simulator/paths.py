"""The ways that events can go, by templates: who puts, which rules forward, where it ends."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from keybus.arns import Arn
from keybus.cdk.checker.cloud_assembly import Template
from keybus.cdk.checker.literals import Literals
from keybus.cdk.checker.normal_statement import NormalStatement, statements_in, texts_of
from keybus.cdk.simulator.request import Request, permitted
from keybus.cdk.sites import partition_of
from keybus.contracts.pointers import pointer_of
from keybus.patterns import Pattern

_EVENTS = ("Service", "events.amazonaws.com")
_PUT = "events:putevents"


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


class _Part(NamedTuple):
    """A resource with its references filled in."""

    place: Template
    where: str
    type: str
    said: Mapping[str, Any]


class Simulator:
    """Answers by templates what a deployment of them would permit.

    Conditions on time are judged at one moment. KMS is not asked: a key can only keep events from
    arriving, which its alarms tell.

    Args:
        templates: The templates.
        organizations: The organization of each account, by its 12 digits: templates do not say.
        now_us: The moment, in microseconds since the Unix epoch.

    Raises:
        Unresolvable: A template does not say something itself; `check_templates` says where.
    """

    def __init__(
        self, templates: Iterable[Template], organizations: Mapping[str, str], now_us: int
    ) -> None:
        self._organizations = organizations
        self._now = f"{datetime.fromtimestamp(now_us / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}"
        self._parts = [part for each in templates for part in _parts(each)]
        self._rules = [each for each in self._parts if each.type == "AWS::Events::Rule"]

    def who_puts(self, bus: str, source: str, event_type: str) -> Mapping[str, tuple[str, ...]]:
        """The accounts that can put such events on a bus, each with the policies that let it.

        Args:
            bus: The bus's ARN.
            source: The events' source.
            event_type: Their detail-type.
        """
        found = {}
        for account in sorted(self._organizations):
            request = Request(
                _PUT,
                bus,
                self._context(account)
                | {"events:source": source, "events:detail-type": event_type},
                frozenset({("AWS", account)}),
            )
            own = [each.where for each in self._identities(account) if _lets(each, request)]
            door = self._door("AWS::Events::EventBusPolicy", bus, request)
            if own and (door or account == _account(bus)):
                found[account] = (*own, *door)
        return found

    def who_receives(self, bus: str, event: Event) -> tuple[Path, ...]:
        """Everywhere that an event on a bus can get to.

        Args:
            bus: The bus's ARN.
            event: The event, put on that bus by its own account's or another's publisher.
        """
        return tuple(self._from(bus, event, (), frozenset()))

    def who_consumes(self, queue: str) -> Mapping[str, tuple[str, ...]]:
        """The accounts that can receive from a queue, each with the policies that let it."""
        found = {}
        for account in sorted(self._organizations):
            context = self._context(account)
            request = Request("sqs:receivemessage", queue, context, frozenset({("AWS", account)}))
            own = [each.where for each in self._identities(account) if _lets(each, request)]
            door = self._door("AWS::SQS::QueuePolicy", queue, request)
            if own and (door or account == _account(queue)):
                found[account] = (*own, *door)
        return found

    def _from(
        self, bus: str, event: Event, steps: tuple[str, ...], seen: frozenset[str]
    ) -> Iterator[Path]:
        for rule in self._rules:
            if _bus_of(rule) != bus or rule.said.get("State", "ENABLED") == "DISABLED":
                continue
            if not _matches(rule.said.get("EventPattern"), event):
                continue
            for index, target in enumerate(rule.said.get("Targets", [])):
                here = (*steps, f"{rule.where}/Targets/{index}")
                yield from self._to(rule, target, event, here, seen | {bus})

    def _to(
        self,
        rule: _Part,
        target: Mapping[str, Any],
        event: Event,
        steps: tuple[str, ...],
        seen: frozenset[str],
    ) -> Iterator[Path]:
        arn, account = str(target["Arn"]), rule.place.account
        acting = {"aws:sourcearn": _rule_arn(rule), "aws:sourceaccount": account}
        if ":event-bus/" in arn:
            way = self._as_role(str(target.get("RoleArn")), arn, acting, event)
            # What came over one bus from another account does not go on to a third.
            if way and arn not in seen and len(seen) < 2:  # noqa: PLR2004 - two buses
                yield from self._from(arn, event, (*steps, *way), seen)
            return
        request = Request("sqs:sendmessage", arn, acting, frozenset({_EVENTS}))
        door = self._door("AWS::SQS::QueuePolicy", arn, request)
        if door or ":sqs:" not in arn:
            yield Path(arn, _account(arn), (*steps, *door))

    def _as_role(
        self, role_arn: str, bus: str, acting: Mapping[str, str], event: Event
    ) -> tuple[str, ...]:
        """What lets a rule put on another bus in a role; empty where that is not let."""
        account = _account(role_arn)
        for role in self._parts:
            name = f"{role_arn.partition(':role/')[2]}"
            if role.type != "AWS::IAM::Role" or role.place.account != account:
                continue
            if role.said.get("RoleName") != name:
                continue
            take = Request("sts:assumerole", "", acting, frozenset({_EVENTS}))
            trust = _normal(role.said.get("AssumeRolePolicyDocument"))
            context = self._context(account) | {
                "aws:principalarn": role_arn,
                "events:source": event.source,
                "events:detail-type": event.type,
            }
            put = Request(_PUT, bus, context, frozenset({("AWS", account), ("AWS", role_arn)}))
            door = self._door("AWS::Events::EventBusPolicy", bus, put)
            own = permitted(_normal(role.said.get("Policies")), put)
            if permitted(trust, take) and own and (door or _account(bus) == account):
                return (role.where, *door)
        return ()

    def _door(self, type_: str, arn: str, request: Request) -> tuple[str, ...]:
        """The policies of a resource that permit a request; none where one of them denies it."""
        policies = [each for each in self._parts if each.type == type_ and _is_of(each, arn)]
        together = [one for each in policies for one in _normal(dict(each.said))]
        if not permitted(together, request):
            return ()
        return tuple(each.where for each in policies if _lets(each, request))

    def _identities(self, account: str) -> list[_Part]:
        types = {"AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::Role"}
        return [
            each for each in self._parts if each.type in types and each.place.account == account
        ]

    def _context(self, account: str) -> dict[str, str]:
        return {
            "aws:currenttime": self._now,
            "aws:principalaccount": account,
            "aws:principalorgid": self._organizations.get(account, ""),
            "aws:securetransport": "true",
        }


def _parts(template: Template) -> Iterator[_Part]:
    literals = Literals(template)
    for id_, resource in template.resources.items():
        if resource["Type"].startswith(("AWS::Events::", "AWS::IAM::", "AWS::SQS::")):
            where = f"{template.file}#{pointer_of('Resources', id_)}/Properties"
            said = literals.of(resource.get("Properties") or {})
            yield _Part(template, where, resource["Type"], said)


def _normal(value: Any) -> list[NormalStatement]:
    return [each.normal for each in statements_in(value)]


def _lets(part: _Part, request: Request) -> bool:
    said = {key: each for key, each in part.said.items() if key != "AssumeRolePolicyDocument"}
    return permitted(_normal(said), request)


def _is_of(policy: _Part, arn: str) -> bool:
    """Whether a policy is the one of a queue or bus."""
    found = Arn.parse(arn)
    if found is None or policy.place.account != found.account:
        return False
    if policy.type == "AWS::Events::EventBusPolicy":
        return str(policy.said.get("EventBusName")) in {arn, arn.rpartition("/")[2]}
    urls = texts_of(policy.said.get("Queues", []))
    return any(url.endswith(f"/{found.account}/{found.resource}") for url in urls)


def _matches(pattern: Any, event: Event) -> bool:
    if pattern is None:
        return False
    whole = {"source": event.source, "detail-type": event.type, "detail": dict(event.detail)}
    return Pattern.parse(pattern).matches(whole)


def _bus_of(rule: _Part) -> str:
    name, place = str(rule.said.get("EventBusName", "default")), rule.place
    if name.startswith("arn:"):
        return name
    return str(
        Arn("events", place.region, place.account, f"event-bus/{name}", partition_of(place.region))
    )


def _rule_arn(rule: _Part) -> str:
    bus, place = _bus_of(rule).rpartition("/")[2], rule.place
    name = rule.said.get("Name", "")
    resource = f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}"
    return str(Arn("events", place.region, place.account, resource, partition_of(place.region)))


def _account(arn: str) -> str:
    found = Arn.parse(arn)
    return found.account if found is not None else ""
