"""Which rule a rule of EventBridge breaks: by its pattern, or by its targets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, get_args

from keybus.arns import Arn
from keybus.cdk.checker.expected import Expected, Meant
from keybus.cdk.checker.judging import Broken, Scene
from keybus.cdk.checker.normal_statement import plain
from keybus.cdk.deployment import Deployment
from keybus.topology.model import Classification

_RANKS: Final[Sequence[str]] = get_args(Classification)  # from the lowest up


class TargetDifference(NamedTuple):
    """A target that differs, or a part of it."""

    pointer: str
    broken: Broken
    said: Any = None
    meant: Any = None


def of_pattern(found: Any, generated: Any, meant: Meant, expected: Expected) -> Iterator[Broken]:
    """What is wrong with a pattern that is not the generated one.

    Types that it has beside are without a grant, or above the account's clearance.
    """
    more = types_in(found) - types_in(generated)
    if isinstance(found, Mapping) and not more:
        yield Broken("DX06", "the pattern is not what the platform generates for its grants")
        return
    if not isinstance(found, Mapping):
        yield Broken("DX06", "without a pattern that pins them, every event goes through")
        return
    for event_type in sorted(more):
        yield _of_type(event_type, str(meant.properties["Name"]), expected.deployment)


def _of_type(event_type: str, subscription: str, deployment: Deployment) -> Broken:
    """What is wrong with a type that a rule lets through and its subscription does not ask for."""
    declared = deployment.platform.subscriptions.get(subscription)
    contract = deployment.contracts.get(event_type)
    if declared is not None and contract is not None and contract.owner != declared.account:
        clearance = deployment.platform.accounts[declared.account].clearance
        if _RANKS.index(contract.classification) > _RANKS.index(clearance):
            words = f"{event_type!r} is {contract.classification}, and {declared.account!r} is"
            return Broken("DX15", f"{words} cleared for {clearance}")
    return Broken("DX06", f"{event_type!r} was not asked for in the platform")


def types_in(pattern: Any) -> frozenset[str]:
    """The event types that a pattern names, in all its branches."""
    if isinstance(pattern, Mapping):
        own = pattern.get("detail-type", ())
        named = {each for each in own if isinstance(each, str)} if isinstance(own, list) else set()
        return frozenset(named).union(*(types_in(each) for each in pattern.values()))
    if isinstance(pattern, list):
        return frozenset().union(*(types_in(each) for each in pattern))
    return frozenset()


def is_open(pattern: Any) -> bool:
    """Whether a pattern pins neither source nor type at its top."""
    if not isinstance(pattern, Mapping):
        return True
    pinned = [pattern.get("source"), pattern.get("detail-type")]
    return not any(
        isinstance(each, list) and each and all(isinstance(one, str) for one in each)
        for each in pinned
    )


def of_targets(found: Any, generated: Any, bus: Any, scene: Scene) -> Iterator[TargetDifference]:
    """What is wrong with targets that are not the generated ones.

    Args:
        found: The targets of the template.
        generated: Those of the platform; None for a rule that it does not have.
        bus: The rule's bus: a name, or an ARN.
        scene: Where the rule stands.
    """
    known = list(generated or [])
    said = found if isinstance(found, list) else []
    same = [plain(each) for each in known]
    for index, target in enumerate(said):
        if plain(target) in same or not isinstance(target, Mapping):
            continue
        meant = next((each for each in known if each["Id"] == target.get("Id")), None)
        yield from _of_target(f"/{index}", target, meant, str(bus or "default"), scene)
    ids = [each.get("Id") for each in said if isinstance(each, Mapping)]
    for each in known:
        if each["Id"] not in ids:
            words = f"the target {each['Id']} is missing"
            yield TargetDifference("", Broken("DX17", words), None, each)


def _of_target(
    pointer: str, target: Mapping[str, Any], meant: Any, bus: str, scene: Scene
) -> Iterator[TargetDifference]:
    wanted: Mapping[str, Any] = meant or {}
    arn = target.get("Arn")
    if arn != wanted.get("Arn"):
        broken = of_target_arn(str(arn), bus, scene)
        yield TargetDifference(f"{pointer}/Arn", broken, arn, wanted.get("Arn"))
    role = target.get("RoleArn")
    if meant is not None and role != wanted.get("RoleArn"):
        words = "the rule does not act in the role that is its own"
        yield TargetDifference(
            f"{pointer}/RoleArn", Broken("DX13", words), role, wanted.get("RoleArn")
        )
    said = target.get("DeadLetterConfig")
    if not said:
        words = "there is no queue for what cannot be delivered"
        broken = Broken("DX07", words)
        yield TargetDifference(pointer, broken, None, wanted.get("DeadLetterConfig"))
    elif plain(said) != plain(wanted.get("DeadLetterConfig")) and meant is not None:
        words = "what cannot be delivered goes to a queue that the platform lets nobody write"
        at = f"{pointer}/DeadLetterConfig"
        yield TargetDifference(at, Broken("DX08", words), said, wanted.get("DeadLetterConfig"))
    known = {"Arn", "DeadLetterConfig", "Id", "RoleArn"}
    for name in sorted((target.keys() | wanted.keys()) - known) if meant is not None else ():
        if plain(target.get(name)) != plain(wanted.get(name)):
            words = f"{name} is not what the platform generates"
            at = f"{pointer}/{name}"
            yield TargetDifference(at, Broken("DX17", words), target.get(name), wanted.get(name))


def of_target_arn(text: str, bus: str, scene: Scene) -> Broken:
    """What is wrong with a target that the platform does not have."""
    arn = Arn.parse(text)
    if arn is None:
        return Broken("DX05", f"{text!r} is no account's")
    if arn.account not in scene.accounts:
        return Broken("DX05", f"{text!r} is of no account of the platform")
    if arn.service == "events" and arn.resource.startswith("event-bus/"):
        central = bus in {scene.buses[0], scene.buses[0].rpartition("/")[2]}
        if central and text in scene.buses[1:]:
            return Broken("DX06", f"{text!r} is not where this subscription's events go")
        return Broken("DX11", f"{text!r} would have events go on from bus to bus")
    if arn.service in {"sns", "sqs"} or arn.account != scene.account:
        return Broken("DX10", f"{text!r} gets events beside the subscription's queue")
    return Broken("DX00", f"{text!r} is a target that the platform does not model")
