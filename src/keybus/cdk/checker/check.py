"""Asks of every resource in every template whether the platform has it, and has it so."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from keybus.cdk.checker.beside import Beside
from keybus.cdk.checker.cloud_assembly import Template
from keybus.cdk.checker.differences import Difference, differences
from keybus.cdk.checker.expected import Expected, Meant
from keybus.cdk.checker.finding import TemplateFinding, TemplateReport
from keybus.cdk.checker.harmless import HARMLESS, IRRELEVANT
from keybus.cdk.checker.judging import Broken, Scene
from keybus.cdk.checker.literals import Literals, Unresolvable
from keybus.cdk.checker.own import own_of
from keybus.cdk.checker.resource_names import TYPES
from keybus.cdk.deployment import Deployment
from keybus.contracts.pointers import pointer_of, tokens_of
from keybus.governance.compliance import RULES

_HINTS: Final[Mapping[str, str]] = {
    "DX00": "take it out, or put it in an app of its own; write literal"
    " values, or references within the template",
    "DX01": "name the account that is meant",
    "DX02": "ask for the platform's organization: aws:PrincipalOrgID",
    "DX03": "declare the account in the platform, or take it out",
    "DX04": "put in the policy of the publisher: keybus.cdk.Publisher",
    "DX05": "declare the account in the platform, and subscribe there",
    "DX06": "change what is asked for in the platform, where its owner grants it",
    "DX07": "leave the queue for what fails as it is generated",
    "DX08": "leave the queue for what fails, its policy and its key as they are generated",
    "DX09": "leave the key as it is generated",
    "DX10": "subscribe on the bus instead",
    "DX11": "subscribe on the central bus instead",
    "DX12": "renew the grant in the platform, and synthesize again",
    "DX13": "allow what the role does, on exact ARNs; publishing and consuming have policies",
    "DX14": "leave buses, rules and permissions to the platform",
    "DX15": "raise the account's clearance in the platform if it is due, or subscribe to less",
    "DX16": "leave the policy as it is generated",
    "DX17": "synthesize again from the platform, or change the platform first",
    "DX18": "ask for aws:SourceArn and aws:SourceAccount of the one resource that acts",
}
_SECTIONS: Final = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
    }
)
_ATTRIBUTES: Final = frozenset(
    {
        "Condition",
        "DeletionPolicy",
        "DependsOn",
        "Metadata",
        "Properties",
        "Type",
        "UpdateReplacePolicy",
    }
)
"""What templates and resources have that neither makes nor changes a resource."""
_OUTLIVING: Final = ("DeletionPolicy", "UpdateReplacePolicy")
_LETTING: Final = frozenset(
    {
        "AWS::Events::EventBusPolicy",
        "AWS::Events::Rule",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
        "AWS::Logs::ResourcePolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }
)
"""What lets events through: it has to go once the platform takes it out."""
_NAMED_AS: Final = {"AWS::CloudWatch::CompositeAlarm": "AWS::CloudWatch::Alarm"}
"""Types that share the names of another."""
_MISSING: Final[Mapping[str, str]] = {"AWS::KMS::Alias": "DX09", "AWS::KMS::Key": "DX09"}


def check_templates(deployment: Deployment, templates: Iterable[Template]) -> TemplateReport:
    """Judge templates by the platform.

    Args:
        deployment: The platform, as it is to stand on AWS.
        templates: As `read_templates` gives them.

    Returns:
        All findings. A stack of which no template's account and region is, is not judged, and
        listed.

    Raises:
        PlanRefused: The platform cannot stand on AWS.
    """
    every = tuple(templates)
    expected = Expected(deployment, every)
    found = [each for template in every for each in _Judge(template, expected).findings()]
    for stack in expected.homeless():
        words = f"{stack.name} is missing: no template of {stack.account} has anything of it"
        rule = RULES["DX17"]
        found.append(
            TemplateFinding(rule.id, rule.severity, "", "", "", words, hint=_HINTS["DX17"])
        )
    ordered = sorted(
        found, key=lambda each: (each.template, each.resource, each.pointer, each.rule)
    )
    return TemplateReport(tuple(each.file for each in every), tuple(ordered), expected.unseen)


class _Judge:
    """Judges one template."""

    def __init__(self, template: Template, expected: Expected) -> None:
        self._template, self._expected = template, expected
        self._literals = Literals(template)
        self._home = expected.of(template.file)
        self._scene = Scene("other", template.account, expected.accounts, expected.buses)
        self._beside = Beside(self._scene, own_of(template, self._literals, expected, self._home))

    def findings(self) -> Iterator[TemplateFinding]:
        for name in sorted(self._template.document.keys() - _SECTIONS):
            words = f"{name} may change what is deployed"
            yield self._finding("", pointer_of(name), Difference("", Broken("DX00", words)))
        if not isinstance(self._template.document.get("Resources"), dict):
            words = "it has no resources that can be judged"
            yield self._finding("", "/Resources", Difference("", Broken("DX00", words)))
        for pointer in _macros(self._template.document):
            words = "a macro may change what is deployed"
            yield self._finding("", pointer, Difference("", Broken("DX00", words)))
        for id_, resource in self._template.resources.items():
            yield from self._of_resource(id_, resource)
        for id_, meant in self._home.items():
            if id_ not in self._template.resources:
                difference = Difference("", _of_missing(meant), None, dict(meant.properties))
                yield self._finding(id_, "/Resources", difference)

    def _of_resource(self, id_: str, resource: Any) -> Iterator[TemplateFinding]:
        pointer = pointer_of("Resources", id_)
        if not isinstance(resource, Mapping) or not isinstance(resource.get("Type"), str):
            difference = Difference("", Broken("DX00", "this is no resource"))
            yield self._finding(id_, pointer, difference)
            return
        type_, meant = resource["Type"], self._home.get(id_)
        for name in sorted(resource.keys() - _ATTRIBUTES):
            words = f"{name} may change what is deployed"
            difference = Difference(pointer_of(name), Broken("DX00", words), resource[name])
            yield self._finding(id_, pointer, difference)
        if "Condition" in resource and (meant is not None or type_ not in HARMLESS):
            words = "whether it is there is not known before it is deployed"
            difference = Difference("/Condition", Broken("DX00", words), resource["Condition"])
            yield self._finding(id_, pointer, difference)
        for name in _OUTLIVING if meant is not None and type_ in _LETTING else ():
            if resource.get(name, "Delete") != "Delete":
                words = "it would go on letting events through once the platform takes it out"
                difference = Difference(pointer_of(name), Broken("DX17", words), resource[name])
                yield self._finding(id_, pointer, difference)
        said, unknown = self._filled(type_, resource.get("Properties") or {})
        for error in unknown:
            difference = Difference(error.pointer, Broken("DX00", str(error)))
            yield self._finding(id_, f"{pointer}/Properties", difference)
        if unknown and meant is not None:
            unsaid = {tuple(tokens_of(each.pointer))[:1] for each in unknown}
            rest = {
                key: each
                for key, each in meant.properties.items()
                if not unsaid & {(), (key,)}  # the whole, or this one
            }
            meant = Meant(meant.stack, meant.id, meant.type, rest)
        for each in self._judged(type_, said, meant):
            yield self._finding(id_, f"{pointer}/Properties", each)

    def _judged(
        self, type_: str, said: Mapping[str, Any], meant: Meant | None
    ) -> Iterator[Difference]:
        if meant is not None and meant.type == type_:
            yield from differences(type_, said, meant, self._scene, self._expected)
            return
        if meant is not None:
            words = f"it is no {meant.type}, as the platform generates"
            yield Difference("", Broken(_of_missing(meant).rule, words), type_, meant.type)
        yield from self._of_taken(type_, said)
        yield from self._beside.findings(type_, said)

    def _of_taken(self, type_: str, said: Mapping[str, Any]) -> Iterator[Difference]:
        """What is wrong with the name of a resource beside the platform's."""
        key = TYPES[type_].name if type_ in TYPES else ""
        place = self._template
        taken = self._expected.names(_NAMED_AS.get(type_, type_), place.account, place.region)
        if key in said and str(said[key]).lower() in taken:
            words = f"the platform's own {type_} has this name"
            yield Difference(pointer_of(key), Broken("DX17", words), said[key])

    def _filled(self, type_: str, said: Any) -> tuple[dict[str, Any], list[Unresolvable]]:
        """The properties that the template alone says, and why it does not say the others."""
        filled: dict[str, Any] = {}
        unknown: list[Unresolvable] = []
        if not isinstance(said, Mapping) or any(
            key == "Ref" or key.startswith("Fn::") for key in said
        ):
            return {}, [Unresolvable("the properties are not known before it is deployed", "")]
        for name, value in said.items():
            if type_ in HARMLESS and name in IRRELEVANT:
                continue
            try:
                made = self._literals.of({name: value})
            except Unresolvable as error:
                unknown.append(error)
            else:
                filled |= made
        return filled, unknown

    def _finding(self, id_: str, pointer: str, difference: Difference) -> TemplateFinding:
        broken = difference.broken
        return TemplateFinding(
            broken.rule,
            RULES[broken.rule].severity,
            self._template.file,
            id_,
            pointer + difference.pointer,
            broken.message,
            difference.said,
            difference.meant,
            _HINTS[broken.rule],
        )


def _macros(value: Any, pointer: str = "") -> Iterator[str]:
    """Pointers to all macros in a template, also where nothing else is judged."""
    parts = value.items() if isinstance(value, Mapping) else ()
    for key, each in enumerate(value) if isinstance(value, list) else parts:
        at = pointer + pointer_of(key)
        if key == "Fn::Transform":
            yield at
        yield from _macros(each, at)


def _of_missing(meant: Meant) -> Broken:
    """What goes wrong without a generated resource."""
    words = f"{meant.id} is missing, a {meant.type} of {meant.stack}"
    for_failures = "Undelivered" in meant.id or meant.id.endswith("DeadLetters")
    if meant.type == "AWS::SQS::Queue" and for_failures:
        return Broken("DX07", words)
    if meant.type == "AWS::SQS::QueuePolicy" and for_failures:
        return Broken("DX08", words)
    return Broken(_MISSING.get(meant.type, "DX17"), words)
