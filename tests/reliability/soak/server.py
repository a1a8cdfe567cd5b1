"""The bus of the soak: `keybus serve`, with every guard that it has."""

import os
from pathlib import Path

from tests.reliability.kills.project import write_contract
from tests.reliability.soak.project import DESPITE, write_platform
from tests.running import ROOT, ClosedServer
from tests.unit.bus.targets.authority import Authority


class SoakedServer(ClosedServer):
    """A closed bus with a webhook to this machine, whose endpoint's authority it trusts.

    Attributes:
        publisher: The token of whoever puts.
        subscriber: The token of whoever consumes.
        port_of_endpoint: Where the webhook posts to.
    """

    def __init__(
        self, folder: Path, authority: Authority, port_of_endpoint: int, *, hurried: bool
    ) -> None:
        """Write its platform, and make its first credential.

        Args:
            folder: Where everything of it is kept.
            authority: Whose certificates it trusts.
            port_of_endpoint: Where the webhook posts to.
            hurried: Let it have small caches and windows, and trim its log all the time.
        """
        self.MODULE = "tests.reliability.soak.bus_process" if hurried else "keybus"
        self._authority, self.port_of_endpoint = authority, port_of_endpoint
        self.publisher = self.subscriber = ""
        networks = ("--webhook-network", "127.0.0.0/8", "--webhook-network", "::1/128")
        super().__init__(folder, "--admission", "enforce", "--despite", DESPITE, *networks)
        write_contract(self.folder / "contracts")
        write_platform(self.folder, port_of_endpoint)

    def environment(self) -> dict[str, str]:
        """The endpoint's authority is all that it trusts; this package is where it is found."""
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        return super().environment() | {
            "SSL_CERT_FILE": str(self._authority.file),
            "PYTHONPATH": path,
        }

    def open(self) -> None:
        """Start it, and issue what the load needs."""
        self.start()
        self.publisher = self.issue("checker", "publisher").secret
        self.subscriber = self.issue("desk", "subscriber").secret
        self.command("webhooks", "secret", "issue", "hook", token=self.subscriber)
