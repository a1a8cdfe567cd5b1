"""Every unauthorized exchange in a template is found under its rule; nothing is found in clean ones."""

from collections import Counter
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import pytest

from keybus.cdk import stacks_of, template
from keybus.cdk.checker import Template, check_templates
from keybus.cdk.resource import OPEN
from keybus.governance.compliance import RULES
from tests.cdk.checker.mutants import Mutant, mutants
from tests.cdk.checker.templates import (
    HUB,
    MAIL,
    STRANGER,
    Templates,
    allow,
    benign,
    role,
    small,
)
from tests.cdk.platforms import example

ELSEWHERE = {"DX15"}  # below: it needs what is classified


@pytest.mark.parametrize("mutant", list(mutants()), ids=lambda each: f"{each.rule}-{each.name}")
def test_a_mutant_is_found_under_its_rule(mutant: Mutant) -> None:
    changed = Templates()
    mutant.change(changed)
    found = changed.findings()
    assert mutant.rule in {each.rule for each in found}, [
        (each.rule, each.where, each.message) for each in found
    ]
    assert all(each.message and each.hint for each in found)


def test_every_rule_of_templates_has_at_least_three_mutants() -> None:
    counted = Counter(each.rule for each in mutants())
    assert set(counted) == set(RULES) - ELSEWHERE
    assert min(counted.values()) >= 3


def test_clean_templates_have_no_finding() -> None:
    assert Templates().findings() == ()


def test_what_a_team_has_beside_its_subscription_is_no_finding() -> None:
    beside = Templates()
    beside.mailer.update(benign())
    assert beside.findings() == ()


@pytest.mark.long
@pytest.mark.parametrize("id_", ["VendorLockwellForwardRule", "VendorLockwellRule"])
@pytest.mark.parametrize("way", ["listed", "either", "alone"])
def test_a_classified_type_in_a_pattern_is_found(id_: str, way: str) -> None:
    stacks = stacks_of(example())
    documents = {each.name: template(each.resources) for each in stacks}
    [rule] = [each["Resources"][id_] for each in documents.values() if id_ in each["Resources"]]
    pattern = dict(rule["Properties"]["EventPattern"])
    more = {"detail-type": ["delivery.scheduled"]}
    changed = {
        "listed": {**pattern, "detail-type": [*pattern["detail-type"], "delivery.scheduled"]},
        "either": {**pattern, "$or": [more]},
        "alone": more,
    }
    rule["Properties"] = {**rule["Properties"], "EventPattern": changed[way]}
    templates = [
        Template(each.name, each.account, each.region, documents[each.name]) for each in stacks
    ]
    found = check_templates(example(), templates).findings
    assert {each.rule for each in found} == {"DX15"}


@pytest.mark.long
@pytest.mark.parametrize(
    "statement",
    [
        allow("s3:PutObject", "arn:aws:s3:::strangers/*"),
        allow("dynamodb:PutItem", f"arn:aws:dynamodb:eu-west-1:{STRANGER}:table/a"),
        allow("dynamodb:PutItem", "arn:aws:dynamodb:*:*:table/a"),
        allow("*", "*"),
        allow("kms:CreateGrant", {"Fn::GetAtt": ["MailerKey", "Arn"]}),
        allow("kms:Decrypt", "*"),
        allow("dynamo*:PutItem", "*"),
        allow("logs:PutSubscriptionFilter", f"arn:aws:logs:eu-west-1:{MAIL}:log-group:a"),
        allow("lambda:AddPermission", f"arn:aws:lambda:eu-west-1:{MAIL}:function:a"),
        allow("sqs:SetQueueAttributes", {"Fn::GetAtt": ["MailerQueue", "Arn"]}),
        allow("sqs:ReceiveMessage", f"arn:aws:sqs:eu-west-1:{MAIL}:*"),
        allow("cloudformation:CreateStack", "*"),
        allow("sts:AssumeRole", f"arn:aws:iam::{HUB}:role/*"),
        {**allow("dynamodb:PutItem", "*"), "Resource": []},
        {"Effect": "Allow", "Action": "dynamodb:PutItem", "NotResource": "a"},
        {
            "effect": "Allow",
            **allow("dynamodb:PutItem", f"arn:aws:dynamodb:eu-west-1:{MAIL}:table/a"),
        },
    ],
    ids=str,
)
def test_a_statement_that_is_not_confined_is_found(statement: Any) -> None:
    changed = Templates()
    changed.mailer["Added"] = role(statement)
    assert {each.resource for each in changed.findings()} == {"Added"}


@pytest.mark.long
def test_no_property_or_statement_that_is_not_open_can_be_lost_unseen() -> None:
    for stack in stacks_of(small()):
        for resource in stack.resources:
            for name in resource.properties.keys() - OPEN.get(resource.type, frozenset()):
                changed = Templates()
                changed.said(resource.id).pop(name)
                assert changed.findings(), (resource.id, name)
            for path in paths(resource.properties):
                changed = Templates()
                *above, last = path
                holder: Any = changed.said(resource.id)
                for step in above:
                    holder = holder[step]
                if path[0] in OPEN.get(resource.type, frozenset()) or last == "Sid":
                    continue
                del holder[last]
                assert changed.findings(), (resource.id, path)


@pytest.mark.long
def test_nothing_that_is_not_open_can_have_more_unseen() -> None:
    for stack in stacks_of(small()):
        for resource in stack.resources:
            for path in paths(resource.properties):
                if path[0] in OPEN.get(resource.type, frozenset()) or path[-1] == "Sid":
                    continue
                changed = Templates()
                *above, last = path
                holder: Any = changed.said(resource.id)
                for step in above:
                    holder = holder[step]
                holder[last] = with_more(holder[last])
                assert changed.findings(), (resource.id, path)


@pytest.mark.long
def test_what_is_malformed_is_judged_and_not_a_crash() -> None:
    odd: list[Any] = [None, 1, True, "x", [], {}, [None], [[]], [{}], {"Ref": ["a"]}]
    odd += [{"Fn::Sub": {}}, {"x": {"y": 1}}, {"Effect": "Allow"}, "arn:aws:x"]
    whole = Templates()
    whole.mailer.update(benign())
    places = [each for each in paths(whole.documents) if len(each) > 1]
    chosen = Random(9)
    for _ in range(400):
        *above, last = chosen.choice(places)
        changed = Templates()
        changed.mailer.update(benign())
        holder: Any = changed.documents
        for step in above:
            holder = holder[step]
        holder[last] = chosen.choice(odd)
        assert all(each.message for each in changed.findings())


def with_more(value: Any) -> Any:
    """A value with something more in it."""
    if isinstance(value, dict):
        return {**value, "More": "more"}
    return [*value, None] if isinstance(value, list) else f"{value}more"


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything within a value."""
    inside = (
        value.items()
        if isinstance(value, Mapping)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, each in inside:
        yield (*above, key)
        yield from paths(each, (*above, key))
