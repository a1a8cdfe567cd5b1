"""Where a rule sends what it matches, as PutTargets says it."""

from collections.abc import Mapping
from typing import Final

import msgspec

from keybus.topology.model import InputTransformer, Retry, Target

MOST_TARGETS = 5
"""Targets of one rule (EventBridge quotas)."""
LONGEST_AGE = 86_400
"""Seconds for which EventBridge goes on trying, where nothing else is said; it is the limit too."""
MOST_RETRIES = 185


MOST_HTTP: Final = 100
"""Path parameters, headers and members of a query of one target, as many of each."""
MOST_HTTP_BYTES: Final = 64 << 10
"""Of all of them together: as many as a connection's parameters may have."""


class HttpParameters(msgspec.Struct, frozen=True, omit_defaults=True):
    """What goes along with a request to an API destination.

    Attributes:
        path: What stands in the address in place of each ``*``, in their order.
        headers: Headers beside the connection's.
        query: Members of the query string beside the connection's.
    """

    path: tuple[str, ...] = ()
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}


class RuleTarget(msgspec.Struct, frozen=True, omit_defaults=True):
    """One target of a rule.

    Attributes:
        id: Its id, one of a kind among the rule's.
        arn: Of the queue or the API destination that it sends to.
        role_arn: Kept for whoever asks; nothing is decided by it.
        input: JSON text that is sent in place of each event.
        input_path: A path to the part of the event that is sent.
        input_transformer: A template that is filled with parts of the event.
        attempts: Retries after the first attempt; None: EventBridge's default, which is the most.
        max_age: Seconds after which an event is no longer tried; None: EventBridge's default.
        dead_letters: The ARN of the queue to which goes what was given up; empty: it stays with
            the bus, among the dead letters of the target's subscription.
        group: The message group of what is sent to a queue; empty where none is named.
        http: What goes along with a request; None where nothing is said.
        since_us: Since when the rule has it, in microseconds since the Unix epoch.
    """

    id: str
    arn: str
    role_arn: str = ""
    input: str | None = None
    input_path: str | None = None
    input_transformer: InputTransformer | None = None
    attempts: int | None = None
    max_age: int | None = None
    dead_letters: str = ""
    group: str = ""
    http: HttpParameters | None = None
    since_us: int = 0

    @property
    def form(self) -> Target:
        """In which form events are sent, as the platform's model has it."""
        return Target(
            input=self.input,
            input_path=self.input_path,
            input_transformer=self.input_transformer,
        )

    @property
    def retry(self) -> Retry:
        """When a delivery gives up."""
        attempts = MOST_RETRIES if self.attempts is None else self.attempts
        return Retry(attempts, LONGEST_AGE if self.max_age is None else self.max_age)

    @property
    def pause(self) -> float:
        """Seconds between two retries, at most, so that all of them take about as long as they may.

        A pause is drawn up to its bound, so it is half as long on average.
        """
        retry = self.retry
        assert retry.max_age is not None
        return 2 * retry.max_age / max(retry.attempts, 1)
