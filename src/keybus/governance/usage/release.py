"""Whether contracts can be released: who would break, who may, and who is safe."""

from collections.abc import Mapping, Sequence

import msgspec

from keybus.contracts import ContractRepository
from keybus.contracts.policies import policy_of
from keybus.contracts.releases.judging import Judgement
from keybus.contracts.releases.report import Baseline, Finding, check_repository
from keybus.errors import UnknownEventType
from keybus.governance.usage.crossing import Crossing
from keybus.governance.usage.effects import effects_of
from keybus.governance.usage.rerouting import Rerouting
from keybus.governance.usage.revision import Revision
from keybus.governance.usage.users import Users, users_of
from keybus.governance.usage.verdicts import Affected, Reason, Verdict, worst
from keybus.topology.model import Platform


class Impact(msgspec.Struct, frozen=True):
    """What the release of one contract does.

    Attributes:
        type: The event type.
        version: The version that is to be released; empty where the contract is gone.
        since: The version that it follows on; empty where it is new.
        verdict: The worst of its users'.
        users: Each publisher and each subscription, and what it does to them.
        objection: Why `keybus contracts check` refuses to release it as it is; empty where it does
            not.
        migrations: The migrations that are not what they were, as ``2-to-1``.
    """

    type: str
    version: str
    since: str
    verdict: Verdict
    users: tuple[Affected, ...]
    objection: str = ""
    migrations: tuple[str, ...] = ()


class Impacts(msgspec.Struct, frozen=True):
    """What the release of all contracts that changed does.

    Attributes:
        against: What they were compared with.
        verdict: The worst of all.
        contracts: Each that changed, in the order of their types.
        unchanged: How many did not.
    """

    against: str
    verdict: Verdict
    contracts: tuple[Impact, ...]
    unchanged: int


def can_release(
    platform: Platform,
    contracts: ContractRepository,
    baseline: Baseline,
    *,
    types: Sequence[str] = (),
) -> Impacts:
    """What happens to publishers and subscriptions if the contracts are released as they are.

    Args:
        platform: Who uses which types.
        contracts: The contracts, with what was released of them, and their migrations.
        baseline: What they were before.
        types: Only these; all where none is named.

    Raises:
        UnknownEventType: There is none of a type that is named.
    """
    checked = check_repository(contracts, baseline)
    missing = [each for each in checked.missing if not types or each in types]
    for each in types:
        if each not in contracts and each not in missing:
            raise UnknownEventType(each, contracts)
    judged = [each for each in checked.judgements if not types or each.contract.type in types]
    tried: dict[str, list[Finding]] = {}
    for finding in checked.tried:
        tried.setdefault(finding.file, []).append(finding)
    found = []
    for judgement in judged:
        event_type = judgement.contract.type
        ways = Rerouting(platform, contracts, baseline, event_type, tried)
        users = users_of(platform, event_type)
        if judgement.standing != "unchanged":
            revision = _revision(platform, contracts, baseline, judgement, tried)
            found.append(_impact(judgement, _affected(users, revision, ways), ways))
        elif ways.files:
            found.append(_impact(judgement, _rerouted(users, ways), ways))
    unchanged = len(judged) - len(found)
    found += [_gone(platform, each) for each in missing]
    return Impacts(
        checked.against,
        worst(each.verdict for each in found),
        tuple(sorted(found, key=lambda each: each.type)),
        unchanged,
    )


def _revision(
    platform: Platform,
    contracts: ContractRepository,
    baseline: Baseline,
    judgement: Judgement,
    tried: Mapping[str, Sequence[Finding]],
) -> Revision:
    new = judgement.contract
    before = baseline.before(new.type)
    last = [each.contract for each in before if each.version == judgement.since]
    old = last[0] if last else None
    strictness = policy_of(new.policy, contracts.settings.policy).strictness
    return Revision(
        platform,
        contracts,
        old,
        new,
        strictness=strictness,
        effects=effects_of(old, new, strictness) if old is not None else [],
        majors=frozenset(each.contract.major for each in before if each.is_promise),
        crossing=Crossing(contracts, new),
        tried=tried,
    )


def _impact(judgement: Judgement, users: tuple[Affected, ...], ways: Rerouting) -> Impact:
    contract = judgement.contract
    return Impact(
        contract.type,
        contract.version,
        judgement.since,
        worst(each.verdict for each in users),
        users,
        judgement.objection,
        tuple(ways.files),
    )


def _affected(users: Users, revision: Revision, ways: Rerouting) -> tuple[Affected, ...]:
    writing = tuple(
        Affected.publisher(each.name, each.account, revision.of_publisher(each))
        for each in users.publishers
    )
    return writing + tuple(
        Affected.subscription(
            each.name,
            each.account,
            [*revision.of_subscription(each), *ways.reasons(each, revision.major)],
        )
        for each in users.subscriptions
    )


def _rerouted(users: Users, ways: Rerouting) -> tuple[Affected, ...]:
    """The users of a contract of which nothing changed but migrations."""
    taken = Reason("safe", "taken", "its events are taken as before")
    message = "none of the migrations by which it gets events changed"
    same = Reason("safe", "not-rerouted", message)
    writing = tuple(
        Affected.publisher(each.name, each.account, [taken]) for each in users.publishers
    )
    return writing + tuple(
        Affected.subscription(each.name, each.account, [*ways.reasons(each)] or [same])
        for each in users.subscriptions
    )


def _gone(platform: Platform, event_type: str) -> Impact:
    users = users_of(platform, event_type)
    message = "the contract is gone, and with it the events"
    hint = "take the contract back from version control"
    gone = [Reason("breaks", "contract-gone", message, hint=hint)]
    found = (
        *(Affected.publisher(each.name, each.account, gone) for each in users.publishers),
        *(Affected.subscription(each.name, each.account, gone) for each in users.subscriptions),
    )
    return Impact(event_type, "", "", worst(each.verdict for each in found), found)
