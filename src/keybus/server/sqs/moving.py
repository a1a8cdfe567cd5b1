"""Message move tasks: dead letters that go back, which is a redrive.

Source: Amazon SQS API reference, "StartMessageMoveTask", "ListMessageMoveTasks",
"CancelMessageMoveTask".
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Final

import msgspec

from keybus.bus.dead_letters.clearing import AlreadyClearing, Clearing, NoSuchClearing
from keybus.bus.dead_letters.letters import LetterChoice
from keybus.bus.message_queues.errors import MoveTaskRefused, NoSuchMoveTask, NoSuchQueue
from keybus.bus.message_queues.move_task import MoveTask
from keybus.server.access import administer
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.shapes import Answer, Request
from keybus.server.sqs.created import CreatedQueue
from keybus.server.sqs.errors import invalid_value, no_such_resource, unsupported
from keybus.server.sqs.finding import at
from keybus.server.sqs.letters import LetterQueue
from keybus.server.sqs.names import Place, arn_of, place_of_arn
from keybus.server.sqs.queue import Queue
from keybus.server.sqs.receivers import refusals
from keybus.server.sqs.subscribed import require

_MOST_A_SECOND: Final = 500
_MOST_LISTED: Final = 10
_STATES: Final = {
    "running": "RUNNING",
    "done": "COMPLETED",
    "cancelled": "CANCELLED",
    "failed": "FAILED",
}


class StartMessageMoveTask(Request, frozen=True):
    """StartMessageMoveTaskRequest."""

    source_arn: str
    destination_arn: str | None = None
    max_number_of_messages_per_second: int | None = None


class Started(Answer, frozen=True):
    """StartMessageMoveTaskResult."""

    task_handle: str


class CancelMessageMoveTask(Request, frozen=True):
    """CancelMessageMoveTaskRequest."""

    task_handle: str


class Cancelled(Answer, frozen=True):
    """CancelMessageMoveTaskResult."""

    moved: int = msgspec.field(name="ApproximateNumberOfMessagesMoved")


class ListMessageMoveTasks(Request, frozen=True):
    """ListMessageMoveTasksRequest."""

    source_arn: str
    max_results: int | None = None


class Task(Answer, frozen=True):
    """ListMessageMoveTasksResultEntry; only of a running one there is a handle."""

    status: str
    source_arn: str
    moved: int = msgspec.field(name="ApproximateNumberOfMessagesMoved")
    to_move: int = msgspec.field(name="ApproximateNumberOfMessagesToMove")
    started_timestamp: int
    task_handle: str | None = None
    destination_arn: str | None = None
    max_number_of_messages_per_second: int | None = None
    failure_reason: str | None = None


class Tasks(Answer, frozen=True):
    """ListMessageMoveTasksResult."""

    results: list[Task]


class _Handle(msgspec.Struct, frozen=True):
    """What a task's handle says."""

    task: str
    source: str


async def start_message_move_task(call: Call, asked: StartMessageMoveTask) -> Started:
    """Answer StartMessageMoveTask.

    Raises:
        AwsError: There is no such queue, or it cannot be moved so.
    """
    source = _source(call, asked.source_arn)
    rate = asked.max_number_of_messages_per_second
    if rate is not None and not 1 <= rate <= _MOST_A_SECOND:
        raise invalid_value(
            f"Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be "
            f"between 1 and {_MOST_A_SECOND}, if provided."
        )
    destination = None
    if asked.destination_arn is not None:
        destination = place_of_arn(call, asked.destination_arn, "DestinationArn")
    begin = _redrive if isinstance(source, LetterQueue) else _move
    task = await begin(call, source, destination, rate or 0)
    return Started(_written(_Handle(task, asked.source_arn)))


async def cancel_message_move_task(call: Call, asked: CancelMessageMoveTask) -> Cancelled:
    """Answer CancelMessageMoveTask; what was moved stays moved.

    Raises:
        AwsError: ``ResourceNotFoundException``: no such task is running.
    """
    handle = _read(asked.task_handle)
    source = _source(call, handle.source)
    try:
        if isinstance(source, LetterQueue):
            return Cancelled(await _cancel(call, source, handle.task))
        moves, account = call.bus.message_queues.moves, source.place.account
        return Cancelled((await moves.cancel(handle.task, call.principal, account=account)).moved)
    except (NoSuchMoveTask, NoSuchClearing) as error:
        raise _not_running() from error


async def list_message_move_tasks(call: Call, asked: ListMessageMoveTasks) -> Tasks:
    """Answer ListMessageMoveTasks, the latest first.

    Raises:
        AwsError: There is no such queue.
    """
    most = 1 if asked.max_results is None else asked.max_results
    if not 1 <= most <= _MOST_LISTED:
        raise invalid_value(
            f"Value {most} for parameter MaxResults is invalid. Reason: Must be between 1 and "
            f"{_MOST_LISTED}, if provided."
        )
    source = _source(call, asked.source_arn)
    if isinstance(source, LetterQueue):
        require(call.bus, call, source.subscription)
        clearings = call.bus.clearings.of(source.subscription)
        redrives = [each for each in clearings if each.kind == "redrive"]
        found = [_told_redrive(call, source, each) for each in redrives]
    else:
        found = [_told(call, each) for each in call.bus.message_queues.moves.of(*source.place)]
    return Tasks(found[:most])


async def _redrive(call: Call, source: Queue, destination: Place | None, rate: int) -> str:
    """Redrive a subscription's dead letters: they go to it, and nowhere else."""
    assert isinstance(source, LetterQueue)
    require(call.bus, call, source.subscription)
    if destination not in (None, source.source):
        raise unsupported("Dead letters of a subscription go back to it: leave DestinationArn out.")
    try:
        with refusals():
            clearing = await call.bus.clearings.begin(
                "redrive", source.subscription, LetterChoice(), call.principal, rate=rate
            )
    except AlreadyClearing as error:
        raise _already_running(f" Here {error.args[0]}.") from error
    return clearing.id


async def _move(call: Call, source: Queue, destination: Place | None, rate: int) -> str:
    """Move a created queue's messages."""
    if not isinstance(source, CreatedQueue):
        raise unsupported("Source queue must be configured as a Dead Letter Queue.")
    if destination is not None and call.bus.message_queues.find(*destination) is None:
        raise no_such_resource(
            "The resource that you specified for the DestinationArn parameter doesn't exist."
        )
    try:
        task = await call.bus.message_queues.moves.start(
            *source.place, call.principal, target=destination, rate=rate
        )
    except MoveTaskRefused as error:
        raise unsupported(str(error)) from error
    except NoSuchQueue as error:
        raise no_such_resource(str(error)) from error
    return task.handle


async def _cancel(call: Call, source: LetterQueue, task: str) -> int:
    require(call.bus, call, source.subscription)
    running = [each.id for each in call.bus.clearings.of(source.subscription) if not each.ended_us]
    if task not in running:
        raise _not_running()
    with refusals():
        return (await call.bus.clearings.cancel(source.subscription, task, call.principal)).moved


def _source(call: Call, arn: str) -> Queue:
    place = place_of_arn(call, arn, "SourceArn")
    found = at(call, place)
    if found is None:
        raise no_such_resource(
            "The resource that you specified for the SourceArn parameter doesn't exist."
        )
    return found


def _told_redrive(call: Call, source: LetterQueue, clearing: Clearing) -> Task:
    arn = arn_of(call, source.place)
    running = clearing.state == "running"
    return Task(
        _STATES[clearing.state],
        arn,
        clearing.moved,
        clearing.total,
        clearing.started_us // 1_000,
        _written(_Handle(clearing.id, arn)) if running else None,
        arn_of(call, source.source) if source.source is not None else None,
        clearing.rate or None,
        clearing.error or None,
    )


def _told(call: Call, task: MoveTask) -> Task:
    arn = arn_of(call, Place(task.account, task.name))
    return Task(
        task.state,
        arn,
        task.moved,
        task.total,
        task.started_us // 1_000,
        _written(_Handle(task.handle, arn)) if task.state == "RUNNING" else None,
        arn_of(call, Place(*task.target)) if task.target is not None else None,
        task.rate or None,
        task.reason or None,
    )


def _written(handle: _Handle) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(handle)).decode()


def _read(text: str) -> _Handle:
    try:
        return msgspec.json.decode(base64.b64decode(text, b"-_", validate=True), type=_Handle)
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise invalid_value("Value for parameter TaskHandle is invalid.") from error


def _not_running() -> AwsError:
    return no_such_resource("The task does not exist, or is no longer running.")


def _already_running(which: str = "") -> AwsError:
    return unsupported(
        "There is already a task running. Only one active task is allowed for a source queue arn "
        f"at a given time.{which}"
    )


OPERATIONS: Final[Mapping[str, Operation]] = {
    "StartMessageMoveTask": Operation(
        StartMessageMoveTask, start_message_move_task, administer("queues.manage")
    ),
    "CancelMessageMoveTask": Operation(
        CancelMessageMoveTask, cancel_message_move_task, administer("queues.manage")
    ),
    "ListMessageMoveTasks": Operation(
        ListMessageMoveTasks, list_message_move_tasks, administer("queues.read")
    ),
}
