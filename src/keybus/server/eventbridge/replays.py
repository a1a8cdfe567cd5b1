"""Replays: StartReplay, DescribeReplay, CancelReplay, ListReplays.

Source: Amazon EventBridge API reference, the operations of these names.
"""

from collections.abc import Mapping
from typing import Final

from keybus.arns import Arn
from keybus.bus.archive.replay import (
    AlreadyReplaying,
    FromArchive,
    NoSuchReplay,
    Replay,
    ReplayExists,
    Wanted,
)
from keybus.bus.archives.archive import NamedArchive, NoSuchArchive
from keybus.server.access import administer
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.errors import invalid
from keybus.server.aws.paging import page
from keybus.server.eventbridge.archives import arn_of_archive
from keybus.server.eventbridge.buses import arn_of
from keybus.server.eventbridge.naming import DEFAULT, platforms_bus, rule_named
from keybus.server.eventbridge.replay_shapes import (
    Changed,
    Described,
    DestinationTold,
    Listed,
    ListReplays,
    OneReplay,
    Replays,
    StartReplay,
    State,
)

READ, MANAGE = administer("subscriptions.read"), administer("replay.bus")
_MICROSECONDS: Final = 1_000_000
_LATEST: Final = 253_402_300_799  # the end of the year 9999
_ENDED: Final[Mapping[str, State]] = {
    "done": "COMPLETED",
    "cancelled": "CANCELLED",
    "failed": "FAILED",
}
_ONE_FILTER: Final = (
    "At most one filter is allowed for ListReplays. "
    "Use either : State, EventSourceArn, or NamePrefix."
)


async def start_replay(call: Call, asked: StartReplay) -> Changed:
    """Begin to send what an archive has once more."""
    since = _time("EventStartTime", asked.event_start_time)
    until = _time("EventEndTime", asked.event_end_time)
    if since >= until:
        raise invalid(
            "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
        )
    archive = _archive(call, asked.event_source_arn)
    _check_destination(call, asked.destination.arn)
    rules = asked.destination.filter_arns
    wanted = Wanted(
        "",
        max(since, archive.since(call.bus.clock.time_us())),
        until,
        archive.pattern,
        _targets(call, rules) if rules else None,
    )
    origin = FromArchive(archive.name, since, until, rules, asked.description or "")
    try:
        begun = await call.bus.replays.begin(
            wanted, call.principal, name=asked.replay_name, origin=origin
        )
    except ReplayExists as error:
        raise AwsError("ResourceAlreadyExistsException", str(error)) from error
    except AlreadyReplaying as error:
        raise AwsError("LimitExceededException", str(error)) from error
    return Changed(_arn(call, begun.name), "STARTING", None, begun.started_us / _MICROSECONDS)


async def describe_replay(call: Call, asked: OneReplay) -> Described:
    """Describe a replay, and how far it is."""
    found = _found(call, asked.replay_name)
    origin = found.origin
    listed = _listed(call, found)
    return Described(
        replay_arn=_arn(call, found.name),
        description=_native(found) if origin is None else origin.description,
        destination=DestinationTold(arn_of(call, DEFAULT), () if origin is None else origin.rules),
        replay_name=listed.replay_name,
        state=listed.state,
        event_source_arn=listed.event_source_arn,
        event_start_time=listed.event_start_time,
        event_end_time=listed.event_end_time,
        replay_start_time=listed.replay_start_time,
        state_reason=listed.state_reason,
        event_last_replayed_time=listed.event_last_replayed_time,
        replay_end_time=listed.replay_end_time,
    )


async def cancel_replay(call: Call, asked: OneReplay) -> Changed:
    """Stop a replay; it answers once it has ended, and what was sent stays sent."""
    found = _found(call, asked.replay_name)
    if found.wanted.to and not call.is_open:
        refusal = call.bus.authorizer.replay(call.principal, found.wanted.to)
        call.bus.permission.require(call.principal, f"replay to {found.wanted.to}", refusal)
    if found.state != "running":
        raise AwsError(
            "IllegalStatusException",
            f"Replay {found.name} is not in a valid state for this operation.",
        )
    await call.bus.replays.cancel(found.id, call.principal)
    return Changed(_arn(call, found.name), "CANCELLING")


async def list_replays(call: Call, asked: ListReplays) -> Replays:
    """List replays, by one filter at most; of several of one name the one that is described."""
    filters = (asked.name_prefix, asked.event_source_arn, asked.state)
    if len([each for each in filters if each is not None]) > 1:
        raise invalid(_ONE_FILTER)
    names = {each.name for each in call.bus.replays.all()}
    listed = [_listed(call, call.bus.replays.named(name)) for name in names]
    shown, token = page(
        [
            each
            for each in listed
            if each.replay_name.startswith(asked.name_prefix or "")
            and asked.state in (None, each.state)
            and asked.event_source_arn in (None, each.event_source_arn)
        ],
        lambda each: each.replay_name,
        listing="ListReplays",
        token=asked.next_token,
        limit=asked.limit,
    )
    return Replays(shown, token)


def _found(call: Call, name: str) -> Replay:
    try:
        return call.bus.replays.named(name)
    except NoSuchReplay as error:
        message = f"Replay {name} does not exist."
        raise AwsError("ResourceNotFoundException", message) from error


def _archive(call: Call, text: str) -> NamedArchive:
    """The archive that an ARN names."""
    arn = Arn.parse(text)
    kind, _, name = ("", "", "") if arn is None else arn.resource.partition("/")
    owner = call.id_of(call.bus.platform.central or "")
    if arn is None or kind != "archive" or arn.account != owner:
        raise invalid("Parameter EventSourceArn is not valid. Reason: Must contain an archive ARN.")
    try:
        return call.bus.archives.get(name)
    except NoSuchArchive as error:
        raise invalid(
            f"Parameter EventSourceArn is not valid. Reason: Archive {name} does not exist."
        ) from error


def _check_destination(call: Call, text: str) -> None:
    arn = Arn.parse(text)
    if arn is None or arn.service != "events" or not arn.resource.startswith("event-bus/"):
        raise invalid(
            "Parameter Destination.Arn is not valid. Reason: Must contain an event bus ARN."
        )
    platforms_bus(call, text, "Archives")


def _targets(call: Call, rules: tuple[str, ...]) -> tuple[str, ...]:
    """The subscriptions of the rules' targets; those that are put later are none of them."""
    found: list[str] = []
    for text in rules:
        rule = rule_named(call, text)
        if rule is None:
            raise AwsError("ResourceNotFoundException", f"Rule {text[:256]} does not exist.")
        if rule.bus:
            raise invalid(f"Rule {text[:256]} is of another bus than the archive's events.")
        found += rule.subscriptions
    return tuple(dict.fromkeys(found))


def _state(call: Call, replay: Replay) -> State:
    if replay.state != "running":
        return _ENDED[replay.state]
    if call.bus.replays.is_ending(replay.id):
        return "CANCELLING"
    return "RUNNING" if replay.looked else "STARTING"


def _reason(replay: Replay) -> str | None:
    if replay.error:
        return replay.error[:512]
    if replay.state == "running" and replay.waits_for:
        return f"the queue of {replay.waits_for} is full"[:512]
    return None


def _native(replay: Replay) -> str:
    """What is said of a replay that was begun over the native API."""
    return f"of the whole log, to {replay.wanted.to or 'every subscription'}"


def _listed(call: Call, replay: Replay) -> Listed:
    origin, wanted = replay.origin, replay.wanted
    source = arn_of(call, DEFAULT) if origin is None else arn_of_archive(call, origin.archive)
    return Listed(
        replay.name,
        source,
        _state(call, replay),
        (wanted.since if origin is None else origin.since) / _MICROSECONDS,
        (wanted.until if origin is None else origin.until) / _MICROSECONDS,
        replay.started_us / _MICROSECONDS,
        _reason(replay),
        replay.at_us / _MICROSECONDS if replay.at_us else None,
        replay.ended_us / _MICROSECONDS if replay.ended_us else None,
    )


def _arn(call: Call, name: str) -> str:
    return call.arn("events", f"replay/{name}", call.bus.platform.central or "")


def _time(parameter: str, seconds: float) -> int:
    """A time in microseconds since the Unix epoch."""
    if not 0 <= seconds <= _LATEST:
        raise invalid(f"Parameter {parameter} is not valid. Reason: it is no time.")
    return int(seconds * _MICROSECONDS)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "CancelReplay": Operation(OneReplay, cancel_replay, MANAGE),
    "DescribeReplay": Operation(OneReplay, describe_replay, READ),
    "ListReplays": Operation(ListReplays, list_replays, READ),
    "StartReplay": Operation(StartReplay, start_replay, MANAGE),
}
