"""A whole repository beside what was there before: every contract's judgement, and what follows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec
from msgspec import UNSET, UnsetType

from keybus.contracts.compatibility import Incompatibility
from keybus.contracts.contract import Contract
from keybus.contracts.marks import UNCERTAIN, marks_in
from keybus.contracts.migrations import Migrations
from keybus.contracts.migrations.migration import majors_of
from keybus.contracts.migrations.trial import Trial, try_migrations
from keybus.contracts.policies import policy_of
from keybus.contracts.releases.folder import Releases
from keybus.contracts.releases.judging import UNSETTLED, Judgement, Predecessor, judge
from keybus.contracts.repository import ContractRepository
from keybus.contracts.versions import major_of
from keybus.contracts.view import METADATA


class Baseline(Protocol):
    """What a repository is compared with."""

    @property
    def name(self) -> str:
        """What it is, in words."""

    @property
    def types(self) -> Sequence[str]:
        """The event types that somebody may rely on."""

    def before(self, event_type: str) -> Sequence[Predecessor]:
        """The earlier forms of a type's contract."""


class Released:
    """Releases, as what a repository is compared with.

    Args:
        releases: What was released.
    """

    def __init__(self, releases: Releases) -> None:
        self.releases = releases
        self.name = "the releases"

    @property
    def types(self) -> Sequence[str]:
        """The event types of which a release holds."""
        return [each for each, ledger in self.releases.items() if ledger.promises]

    def before(self, event_type: str) -> Sequence[Predecessor]:
        """Its releases, whatever became of them."""
        if event_type not in self.releases:
            return ()
        found = self.releases[event_type].releases.values()
        opened = self.releases.contract
        return [Predecessor(opened(each), each.is_promise, each.is_over) for each in found]


class Standing:
    """Contracts as they stand somewhere, as if all of them were released.

    Args:
        contracts: The contracts.
        name: Where they stand, in words.
    """

    def __init__(self, contracts: Mapping[str, Contract], name: str) -> None:
        self._contracts, self.name = contracts, name

    @property
    def migrations(self) -> Migrations:
        """Those that stand beside the contracts; none where these are no repository."""
        found = self._contracts
        return found.migrations if isinstance(found, ContractRepository) else Migrations()

    @property
    def types(self) -> Sequence[str]:
        """All of them."""
        return list(self._contracts)

    def before(self, event_type: str) -> Sequence[Predecessor]:
        """The one that there is."""
        found = self._contracts.get(event_type)
        return () if found is None else (Predecessor(found, is_promise=True),)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be told about a contract.

    Attributes:
        severity: ``error``: it cannot be released so; ``note``: it is worth knowing.
        rule: The rule's ID.
        types: The event types of the contracts; several where a shared file is the reason.
        message: What it is, in one sentence.
        file: Where, relative to the repository.
        pointer: JSON pointer into the file.
        hint: What to do.
        against: The earlier version that it is about; empty where it is about none.
        example: An event that shows it; UNSET where none is known.
        translation: What a migration makes of that; UNSET where it is about none.
    """

    severity: Literal["error", "note"]
    rule: str
    types: tuple[str, ...]
    message: str
    file: str = ""
    pointer: str = ""
    hint: str = ""
    against: str = ""
    example: Any | UnsetType = UNSET
    translation: Any | UnsetType = UNSET


class Checked(msgspec.Struct, frozen=True):
    """What came of a check.

    Attributes:
        against: What the repository was compared with.
        judgements: One for each contract.
        missing: Event types that were promised and have no contract any more.
        notes: What else is worth knowing of the releases.
        tried: What trying the migrations showed.
    """

    against: str
    judgements: Sequence[Judgement]
    missing: Sequence[str]
    notes: Sequence[Finding] = ()
    tried: Sequence[Finding] = ()

    @property
    def findings(self) -> list[Finding]:
        """All that is to be told; what a shared file does to several contracts, once."""
        merged: dict[tuple[str, ...], Finding] = {}
        for each in (each for judgement in self.judgements for each in _of(judgement)):
            what = (each.severity, each.rule, each.file, each.pointer, each.message)
            before = merged.get(what)
            types = each.types if before is None else (*before.types, *each.types)
            merged[what] = msgspec.structs.replace(before or each, types=types)
        missing = map(_of_missing, self.missing)
        return [*merged.values(), *missing, *self.notes, *self.tried]

    @property
    def is_releasable(self) -> bool:
        """Whether nothing forbids to release all of it."""
        return all(each.severity != "error" for each in self.findings)

    @property
    def shared(self) -> dict[str, list[str]]:
        """Shared files that changed, and the types whose contracts are other ones by that."""
        found: dict[str, list[str]] = {}
        for judgement in self.judgements:
            for file in judgement.files:
                if file != judgement.contract.file:
                    found.setdefault(file, []).append(judgement.contract.type)
        return found


def check_repository(repository: ContractRepository, baseline: Baseline) -> Checked:
    """Judge every contract of a repository by what was there before, and try its migrations."""
    policy = repository.settings.policy
    judged = [
        judge(each, baseline.before(each.type), policy_of(each.policy, policy))
        for each in repository.values()
    ]
    missing = [each for each in baseline.types if each not in repository]
    trials = try_migrations(repository.migrations, repository.at)
    tried = [finding for trial in trials for finding in _of_trial(trial)]
    if isinstance(baseline, Released):
        tried += _gone(repository.migrations, baseline.releases)
    return Checked(baseline.name, judged, missing, tried=tried)


def _of(judgement: Judgement) -> Iterator[Finding]:
    contract, objection = judgement.contract, judgement.objection
    if judgement.rule == UNSETTLED:
        yield from _uncertain(contract)
    elif objection:
        yield Finding(
            severity="error",
            rule=judgement.rule,
            types=(contract.type,),
            message=objection,
            file=contract.file,
            pointer=f"/{METADATA}/version",
            hint=f"write {judgement.least}, or leave the contract as it was",
        )
    for each in judgement.broken:
        yield _of_broken(contract, each, "error" if objection else "note")


def _uncertain(contract: Contract) -> Iterator[Finding]:
    """What a draft leaves open, each where it stands."""
    for place, mark in marks_in(contract.closure, contract.file):
        yield Finding(
            severity="error",
            rule=UNSETTLED,
            types=(contract.type,),
            message=f"Uncertain: {mark}",
            file=place.file,
            pointer=place.pointer,
            hint=f"make it what is meant, and remove its mark in {UNCERTAIN}",
        )


def _of_broken(
    contract: Contract, broken: Incompatibility, severity: Literal["error", "note"]
) -> Finding:
    return Finding(
        severity=severity,
        rule=broken.rule,
        types=(contract.type,),
        message=broken.message,
        file=broken.file,
        pointer=broken.pointer,
        hint=broken.hint,
        against=broken.against,
        example=broken.example,
    )


def _of_trial(trial: Trial) -> Iterator[Finding]:
    for each in trial.troubles:
        yield Finding(
            severity=each.severity,
            rule=each.rule,
            types=(trial.migration.type,),
            message=each.message,
            file=trial.migration.file,
            pointer=each.pointer,
            hint=each.hint,
            against=trial.target,
            example=each.example,
            translation=each.translation,
        )


def _gone(migrations: Migrations, releases: Releases) -> Iterator[Finding]:
    """Ways between promised majors that were released, and lead nowhere any more."""
    for event_type, ledger in releases.items():
        promised = {major_of(each.version) for each in ledger.promises}
        for name in ledger.migrations:
            source, target = majors_of(name) or (-1, -1)
            kept = migrations.path(event_type, source, target) is not None
            if kept or not {source, target} <= promised:
                continue
            yield Finding(
                severity="error",
                rule="migration-removed",
                types=(event_type,),
                message=f"{name} of {event_type} is released, and nothing leads from {source} to"
                f" {target} any more.",
                hint=f"take it back from version control: whoever asks for {event_type}@{target}"
                f" gets events of {source} by it",
            )


def _of_missing(event_type: str) -> Finding:
    return Finding(
        severity="error",
        rule="contract-removed",
        types=(event_type,),
        message=f"{event_type} is released, and its contract is gone.",
        hint="take it back from version control: somebody relies on its releases",
    )
