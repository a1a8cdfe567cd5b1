"""The process of the bus that is measured: as `keybus serve`, or `keybus dev`, would run it."""

import logging
import os
from pathlib import Path

import click
import msgspec

from keybus.bus import Bus
from keybus.cli.bench.pipeline.plan import Setup
from keybus.cli.bench.pipeline.slow_disk import SlowDisk
from keybus.governance.credentials.sealing import KEY
from keybus.server.dev import DevSettings, serve_dev
from keybus.server.serve import ServeSettings, serve


class Serving(msgspec.Struct, frozen=True):
    """What the process is asked for.

    Attributes:
        folder: Where the platform is.
        data: Where events are kept.
        setup: How it is set up.
        sealing: What its secrets are sealed under; empty: it has none.
    """

    folder: str
    data: str
    setup: Setup
    sealing: str = ""


def main(text: str) -> None:
    """Run a bus until SIGTERM; its address goes to standard output."""
    asked = msgspec.json.decode(text, type=Serving)
    logging.basicConfig(level=logging.WARNING)
    disk = None if asked.setup.sync_ms is None else SlowDisk(asked.setup.sync_ms / 1000)
    if asked.sealing:
        os.environ[KEY] = asked.sealing
    folder, data = Path(asked.folder), Path(asked.data)
    if asked.setup.guard == "on":
        serve(ServeSettings(folder=folder, data=data, port=0), _ready)
    else:
        serve_dev(DevSettings(folder=folder, data=data, port=0, admission="off"), _ready)
    del disk  # until here every file was opened through it


def _ready(url: str, _: Bus) -> None:
    click.echo(f"ready {url}")
