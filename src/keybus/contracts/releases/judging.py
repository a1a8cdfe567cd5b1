"""What a contract may be released as: by how much its version has to rise, and what forbids it."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from keybus.contracts.compatibility import Incompatibility, check
from keybus.contracts.contract import Contract
from keybus.contracts.marks import marks_in
from keybus.contracts.policies import Policy
from keybus.contracts.releases.changes import Change, changed_files, changes
from keybus.contracts.versions import Bump, bumped, is_prerelease, precedence

Standing = Literal["new", "unchanged", "changed"]
UNSETTLED: Final = "unsettled"
"""The rule that what is marked as uncertain is settled before anybody relies on it."""


class Predecessor(NamedTuple):
    """An earlier form of a contract.

    Attributes:
        contract: As it was.
        is_promise: Whether somebody may rely on it.
        is_retired: Whether somebody might, and its time is over.
    """

    contract: Contract
    is_promise: bool
    is_retired: bool = False

    @property
    def version(self) -> str:
        """Its version."""
        return self.contract.version


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """One contract beside what was there before.

    Attributes:
        contract: The contract.
        standing: ``new``: there was nothing; ``unchanged``: it is an earlier form, whole.
        since: The version that it follows on; empty where it is new.
        changes: What it declares otherwise than that.
        files: Files of its closure that are not the same.
        broken: Why it is not compatible with earlier forms; ``against`` says which.
        bump: By how much its version has to rise at least; None where nothing asks for it.
        least: The least version that it can be released as.
        rule: The rule that forbids to release it as what it is; empty where it can be.
        objection: Why, in a sentence.
    """

    contract: Contract
    standing: Standing
    since: str = ""
    changes: tuple[Change, ...] = ()
    files: tuple[str, ...] = ()
    broken: tuple[Incompatibility, ...] = ()
    bump: Bump | None = None
    least: str = ""
    rule: str = ""
    objection: str = ""

    @property
    def breaks(self) -> tuple[str, ...]:
        """The versions with which it is not compatible."""
        return tuple(dict.fromkeys(each.against for each in self.broken))


def judge(contract: Contract, before: Sequence[Predecessor], policy: Policy) -> Judgement:
    """What a contract may be released as.

    Args:
        contract: The contract as it is to be.
        before: Its earlier forms.
        policy: What holds for it. Majors are not compared with one another, but so that it can be
            said what a new one breaks.
    """
    judgement = _judged(contract, before, policy)
    if judgement.standing == "unchanged" or judgement.objection:
        return judgement
    uncertain = sum(1 for _ in marks_in(contract.closure, contract.file))
    if not uncertain:
        return judgement
    what = "1 thing that is" if uncertain == 1 else f"{uncertain} things that are"
    objection = f"{contract.type} {contract.version} has {what} marked as uncertain."
    return replace(judgement, rule=UNSETTLED, objection=objection)


def _judged(contract: Contract, before: Sequence[Predecessor], policy: Policy) -> Judgement:
    earlier = sorted(before, key=lambda each: precedence(each.version))
    same = next((each for each in earlier if each.version == contract.version), None)
    if same is not None and same.contract.digest == contract.digest:
        return Judgement(contract=contract, standing="unchanged", since=same.version)
    if not earlier:
        return Judgement(contract=contract, standing="new", least=contract.version)
    promises = [each for each in earlier if each.is_promise]
    within = [each for each in promises if each.contract.major == contract.major]
    last = (within or promises or earlier)[-1]
    broken = _broken(contract, within or promises[-1:], policy)
    bump = _bump(contract, last.contract, broken) if within else None
    least = _least(contract, promises, last, bump)
    if same is not None and precedence(least) <= precedence(same.version):
        least = bumped(same.version, "patch")
    files = changed_files(last.contract, contract)
    rule, objection = _objection(contract, same, last, bump, least)
    if not within and any(
        each.is_retired and each.contract.major == contract.major for each in earlier
    ):
        least = bumped(earlier[-1].version, "major")
        rule = "major-retired"
        objection = f"{contract.type}@{contract.major} is retired, and no way leads back."
    return Judgement(
        contract=contract,
        standing="changed",
        since=last.version,
        changes=tuple(changes(last.contract, contract)),
        files=tuple(files),
        broken=tuple(broken),
        bump=bump,
        least=least,
        rule=rule,
        objection=objection,
    )


def _broken(
    contract: Contract, compared: Sequence[Predecessor], policy: Policy
) -> list[Incompatibility]:
    history = [each.contract for each in compared]
    return check(history, contract, policy.mode, policy.strictness) if history else []


def _bump(contract: Contract, last: Contract, broken: Sequence[Incompatibility]) -> Bump:
    if broken:
        return "major"
    same = not changes(last, contract) and not check(last, contract, mode="FULL", policy="strict")
    return "patch" if same else "minor"


def _least(
    contract: Contract, promises: Sequence[Predecessor], last: Predecessor, bump: Bump | None
) -> str:
    if bump == "major":
        return bumped(promises[-1].version, "major")
    if bump is not None:
        return bumped(last.version, bump)
    if promises and precedence(contract.version) < precedence(promises[-1].version):
        return bumped(promises[-1].version, "major")
    return contract.version


def _objection(
    contract: Contract, same: Predecessor | None, last: Predecessor, bump: Bump | None, least: str
) -> tuple[str, str]:
    """The rule that it breaks, and how; empty where it breaks none."""
    version = contract.version
    if same is not None:
        return "released-already", (
            f"{contract.type} {version} is released and never changes, and this is another:"
            f" it has to be {least} at least."
        )
    if is_prerelease(version) or precedence(version) >= precedence(least):
        return "", ""
    why = f"comes after {last.version}"
    if bump == "major":
        why = f"is not compatible with {last.version}"
    elif bump is not None:
        why = f"follows on {last.version} with what asks for a {bump} version"
    return "version-too-low", f"{contract.type} {version} {why}: it has to be {least} at least."
