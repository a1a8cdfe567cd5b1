"""A connection: how requests of an account are authorized, and how that stands."""

from typing import Final, Literal

import msgspec

from keybus.bus.api_destinations.authorization import Authorization, OAuth
from keybus.governance.credentials.vault import Sealed, Vault

State = Literal["AUTHORIZING", "AUTHORIZED", "DEAUTHORIZED"]
AUTHORIZING: Final = "AUTHORIZING"
AUTHORIZED: Final = "AUTHORIZED"
DEAUTHORIZED: Final = "DEAUTHORIZED"
_decoder = msgspec.json.Decoder(Authorization)


class Connection(msgspec.Struct, frozen=True, omit_defaults=True):
    """A connection as the store has it.

    Attributes:
        account: The name of the account that made it.
        name: Its name.
        id: What tells it from one of the same name that was before it.
        type: Its AuthorizationType, as AWS names it.
        state: ``AUTHORIZING`` until a first token was issued; ``DEAUTHORIZED`` where it has no
            parameters, or no token is issued.
        created_us: When it was made, in microseconds since the Unix epoch.
        modified_us: When it was changed last.
        description: What it is for.
        shown: Its parameters without what is secret; None: it was deauthorized.
        sealed: Its parameters, encrypted.
        revision: What they are sealed as; another one with each change of them.
        reason: Why it is ``DEAUTHORIZED``.
        authorized_us: When it was authorized last; None: never.
    """

    account: str
    name: str
    id: str
    type: str
    state: State
    created_us: int
    modified_us: int
    description: str | None = None
    shown: Authorization | None = None
    sealed: Sealed | None = None
    revision: str = ""
    reason: str = ""
    authorized_us: int | None = None

    @property
    def is_oauth(self) -> bool:
        """Whether tokens are to be asked for."""
        return self.shown is not None and isinstance(self.shown.means, OAuth)


def sealed(
    connection: Connection, revision: str, parameters: Authorization, vault: Vault
) -> Connection:
    """The connection with these parameters.

    Args:
        connection: What it was.
        revision: What they are sealed as.
        parameters: The parameters.
        vault: Seals them.
    """
    text = msgspec.json.encode(parameters).decode()
    return msgspec.structs.replace(
        connection,
        type=parameters.type,
        shown=parameters.hidden,
        revision=revision,
        sealed=vault.seal(text, _bound(connection, revision)),
    )


def opened(connection: Connection, vault: Vault) -> Authorization:
    """The connection's parameters; it has to have some.

    Raises:
        CredentialError: They cannot be opened.
    """
    assert connection.sealed is not None
    text = vault.open(connection.sealed, _bound(connection, connection.revision))
    return _decoder.decode(text)


def without_parameters(connection: Connection) -> Connection:
    """The connection, deauthorized."""
    return msgspec.structs.replace(
        connection, state=DEAUTHORIZED, shown=None, sealed=None, revision="", reason=""
    )


def _bound(connection: Connection, revision: str) -> str:
    """What sealed parameters are bound to."""
    return f"connection:{connection.account}/{connection.name}/{connection.id}/{revision}"
