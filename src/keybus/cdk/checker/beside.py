"""Resources that the platform does not generate: harmless ones pass, and carriers of events do not."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from keybus.arns import Arn
from keybus.cdk.checker.confined import (
    BENIGN,
    IRRELEVANT,
    MANAGED_POLICIES,
    is_confined,
    is_own_use,
    is_trusted,
)
from keybus.cdk.checker.differences import Difference, kind_of, of_bare_permission, texts_in
from keybus.cdk.checker.expected import Expected, Meant
from keybus.cdk.checker.judging import Broken, Scene, broken_by
from keybus.cdk.checker.normal_statement import Placed, statements_in, texts_of
from keybus.cdk.checker.rules_of_events import is_open, of_targets
from keybus.cdk.sites import partition_of

_IDENTITIES: Final = frozenset(
    {"AWS::IAM::InstanceProfile", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::Role"}
)
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
_CARRYING: Final = frozenset({"events", "firehose", "kinesis", "pipes", "sns", "sqs"})
_OWN_KEY: Final = frozenset({"AWS::KMS::Alias", "AWS::KMS::Key"})


class Beside:
    """Judges the resources of one template that are not generated.

    Args:
        scene: Where the template stands.
        region: Its region.
        expected: The platform.
        home: The generated resources of this template.
    """

    def __init__(
        self, scene: Scene, region: str, expected: Expected, home: Mapping[str, Meant]
    ) -> None:
        self._scene, self._region, self._expected = scene, region, expected
        account = scene.account
        self._usable = expected.usable(account)
        self._queues = expected.queues(account)
        self._topics = expected.topics(account)
        self._policies = expected.policies(account)
        self._keys = frozenset(
            f"arn:{partition_of(region)}:kms:{region}:{account}:key/⟨{each.id}⟩"
            for each in home.values()
            if each.type == "AWS::KMS::Key" and each.stack.startswith("subscription/")
        )
        self._roles = frozenset(
            str(each.properties["RoleName"])
            for each in home.values()
            if each.type == "AWS::IAM::Role"
        )

    def findings(self, type_: str, said: Mapping[str, Any]) -> Iterator[Difference]:
        """What is wrong with a resource of a type and its properties."""
        yield from self._of_statements(type_, said)
        yield from of_bare_permission(type_, said, self._scene)
        match type_:
            case "AWS::Events::Rule" if self._is_schedule(said):
                return
            case "AWS::Events::Rule":
                yield from self._of_rule(said)
            case "AWS::SNS::Subscription":
                yield from self._of_listener(said)
                return
            case _ if type_ in _IDENTITIES:
                yield from self._of_identity(said)
                return
            case _ if type_ in _OWN_KEY:
                yield from self._of_key(type_, said)
                return
        if type_ in _PLANE:
            yield Difference("", Broken(*_PLANE[type_]), dict(said))
            yield from self._without_key(type_, said)
        elif type_ in BENIGN:
            yield from self._of_benign(type_, said)
        else:
            words = f"{type_} is not modelled: nobody knows whether it carries events"
            yield Difference("", Broken("DX00", words))

    def _of_statements(self, type_: str, said: Mapping[str, Any]) -> Iterator[Difference]:
        for name, value in said.items():
            if type_ in BENIGN and name in IRRELEVANT:
                continue
            scene = self._scene._replace(kind=kind_of(type_, name, said, self._scene.buses[0]))
            for placed in statements_in(value):
                if placed.normal.effect == "Deny" or self._passes(type_, placed, scene):
                    continue
                for broken in broken_by(placed.normal, None, scene):
                    yield Difference(f"/{name}{placed.pointer}", broken, dict(placed.said))

    def _passes(self, type_: str, placed: Placed, scene: Scene) -> bool:
        one = placed.normal
        if scene.kind == "identity":
            own = is_own_use(one, self._queues, self._keys)
            return one in self._usable or own or is_confined(one, scene.account)
        if scene.kind == "trust":
            return is_trusted(one)
        own_root = one.principals == {("AWS", scene.account)} and not one.negated
        return type_ == "AWS::KMS::Key" and own_root

    def _of_rule(self, said: Mapping[str, Any]) -> Iterator[Difference]:
        if is_open(said.get("EventPattern")):
            words = "its pattern pins neither source nor type"
            yield Difference("/EventPattern", Broken("DX06", words), said.get("EventPattern"))
        for each in of_targets(said.get("Targets"), None, said.get("EventBusName"), self._scene):
            yield Difference(f"/Targets{each.pointer}", each.broken, each.said)

    def _is_schedule(self, said: Mapping[str, Any]) -> bool:
        """Whether a rule only calls functions of its own account by the clock."""
        if "EventPattern" in said or "RoleArn" in said or "ScheduleExpression" not in said:
            return False
        if said.get("EventBusName", "default") != "default":
            return False
        targets = said.get("Targets", [])
        if not isinstance(targets, list) or not all(isinstance(each, dict) for each in targets):
            return False
        arns = [Arn.parse(str(each.get("Arn"))) for each in targets]
        return all(
            arn is not None and (arn.service, arn.account) == ("lambda", self._scene.account)
            for arn in arns
        )

    def _of_listener(self, said: Mapping[str, Any]) -> Iterator[Difference]:
        if str(said.get("TopicArn")) not in self._topics:
            words = "it listens to a topic that is not the platform's"
            yield Difference("/TopicArn", Broken("DX10", words), said.get("TopicArn"))
        arn = Arn.parse(str(said.get("Endpoint", "")))
        if arn is not None and (arn.account != self._scene.account or arn.service == "sqs"):
            words = f"{arn} gets what a topic carries, beside the bus"
            yield Difference("/Endpoint", Broken("DX10", words), said.get("Endpoint"))

    def _of_identity(self, said: Mapping[str, Any]) -> Iterator[Difference]:
        for index, arn in enumerate(texts_of(said.get("ManagedPolicyArns", []))):
            found = Arn.parse(arn)
            aws = found is not None and found.account == "aws"
            name = arn.partition(":policy/")[2]
            own = f":{self._scene.account}:policy/⟨" in arn or arn in self._policies
            if not own and not ((aws or ":iam::aws:" in arn) and name in MANAGED_POLICIES):
                words = f"nobody here knows what {arn!r} allows"
                yield Difference(f"/ManagedPolicyArns/{index}", Broken("DX13", words), arn)
        more = self._roles & set(texts_of(said.get("Roles", [])))
        for role in sorted(more):
            words = f"the role {role!r} delivers, and is to do nothing else"
            yield Difference("/Roles", Broken("DX13", words), role)

    def _of_key(self, type_: str, said: Mapping[str, Any]) -> Iterator[Difference]:
        if type_ == "AWS::KMS::Alias" and "⟨" not in str(said.get("TargetKeyId")):
            words = "it names a key that is not of this template"
            yield Difference("/TargetKeyId", Broken("DX09", words), said.get("TargetKeyId"))

    def _without_key(self, type_: str, said: Mapping[str, Any]) -> Iterator[Difference]:
        name = {
            "AWS::Events::EventBus": "KmsKeyIdentifier",
            "AWS::SNS::Topic": "KmsMasterKeyId",
            "AWS::SQS::Queue": "KmsMasterKeyId",
        }.get(type_)
        if name is not None and "⟨" not in str(said.get(name)):
            words = "what it holds is not encrypted under a key of the team's own"
            yield Difference(f"/{name}", Broken("DX09", words), said.get(name))

    def _of_benign(self, type_: str, said: Mapping[str, Any]) -> Iterator[Difference]:
        if type_ == "AWS::Lambda::EventSourceMapping":
            yield from self._of_mapping(said)
        if type_ == "AWS::Lambda::Permission":
            yield from self._of_permission(said)
        for name, value in said.items():
            if name in IRRELEVANT or (type_, name) in _JUDGED:
                continue
            for text in texts_in(value):
                yield from self._of_arn(f"/{name}", text)

    def _of_arn(self, pointer: str, text: str) -> Iterator[Difference]:
        """A benign resource may name nothing that carries events but the topics of the alarms."""
        arn = Arn.parse(text)
        if arn is None:
            return
        if arn.account and arn.account not in self._scene.accounts:
            words = f"{text!r} is of no account of the platform"
            yield Difference(pointer, Broken("DX05", words), text)
        elif arn.account and arn.account != self._scene.account:
            words = f"{text!r} is another account's, and is reached beside the bus"
            yield Difference(pointer, Broken("DX10", words), text)
        elif arn.service in _CARRYING and text not in self._topics:
            words = f"{text!r} carries events, and is not the platform's to be used here"
            yield Difference(pointer, Broken("DX10", words), text)

    def _of_mapping(self, said: Mapping[str, Any]) -> Iterator[Difference]:
        source = str(said.get("EventSourceArn"))
        arn = Arn.parse(source)
        own = arn is not None and arn.account == self._scene.account
        if source not in self._queues and not (own and arn and arn.service == "dynamodb"):
            words = "it reads from what is no queue of the account's own subscriptions"
            rule = "DX10" if own else "DX16"
            yield Difference("/EventSourceArn", Broken(rule, words), source)
        if "DestinationConfig" in said or "SelfManagedEventSource" in said:
            name = "DestinationConfig" if "DestinationConfig" in said else "SelfManagedEventSource"
            words = f"{name} carries events to where the platform does not know"
            yield Difference(f"/{name}", Broken("DX00", words), said[name])

    def _of_permission(self, said: Mapping[str, Any]) -> Iterator[Difference]:
        principal = str(said.get("Principal"))
        arn = Arn.parse(str(said.get("SourceArn")))
        if arn is not None and arn.account != self._scene.account:
            words = f"{arn} is another account's, and would call it beside the bus"
            yield Difference("/SourceArn", Broken("DX10", words), str(arn))
        if "*" in principal:
            yield Difference("/Principal", Broken("DX01", "everybody may call it"), principal)
        elif principal.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            if "SourceArn" not in said:
                words = f"{principal} may call it for anybody: SourceArn is missing"
                yield Difference("", Broken("DX18", words), dict(said))
        elif self._scene.account not in principal:
            words = f"{principal!r} is another account"
            yield Difference("/Principal", Broken("DX03", words), principal)


_JUDGED: Final = frozenset(
    {
        ("AWS::Lambda::EventSourceMapping", "EventSourceArn"),
        ("AWS::Lambda::EventSourceMapping", "DestinationConfig"),
        ("AWS::Lambda::Permission", "Principal"),
        ("AWS::Lambda::Permission", "SourceArn"),
    }
)
"""Properties that have a check of their own."""
