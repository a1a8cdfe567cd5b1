"""Changes of status, as they are asked for."""

from collections.abc import Mapping
from datetime import UTC, datetime

from keybus.bus.registry.errors import NotReleased
from keybus.contracts.folder import RepositorySettings
from keybus.contracts.releases import Ledger, Said
from keybus.contracts.releases.activation import activation
from keybus.contracts.releases.deprecation import deprecation
from keybus.contracts.releases.exchange import StatusChange
from keybus.contracts.releases.passage import Passage, ended, entries
from keybus.contracts.releases.records import Records
from keybus.contracts.releases.reference import Reference
from keybus.errors import ContractError, Fault
from keybus.governance.affected import Affected, affected
from keybus.governance.authorizer import Visibility
from keybus.topology import Platform


class Change:
    """A change of status, judged by the rules of a release's life.

    Args:
        event_type: Whose releases.
        asked: What was asked for.
        now_us: Microseconds since the Unix epoch.
    """

    def __init__(self, event_type: str, asked: StatusChange, now_us: int) -> None:
        self.type, self.asked = event_type, asked
        self._reference = Reference.parse(f"{event_type}@{asked.release}")
        self._today = datetime.fromtimestamp(now_us / 1_000_000, UTC).date()

    def planned(
        self, records: Records, readable: Mapping[str, Ledger], settings: RepositorySettings
    ) -> Passage:
        """What it means.

        Args:
            records: What was released.
            readable: The ledgers that whoever asks may know of.
            settings: Those of the contracts that were applied.

        Raises:
            ContractError: It cannot be.
        """
        asked = self.asked
        if asked.status == "deprecated":
            by = Reference.parse(asked.replaced_by)
            return deprecation(readable, self._reference, by, asked.sunset, self._today)
        if asked.status == "active":
            return activation(records, self._reference, settings)
        if asked.status == "draft":
            raise ContractError(
                "no release becomes a draft again", hint="publish another one under a prerelease"
            )
        return ended(records.of(self.type), self._reference, asked.status, self._today)

    def check(self, planned: Passage, left: tuple[str, ...]) -> None:
        """Let what was planned be.

        Args:
            planned: It.
            left: Who could not go on, as sentences.

        Raises:
            NotReleased: Something speaks against it, and no reason was given to do it all the same.
        """
        against = [*planned.objections, *left]
        if against and not self.asked.despite.strip():
            faults = [Fault("too-early", f"{each[0].upper()}{each[1:]}.") for each in against]
            hint = 'if it has to be, give a reason: --despite "…"; it stands in the ledger'
            raise NotReleased(
                f"{planned.reference} cannot be {planned.after} now", faults, hint=hint
            )

    def said(self, planned: Passage, by: str, time: str) -> list[Said]:
        """What the ledger is to say.

        Args:
            planned: What was planned.
            by: Who does it.
            time: When, RFC 3339 in UTC.
        """
        asked = self.asked
        despite = f"despite what speaks against it: {asked.despite.strip()}"
        why = asked.why if not asked.despite.strip() else f"{asked.why} ({despite})".strip()
        return entries(planned, by=by, time=time, why=why)


def left_behind(platform: Platform, planned: Passage, told: Visibility | None) -> tuple[str, ...]:
    """Who of the platform could not go on if releases were retired now, as phrases.

    Args:
        platform: What holds.
        planned: What is about to happen.
        told: Whose names may be told; the others are counted. None: everybody's.
    """
    if planned.after != "retired":
        return ()
    left = [each for each in affected(platform, planned, migrated=False) if each.is_left]
    seen = [each for each in left if told is None or _is_seen(each, told)]
    named = [str(each) for each in seen]
    if hidden := len(left) - len(seen):
        many = "" if hidden == 1 else "s"
        named.append(f"{hidden} publisher{many} or subscription{many} of others: it is still used")
    return tuple(named)


def _is_seen(each: Affected, told: Visibility) -> bool:
    return each.name in (told.publishers if each.kind == "publisher" else told.subscriptions)
