"""Makes a subscription's inputs of its events, whatever they are made by."""

from keybus.bus.engine import Delivery
from keybus.bus.targets.evaluator import Evaluator
from keybus.errors import KeybusError
from keybus.topology.inputs import Given, InputError, Maker

CAUSE = "input"
"""Of a dead letter: no input can be made of its event."""


class Input:
    """What a subscription's target is handed. Belongs to one event loop.

    Args:
        maker: How it is made.
    """

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._evaluator = None if maker.expression is None else Evaluator(maker.expression)

    async def make(self, delivery: Delivery) -> bytes:
        """The input of a delivery, as JSON.

        Raises:
            InputError: None can be made of its event.
            NotEvaluated: None can be made now.
        """
        try:
            made = self._maker.make(Given(delivery.envelope, delivery.ingested_at))
        except InputError:
            raise
        except Exception as error:  # whatever an event was made to do to us
            raise InputError(f"{type(error).__name__}: {error}") from error
        return made if self._evaluator is None else await self._evaluator.evaluate(made)

    async def close(self) -> None:
        """End what was started for it."""
        if self._evaluator is not None:
            await self._evaluator.close()


def failure(error: KeybusError) -> str:
    """Why a delivery is not handed over."""
    return f"its input cannot be made: {error}"[:1000]
