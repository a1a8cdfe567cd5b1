"""How many messages a queue has, by SQS's names."""

from keybus.bus.message_queues.received import Counts


def counted(counts: Counts) -> dict[str, str]:
    """The attributes that tell of it."""
    return {
        "ApproximateNumberOfMessages": str(counts.visible),
        "ApproximateNumberOfMessagesNotVisible": str(counts.in_flight),
        "ApproximateNumberOfMessagesDelayed": str(counts.delayed),
    }
