"""Who asks: an account, in the roles that one of its credentials has."""

from typing import Literal, get_args

import msgspec

Role = Literal["central", "publisher", "subscriber", "auditor"]
"""What a credential is for.

``central`` administers the platform, ``publisher`` puts the events that its account owns,
``subscriber`` consumes its account's subscriptions, ``auditor`` reads what is declared, granted and
logged, and no event.
"""
ROLES: tuple[Role, ...] = get_args(Role)


class Principal(msgspec.Struct, frozen=True):
    """Whoever made a request, as its credential says.

    Attributes:
        account: The account's name; empty where the bus asks nobody for credentials.
        roles: What the credential is for.
        credential: The credential's id, for the audit log; empty where there is none.
    """

    account: str
    roles: frozenset[Role]
    credential: str = ""


ANYBODY = Principal("", frozenset(ROLES))
"""Any program on this machine, on a bus that asks nobody for credentials."""
