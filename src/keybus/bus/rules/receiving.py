"""What rules may match: nothing of an event that their target's account may not receive."""

from collections.abc import Callable, Mapping

from keybus.governance.authorizer import Gate


class Receiving:
    """Asks the gate when an event matches, as AWS does, and not only when it is delivered.

    Whoever writes a pattern could else ask for what is in events that they may not see, and count
    what is held. What is left out here is counted nowhere. Immutable, and safe to share.

    Args:
        gates: The decisions on what rules' subscriptions receive, by their names; none of a
            subscription that the platform declares.
        now: The time, in microseconds since the Unix epoch.
    """

    __slots__ = ("_gates", "_now")

    def __init__(self, gates: Mapping[str, Gate], now: Callable[[], int]) -> None:
        self._gates, self._now = gates, now

    def among(self, names: tuple[str, ...], event_type: str, source: str) -> tuple[str, ...]:
        """Those subscriptions of the ones that an event matches that it may go to now.

        Args:
            names: The subscriptions' names.
            event_type: The envelope's detail-type.
            source: The envelope's source.
        """
        gates = self._gates
        asked = [name for name in names if name in gates]
        if not asked:
            return names
        now = self._now()
        refused = {name for name in asked if gates[name].refusal(event_type, source, now)}
        return tuple(name for name in names if name not in refused) if refused else names
