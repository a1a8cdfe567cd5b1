"""`keybus serve`: a bus that asks everybody for credentials."""

import logging
from pathlib import Path

import click

from keybus.bus import Bus, Mode
from keybus.cli.served import bus_options
from keybus.errors import SettingsError
from keybus.server.serve import ServeSettings, Tls
from keybus.server.serve import serve as run

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@bus_options(address="The address to listen on.", admission="enforce")
@click.option("--tls-cert", type=_FILE, help="The certificate with its chain (PEM).")
@click.option("--tls-key", type=_FILE, help="The certificate's key (PEM).")
@click.option("--tls-client-ca", type=_FILE, help="Whose certificates clients must show (PEM).")
@click.option("--tls-terminated", is_flag=True, help="A proxy before the bus ends TLS.")
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    help="The proxy's address, whose X-Forwarded-For is believed; repeatable.  "
    "[default: 127.0.0.1, with --tls-terminated]",
)
@click.option(
    "--despite",
    metavar="REASON",
    default="",
    help="Start with FOLDER's platform although compliance finds something.",
)
@click.option(
    "--webhook-network",
    "webhook_networks",
    metavar="CIDR",
    multiple=True,
    help="An inner network that webhooks may reach all the same; repeatable.",
)
@click.option("--no-auth", is_flag=True, help="Ask nobody for credentials; on the loopback only.")
def serve(
    folder: Path,
    host: str,
    port: int,
    data: Path | None,
    admission: Mode,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_client_ca: Path | None,
    tls_terminated: bool,
    proxies: tuple[str, ...],
    despite: str,
    webhook_networks: tuple[str, ...],
    no_auth: bool,
) -> None:
    """Run a bus, closed: every request needs a credential, and the authorizer decides on it.

    FOLDER's platform is applied where the store holds none yet, unless its footing lacks what it
    asks for or compliance finds something. Afterwards FOLDER is not read any more: the platform that
    was applied last counts, and `keybus platform apply` changes it. KEYBUS_SEALING_KEY_FILE names the
    key that access keys are sealed under.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    if proxies and not tls_terminated:
        raise SettingsError("--proxy goes with --tls-terminated")
    settings = ServeSettings(
        folder=folder,
        despite=despite,
        data=data,
        host=host,
        port=port,
        admission=admission,
        tls=_tls(tls_cert, tls_key, tls_client_ca),
        tls_terminated=tls_terminated,
        proxies=",".join(proxies) or "127.0.0.1",
        no_auth=no_auth,
        webhook_networks=webhook_networks,
    )

    def ready(url: str, bus: Bus) -> None:
        click.echo(f"ready {url}")
        who = "open to this machine, without credentials" if no_auth else "closed"
        version = bus.generation.applied.version
        click.echo(f"bus {bus.platform.bus!r}, platform version {version}; {who}", err=True)

    run(settings, ready)


def _tls(cert: Path | None, key: Path | None, client_ca: Path | None) -> Tls | None:
    if cert is None and key is None and client_ca is None:
        return None
    if cert is None or key is None:
        raise SettingsError("TLS needs --tls-cert and --tls-key")
    return Tls(cert, key, client_ca)
