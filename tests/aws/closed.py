"""A closed bus whose AWS faces are asked for everything, while others go on with their work."""

from typing import Final

from keybus.governance.principal import Role
from tests.aws.wire import Wire
from tests.running import ClosedServer

Key = tuple[str, str]
"""An access key's id and its secret."""
GUESSED: Final = ("kestrel-queue", "kestrel-rule", "kestrel-feed")
"""Names of things of the account at work, which a hostile one asks for, and gives to its own."""
NAMES: Final = ("merlin", "kestrels", "kestrel-karl", "kestrel.till")
"""Names that it cannot guess: no answer to others holds them."""
EVENT: Final = "osprey"
"""What stands in its events."""


class SignedServer(ClosedServer):
    """`keybus serve` with an account for the usual script, a hostile one, and one at work.

    Attributes:
        scripts: The access key of the script's account.
    """

    PLATFORM = """\
bus: small
organization: o-smallexample
central: operations
accounts:
  operations: {id: "111111111111", owners: [olga]}
  scripts: {id: "222222222222", owners: [sven]}
  desk: {id: "333333333333", owners: [dora]}
  kestrels: {id: "555555555555", owners: [kestrel-karl]}
publishers:
  usual.script: {account: scripts, events: []}
  other.script: {account: scripts, events: []}
  desk.bell: {account: desk, events: []}
  kestrel.till: {account: kestrels, events: []}
subscriptions:
  desk-feed: {account: desk, filter: {source: [desk.bell]}}
  kestrel-feed: {account: kestrels, filter: {source: [kestrel.till]}}
"""

    def start(self) -> None:
        """Start it; the script's key is known to be good before anybody guesses at keys."""
        super().start()
        self.scripts = self.key("scripts")
        with Wire(self.url, self.scripts) as wire:
            assert wire.call("sqs", "ListQueues", {}).status == 200

    def key(self, account: str, *roles: Role) -> Key:
        """A new access key of an account."""
        issued = self.issue(account, *(roles or ("publisher", "subscriber")), kind="key")
        return issued.credential.id, issued.secret
