"""`keybus serve`: a bus that is closed: every request has a credential, and the authorizer decides."""

import asyncio
import ssl
from pathlib import Path

import msgspec
import uvloop

from keybus.bus import Bus, Engine, Mode
from keybus.bus.control.proposal import remark
from keybus.bus.control.versions import Declared, Versions
from keybus.bus.targets import WebhookSettings
from keybus.bus.targets.settings import networks_of
from keybus.clock import SYSTEM
from keybus.engines.sqlite import SqliteEngine
from keybus.errors import SettingsError
from keybus.governance import Principal
from keybus.governance.audit import Actor
from keybus.governance.credentials import Credential, Registry
from keybus.governance.credentials.registry import Action
from keybus.governance.credentials.sealing import SealingKeys
from keybus.governance.credentials.vault import Vault
from keybus.governance.objections import objections
from keybus.server.app import application
from keybus.server.dev import messages_beside, store_of
from keybus.server.listening import Listening
from keybus.server.runner import LOOPBACK, Ready, Wire, address_of, deepen_stack, listen, run
from keybus.settings import DEFAULT_PORT
from keybus.topology import Platform, load_declaration


class Tls(msgspec.Struct, frozen=True):
    """How TLS is ended here.

    Attributes:
        certificate: The certificate's file, PEM, with its chain.
        key: Its key's file, PEM.
        client_ca: The authorities whose certificates clients must show; None: they need none.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or newer, with these.

        Raises:
            SettingsError: A file cannot be used.
        """
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
            if self.client_ca is not None:
                context.load_verify_locations(self.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"TLS cannot be set up with {self.certificate}, {self.key}"
                f"{f', {self.client_ca}' if self.client_ca else ''}: {error}",
                hint="give PEM files that fit each other",
            ) from error
        return context


class ServeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a bus is served.

    Attributes:
        folder: Where `platform.yaml` is; it is read, and applied, only where nothing has been yet.
        despite: Why the first platform is to hold although compliance finds something.
        data: Where events are kept; ``.keybus`` in the folder where it is not given.
        host: The address to listen on.
        port: The port; 0 takes any that is free.
        admission: What happens to an event that does not fit its contract.
        tls: How TLS is ended here; None: it is not.
        tls_terminated: A proxy before the bus ends TLS.
        proxies: The proxies' addresses, by commas, whose X-Forwarded-* headers are believed.
        no_auth: Ask nobody for credentials; on the loopback only.
        webhook_networks: Inner networks that webhooks may reach all the same, such as 10.1.0.0/16.
    """

    folder: Path
    despite: str = ""
    data: Path | None = None
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    admission: Mode = "enforce"
    tls: Tls | None = None
    tls_terminated: bool = False
    proxies: str = "127.0.0.1"
    no_auth: bool = False
    webhook_networks: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse what would leave the bus open.

        Raises:
            SettingsError: It would be.
        """
        local = self.host in LOOPBACK
        if self.no_auth and not local:
            raise SettingsError(
                f"--no-auth lets everybody in, so it is refused on {self.host}",
                hint="listen on 127.0.0.1, or leave --no-auth out",
            )
        if not (local or self.tls or self.tls_terminated):
            raise SettingsError(
                f"plain HTTP on {self.host} would show every token to the network",
                hint="give --tls-cert and --tls-key, or --tls-terminated behind a proxy that ends TLS",
            )
        if self.tls and self.tls_terminated:
            raise SettingsError("TLS is ended here or before, not both")
        networks_of(self.webhook_networks)
        if "*" in self.proxies:
            raise SettingsError("--proxy names addresses; * would believe everybody's headers")


def serve(settings: ServeSettings, ready: Ready) -> None:
    """Run a bus until SIGINT or SIGTERM.

    Args:
        settings: How it runs.
        ready: Called with the bus's address and the bus once it answers.

    Raises:
        SettingsError: It would be open, nobody could administer it, or the address is taken.
        CredentialError: An access key cannot be opened with the sealing keys.
        TopologyError: The platform file has faults.
        BrokenContracts: The contracts have.
        PlanRefused: Nothing was applied yet, and the platform may not hold.
        StorageFailed: The store cannot be opened.
    """
    settings.check()
    deepen_stack()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, ready))


async def _serve(settings: ServeSettings, ready: Ready) -> None:
    tls = None if settings.tls is None else settings.tls.context()
    wire = Wire(
        tls=None if tls is None else lambda: tls,
        proxies=settings.proxies if settings.tls_terminated else None,
    )
    vault = SealingKeys.from_environment()
    with listen(settings.host, settings.port) as listener:
        reached = Listening(address_of(listener), tls is not None, settings.tls_terminated)
        engine = SqliteEngine.at(store_of(settings.folder, settings.data))
        try:
            bus = await _start(settings, engine, vault)
            try:
                registry = None if settings.no_auth else await open_registry(bus, vault)
                await run(bus, application(bus, registry, reached), listener, ready, wire)
            finally:
                await bus.stop()
        finally:
            await engine.close()


async def _start(settings: ServeSettings, engine: Engine, vault: SealingKeys | None) -> Bus:
    """Go on with what was applied last, or with the folder's platform where nothing was."""
    applied = await Versions(engine.documents).current()
    first = None if applied else await asyncio.to_thread(_first, settings)
    holds = applied or first
    if not settings.no_auth and holds:
        await _refuse_unadministered(engine, holds.platform, vault)
    return await Bus.start(
        first,
        engine,
        admission=settings.admission,
        authorization="observe" if settings.no_auth else "enforce",
        audit_key=None if vault is None else vault.audit_key,
        vault=vault,
        webhooks=WebhookSettings(networks=networks_of(settings.webhook_networks)),
        messages=messages_beside(store_of(settings.folder, settings.data)),
        note=remark("declared at the start", settings.despite),
    )


def _first(settings: ServeSettings) -> Declared:
    """The folder's platform, where it may hold."""
    declaration = load_declaration(settings.folder)
    platform, contracts = declaration.platform, declaration.contracts
    found = objections(platform, contracts, SYSTEM.time_us(), declaration.place)
    found.refuse(platform.footing, settings.despite)
    return Declared(platform, contracts)


async def _refuse_unadministered(engine: Engine, platform: Platform, vault: Vault | None) -> None:
    registry = await Registry.load(engine.documents, lambda: platform, vault=vault)
    if not registry.has_central():
        raise SettingsError(
            "no credential of the role central holds, so nobody could administer this bus",
            hint="make one with `keybus credentials bootstrap FOLDER --data DATA`",
        )


async def open_registry(bus: Bus, vault: Vault | None) -> Registry:
    """The credentials of a bus; every change of them is written into its audit log.

    Args:
        bus: The bus.
        vault: Opens and seals access keys.

    Raises:
        CredentialError: An access key cannot be opened with them.
    """

    async def changed(action: Action, credential: Credential, by: Principal) -> None:
        about = msgspec.to_builtins(credential)
        await bus.audit.write(Actor.of(by), f"credential.{action}", credential.id, about)

    return await Registry.load(
        bus.engine.documents,
        lambda: bus.platform,
        vault=vault,
        changed=changed,
        clock=bus.clock,
    )
