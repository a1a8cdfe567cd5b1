"""Where rules are kept: in the store's documents, and in memory."""

from collections.abc import Set as AbstractSet
from typing import Any, Final

import msgspec

from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Documents
from keybus.bus.legible import Legible
from keybus.bus.rules.errors import NoSuchRule
from keybus.bus.rules.rule import Rule, key_of
from keybus.governance import Principal
from keybus.governance.audit import Actor

_COLLECTION: Final = "rules"


class RuleShelf:
    """All rules; each change is in the audit log before it is in the store.

    For one change at a time.

    Args:
        documents: The engine's.
        audit: The audit log.

    Attributes:
        written: How many changes were written.
    """

    def __init__(self, documents: Documents, audit: AuditLog) -> None:
        self._documents, self._audit = documents, audit
        self._legible = Legible(documents, _COLLECTION, Rule, "rule")
        self._known: dict[str, Rule] = {}
        self._sizes: dict[str, int] = {}
        self.written = 0

    async def load(self) -> None:
        """Read all rules; one that is damaged is left out, and logged.

        Raises:
            StorageFailed: The store could not be read.
        """
        async for document, rule in self._legible.all():
            self._known[document.key] = rule
            self._sizes[document.key] = len(document.value)

    @property
    def damaged(self) -> AbstractSet[str]:
        """The keys of rules that cannot be read."""
        return self._legible.damaged

    def find(self, account: str, name: str) -> Rule | None:
        """A rule of an account, by the names of both; None where there is none."""
        return self._known.get(key_of(account, name))

    def of(self, account: str) -> list[Rule]:
        """An account's rules, by name."""
        return [each for each in self.all() if each.account == account]

    def all(self) -> list[Rule]:
        """Every account's rules, by account and name."""
        return sorted(self._known.values(), key=lambda each: (each.account, each.path))

    def size_with(self, rule: Rule) -> int:
        """Bytes of all rules of its account, with it in place of the one of its name."""
        others = [
            self._sizes[each.key]
            for each in self._known.values()
            if each.account == rule.account and each.key != rule.key
        ]
        return sum(others) + len(msgspec.json.encode(rule))

    async def read(self, account: str, name: str) -> Rule | None:
        """What the store has: after a write that failed nobody knows which of the two.

        Raises:
            StorageFailed: The store could not be read, or the rule is damaged.
        """
        key = key_of(account, name)
        document = await self._documents.get(_COLLECTION, key)
        if document is None:
            self._known.pop(key, None)
            return None
        self._known[key] = self._legible.read(document)
        self._sizes[key] = len(document.value)
        return self._known[key]

    async def standing(self, account: str, name: str) -> Rule:
        """The same of a rule that has to be there.

        Raises:
            NoSuchRule: It is not.
            StorageFailed: The store could not be read, or the rule is damaged.
        """
        found = await self.read(account, name)
        if found is None:
            raise NoSuchRule.named(account, name)
        return found

    async def write(
        self, rule: Rule, action: str, by: Principal, data: dict[str, Any] | None = None
    ) -> None:
        """Write down what is about to hold, and keep it.

        Args:
            rule: As it is to be.
            action: What is done to it, as the audit log names it.
            by: Who asks.
            data: What the audit log has beside.

        Raises:
            StorageFailed: It is unknown whether it was kept.
        """
        await self._audit.write(Actor.of(by), action, rule.key, data)
        value = msgspec.json.encode(rule)
        await self._documents.put(_COLLECTION, rule.key, value)
        self._known[rule.key] = rule
        self._sizes[rule.key] = len(value)
        self.written += 1

    async def delete(self, rule: Rule, by: Principal) -> None:
        """Write down that a rule goes, and let it go.

        Raises:
            StorageFailed: It is unknown whether it went.
        """
        await self._audit.write(Actor.of(by), "rule.deleted", rule.key)
        await self._documents.delete(_COLLECTION, rule.key)
        del self._known[rule.key]
