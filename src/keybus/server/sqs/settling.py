"""DeleteMessage, ChangeMessageVisibility, and their batches.

Source: Amazon SQS API reference, each operation.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from keybus.server.access import administer
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.shapes import Request
from keybus.server.sqs import batches
from keybus.server.sqs.errors import invalid_value, missing
from keybus.server.sqs.finding import find
from keybus.server.sqs.queue import Outcome
from keybus.server.sqs.receiving import LONGEST_VISIBILITY
from keybus.server.sqs.shapes import BatchAnswer, DoneEntry, FailedEntry


class DeleteMessage(Request, frozen=True):
    """DeleteMessageRequest."""

    queue_url: str
    receipt_handle: str


class DeleteEntry(Request, frozen=True):
    """DeleteMessageBatchRequestEntry."""

    id: str
    receipt_handle: str


class DeleteMessageBatch(Request, frozen=True):
    """DeleteMessageBatchRequest."""

    queue_url: str
    entries: tuple[DeleteEntry, ...]


class ChangeMessageVisibility(Request, frozen=True):
    """ChangeMessageVisibilityRequest."""

    queue_url: str
    receipt_handle: str
    visibility_timeout: int


class ChangeEntry(Request, frozen=True):
    """ChangeMessageVisibilityBatchRequestEntry."""

    id: str
    receipt_handle: str
    visibility_timeout: int | None = None


class ChangeMessageVisibilityBatch(Request, frozen=True):
    """ChangeMessageVisibilityBatchRequest."""

    queue_url: str
    entries: tuple[ChangeEntry, ...]


async def delete_message(call: Call, asked: DeleteMessage) -> None:
    """Answer DeleteMessage; durable then.

    Raises:
        AwsError: There is no such queue, or the handle is none of its.
    """
    [error] = await find(call, asked.queue_url).delete(call, [asked.receipt_handle])
    if error is not None:
        raise error


async def delete_message_batch(call: Call, asked: DeleteMessageBatch) -> BatchAnswer:
    """Answer DeleteMessageBatch.

    Raises:
        AwsError: The batch as a whole is refused.
    """
    queue = find(call, asked.queue_url)
    batches.check(asked.entries, "DeleteMessageBatchRequestEntry")
    outcomes = await queue.delete(call, [each.receipt_handle for each in asked.entries])
    return _answer(asked.entries, outcomes)


async def change_message_visibility(call: Call, asked: ChangeMessageVisibility) -> None:
    """Answer ChangeMessageVisibility.

    Raises:
        AwsError: There is no such queue, the handle is none of its, or the message is not out.
    """
    queue = find(call, asked.queue_url)
    seconds = _seconds(asked.visibility_timeout)
    [error] = await queue.change_visibility(call, [(asked.receipt_handle, seconds)])
    if error is not None:
        raise error


async def change_message_visibility_batch(
    call: Call, asked: ChangeMessageVisibilityBatch
) -> BatchAnswer:
    """Answer ChangeMessageVisibilityBatch.

    Raises:
        AwsError: The batch as a whole is refused.
    """
    queue = find(call, asked.queue_url)
    batches.check(asked.entries, "ChangeMessageVisibilityBatchRequestEntry")
    outcomes: dict[str, Outcome] = {}
    wanted: list[tuple[str, str, int]] = []
    for each in asked.entries:
        try:
            wanted.append((each.id, each.receipt_handle, _seconds(each.visibility_timeout)))
        except AwsError as error:
            outcomes[each.id] = error
    changed = await queue.change_visibility(
        call, [(handle, seconds) for _, handle, seconds in wanted]
    )
    outcomes.update((name, error) for (name, _, _), error in zip(wanted, changed, strict=True))
    return _answer(asked.entries, [outcomes[each.id] for each in asked.entries])


def _seconds(given: int | None) -> int:
    if given is None:
        raise missing("VisibilityTimeout")
    if not 0 <= given <= LONGEST_VISIBILITY:
        raise invalid_value(
            f"Value {given} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 "
            f"and {LONGEST_VISIBILITY}, if provided."
        )
    return given


def _answer(entries: Sequence[batches.Entry], outcomes: Sequence[Outcome]) -> BatchAnswer:
    done: list[DoneEntry] = []
    failed: list[FailedEntry] = []
    for entry, error in zip(entries, outcomes, strict=True):
        if error is None:
            done.append(DoneEntry(entry.id))
        else:
            failed.append(batches.failed(entry, error))
    return BatchAnswer(done, failed)


_RECEIVE: Final = administer("queues.receive")
OPERATIONS: Final[Mapping[str, Operation]] = {
    "DeleteMessage": Operation(DeleteMessage, delete_message, _RECEIVE),
    "DeleteMessageBatch": Operation(DeleteMessageBatch, delete_message_batch, _RECEIVE),
    "ChangeMessageVisibility": Operation(
        ChangeMessageVisibility, change_message_visibility, _RECEIVE
    ),
    "ChangeMessageVisibilityBatch": Operation(
        ChangeMessageVisibilityBatch, change_message_visibility_batch, _RECEIVE
    ),
}
