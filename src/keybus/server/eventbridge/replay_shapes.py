"""What replays are asked and answered.

Source: Amazon EventBridge API reference, the shapes of these names.
"""

from typing import Annotated, Literal

from keybus.server.aws.shapes import Answer, Request, length, pattern
from keybus.server.eventbridge.archives import Description, SourceArn
from keybus.server.eventbridge.shapes import Limit, NextToken

ReplayName = Annotated[str, length(1, 64), pattern(r"[\.\-_A-Za-z0-9]+")]
AnyArn = Annotated[str, length(1, 1600)]
State = Literal["STARTING", "RUNNING", "CANCELLING", "COMPLETED", "CANCELLED", "FAILED"]


class Destination(Request, frozen=True):
    """A ReplayDestination: the bus, and the rules to whose targets it goes."""

    arn: AnyArn
    filter_arns: tuple[AnyArn, ...] = ()


class StartReplay(Request, frozen=True):
    """StartReplayRequest; times are seconds since the Unix epoch."""

    replay_name: ReplayName
    event_source_arn: SourceArn
    event_start_time: float
    event_end_time: float
    destination: Destination
    description: Description | None = None


class OneReplay(Request, frozen=True):
    """DescribeReplayRequest, CancelReplayRequest."""

    replay_name: ReplayName


class ListReplays(Request, frozen=True):
    """ListReplaysRequest."""

    name_prefix: ReplayName | None = None
    state: State | None = None
    event_source_arn: SourceArn | None = None
    next_token: NextToken | None = None
    limit: Limit | None = None


class Changed(Answer, frozen=True):
    """StartReplayResponse, and CancelReplayResponse, which has no ReplayStartTime."""

    replay_arn: str
    state: State
    state_reason: str | None = None
    replay_start_time: float | None = None


class DestinationTold(Answer, frozen=True):
    """A ReplayDestination."""

    arn: str
    filter_arns: tuple[str, ...] = ()


class Listed(Answer, frozen=True):
    """A Replay of ListReplaysResponse."""

    replay_name: str
    event_source_arn: str
    state: State
    event_start_time: float
    event_end_time: float
    replay_start_time: float
    state_reason: str | None = None
    event_last_replayed_time: float | None = None
    replay_end_time: float | None = None


class Described(Answer, frozen=True):
    """DescribeReplayResponse."""

    replay_name: str
    replay_arn: str
    description: str
    state: State
    event_source_arn: str
    destination: DestinationTold
    event_start_time: float
    event_end_time: float
    replay_start_time: float
    state_reason: str | None = None
    event_last_replayed_time: float | None = None
    replay_end_time: float | None = None


class Replays(Answer, frozen=True):
    """ListReplaysResponse."""

    replays: list[Listed]
    next_token: str | None = None
