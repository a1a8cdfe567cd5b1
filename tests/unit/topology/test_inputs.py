"""Templates are filled by EventBridge's rules; whatever an event says, they make JSON."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.topology.inputs import Given, InputError, Maker
from keybus.topology.inputs.maker import rule_of
from keybus.topology.inputs.path import Path
from keybus.topology.inputs.template import Rule, Template
from keybus.topology.model import Account, InputTransformer, Platform, Target

# The event of the user guide's own examples, "Amazon EventBridge input transformation".
EVENT = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "123456789012",
    "time": "2015-11-11T21:29:54Z",
    "region": "us-east-1",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"],
    "detail": {"instance-id": "i-0123456789", "state": "RUNNING", "tags": [{"k": 1}, {"k": 2.50}]},
}
INGESTED = 1_447_277_395_123_000
RULE = Rule("example", "arn:aws:events:us-east-2:123456789012:rule/example")
PATHS = {
    "timestamp": "$.time",
    "instance": "$.detail.instance-id",
    "state": "$.detail.state",
    "tags": "$.detail.tags",
    "first": "$.detail.tags[0]",
    "every": "$.detail.tags[*].k",
    "nothing": "$.detail.nothing",
    "beyond": "$.detail.tags[7]",
}
BYTES = json.dumps(EVENT).replace("2.5}", "2.50}").encode()


def made(target: Target, event: bytes = BYTES) -> str:
    maker = Maker.compile(target, RULE)
    assert maker is not None
    return maker.make(Given(event, INGESTED)).decode()


def filled(template: str) -> str:
    return made(Target(input_transformer=InputTransformer(template, PATHS)))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        # The rows of the user guide's table.
        ('"instance <instance> is in <state>"', '"instance i-0123456789 is in RUNNING"'),
        ('"instance \\"<instance>\\" is in <state>"', '"instance \\"i-0123456789\\" is in RUNNING"'),
        ('{\n "instance" : <instance>,\n "state": <state>\n}', '{"instance":"i-0123456789","state":"RUNNING"}'),
        ('{"state": "<state>", "s": "instance \\"<instance>\\" is in <state>"}', '{"state":"RUNNING","s":"instance \\"i-0123456789\\" is in RUNNING"}'),
        ('{"state": [ 9, <state>, true ], "Transformed" : "Yes"}', '{"state":[9,"RUNNING",true],"Transformed":"Yes"}'),
        ('{"ruleArn" : <aws.events.rule-arn>, "ruleName" : <aws.events.rule-name>}', f'{{"ruleArn":"{RULE.arn}","ruleName":"example"}}'),
        ('"<aws.events.rule-name> triggered"', '"example triggered"'),
        ('{"at": <aws.events.event.ingestion-time>}', '{"at":"2015-11-11T21:29:55.123Z"}'),
        # Objects and arrays stand as they are, byte for byte; in quotes as their JSON.
        ('{"tags": <tags>, "first": "<first>"}', '{"tags":[{"k":1},{"k":2.50}],"first":"{\\"k\\": 1}"}'),
        ("<every>", "[1,2.50]"),
        # What is not there: an empty text, and nothing.
        ('{"a": <nothing>, "b": "(<nothing>)", "c": <beyond>}', '{"a":"","b":"()","c":""}'),
        ('"{[/Check with special starting characters of <state>"', '"{[/Check with special starting characters of RUNNING"'),
        ('"a < b, <<state>>"', '"a < b, <RUNNING>"'),
        ('["\\\\", <state>]', '["\\\\","RUNNING"]'),
    ],
)  # fmt: skip
def test_a_template_is_filled(template: str, expected: str) -> None:
    assert filled(template) == expected


def test_the_event_itself_may_stand_in_it() -> None:
    found = json.loads(filled('{"e": <aws.events.event>, "j": <aws.events.event.json>}'))
    assert found["j"] == EVENT
    assert found["e"] == {key: value for key, value in EVENT.items() if key != "detail"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", BYTES.decode()),
        ("$.detail.state", '"RUNNING"'),
        ("$.detail.tags[1].k", "2.50"),
        ("$.detail.tags[*]", '[{"k": 1},{"k": 2.50}]'),
        ("$.resources[0]", '"arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"'),
        ("$.detail.tags.*", '[{"k": 1},{"k": 2.50}]'),
        ("$.detail.nothing[*]", "[]"),
    ],
)
def test_a_path_finds_a_part_in_its_own_bytes(path: str, expected: str) -> None:
    assert made(Target(input_path=path)) == expected


@pytest.mark.parametrize("path", ["$.detail.nothing", "$.detail.state.more", "$.detail.tags[2]"])
def test_a_path_to_nothing_makes_nothing(path: str) -> None:
    with pytest.raises(InputError, match="nothing at"):
        made(Target(input_path=path))


def test_a_constant_is_the_same_for_every_event() -> None:
    assert made(Target(input='{"a": 1}')) == '{"a": 1}'


def test_without_an_input_the_event_is_handed_over() -> None:
    assert Maker.compile(Target(), RULE) is None


def test_a_rule_is_named_as_on_eventbridge() -> None:
    platform = Platform("bus", central="hub", accounts={"hub": Account("000000000001")})
    arn = "arn:aws:events:local:000000000001:rule/bus/feed"
    assert rule_of("feed", platform) == Rule("feed", arn)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(value=values)
def test_whatever_an_event_says_the_template_keeps_its_structure(value: Any) -> None:
    paths = {"v": Path.parse("$.detail.v")}
    template = Template('{"in": "a <v> z", "bare": <v>, "end": 1}', paths, RULE)
    event = msgspec.json.encode({"detail": {"v": value}})
    found = json.loads(template.fill(Given(event, INGESTED)))
    assert list(found) == ["in", "bare", "end"]
    assert found["bare"] == value
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    assert found["in"] == f"a {text} z"
