"""Which credentials there may be, and while which platform holds they do."""

from collections.abc import Iterable

from keybus.errors import CredentialError
from keybus.governance.credentials.model import Credential
from keybus.governance.principal import ROLES, Role
from keybus.topology import Platform

LATEST_US = 253_402_300_799 * 1_000_000
"""The last second that a calendar has, in microseconds since the Unix epoch."""
_MAX_LABEL = 200
_MOST_NAMED = 10


def holds(credential: Credential, platform: Platform, now_us: int) -> bool:
    """Whether a credential lets its account in.

    Args:
        credential: The credential.
        platform: What its account and roles are judged by.
        now_us: Now, in microseconds since the Unix epoch.
    """
    if credential.state(now_us) != "active":
        return False
    if "central" in credential.roles and credential.account != platform.central:
        return False
    return credential.account in platform.accounts


def checked_roles(account: str, roles: Iterable[Role], platform: Platform) -> tuple[Role, ...]:
    """The roles, sorted, where the account may have them.

    Raises:
        CredentialError: There is no such account, or it may not.
    """
    asked = set(roles)
    if account not in platform.accounts:
        raise CredentialError(
            f"the platform has no account {account!r}", hint=f"it has {_some(platform.accounts)}"
        )
    if not asked or not asked <= set(ROLES):
        raise CredentialError("a credential has roles", hint=f"among {', '.join(ROLES)}")
    if "central" in asked and account != platform.central:
        raise CredentialError(
            f"the account {account!r} is not the central one",
            hint=f"central is {platform.central!r}"
            if platform.central
            else "the platform file names it with `central:`",
        )
    return tuple(sorted(asked))


def check_end(expires_us: int | None, now_us: int) -> None:
    """Refuse an end that is past, or that no calendar has.

    Raises:
        CredentialError: It is.
    """
    if expires_us is not None and expires_us <= now_us:
        raise CredentialError("the credential would have expired already")
    if expires_us is not None and expires_us > LATEST_US:
        raise CredentialError(
            "the credential would expire after the year 9999",
            hint="give microseconds since the Unix epoch, or no end",
        )


def check_label(label: str) -> None:
    """Refuse a label that no list could show.

    Raises:
        CredentialError: It is none.
    """
    if len(label) > _MAX_LABEL or not label.isprintable():
        raise CredentialError(f"a label has up to {_MAX_LABEL} printable characters")


def _some(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:_MOST_NAMED]) + (", …" if len(shown) > _MOST_NAMED else "")
