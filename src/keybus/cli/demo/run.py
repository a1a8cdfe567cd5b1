"""Runs the demo: bus, services, driver, outage, and the reckoning."""

import asyncio
import contextlib
import importlib
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

import msgspec

from keybus.bus.delivery.dispatcher import LONGEST_DELAY
from keybus.bus.ingest.router import Router
from keybus.cli.api import get
from keybus.cli.demo.driver import Published, drive
from keybus.cli.demo.ending import Ending
from keybus.cli.demo.processes import ProcessFailed, Services, bus_process, wait_until
from keybus.cli.demo.report import Report, Run, judge, row
from keybus.cli.demo.worker import VENDOR_PREFIX
from keybus.clock import SYSTEM
from keybus.contracts import ContractRepository, Event
from keybus.contracts.bindings import generate
from keybus.envelope import Entry, Envelope, encode, seal
from keybus.errors import SettingsError
from keybus.protocol import SubscriptionInfo
from keybus.topology import Platform, load_platform

BINDINGS = "amazon_key_events"
_BREAK, _MEND = signal.SIGUSR1, signal.SIGUSR2
_CONNECT_SECONDS, _DRAIN_SECONDS = 30.0, 30.0
_OUTAGE = (0.4, 0.6)
"""When the vendor breaks and is mended, as shares of the run."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo was asked for.

    Attributes:
        folder: The reference application.
        rate: Events a second.
        seconds: For how long.
        vendor: The vendor that is broken in the middle; empty for none.
        seed: Which stories.
    """

    folder: Path
    rate: float
    seconds: float
    vendor: str
    seed: int


class Progress(msgspec.Struct, frozen=True):
    """How the run stands.

    Attributes:
        seconds: Seconds gone.
        acknowledged: Events that the bus has acknowledged.
        broken: The vendor is broken, or was since the last time.
        subscriptions: How the subscriptions stand.
    """

    seconds: float
    acknowledged: int
    broken: bool
    subscriptions: list[SubscriptionInfo]


class Stage:
    """The bus and the services, up and connected."""

    def __init__(
        self, url: str, platform: Platform, contracts: ContractRepository, services: Services
    ) -> None:
        self.url, self.platform, self.contracts = url, platform, contracts
        self.services = services

    def subscriptions(self) -> list[SubscriptionInfo]:
        """How the subscriptions stand."""
        return get(self.url, "/subscriptions", list[SubscriptionInfo])

    def dead_letters(self, subscription: str) -> set[str]:
        """The envelope ids of a subscription's dead letters."""
        path = f"/subscriptions/{subscription}/dead-letters"
        return {letter.envelope.id for letter in get(self.url, path, list[_DeadLetter])}


class _DeadLetter(msgspec.Struct):
    envelope: Envelope


@contextlib.contextmanager
def stage(options: Options, say: Callable[[str], None]) -> Generator[Stage]:
    """Set the bus and the services up in a temporary folder, and clean up afterwards."""
    platform, contracts = load_platform(options.folder)
    vendors = [
        name.removeprefix(VENDOR_PREFIX)
        for name in platform.subscriptions
        if name.startswith(VENDOR_PREFIX)
    ]
    if options.vendor and options.vendor not in vendors:
        raise SettingsError(
            f"there is no vendor {options.vendor!r}", hint=f"choose of {', '.join(vendors)}"
        )
    with tempfile.TemporaryDirectory(prefix="keybus-demo-") as name:
        data = Path(name)
        generate("python", contracts, data / BINDINGS)
        sys.path[:0] = [str(options.folder), str(data)]
        with bus_process(options.folder, data) as url:
            say(f"bus {platform.bus!r} on {url}")
            services = Services(options.folder, data, data, url)
            try:
                _start(services, platform, url)
                say(f"{len(platform.subscriptions)} services connected, each a process of its own")
                yield Stage(url, platform, contracts, services)
            finally:
                services.kill()


def _start(services: Services, platform: Platform, url: str) -> None:
    for subscription in platform.subscriptions:
        services.start(subscription)

    def connected() -> bool:
        services.check()
        return all(info.consumers for info in get(url, "/subscriptions", list[SubscriptionInfo]))

    if not wait_until(connected, _CONNECT_SECONDS):
        raise ProcessFailed(f"not all services connected within {_CONNECT_SECONDS:.0f} s")


def perform(
    on: Stage, options: Options, show: Callable[[Progress], None], ending: Ending
) -> Report:
    """Publish, break the vendor in the middle, wait for what is left, and judge."""
    outage = _Outage(on.services, options)
    stories = importlib.import_module("services.mix").stream(options.seed)
    published = Published()

    async def watch() -> None:
        """Show the progress once a second, and where the vendor breaks or is mended.

        It is asked from a thread, or it would hold the driver up.
        """
        while True:
            states = await asyncio.to_thread(on.subscriptions)
            on.services.check()
            show(Progress(published.seconds, len(published.acknowledged), outage.was_on(), states))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await outage.turned.wait()
            outage.turned.clear()

    async def act() -> None:
        driving = drive(
            on.url,
            stories,
            published,
            rate=options.rate,
            seconds=options.seconds,
            beat=outage.at,
        )
        acts = [asyncio.create_task(driving), asyncio.create_task(watch())]
        try:
            done, _ = await asyncio.wait(acts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in acts:
                task.cancel()
            await asyncio.gather(*acts, return_exceptions=True)
        for task in done:
            task.result()

    ending.run(act())
    if outage.was_on():  # on a busy machine the watch may not have come to say so
        count = len(published.acknowledged)
        show(Progress(published.seconds, count, broken=True, subscriptions=on.subscriptions()))
    outage.end()
    # The broken vendor's last delay may be as long as the longest backoff.
    patience = _DRAIN_SECONDS + min(outage.seconds, LONGEST_DELAY)
    wait_until(lambda: not any(s.waiting + s.in_flight for s in on.subscriptions()), patience)
    states = on.subscriptions()
    dead = {info.name: on.dead_letters(info.name) if info.dead else set() for info in states}
    tallies = on.services.stop()
    expected = _expected(on, published)
    rows = [
        row(
            info,
            tallies[info.name],
            dead[info.name],
            expected[info.name],
            broken=bool(options.vendor) and info.name == f"vendor-{options.vendor}",
        )
        for info in states
    ]
    run = Run(
        acknowledged=len(published.acknowledged),
        refused=published.refused,
        seconds=published.seconds,
        asked_rate=options.rate,
        outage_seconds=outage.seconds,
    )
    return judge(rows, tallies, run=run)


class _Outage:
    """Breaks the vendor for the middle of the run.

    Attributes:
        on: The vendor is broken now.
        seconds: How long it was.
        turned: Set whenever it was broken or mended.
    """

    def __init__(self, services: Services, options: Options) -> None:
        self._services, self._vendor = services, options.vendor
        self._begin, self._end = (options.seconds * share for share in _OUTAGE)
        self._since = 0.0
        self.on = self._was_on = False
        self.seconds = 0.0
        self.turned = asyncio.Event()

    def at(self, gone: float) -> None:
        """Break or mend, where it is time to."""
        if self._vendor and not self.on and not self.seconds and gone >= self._begin:
            self._services.signal(f"vendor-{self._vendor}", _BREAK)
            self.on, self._was_on, self._since = True, True, time.monotonic()
            self.turned.set()
        elif self.on and gone >= self._end:
            self.end()

    def was_on(self) -> bool:
        """Whether the vendor is broken, or was since this was asked last."""
        found, self._was_on = self.on or self._was_on, False
        return found

    def end(self) -> None:
        """Mend the vendor, if it is broken."""
        if self.on:
            self._services.signal(f"vendor-{self._vendor}", _MEND)
            self.on, self.seconds = False, time.monotonic() - self._since
            self.turned.set()


def _expected(on: Stage, published: Published) -> dict[str, set[str]]:
    """For each subscription, the acknowledged events that it should get, worked out anew."""
    router = Router(on.platform.subscriptions, on.contracts)
    expected: dict[str, set[str]] = {name: set() for name in on.platform.subscriptions}
    for event_id, (source, event_type, event) in published.acknowledged.items():
        detail = event.to_dict() if isinstance(event, Event) else event
        entry = Entry(source, event_type, msgspec.Raw(msgspec.json.encode(detail)))
        envelope = seal(
            entry,
            event_id=event_id,
            account=on.platform.account_of_source(source),
            region=on.platform.region,
            now_us=SYSTEM.time_us(),
        )
        for name in router.match(envelope, encode(envelope), detail):
            expected[name].add(event_id)
    return expected
