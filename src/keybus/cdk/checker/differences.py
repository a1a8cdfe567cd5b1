"""Where a resource differs from the generated one, and which rule that breaks."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from keybus.cdk.checker.expected import Expected, Meant
from keybus.cdk.checker.harmless import IRRELEVANT
from keybus.cdk.checker.judging import Broken, Kind, Scene, broken_by, nearest
from keybus.cdk.checker.named import of_foreign, texts_in
from keybus.cdk.checker.normal_statement import (
    Placed,
    normal_policy,
    plain,
    policy_of,
    statements_in,
)
from keybus.cdk.checker.rules_of_events import of_pattern, of_targets
from keybus.cdk.resource import OPEN
from keybus.contracts.pointers import pointer_of

_POLICIES: Final = frozenset(
    {
        "AssumeRolePolicyDocument",
        "KeyPolicy",
        "Policies",
        "Policy",
        "PolicyDocument",
        "ResourcePolicy",
        "Statement",
    }
)
_DEAD_LETTERS: Final = frozenset({"DeadLetterConfig", "RedrivePolicy"})
_KEYS: Final = frozenset({"KmsKeyIdentifier", "KmsMasterKeyId", "SqsManagedSseEnabled"})
_RULES: Final[Mapping[tuple[str, str], str]] = {
    ("AWS::Events::EventBus", "EventSourceName"): "DX00",
    ("AWS::IAM::ManagedPolicy", "Groups"): "DX13",
    ("AWS::IAM::ManagedPolicy", "Roles"): "DX13",
    ("AWS::IAM::ManagedPolicy", "Users"): "DX13",
    ("AWS::IAM::Role", "ManagedPolicyArns"): "DX13",
    ("AWS::IAM::Role", "PermissionsBoundary"): "DX13",
    ("AWS::KMS::Alias", "TargetKeyId"): "DX09",
    ("AWS::SNS::Topic", "Subscription"): "DX10",
    ("AWS::SQS::Queue", "RedriveAllowPolicy"): "DX16",
    ("AWS::SQS::QueuePolicy", "Queues"): "DX16",
}
_KINDS: Final[Mapping[str, Kind]] = {
    "AWS::IAM::ManagedPolicy": "identity",
    "AWS::IAM::Policy": "identity",
    "AWS::IAM::Role": "identity",
    "AWS::KMS::Key": "key",
    "AWS::SNS::TopicPolicy": "topic",
    "AWS::SQS::QueuePolicy": "queue",
}


class Difference(NamedTuple):
    """A place where a template and the platform differ.

    Attributes:
        pointer: From the resource's properties.
        broken: The rule, and how it is broken.
        said: What the template says there.
        meant: What the platform generates there.
    """

    pointer: str
    broken: Broken
    said: Any = None
    meant: Any = None


def differences(
    type_: str, said: Mapping[str, Any], meant: Meant, scene: Scene, expected: Expected
) -> Iterator[Difference]:
    """All differences of a resource's properties, but for those that are open.

    Args:
        type_: The resource's type.
        said: Its properties, with references filled in.
        meant: The generated resource.
        scene: Where it stands.
        expected: The platform.
    """
    free = OPEN.get(type_, frozenset())
    resource = _Resource(type_, said, meant, scene, expected)
    for name in sorted(said.keys() | meant.properties.keys()):
        found, generated = said.get(name), meant.properties.get(name)
        if name in free:
            yield from _of_foreign(name, found, scene)
        elif plain(found) != plain(generated):
            told = list(resource.of(name))
            yield from told
            if not told and normal_policy(policy_of(found)) != normal_policy(policy_of(generated)):
                broken = _of_property(type_, name, found)
                yield Difference(pointer_of(name), broken, found, generated)
    yield from of_bare_permission(type_, said, scene)


class _Resource(NamedTuple):
    type_: str
    said: Mapping[str, Any]
    meant: Meant
    scene: Scene
    expected: Expected

    def of(self, name: str) -> Iterator[Difference]:
        """What is wrong with a property that is not as generated, as far as that can be told."""
        found, generated = self.said.get(name), self.meant.properties.get(name)
        pointer, scene = pointer_of(name), self.scene
        if name in _POLICIES:
            kind = kind_of(self.type_, name, self.said, scene.buses[0])
            yield from _of_policy(pointer, found, generated, scene._replace(kind=kind), self.meant)
        elif (self.type_, name) == ("AWS::Events::Rule", "Targets"):
            for each in of_targets(found, generated, self.said.get("EventBusName"), scene):
                yield Difference(pointer + each.pointer, each.broken, each.said, each.meant)
        elif (self.type_, name) == ("AWS::Events::Rule", "EventPattern"):
            for broken in of_pattern(found, generated, self.meant, self.expected):
                yield Difference(pointer, broken, found, generated)
        else:
            broken = _of_property(self.type_, name, found)
            yield Difference(pointer, broken, found, generated)
            yield from _of_foreign(name, found, scene)


def kind_of(type_: str, name: str, said: Mapping[str, Any], central: str) -> Kind:
    """What a policy is of, by the type and property that it stands in."""
    if type_ in {"AWS::Events::EventBus", "AWS::Events::EventBusPolicy"}:
        bus = str(said.get("EventBusName", said.get("Name", "")))
        return "central" if bus in {central, central.rpartition("/")[2]} else "bus"
    return "trust" if name == "AssumeRolePolicyDocument" else _KINDS.get(type_, "other")


def _of_policy(
    pointer: str, found: Any, generated: Any, scene: Scene, meant: Meant
) -> Iterator[Difference]:
    said = list(statements_in(found))
    known = list(statements_in(generated))
    left = [each for each in known if all(each.normal != one.normal for one in said)]
    more = [each for each in said if all(each.normal != one.normal for one in known)]
    pairs = [(each.sid, each.normal) for each in left]
    matched = []
    for each in more:
        if each.normal.effect != "Allow":
            words = "it takes away what the platform allows"
            yield Difference(pointer + each.pointer, Broken("DX17", words), dict(each.said))
            continue
        one = nearest(each.normal, each.sid, pairs)
        matched.append(one)
        whole = next((dict(placed.said) for placed in left if placed.normal == one), None)
        for broken in broken_by(each.normal, one, scene):
            yield Difference(pointer + each.pointer, broken, dict(each.said), whole)
        yield from _of_moved(pointer + each.pointer, each, one, scene, meant)
    for each in left:
        if each.normal not in matched:
            broken = _of_missing(each, scene, meant)
            yield Difference(pointer, broken, None, dict(each.said))


def _of_moved(
    pointer: str, said: Placed, meant_one: Any, scene: Scene, meant: Meant
) -> Iterator[Difference]:
    """Where a queue for what failed asks for another sender, its own cannot write it."""
    if meant_one is None or not _is_for_failures(scene, meant, said.sid):
        return
    asked = said.normal.values("aws:sourcearn")
    wanted = meant_one.values("aws:sourcearn")
    if asked and not wanted <= asked:
        words = "the rule or bus whose failures belong here may not send them"
        yield Difference(pointer, Broken("DX08", words), sorted(asked), sorted(wanted))


def _of_missing(each: Placed, scene: Scene, meant: Meant) -> Broken:
    if each.normal.effect == "Deny":
        return Broken("DX09", "what is sent without TLS is not refused")
    if _is_for_failures(scene, meant, each.sid):
        return Broken("DX08", "the rule or bus whose failures belong here may not send them")
    if scene.kind == "key":
        return Broken("DX09", f"the key is not for {each.sid}")
    return Broken("DX17", f"the statement {each.sid} is missing")


def _is_for_failures(scene: Scene, meant: Meant, sid: str) -> bool:
    queue = scene.kind == "queue" and "Undelivered" in meant.id
    return queue or (scene.kind == "key" and sid == "EncryptInQueues")


def _of_property(type_: str, name: str, found: Any) -> Broken:
    if name in _DEAD_LETTERS:
        if found is None:
            return Broken("DX07", f"there is no {name}: what fails is dropped")
        return Broken("DX08", f"{name} is not the platform's queue for what fails")
    if name in _KEYS or type_ == "AWS::KMS::Key":
        return Broken("DX09", f"{name} is not the platform's")
    rule = _RULES.get((type_, name), "DX17")
    if found is None:
        return Broken(rule, f"{name} is missing")
    return Broken(rule, f"{name} is not what the platform generates")


def _of_foreign(name: str, found: Any, scene: Scene) -> Iterator[Difference]:
    if name in IRRELEVANT:
        return
    for pointer, text in texts_in(found, pointer_of(name)):
        for broken in of_foreign(text, scene.account, scene.accounts):
            yield Difference(pointer, broken, text)


def of_bare_permission(type_: str, said: Mapping[str, Any], scene: Scene) -> Iterator[Difference]:
    """The older form of a bus policy, whose parts are properties."""
    if type_ != "AWS::Events::EventBusPolicy" or "Principal" not in said:
        return
    statement = {
        "Effect": "Allow",
        "Principal": said["Principal"],
        "Action": said.get("Action", "events:PutEvents"),
        "Condition": said.get("Condition", {}),
    }
    here = scene._replace(kind=kind_of(type_, "Statement", said, scene.buses[0]))
    for each in statements_in(statement):
        for broken in broken_by(each.normal, None, here):
            yield Difference("/Principal", broken, statement)
