"""`keybus dev`: run a bus from a folder."""

import logging
from pathlib import Path

import click

from keybus.bus import Bus, Mode
from keybus.cli.served import bus_options
from keybus.server.dev import DevSettings, serve_dev


@click.command()
@bus_options(address="A loopback address.", admission="observe")
@click.option("--memory", is_flag=True, help="Keep nothing on disk.")
def dev(
    folder: Path,
    host: str,
    port: int,
    data: Path | None,
    memory: bool,
    admission: Mode,
) -> None:
    """Run a bus from FOLDER, where platform.yaml is, for development.

    It answers programs on this machine only and asks nobody for credentials. Events are kept in
    FOLDER/.keybus and survive a restart.
    """
    if memory and data is not None:
        raise click.UsageError("--memory keeps nothing, so --data has no use")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)

    def ready(url: str, bus: Bus) -> None:
        count = len(bus.platform.subscriptions)
        click.echo(f"ready {url}")
        click.echo(
            f"bus {bus.platform.bus!r}, {count} subscription{'' if count == 1 else 's'}; open to this machine only, "
            f"without credentials. EventBridge clients: --endpoint-url {url}",
            err=True,
        )

    settings = DevSettings(
        folder=folder, data=data, host=host, port=port, memory=memory, admission=admission
    )
    serve_dev(settings, ready)
