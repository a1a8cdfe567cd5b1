"""What delivers by itself: a worker a subscription, made by the kind of its target.

`Targets` asks each kind, whenever other rules come to hold, what it would do for each subscription:
its *plan*, a value. Where the plan, the dispatcher or the input differs from what a worker was
started for, that worker is cancelled and another one started; else it goes on. So a plan holds all
that a worker must not keep from before; what it reads anew for each delivery (an API destination's
address and its connection, a queue) is not in it.

A kind of rules' targets finds its own by ``generation.beside``::

    class ApiDestinations(Kind[ApiPlan]):
        def plan(self, name: str, generation: Generation) -> ApiPlan | None:
            beside = generation.beside.get(name)       # a rule's target; None: a declared one
            if beside is None or not beside.target.arn …:
                return None
            return ApiPlan(name, beside.account, beside.target)

        def worker(self, plan: ApiPlan, job: Job) -> Worker:
            return ApiWorker(plan, job.dispatcher, job.made, …)

and is added to the list with which `keybus.bus.bus` makes its `Targets`.
"""

from typing import Protocol, TypeVar

import msgspec

from keybus.bus.control.generation import Generation
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.targets.input import Input
from keybus.protocol import TargetInfo

P = TypeVar("P")


class Worker(Protocol):
    """Takes one subscription's deliveries, as a consumer does, to where they go.

    It joins the dispatcher (`Dispatcher.join`) with ``Principal(account, {"subscriber"})``, and
    settles what it is handed. Belongs to one event loop.
    """

    @property
    def info(self) -> TargetInfo:
        """How it stands."""
        ...

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then has a moment to end, and it leaves."""
        ...


class Job(msgspec.Struct, frozen=True):
    """What a worker works with.

    Attributes:
        name: The subscription's name.
        dispatcher: The subscription's.
        made: Makes what is sent; None: the event's envelope itself is. Its ``make`` raises
            `InputError` where nothing can be made of an event (bury it with the cause
            `keybus.bus.targets.input.CAUSE`), and `NotEvaluated` where it cannot be made now.
    """

    name: str
    dispatcher: Dispatcher
    made: Input | None


class Kind(Protocol[P]):
    """Makes the workers of one kind of targets, and has what they share."""

    def plan(self, name: str, generation: Generation) -> P | None:
        """What the worker of a subscription does; None: its target is none of this kind.

        Args:
            name: The subscription's; one of ``generation.subscriptions``.
            generation: What holds.
        """
        ...

    def worker(self, plan: P, job: Job) -> Worker:
        """A worker, which `Targets` then runs as a task of its own."""
        ...

    async def close(self) -> None:
        """Let go of what workers share, once none of them runs any more."""
        ...
