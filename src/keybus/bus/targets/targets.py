"""The targets of what holds: which there are, and that each runs."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from keybus.bus.control.generation import Generation
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.delivery.session import Send
from keybus.bus.targets.handing import Handing
from keybus.bus.targets.input import Input
from keybus.bus.targets.worker import Job, Kind, Worker
from keybus.protocol import TargetInfo
from keybus.topology.inputs import Maker
from keybus.topology.inputs.maker import rule_of
from keybus.topology.inputs.template import Rule
from keybus.topology.model import Target


class _Wanted(msgspec.Struct, frozen=True):
    """That a worker of a kind is to do what its plan says; equal ones are one worker."""

    kind: Kind[Any]
    plan: Any
    job: Job


class _Running:
    """A worker with its task, and what it was started for."""

    def __init__(self, wanted: _Wanted) -> None:
        self.wanted = wanted
        self.worker: Worker = wanted.kind.worker(wanted.plan, wanted.job)
        self.task = asyncio.create_task(self.worker.run(), name=f"target of {wanted.job.name}")


class Targets:
    """Starts and stops what delivers by itself. Belongs to one event loop.

    Args:
        kinds: The kinds of targets that there are; the first that has a plan for a subscription
            delivers it.
    """

    def __init__(self, kinds: Sequence[Kind[Any]]) -> None:
        self._kinds = tuple(kinds)
        self._inputs: dict[str, tuple[tuple[Target, Rule], Input]] = {}
        self._workers: dict[str, _Running] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._stopped = False

    def change(self, generation: Generation, dispatchers: Mapping[str, Dispatcher]) -> None:
        """Deliver by a generation from now on.

        What a change does not touch goes on; of what it does, requests that are under way have a
        moment to end.
        """
        if self._stopped:
            return
        self._change_inputs(generation)
        wanted = dict(self._wanted(generation, dispatchers))
        for name, running in list(self._workers.items()):
            if wanted.get(name) != running.wanted:
                self._end(self._workers.pop(name))
        for name, each in wanted.items():
            if name not in self._workers:
                self._workers[name] = self._start(each)

    def info(self, subscription: str) -> TargetInfo | None:
        """How a subscription's target stands; None where it is a queue."""
        running = self._workers.get(subscription)
        return None if running is None else running.worker.info

    def input(self, subscription: str) -> Input | None:
        """What makes a subscription's input; None where events are handed over as they are."""
        found = self._inputs.get(subscription)
        return None if found is None else found[1]

    def handing(self, subscription: str, send: Send, dispatcher: Dispatcher) -> Handing:
        """A consumer's way of being sent to, with the subscription's input made on it."""
        return Handing(send, dispatcher, lambda: self.input(subscription))

    async def stop(self) -> None:
        """Stop delivering for good; what is under way has a moment to end."""
        self._stopped = True
        for running in self._workers.values():
            self._end(running)
        self._workers.clear()
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def close(self) -> None:
        """Let go of all that was started, once nobody is delivered to any more."""
        for _, made in self._inputs.values():
            self._later(made.close())
        self._inputs.clear()
        await asyncio.gather(*self._ending, return_exceptions=True)
        for kind in self._kinds:
            await kind.close()

    def _change_inputs(self, generation: Generation) -> None:
        before, self._inputs = self._inputs, {}
        for name, subscription in generation.subscriptions.items():
            asked = (subscription.target, _rule(name, generation))
            known = before.get(name)
            if known is not None and known[0] == asked:
                self._inputs[name] = before.pop(name)
            elif (maker := Maker.compile(*asked)) is not None:
                self._inputs[name] = (asked, Input(maker))
        for _, made in before.values():
            self._later(made.close())

    def _wanted(
        self, generation: Generation, dispatchers: Mapping[str, Dispatcher]
    ) -> Iterator[tuple[str, _Wanted]]:
        for name in generation.subscriptions:
            for kind in self._kinds:
                plan = kind.plan(name, generation)
                if plan is not None:
                    yield name, _Wanted(kind, plan, Job(name, dispatchers[name], self.input(name)))
                    break

    def _start(self, wanted: _Wanted) -> _Running:
        running = _Running(wanted)
        for session in wanted.job.dispatcher.sessions:  # of when it was a queue
            kind = running.worker.info.kind
            session.end(f"the subscription delivers to its {kind} from now on")
        return running

    def _end(self, running: _Running) -> None:
        running.task.cancel()
        self._later(_ended(running.task))

    def _later(self, ending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(ending)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


def _rule(name: str, generation: Generation) -> Rule:
    """What templates call a subscription: the rule that it stands for."""
    beside = generation.beside.get(name)
    return rule_of(name, generation.platform) if beside is None else Rule(beside.rule, beside.arn)


async def _ended(task: "asyncio.Task[None]") -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await task
