"""What is said of a delivery that its queue still knows."""

from keybus.bus.dead_letters.letters import LetterChoice
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.engine import Status
from keybus.bus.explaining.explanation import SubscriptionExplanation
from keybus.clock import rfc3339
from keybus.protocol import PauseInfo, TargetInfo

_MICRO = 1_000_000


async def standing(
    dispatcher: Dispatcher, account: str, position: int, status: Status
) -> SubscriptionExplanation:
    """Say it.

    Args:
        dispatcher: The subscription's.
        account: Whose it is.
        position: The delivery's.
        status: How it stands; not ``gone``.
    """
    name = dispatcher.cursor.name
    if status.state == "dead":
        return await _dead(dispatcher, account, status)
    assert status.state != "gone"
    return SubscriptionExplanation(
        name,
        account,
        status.state,
        _told(dispatcher, position, status),
        attempts=status.attempts,
        next_attempt_in=status.due_in / _MICRO,
        reason=status.reason,
        held_at=status.held_at,
        behind=status.behind,
    )


def _told(dispatcher: Dispatcher, position: int, status: Status) -> str:
    failed = f" after {status.attempts} that failed: {status.reason}" if status.attempts else ""
    if status.state == "waiting":
        return f"it waits to be delivered{f', again{failed}' if failed else ''}"
    if status.state == "delayed":
        seconds = status.due_in / _MICRO
        return f"attempt {status.attempts + 1} is made in {seconds:,.1f} s{failed}"
    if status.state == "held":
        since = rfc3339(status.held_at, fraction=False)
        return f"it is held since {since}: {status.reason}"
    if status.state == "ordered":
        which = f"the delivery at position {status.behind}" if status.behind else "an earlier one"
        return f"it waits behind {which} of its key, which is not settled yet"
    if any(position in session.leased for session in dispatcher.sessions):
        return "a consumer has it, and has not settled it yet"
    return "it was taken from the queue, and waits for its turn with a consumer"


async def _dead(dispatcher: Dispatcher, account: str, status: Status) -> SubscriptionExplanation:
    letters = await dispatcher.cursor.letters.page(LetterChoice(ids=(status.letter,)), 1)
    cause = letters[0].cause if letters else ""
    return SubscriptionExplanation(
        dispatcher.cursor.name,
        account,
        "dead-letter",
        f"it is the dead letter {status.letter} ({cause}): {status.reason}",
        attempts=status.attempts,
        reason=status.reason,
        dead_letter=status.letter,
        cause=cause,
    )


def notes(
    dispatcher: Dispatcher, pause: PauseInfo | None, target: TargetInfo | None, refusal: str
) -> list[str]:
    """What stands in the way of deliveries now.

    Args:
        dispatcher: The subscription's.
        pause: That it is paused.
        target: How its target stands.
        refusal: Why the event would be held now; empty where it would not.
    """
    told = []
    if pause is not None:
        why = f": {pause.reason}" if pause.reason else ""
        told.append(
            f"the subscription is paused since {rfc3339(pause.since_us, fraction=False)}{why}"
        )
    if target is not None and target.state != "delivering":
        why = f": {target.reason}" if target.reason else ""
        told.append(f"its {target.kind} is {target.state}{why}")
    elif target is None and not dispatcher.consumers:
        told.append("no consumer is connected")
    if (breaker := dispatcher.breaker) is not None:
        how = "tried with one delivery" if breaker.state == "probing" else "left alone for a while"
        told.append(f"its consumers failed everything and are {how}: {breaker.reason}")
    if refusal:
        told.append(f"it may not be delivered now, and would be held: {refusal}")
    return told
