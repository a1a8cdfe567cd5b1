"""What AWS does not know, and somebody has to say."""

import re
from collections.abc import Mapping

import msgspec

from keybus.cdk.existing.named import is_name, is_of_another
from keybus.errors import SettingsError
from keybus.topology.model import FORMS, NAME_PATTERN, Moment, moment_us


class Wishes(msgspec.Struct, frozen=True):
    """What AWS does not know.

    Attributes:
        bus: The bus's name; empty: the only one that is not ``default`` and has rules or a policy.
        accounts: What accounts are called, by their 12 digits.
        publishers: The account that publishes from a source, by the source; a name, or 12 digits.
        approver: Who approves that what is received today goes on; empty: nobody does yet.
        expires: Until when, as a grant says it.

    Raises:
        SettingsError: One of them is not what a platform takes.
    """

    bus: str = ""
    accounts: Mapping[str, str] = {}
    publishers: Mapping[str, str] = {}
    approver: str = ""
    expires: str = ""

    def __post_init__(self) -> None:
        names = [*self.accounts.values(), *([self.approver] if self.approver else [])]
        for each in names:
            if not is_name(each):
                raise SettingsError(f"{each!r} is no name", hint=FORMS[NAME_PATTERN])
        for digits in self.accounts:
            check_id(digits)
            if is_of_another(self.accounts[digits], digits):
                what = f"{self.accounts[digits]!r} is what another account is called"
                raise SettingsError(what, hint="give it a name of its own")
        if len(set(self.accounts.values())) < len(self.accounts):
            raise SettingsError("two accounts are given one name", hint="each has its own")
        if bool(self.approver) is not bool(self.expires):
            hint = "who approves, and until when"
            raise SettingsError("an approver and an end go together", hint=hint)
        try:
            _ = moment_us(msgspec.convert(self.expires, Moment)) if self.expires else 0
        except (ValueError, msgspec.ValidationError):
            hint = "such as 2027-06-30"
            raise SettingsError(f"{self.expires!r} is no date", hint=hint) from None


def check_id(digits: str) -> None:
    """Raises `SettingsError` where it is no account's id."""
    if re.fullmatch(r"[0-9]{12}", digits) is None:
        raise SettingsError(f"{digits!r} is no account's id", hint="it has 12 digits")
