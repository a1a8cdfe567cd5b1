"""`keybus platform check --templates`, over the reference application's platform."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from keybus.cdk import Stack, stacks_of, template
from keybus.cli.platform import platform
from tests.cdk.platforms import EXAMPLE, LEFT_OUT, example

AT = ("--at", "2027-01-16", "--leave-out", *LEFT_OUT)


def written(folder: Path, stacks: Sequence[Stack]) -> Path:
    """A cloud assembly of stacks, as the CDK writes it."""
    artifacts: dict[str, Any] = {"Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}}}
    for stack in stacks:
        file = f"{stack.name.replace('/', '-')}.template.json"
        (folder / file).write_text(json.dumps(template(stack.resources)))
        artifacts[stack.name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{stack.account}/{stack.region}",
            "properties": {"templateFile": file},
        }
    (folder / "manifest.json").write_text(json.dumps({"version": "1", "artifacts": artifacts}))
    return folder


def check(*options: str | Path) -> Result:
    return CliRunner().invoke(platform, ["check", str(EXAMPLE), *map(str, options)])


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    return written(tmp_path, stacks_of(example()))


def test_clean_templates(assembly: Path) -> None:
    done = check("--templates", assembly, *AT)
    assert done.exit_code == 0, done.output
    assert "Templates: nothing is found in 12 templates" in done.output
    assert "account ids in policies" not in done.output  # no longer unseen


def test_a_finding_says_where_what_and_what_to_do(assembly: Path) -> None:
    path = assembly / "subscription-billing.template.json"
    document = json.loads(path.read_text())
    policy = document["Resources"]["BillingQueuePolicy"]["Properties"]["PolicyDocument"]
    del policy["Statement"][0]["Condition"]["StringEquals"]["aws:SourceArn"]
    path.write_text(json.dumps(document))
    text = check("--templates", assembly, *AT)
    assert text.exit_code == 1
    assert "DX18 Confused deputy (error)" in text.output
    done = check("--templates", assembly, "--json", *AT)
    assert done.exit_code == 1
    [found] = json.loads(done.output)["templates"]["findings"]
    assert found["rule"] == "DX18"
    assert found["template"] == "subscription-billing.template.json"
    assert found["resource"] == "BillingQueuePolicy"
    pointer = "/Resources/BillingQueuePolicy/Properties/PolicyDocument/Statement/0"
    assert found["pointer"] == pointer
    assert found["expected"]["Condition"]["StringEquals"]["aws:SourceArn"].endswith("/billing")
    assert found["hint"]


@pytest.mark.long
def test_templates_without_a_manifest_are_placed_by_hand(assembly: Path) -> None:
    (assembly / "manifest.json").unlink()
    for path in assembly.glob("*.json"):
        if "billing" not in path.name:
            path.unlink()
    refused = check("--templates", assembly, *AT)
    assert refused.exit_code == 3
    assert "--stack subscription-billing.template.json=ACCOUNT/REGION" in refused.output
    place = "subscription-billing.template.json=555555555555/eu-west-1"
    done = check("--templates", assembly, "--stack", place, "--region", "eu-west-1", *AT)
    assert done.exit_code == 0, done.output
    assert "Not judged" in done.output
    assert "central" in done.output.partition("Not judged")[2]


@pytest.mark.long
def test_a_subscription_that_its_account_s_template_lacks_is_missing(assembly: Path) -> None:
    path = assembly / "subscription-billing.template.json"
    path.write_text(json.dumps({"Resources": {}}))
    done = check("--templates", assembly, *AT)
    assert done.exit_code == 1
    assert "subscription/billing is missing" in done.output


@pytest.mark.long
def test_with_a_grant_that_has_ended_the_declaration_says_so(assembly: Path) -> None:
    done = check("--templates", assembly, "--at", "2028-02-01", "--leave-out", *LEFT_OUT)
    assert done.exit_code == 1
    assert "DX12 Expired or stale grant" in done.output
    assert "[plan-refused]" in done.output


@pytest.mark.long
def test_what_aws_lacks_has_to_be_left_out_knowingly(assembly: Path) -> None:
    done = check("--templates", assembly, "--at", "2027-01-16")
    assert done.exit_code == 3
    assert "/subscriptions/notifications/fields" in done.output


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.template.json", "{", "is no JSON"),
        ("a.template.json", "[]", "is no template"),
        ("a.template.json", '{"Resources": {}, "Resources": {}}', "is there twice"),
        ("other.txt", "", "has no templates"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    stack = ("--stack", f"{name}=555555555555/eu-west-1") if name.endswith(".json") else ()
    done = check("--templates", tmp_path, *stack, *AT)
    assert done.exit_code == 3
    assert words in done.output


@pytest.mark.parametrize(
    "options",
    [
        ("--stack", "a=1/b"),
        ("--templates", ".", "--format", "html"),
        ("--templates", ".", "--stack", "a"),
        ("--templates", ".", "--stack", "a=1/b", "--stack", "a=2/b"),
        ("--templates", ".", "--region", "eu-west-1", "--region", "eu-west-2"),
        ("--templates", ".", "--region", "a=eu-west-1", "--region", "a=eu-west-2"),
        ("--templates", "nowhere"),
    ],
)
def test_wrong_usage(options: tuple[str, ...]) -> None:
    assert check(*options).exit_code == 2
