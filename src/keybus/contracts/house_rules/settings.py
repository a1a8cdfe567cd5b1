"""What a repository's ``keybus.toml`` makes of the house rules."""

from difflib import get_close_matches

import msgspec

from keybus.contracts.hints import quoted
from keybus.contracts.house_rules.rules import HOUSE_RULES, HouseRule, Severity
from keybus.contracts.rules import RULES


class LintSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ``[lint]`` table.

    Attributes:
        rules: What comes of house rules that are to be something else than they are by themselves.
    """

    rules: dict[str, Severity] = {}

    def severity_of(self, rule: HouseRule) -> Severity:
        """What comes of a rule here."""
        return self.rules.get(rule.id, rule.severity)

    def fault(self) -> tuple[str, str]:
        """What is wrong with the names of the rules, and what to do; empty where nothing is."""
        for name in self.rules:
            if name in RULES:
                message = f"The rule {name!r} cannot be switched: what breaks it is not sound."
                return message, "house rules can be: keybus contracts lint --rules"
            if name not in HOUSE_RULES:
                near = get_close_matches(name, HOUSE_RULES, n=1, cutoff=0)
                return f"There is no house rule {quoted(name)}.", f"did you mean {near[0]!r}?"
        return "", ""
