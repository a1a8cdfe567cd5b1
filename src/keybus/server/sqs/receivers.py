"""A receiver's messages and errors as SQS has them."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Final

from keybus.bus.message_queues.errors import (
    InvalidReceipt,
    NoSuchQueue,
    NotInFlight,
    TooManyInFlight,
    VisibilityTooLong,
)
from keybus.bus.message_queues.received import Received
from keybus.bus.message_queues.receiver import Receiver
from keybus.errors import KeybusError, StorageFailed, SubscriptionError
from keybus.server.aws import AwsError, Call
from keybus.server.sqs.attempts import ATTEMPTS
from keybus.server.sqs.errors import failure, invalid_handle, invalid_value, no_such_queue
from keybus.server.sqs.queue import Outcome, Wanted

_LONGEST: Final = 43_200


async def receive(
    receiver: Receiver, call: Call, wanted: Wanted, *, wait: int, visibility: int
) -> Sequence[Received]:
    """Receive messages.

    Args:
        receiver: The queue's.
        call: The call; where its client goes away, what was for it goes back untried.
        wanted: What is asked for.
        wait: Seconds to wait where it does not say.
        visibility: The same of the visibility timeout.

    Raises:
        AwsError: There is no such queue any more, or too much of it is out.
    """
    seconds = wait if wanted.wait is None else wanted.wait
    timeout = visibility if wanted.visibility is None else wanted.visibility
    by, clock = call.principal, call.bus.clock
    with refusals():
        if wanted.attempt:
            answered = ATTEMPTS.answered(receiver, by, wanted.attempt, clock)
            if answered and (again := await receiver.again(answered, timeout, by)):
                return again
        repeats = bool(wanted.attempt)
        async with call.leaves() as left:
            found = await receiver.receive(wanted.most, seconds, timeout, left, by, repeats=repeats)
    if repeats and found:
        ATTEMPTS.keep(receiver, by, wanted.attempt, [each.receipt for each in found], clock)
    return found


async def delete(receiver: Receiver, receipts: Sequence[str]) -> Sequence[Outcome]:
    """Delete messages; for each what became of it."""
    with refusals():
        errors = await receiver.delete_all(receipts)
    return [
        None if error is None else refusal(error, receipt)
        for receipt, error in zip(receipts, errors, strict=True)
    ]


async def change_visibility(
    receiver: Receiver, asked: Sequence[tuple[str, int]]
) -> Sequence[Outcome]:
    """Change until when messages are their receivers'; for each what became of it."""
    outcomes: list[Outcome] = []
    for receipt, seconds in asked:
        try:
            await receiver.change_visibility(receipt, seconds)
        except NotInFlight as error:
            outcomes.append(failure("MessageNotInflight", str(error)))
        except KeybusError as error:
            outcomes.append(refusal(error, receipt))
        else:
            outcomes.append(None)
    return outcomes


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Errors of queues are raised as SQS has them."""
    try:
        yield
    except (NoSuchQueue, SubscriptionError) as error:
        raise no_such_queue() from error
    except TooManyInFlight as error:
        raise failure("OverLimit", str(error)) from error


def refusal(error: KeybusError, receipt: str) -> AwsError:
    """What a handle is refused with.

    Raises:
        KeybusError: It is about something else.
    """
    if isinstance(error, InvalidReceipt):
        return invalid_handle(receipt)
    if isinstance(error, NotInFlight):
        reason = "Reason: The receipt handle has expired."
        return invalid_value(
            f"Value {receipt[:128]} for parameter ReceiptHandle is invalid. {reason}"
        )
    if isinstance(error, VisibilityTooLong):
        return invalid_value(
            f"Total VisibilityTimeout for the message is beyond the limit [{_LONGEST} seconds]"
        )
    if isinstance(error, StorageFailed):
        return AwsError("ServiceUnavailable", str(error), status=503)
    raise error
