"""What templates have that decides who reaches what: policies, roles, rules, by what they are of."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from keybus.arns import Arn
from keybus.cdk.checker.cloud_assembly import Template
from keybus.cdk.checker.confined import MANAGED_POLICIES
from keybus.cdk.checker.literals import Literals
from keybus.cdk.checker.normal_statement import NormalStatement, Placed, statements_in, texts_of
from keybus.cdk.simulator.request import Request, doubt_of, permitted
from keybus.cdk.sites import partition_of
from keybus.contracts.pointers import pointer_of

_CARRIED: Final = ("AWS::Events::", "AWS::IAM::", "AWS::SQS::")
_IDENTITIES: Final = frozenset(
    {
        "AWS::IAM::Group",
        "AWS::IAM::GroupPolicy",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::IAM::RolePolicy",
        "AWS::IAM::User",
        "AWS::IAM::UserPolicy",
    }
)
_ANYTHING: Final = NormalStatement(
    "Allow", frozenset(), frozenset({"*"}), frozenset({"*"}), frozenset()
)
_TRUST: Final = "AssumeRolePolicyDocument"


class Part(NamedTuple):
    """A resource with its references filled in.

    Attributes:
        place: Its template.
        id: Its logical id.
        type: Its type.
        said: Its properties.
        open: Whether policies are on it that no template has: they may permit anything.
    """

    place: Template
    id: str
    type: str
    said: Mapping[str, Any]
    open: bool = False

    @property
    def where(self) -> str:
        """A JSON pointer to its properties, after its template's file and a ``#``."""
        return f"{self.place.file}#{pointer_of('Resources', self.id)}/Properties"

    @property
    def arn(self) -> str:
        """The ARN of a role, managed policy or rule."""
        match self.type:
            case "AWS::IAM::Role":
                return self._iam_arn("role", self._name("RoleName"))
            case "AWS::IAM::ManagedPolicy":
                return self._iam_arn("policy", self._name("ManagedPolicyName"))
        bus = self.bus_arn.rpartition("/")[2]
        name = self._name("Name")
        return self._regional_arn(f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}")

    @property
    def bus_arn(self) -> str:
        """The ARN of the bus that a rule or a policy is of, or that this is."""
        key = "Name" if self.type == "AWS::Events::EventBus" else "EventBusName"
        name = str(self.said.get(key, "default"))
        return name if name.startswith("arn:") else self._regional_arn(f"event-bus/{name}")

    def statements(self) -> list[NormalStatement]:
        """What it permits and denies; not who may take a role."""
        own = [each.normal for each in self._placed() if each.path[:1] != (_TRUST,)]
        return [*own, _ANYTHING] if self.open else own

    def trust(self) -> list[NormalStatement]:
        """Who may take a role."""
        return [each.normal for each in self._placed() if each.path[:1] == (_TRUST,)]

    def lets(self, request: Request) -> bool:
        """Whether it permits a request."""
        return permitted(self.statements(), request)

    def doubts(self) -> Iterator[str]:
        """What of it is not evaluated, each with a pointer to it."""
        for each in self._placed():
            words = doubt_of(each.normal)
            if words:
                yield f"{self.where}{each.pointer}: {words}"

    def is_door_of(self, arn: str) -> bool:
        """Whether it is the policy of a queue or bus."""
        match self.type:
            case "AWS::Events::EventBus" | "AWS::Events::EventBusPolicy":
                return self.bus_arn == arn
            case "AWS::SQS::QueuePolicy":
                urls = texts_of(self.said.get("Queues", []))
            case "AWS::SQS::QueueInlinePolicy":
                urls = texts_of(self.said.get("Queue", []))
            case _:
                return False
        found = Arn.parse(arn)
        if found is None:
            return False
        hosts = ("queue.", f"sqs.{found.region}.", f"{found.region}.queue.")  # old ones as well
        ours = [each.partition("//")[2] for each in urls]
        path = f"/{found.account}/{found.resource}"
        return any(each.startswith(hosts) and each.endswith(path) for each in ours)

    def _placed(self) -> list[Placed]:
        if self.type != "AWS::Events::EventBusPolicy" or "Principal" not in self.said:
            return list(statements_in(dict(self.said)))
        # The older form, whose parts are properties.
        condition = self.said.get("Condition") or {}
        statement = {
            "Effect": "Allow",
            "Principal": _account_or_all(self.said["Principal"]),
            "Action": self.said.get("Action", "events:PutEvents"),
            "Resource": self.bus_arn,
            "Condition": {condition["Type"]: {condition["Key"]: condition["Value"]}}
            if {"Type", "Key", "Value"} <= condition.keys()
            else condition,
        }
        return list(statements_in(statement))

    def _name(self, key: str) -> str:
        return str(self.said.get(key, f"⟨{self.id}⟩"))  # as Literals writes what AWS makes up

    def _iam_arn(self, kind: str, name: str) -> str:
        path = str(self.said.get("Path", "/")).lstrip("/")
        partition = partition_of(self.place.region)
        return str(Arn("iam", "", self.place.account, f"{kind}/{path}{name}", partition))

    def _regional_arn(self, resource: str) -> str:
        place = self.place
        return str(Arn("events", place.region, place.account, resource, partition_of(place.region)))


def parts_of(template: Template) -> Iterator[Part]:
    """What of a template decides who reaches what."""
    literals = Literals(template)
    for id_, resource in template.resources.items():
        if resource["Type"].startswith(_CARRIED):
            yield Part(
                template, id_, resource["Type"], literals.of(resource.get("Properties") or {})
            )


class Identities:
    """The policies that roles and others act under.

    Args:
        parts: All parts.
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        every = [each for each in parts if each.type in _IDENTITIES]
        self._known = {each.arn for each in every if each.type == "AWS::IAM::ManagedPolicy"}
        self._parts = [each._replace(open=any(self._unknown(each))) for each in every]

    def of(self, account: str) -> list[Part]:
        """All that permit something to somebody of an account."""
        return [each for each in self._parts if each.place.account == account]

    def role(self, arn: str) -> Part | None:
        """A role; None where no template has it."""
        roles = (each for each in self._parts if each.type == "AWS::IAM::Role")
        return next((each for each in roles if each.arn == arn), None)

    def of_role(self, role: Part) -> list[NormalStatement]:
        """All that a role permits: by itself, and by the policies on it."""
        name = role.arn.rpartition("/")[2]
        attached = texts_of(role.said.get("ManagedPolicyArns", []))
        on_it = [
            each
            for each in self.of(role.place.account)
            if name in texts_of(each.said.get("Roles", []) or each.said.get("RoleName", []))
            or (each.type == "AWS::IAM::ManagedPolicy" and each.arn in attached)
        ]
        return [one for each in (role, *on_it) for one in each.statements()]

    def doubts(self) -> Iterator[str]:
        """Policies on roles that no template has."""
        for part in self._parts:
            for arn in self._unknown(part):
                words = f"no template has {arn}: not evaluated, and taken to allow"
                yield f"{part.where}/ManagedPolicyArns: {words}"

    def _unknown(self, part: Part) -> Iterator[str]:
        for arn in texts_of(part.said.get("ManagedPolicyArns", [])):
            if arn not in self._known and not _is_harmless(arn):
                yield arn


def _is_harmless(arn: str) -> bool:
    own = ":iam::aws:policy/" in arn
    return own and any(arn.endswith(f"/{each.rpartition('/')[2]}") for each in MANAGED_POLICIES)


def _account_or_all(said: Any) -> Any:
    return said if said == "*" or isinstance(said, Mapping) else {"AWS": said}
