"""What makes a target's input of an event, but for expressions, which are evaluated elsewhere."""

from collections.abc import Callable

import msgspec

from keybus.topology.inputs.fault import InputError
from keybus.topology.inputs.given import Given
from keybus.topology.inputs.path import Path
from keybus.topology.inputs.template import Rule, Template
from keybus.topology.model import NOBODY, Platform, Target

Make = Callable[[Given], bytes]


class Maker(msgspec.Struct, frozen=True):
    """How a target's input is made: by ``make`` at once, or by a JSONata ``expression``.

    Attributes:
        make: Makes it; raises `InputError` where nothing can be made of the event.
        expression: A JSONata expression over the envelope; None: ``make`` does it.
    """

    make: Make
    expression: str | None = None

    @classmethod
    def compile(cls, target: Target, rule: Rule) -> "Maker | None":
        """Compile a target's input; None where the event itself is handed over.

        Args:
            target: A sound one.
            rule: What templates call the subscription.
        """
        if target.input is not None:
            return cls(_constant(target.input))
        if target.input_path is not None:
            return cls(_path(target.input_path))
        if (asked := target.input_transformer) is not None:
            paths = {name: Path.parse(path) for name, path in asked.paths.items()}
            return cls(Template(asked.template, paths, rule).fill)
        if target.jsonata is not None:
            return cls(_whole, target.jsonata)
        return None


def rule_of(subscription: str, platform: Platform) -> Rule:
    """What templates call a subscription."""
    central = platform.accounts.get(platform.central or "")
    account = central.id if central is not None else NOBODY
    arn = f"arn:aws:events:{platform.region}:{account}:rule/{platform.bus}/{subscription}"
    return Rule(subscription, arn)


def _constant(text: str) -> Make:
    value = text.encode()
    return lambda _: value


def _path(text: str) -> Make:
    path = Path.parse(text)

    def make(given: Given) -> bytes:
        found = path.find(given.envelope)
        if found is None:
            raise InputError(f"the event has nothing at {text}")
        return found

    return make


def _whole(given: Given) -> bytes:
    return given.envelope
