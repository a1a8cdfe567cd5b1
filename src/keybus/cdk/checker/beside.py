"""Resources that the platform does not generate: harmless ones pass, and carriers of events do not."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from keybus.cdk.checker.callers import is_schedule, of_listener, of_mapping, of_permission
from keybus.cdk.checker.confined import is_confined, is_own_use, is_trusted
from keybus.cdk.checker.differences import Difference, kind_of, of_bare_permission
from keybus.cdk.checker.harmless import (
    HARMLESS,
    IDENTITIES,
    IRRELEVANT,
    KEYS,
    LISTENER,
    WITHIN,
)
from keybus.cdk.checker.identities import of_identity, of_key
from keybus.cdk.checker.judging import Broken, Scene, broken_by
from keybus.cdk.checker.named import of_named
from keybus.cdk.checker.normal_statement import Placed, statements_in
from keybus.cdk.checker.own import Own
from keybus.cdk.checker.rules_of_events import is_open, of_targets
from keybus.contracts.pointers import pointer_of

_PLANE: Final[Mapping[str, tuple[str, str]]] = {
    "AWS::Events::Archive": ("DX00", "an archive beside the platform's"),
    "AWS::Events::EventBus": ("DX17", "a bus beside the platform's"),
    "AWS::Events::EventBusPolicy": ("DX17", "a permission on a bus that the platform lacks"),
    "AWS::Events::Rule": ("DX17", "a rule that the platform does not have"),
    "AWS::EventSchemas::Registry": ("DX17", "a registry beside the platform's"),
    "AWS::EventSchemas::Schema": ("DX17", "a schema that is no contract of the platform"),
    "AWS::SNS::Topic": ("DX10", "a topic beside the platform's: events may pass over it"),
    "AWS::SNS::TopicPolicy": ("DX10", "a topic's policy that the platform lacks"),
    "AWS::SQS::Queue": ("DX10", "a queue beside the platform's: events may pass over it"),
    "AWS::SQS::QueuePolicy": ("DX16", "a queue's policy that the platform lacks"),
}
_LISTENER: Final = "AWS::SNS::Subscription"
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    **HARMLESS,
    **IDENTITIES,
    **KEYS,
    _LISTENER: LISTENER,
}
_JUDGED: Final = frozenset(
    {
        ("AWS::Lambda::EventSourceMapping", "EventSourceArn"),
        ("AWS::Lambda::Permission", "Principal"),
        ("AWS::Lambda::Permission", "SourceArn"),
        (_LISTENER, "TopicArn"),
    }
)
"""Properties that have a check of their own."""
_ACTING: Final = frozenset(
    {
        ("AWS::ECS::TaskDefinition", "ExecutionRoleArn"),
        ("AWS::ECS::TaskDefinition", "TaskRoleArn"),
        ("AWS::Lambda::Function", "Role"),
    }
)
"""Properties that name the role in which a program acts."""
_RUNNING: Final = ("AWS::ECS::Service", "TaskDefinition")


class Beside:
    """Judges the resources of one template that are not generated.

    Args:
        scene: Where the template stands.
        own: What its resources may name.
    """

    def __init__(self, scene: Scene, own: Own) -> None:
        self._scene, self._own = scene, own

    def findings(self, type_: str, said: Mapping[str, Any]) -> Iterator[Difference]:
        """What is wrong with a resource of a type and its properties."""
        yield from self._of_statements(type_, said)
        yield from of_bare_permission(type_, said, self._scene)
        if type_ == "AWS::Events::Rule":
            if is_schedule(said, self._own):
                return
            yield from self._of_rule(said)
        if type_ in _PLANE:
            yield Difference("", Broken(*_PLANE[type_]), dict(said))
            yield from self._without_key(type_, said)
        elif type_ in _KNOWN:
            yield from self._of_known(type_, said)
        else:
            words = f"{type_} is not modelled: nobody knows whether it carries events"
            yield Difference("", Broken("DX00", words))

    def _of_statements(self, type_: str, said: Mapping[str, Any]) -> Iterator[Difference]:
        for name, value in said.items():
            if type_ in HARMLESS and name in IRRELEVANT:
                continue
            scene = self._scene._replace(kind=kind_of(type_, name, said, self._scene.buses[0]))
            for placed in statements_in(value):
                if placed.normal.takes_away or self._passes(type_, placed, scene):
                    continue
                for broken in broken_by(placed.normal, None, scene):
                    pointer = pointer_of(name) + placed.pointer
                    yield Difference(pointer, broken, dict(placed.said))

    def _passes(self, type_: str, placed: Placed, scene: Scene) -> bool:
        one, own = placed.normal, self._own
        if scene.kind == "identity":
            if one in own.usable or is_own_use(one, own.queues, own.subscribed):
                return True
            return is_confined(one, own.account, own.partition)
        if scene.kind == "trust":
            return is_trusted(one)
        by_root = bool(one.principals) and one.principals <= own.root
        return type_ == "AWS::KMS::Key" and by_root and not one.negated and not one.others

    def _of_rule(self, said: Mapping[str, Any]) -> Iterator[Difference]:
        if is_open(said.get("EventPattern")):
            words = "its pattern pins neither source nor type"
            yield Difference("/EventPattern", Broken("DX06", words), said.get("EventPattern"))
        for each in of_targets(said.get("Targets"), None, said.get("EventBusName"), self._scene):
            yield Difference(f"/Targets{each.pointer}", each.broken, each.said)

    def _without_key(self, type_: str, said: Mapping[str, Any]) -> Iterator[Difference]:
        name = {
            "AWS::Events::EventBus": "KmsKeyIdentifier",
            "AWS::SNS::Topic": "KmsMasterKeyId",
            "AWS::SQS::Queue": "KmsMasterKeyId",
        }.get(type_)
        if name is not None and str(said.get(name)) not in self._own.keys:
            words = "what it holds is not encrypted under a key of the team's own"
            yield Difference(pointer_of(name), Broken("DX09", words), said.get(name))

    def _of_known(self, type_: str, said: Mapping[str, Any]) -> Iterator[Difference]:
        own = self._own
        match type_:
            case "AWS::Lambda::EventSourceMapping":
                yield from of_mapping(said, own)
            case "AWS::Lambda::Permission":
                yield from of_permission(said, own)
            case "AWS::SNS::Subscription":
                yield from of_listener(said, own)
            case _ if type_ in IDENTITIES:
                yield from of_identity(type_, said, own)
            case _ if type_ in KEYS:
                yield from of_key(type_, said, own)
        yield from self._of_properties(type_, said)

    def _of_properties(self, type_: str, said: Mapping[str, Any]) -> Iterator[Difference]:
        for name, value in said.items():
            if type_ in HARMLESS and name in IRRELEVANT:
                continue
            if name not in _KNOWN[type_]:
                yield _unknown(name, pointer_of(name), value)
            yield from _of_parts(WITHIN.get((type_, name)), pointer_of(name), value)
            if (type_, name) == _RUNNING and str(value) not in self._own.tasks:
                words = f"nobody here knows in which role {value!r} runs"
                yield Difference(pointer_of(name), Broken("DX13", words), value)
            if (type_, name) in _ACTING and str(value) not in self._own.roles:
                words = f"nobody here knows what the role {value!r} may do"
                yield Difference(pointer_of(name), Broken("DX13", words), value)
            if type_ in IDENTITIES or type_ in KEYS or (type_, name) in _JUDGED:
                continue
            for pointer, broken, text in of_named(pointer_of(name), value, self._own):
                yield Difference(pointer, broken, text)


def _of_parts(known: frozenset[str] | None, pointer: str, said: Any) -> Iterator[Difference]:
    if known is not None and isinstance(said, list):
        for index, each in enumerate(said):
            yield from _of_parts(known, pointer + pointer_of(index), each)
    elif known is not None and isinstance(said, Mapping):
        for name in sorted(said.keys() - known):
            yield _unknown(name, pointer + pointer_of(name), said[name])


def _unknown(name: str, pointer: str, said: Any) -> Difference:
    words = f"nobody knows whether {name} lets events go anywhere"
    return Difference(pointer, Broken("DX00", words), said)
