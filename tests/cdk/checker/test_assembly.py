"""Folders of templates: what a manifest says, what it leaves out, and what cannot be read."""

import json
from pathlib import Path
from typing import Any

import pytest

from keybus.cdk.checker import UnreadableTemplates, read_templates

HERE = "aws://111111111111/eu-west-1"
PLACE = "111111111111/eu-west-1"
EMPTY = '{"Resources": {}}'


def stack(file: Any = "a.template.json", environment: Any = HERE) -> dict[str, Any]:
    properties = {"templateFile": file}
    return {
        "type": "aws:cloudformation:stack",
        "environment": environment,
        "properties": properties,
    }


def nested(directory: str) -> dict[str, Any]:
    return {"type": "cdk:cloud-assembly", "properties": {"directoryName": directory}}


def folder(path: Path, *artifacts: Any, **files: str) -> Path:
    """A folder with a manifest of artifacts, and files; ``__`` in their names is a slash."""
    named = {f"stack-{index}": each for index, each in enumerate(artifacts)}
    (path / "manifest.json").write_text(json.dumps({"version": "1", "artifacts": named}))
    for name, text in files.items():
        file = path / f"{name.replace('__', '/')}.template.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path


def test_stages_within_stages_are_read(tmp_path: Path) -> None:
    inner = {"artifacts": {"a": stack()}}
    folder(tmp_path, nested("one"), stack("b.template.json"), b=EMPTY, one__two__a=EMPTY)
    (tmp_path / "one" / "manifest.json").write_text(json.dumps({"artifacts": {"x": nested("two")}}))
    (tmp_path / "one" / "two" / "manifest.json").write_text(json.dumps(inner))
    found = read_templates(tmp_path)
    assert [each.file for each in found] == ["one/two/a.template.json", "b.template.json"]


@pytest.mark.parametrize(
    "artifacts",
    [
        [stack("../a.template.json")],
        [stack("/a.template.json")],
        [stack("")],
        [stack("a\0b")],
        [stack(3)],
        [stack("nowhere.template.json")],
        [stack(), stack(environment="aws://222222222222/eu-west-1")],
        [stack(environment="aws://unknown-account/unknown-region")],
        [stack(environment="aws://111111111111/unknown-region")],
        [stack(environment=f"aws://{chr(0x661) * 12}/eu-west-1")],
        [stack(environment="aws://111111111111/")],
        [stack(environment=None)],
        [stack(), nested(".")],
        [stack(), nested("..")],
        [stack(), nested("nowhere")],
        [stack(), "no artifact"],
        [stack(), {"type": "aws:cloudformation:stack"}],
    ],
    ids=str,
)
def test_a_manifest_that_cannot_be_followed_is_refused(tmp_path: Path, artifacts: Any) -> None:
    folder(tmp_path, *artifacts, a=EMPTY)
    with pytest.raises(UnreadableTemplates) as caught:
        read_templates(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_template_that_the_manifest_leaves_out_is_not_passed_by(tmp_path: Path) -> None:
    folder(tmp_path, stack(), a=EMPTY, sub__b=EMPTY, **{"asset.1__c": EMPTY})
    with pytest.raises(UnreadableTemplates, match=r"sub/b\.template\.json"):
        read_templates(tmp_path)
    found = read_templates(tmp_path, {"./sub/b.template.json": PLACE})
    assert {each.file for each in found} == {"a.template.json", "sub/b.template.json"}


def test_what_the_manifest_says_cannot_be_said_otherwise(tmp_path: Path) -> None:
    folder(tmp_path, stack(), a=EMPTY)
    elsewhere = {"a.template.json": "222222222222/eu-west-1"}
    with pytest.raises(UnreadableTemplates, match="no manifest places"):
        read_templates(tmp_path, elsewhere)
    assert read_templates(tmp_path, {"a.template.json": PLACE})
    folder(tmp_path, stack(environment="aws://unknown-account/unknown-region"))
    assert read_templates(tmp_path, elsewhere)[0].account == "222222222222"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\ufeff{}", "is no JSON"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": "\\ud800"}', "half of a character"),
        ('{"a": ' + "[" * 101 + "]" * 101 + "}", "100 levels deep"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "100 levels deep"),
        ('{"a": ' + "1" * 5_000 + "}", "is no JSON"),
        ('{"a": {"b": 1, "b": 2}}', "'b' is there twice"),
        ('{"a": "' + "x" * 1_048_576 + '"}', "CloudFormation takes 1048576"),
        ("[]", "is no template"),
        ("", "is no JSON"),
    ],
    ids=lambda each: each[:20],
)
def test_a_template_that_two_readers_may_take_differently_is_refused(
    tmp_path: Path, text: str, words: str
) -> None:
    folder(tmp_path, stack(), a=text)
    with pytest.raises(UnreadableTemplates, match=words):
        read_templates(tmp_path)


def test_yaml_is_refused(tmp_path: Path) -> None:
    folder(tmp_path, stack(), a=EMPTY)
    (tmp_path / "b.template.yaml").write_text("Resources: {}")
    with pytest.raises(UnreadableTemplates, match="is YAML"):
        read_templates(tmp_path)


def test_a_link_is_read_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.json").write_text(EMPTY)
    (tmp_path / "out").mkdir()
    folder(tmp_path / "out", stack())
    (tmp_path / "out" / "a.template.json").symlink_to(tmp_path / "elsewhere.json")
    assert len(read_templates(tmp_path / "out")) == 1
    (tmp_path / "elsewhere.json").unlink()
    with pytest.raises(UnreadableTemplates, match="cannot be read"):
        read_templates(tmp_path / "out")


def test_a_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.template.json").write_text(EMPTY)
    (tmp_path / "out").mkdir()
    folder(tmp_path / "out", stack(), a=EMPTY)
    (tmp_path / "out" / "more").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnreadableTemplates, match="is a link to a folder"):
        read_templates(tmp_path / "out")
