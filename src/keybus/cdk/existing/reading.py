"""Reading what stands on AWS, by boto3; nothing is changed there.

Permissions that it needs: ``events:List*``, ``events:Describe*``, ``schemas:List*``,
``schemas:DescribeSchema``, ``sqs:GetQueueUrl``, ``sqs:GetQueueAttributes``.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, Protocol

from keybus.arns import Arn
from keybus.cdk.existing.inventory import (
    Archive,
    Bus,
    Destination,
    NotCarried,
    Part,
    Queue,
    Rule,
    Target,
)
from keybus.cdk.existing.schemas import registries_of, schemas_of
from keybus.contracts.exchange_formats.foreign import ForeignSchema
from keybus.errors import KeybusError

_OF_PARTNERS: Final = "event-bus/aws.partner/"


class NotReadable(KeybusError):
    """AWS did not let something be read that nothing can be made without."""

    code = "not-readable"


class Services(Protocol):
    """What gives boto3's clients: boto3 itself, or a ``boto3.Session``."""

    def client(self, service_name: str) -> Any:
        """A client of this service."""


def read_account(
    services: Services,
    name: str = "",
    *,
    registries: Collection[str] | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Part:
    """What stands in an account and region: all that rules are made of, and schemas.

    Args:
        services: boto3, or a session of the account.
        name: What the account is to be called; empty: after its digits.
        registries: The schema registries that are read; None: all but AWS's own.
        told: Given a line for each bus and registry, before it is read.

    Raises:
        NotReadable: Its buses or rules cannot be read.
    """
    return _Reader(services, told).part(name, registries)


class _Reader:
    def __init__(self, services: Services, told: Callable[[str], None]) -> None:
        self._services = services
        self._told = told
        self._unread: list[NotCarried] = []

    @cached_property
    def _events(self) -> Any:
        return self._services.client("events")

    def part(self, name: str, registries: Collection[str] | None) -> Part:
        try:
            buses = {bus.arn: bus for bus in self._buses()}
        except _failures() as error:
            hint = "it needs events:List* and events:Describe*; --profile says whose, --region says where"
            raise NotReadable(f"EventBridge cannot be read: {error}", hint=hint) from error
        except (AttributeError, KeyError, TypeError) as error:
            what = f"what answers is not EventBridge: {type(error).__name__} {error}"
            raise NotReadable(what, hint="is --endpoint-url right?") from error
        arn = Arn.parse(next(iter(buses), ""))
        if arn is None:
            raise NotReadable(
                "EventBridge names no bus", hint="is it EventBridge that answers, in this region?"
            )
        ends = [target.arn for bus in buses.values() for target in _targets(bus)]
        own = sorted({each for each in ends if _is_of(each, arn.account, arn.region)})
        queues = self._found(own, "sqs", self._queue)
        destinations = self._found(own, "events", self._destination)
        schemas = tuple(self._schemas(registries))
        called = name or f"account-{arn.account}"
        return Part(
            called,
            arn.account,
            arn.region,
            buses,
            queues,
            destinations,
            schemas,
            tuple(self._unread),
        )

    def _buses(self) -> Iterator[Bus]:
        for listed in _pages(self._events.list_event_buses, "EventBuses"):
            name, arn = listed["Name"], listed["Arn"]
            self._told(f"reading {arn}")
            if _OF_PARTNERS in arn:
                self._unread.append(NotCarried(arn, "it is the bus of a partner of AWS"))
                continue
            found = self._events.describe_event_bus(Name=name)
            rules = tuple(self._rules(name))
            yield Bus(arn, name, found.get("Policy") or "", rules, tuple(self._archives(arn)))

    def _rules(self, bus: str) -> Iterator[Rule]:
        for listed in _pages(self._events.list_rules, "Rules", EventBusName=bus):
            if listed.get("ManagedBy"):  # an archive's, or a service's own
                continue
            asked = {"Rule": listed["Name"], "EventBusName": bus}
            targets = tuple(
                _target(each)
                for each in _pages(self._events.list_targets_by_rule, "Targets", **asked)
            )
            pattern = listed.get("EventPattern")
            yield Rule(
                listed["Arn"],
                listed["Name"],
                json.loads(pattern) if pattern else None,
                str(listed.get("State", "ENABLED")).startswith("ENABLED"),
                listed.get("ScheduleExpression") or "",
                targets,
            )

    def _archives(self, bus: str) -> Iterator[Archive]:
        try:
            for each in _pages(self._events.list_archives, "Archives", EventSourceArn=bus):
                name = each["ArchiveName"]
                found = self._events.describe_archive(ArchiveName=name)
                yield Archive(name, found.get("RetentionDays", 0), not found.get("EventPattern"))
        except _failures() as error:
            self._unread.append(NotCarried(bus, f"its archives cannot be read: {error}"))

    def _found(self, arns: Collection[str], service: str, read: Callable[[Arn, str], Any]) -> Any:
        """Those of a service that can be read, by their ARNs."""
        found = {}
        for text in arns:
            arn = Arn.parse(text)
            if arn is None or arn.service != service:
                continue
            try:
                one = read(arn, text)
            except _failures() as error:
                self._unread.append(NotCarried(text, f"it cannot be read: {error}"))
                continue
            if one is not None:
                found[text] = one
        return found

    def _queue(self, arn: Arn, text: str) -> Queue:
        sqs = self._services.client("sqs")
        redrive = json.loads(_attribute(sqs, arn.resource, "RedrivePolicy") or "{}")
        if not redrive:
            return Queue(text)
        letters = Arn.parse(redrive["deadLetterTargetArn"])
        kept = _attribute(sqs, letters.resource, "MessageRetentionPeriod") if letters else ""
        return Queue(text, int(redrive["maxReceiveCount"]), int(kept or 0))

    def _destination(self, arn: Arn, text: str) -> Destination | None:
        kind, _, rest = arn.resource.partition("/")
        if kind != "api-destination":
            return None
        found = self._events.describe_api_destination(Name=rest.partition("/")[0])
        return Destination(text, found["InvocationEndpoint"], found["HttpMethod"])

    def _schemas(self, registries: Collection[str] | None) -> Iterator[ForeignSchema]:
        if registries is not None and not registries:
            return
        hint = "draft contracts from events instead: keybus contracts discover"
        try:
            client = self._services.client("schemas")
            names = registries_of(client) if registries is None else registries
        except _failures() as error:
            why = f"no schema can be read: {error}"
            self._unread.append(NotCarried("EventBridge Schemas", why, hint))
            return
        for name in names:
            self._told(f"reading the registry {name}")
            try:
                yield from schemas_of(client, name, told=self._unread.append)
            except _failures() as error:
                why = f"not all of its schemas can be read: {error}"
                self._unread.append(NotCarried(f"the registry {name}", why, hint))


def _pages(ask: Callable[..., Any], key: str, **asked: Any) -> Iterator[Mapping[str, Any]]:
    """All that an operation lists, page by page; most of EventBridge's have no paginator."""
    while True:
        answer = ask(**asked)
        yield from answer.get(key, ())
        if not answer.get("NextToken"):
            return
        asked["NextToken"] = answer["NextToken"]


def _target(told: Mapping[str, Any]) -> Target:
    made = told.get("InputTransformer") or {}
    return Target(
        told["Id"],
        told["Arn"],
        told.get("Input"),
        told.get("InputPath"),
        made.get("InputTemplate"),
        made.get("InputPathsMap") or {},
        (told.get("RetryPolicy") or {}).get("MaximumEventAgeInSeconds"),
        any((told.get("HttpParameters") or {}).values()),
    )


def _targets(bus: Bus) -> Iterator[Target]:
    for rule in bus.rules:
        yield from rule.targets


def _is_of(text: str, account: str, region: str) -> bool:
    arn = Arn.parse(text)
    return arn is not None and (arn.account, arn.region) == (account, region)


def _attribute(sqs: Any, queue: str, name: str) -> str:
    """An attribute of a queue; empty where it has none."""
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return str(found.get("Attributes", {}).get(name, ""))


def _failures() -> tuple[type[Exception], ...]:
    """What boto3 raises: its own; ValueError of an endpoint or an answer, OSError of a helper."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an extra

    return BotoCoreError, ClientError, ValueError, OSError
