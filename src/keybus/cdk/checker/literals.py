"""References of a template filled in, as far as the template alone says what they come to.

Source: AWS CloudFormation template reference, "Intrinsic functions", and each type's return values.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from keybus.arns import Arn
from keybus.cdk.checker.cloud_assembly import Template
from keybus.cdk.sites import domain_of, partition_of
from keybus.contracts.pointers import pointer_of


class Unresolvable(ValueError):
    """A value that only a deployment knows.

    Attributes:
        pointer: To it, from where resolving began.
    """

    def __init__(self, message: str, pointer: str) -> None:
        super().__init__(message)
        self.pointer = pointer


class _Named(NamedTuple):
    """How a type's ARN is made of its name; iam's stand in no region."""

    service: str
    resource: str
    name: str  # the property; empty where AWS makes up the name


_TYPES: Final[Mapping[str, _Named]] = {
    "AWS::CloudWatch::Alarm": _Named("cloudwatch", "alarm:{}", "AlarmName"),
    "AWS::DynamoDB::Table": _Named("dynamodb", "table/{}", "TableName"),
    "AWS::Events::Archive": _Named("events", "archive/{}", "ArchiveName"),
    "AWS::Events::EventBus": _Named("events", "event-bus/{}", "Name"),
    "AWS::Events::Rule": _Named("events", "rule/{}", "Name"),
    "AWS::IAM::ManagedPolicy": _Named("iam", "policy/{}", "ManagedPolicyName"),
    "AWS::IAM::Role": _Named("iam", "role/{}", "RoleName"),
    "AWS::KMS::Key": _Named("kms", "key/{}", ""),
    "AWS::Lambda::Function": _Named("lambda", "function:{}", "FunctionName"),
    "AWS::Logs::DeliveryDestination": _Named("logs", "delivery-destination:{}", "Name"),
    "AWS::Logs::DeliverySource": _Named("logs", "delivery-source:{}", "Name"),
    "AWS::Logs::LogGroup": _Named("logs", "log-group:{}:*", "LogGroupName"),
    "AWS::SNS::Topic": _Named("sns", "{}", "TopicName"),
    "AWS::SQS::Queue": _Named("sqs", "{}", "QueueName"),
}
_REF_IS_ARN: Final = frozenset({"AWS::IAM::ManagedPolicy", "AWS::SNS::Topic"})
_NAME_ATTRIBUTES: Final = frozenset({"Name", "QueueName", "TopicName", "KeyId"})
_ARN_ATTRIBUTES: Final = frozenset({"Arn", "TopicArn", "PolicyArn"})
_OPEN, _CLOSE = "⟨", "⟩"
_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_NOTHING: Final = object()  # what Ref AWS::NoValue stands for


class Literals:
    """The values of a template. A name that AWS makes up is written ``⟨LogicalId⟩``."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._asked: list[str] = []  # ids whose names are being made, to stop at a circle
        region = template.region
        self._pseudo: Mapping[str, object] = {
            "AWS::AccountId": template.account,
            "AWS::NoValue": _NOTHING,
            "AWS::Partition": partition_of(region),
            "AWS::Region": region,
            "AWS::URLSuffix": domain_of(region),
        }
        self._functions: Mapping[str, Callable[[Any, str], object]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
        }

    def of(self, value: Any, pointer: str = "") -> Any:
        """A value with its references filled in.

        Raises:
            Unresolvable: The template alone does not say.
        """
        if isinstance(value, str):
            if _OPEN in value or _CLOSE in value:
                raise Unresolvable(f"{value!r} cannot be told from a made-up name", pointer)
            return value
        if isinstance(value, list):
            made = [self.of(each, pointer + pointer_of(index)) for index, each in enumerate(value)]
            return [each for each in made if each is not _NOTHING]
        if not isinstance(value, dict):
            return value
        function = next((key for key in value if key == "Ref" or key.startswith("Fn::")), None)
        if function is not None:
            if function not in self._functions or len(value) > 1:
                raise Unresolvable(f"{function} is not known before it is deployed", pointer)
            return self._functions[function](value[function], pointer)
        filled = {key: self.of(each, pointer + pointer_of(key)) for key, each in value.items()}
        return {key: each for key, each in filled.items() if each is not _NOTHING}

    def _ref(self, name: Any, pointer: str) -> object:
        if isinstance(name, str) and name in self._pseudo:
            return self._pseudo[name]
        type_ = self._type(name, pointer)
        if type_ in _REF_IS_ARN:
            return self._arn(name, type_, pointer)
        plain = self._name(name, type_, pointer)
        if type_ == "AWS::SQS::Queue":
            place = self._template
            return f"https://sqs.{place.region}.{domain_of(place.region)}/{place.account}/{plain}"
        return plain

    def _attribute(self, said: Any, pointer: str) -> object:
        parts = said.split(".", 1) if isinstance(said, str) else self.of(said, pointer)
        match parts:
            case [str() as name, str() as attribute]:
                type_ = self._type(name, pointer)
            case _:
                raise Unresolvable("Fn::GetAtt takes a resource and an attribute", pointer)
        if attribute in _ARN_ATTRIBUTES:
            return self._arn(name, type_, pointer)
        if attribute in _NAME_ATTRIBUTES:
            return self._name(name, type_, pointer)
        if type_ == "AWS::DynamoDB::Table" and attribute == "StreamArn":
            return f"{self._arn(name, type_, pointer)}/stream/{_OPEN}{name}{_CLOSE}"
        raise Unresolvable(f"{name}.{attribute} is not known before it is deployed", pointer)

    def _join(self, said: Any, pointer: str) -> str:
        match said:
            case [str() as between, parts]:
                filled = self.of(parts, pointer)
                if isinstance(filled, list):
                    return between.join(self._text(each, pointer) for each in filled)
        raise Unresolvable("Fn::Join takes a delimiter and a list", pointer)

    def _split(self, said: Any, pointer: str) -> list[str]:
        match said:
            case [str() as between, text] if between:
                return self._text(self.of(text, pointer), pointer).split(between)
        raise Unresolvable("Fn::Split takes a delimiter and a text", pointer)

    def _select(self, said: Any, pointer: str) -> object:
        match said:
            case [index, parts]:
                filled = self.of(parts, pointer)
                number = str(self.of(index, pointer))
                if isinstance(filled, list) and number.isdecimal() and int(number) < len(filled):
                    return filled[int(number)]
        raise Unresolvable("Fn::Select takes an index and a list that has it", pointer)

    def _sub(self, said: Any, pointer: str) -> str:
        given: dict[str, Any] = {}
        match said:
            case str():
                text = said
            case [str() as text, dict() as more]:
                given = {key: self.of(each, pointer) for key, each in more.items()}
            case _:
                raise Unresolvable("Fn::Sub takes a text", pointer)

        def fill(found: re.Match[str]) -> str:
            name = found[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in given:
                return self._text(given[name], pointer)
            value = self._attribute(name, pointer) if "." in name else self._ref(name, pointer)
            return self._text(value, pointer)

        return _PLACEHOLDER.sub(fill, self.of(text, pointer))

    def _text(self, value: object, pointer: str) -> str:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value)
        raise Unresolvable("a text is made of something that is none", pointer)

    def _type(self, name: Any, pointer: str) -> str:
        found = self._template.resources.get(name) if isinstance(name, str) else None
        if not isinstance(found, dict) or not isinstance(found.get("Type"), str):
            raise Unresolvable(f"{name!r} is no resource of this template", pointer)
        return str(found["Type"])

    def _name(self, id_: str, type_: str, pointer: str) -> str:
        known = _TYPES.get(type_)
        said = self._properties(id_)
        if known is None or not known.name or known.name not in said:
            return f"{_OPEN}{id_}{_CLOSE}"
        if id_ in self._asked:
            raise Unresolvable(f"the name of {id_} is made of itself", pointer)
        self._asked.append(id_)
        try:
            return self._text(self.of(said[known.name], pointer), pointer)
        finally:
            self._asked.pop()

    def _properties(self, id_: str) -> Mapping[str, Any]:
        said = self._template.resources[id_].get("Properties")
        return said if isinstance(said, dict) else {}

    def _arn(self, id_: str, type_: str, pointer: str) -> str:
        known = _TYPES.get(type_)
        if known is None:
            raise Unresolvable(f"the ARN of {id_} is not known before it is deployed", pointer)
        name = self._name(id_, type_, pointer)
        said = self._properties(id_)
        if type_ == "AWS::Events::Rule" and "EventBusName" in said:
            bus = self._text(self.of(said["EventBusName"], pointer), pointer)
            name = name if bus == "default" else f"{bus.rpartition('/')[2]}/{name}"
        if known.service == "iam" and "Path" in said:
            name = self._text(self.of(said["Path"], pointer), pointer).lstrip("/") + name
        region = "" if known.service == "iam" else self._template.region
        place = self._template
        resource = known.resource.format(name)
        return str(Arn(known.service, region, place.account, resource, partition_of(place.region)))
