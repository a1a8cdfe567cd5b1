"""``keybus patterns lint``: what it prints, and how it ends."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from keybus.cli.patterns.lint import lint

EVENT = "delivery.status.updated"
GOOD = '{"detail": {"status": ["IN_GARAGE"]}}'
SLIP = '{"detail": {"status": ["IN_GARAG"]}}'
UNDECLARED = '{"detail": {"colour": ["BLUE"]}}'
ALWAYS = '{"detail": {"id": [{"exists": true}]}}'


def run(example: Path, *arguments: object, given: str = "") -> Result:
    texts = [str(argument) for argument in arguments]
    return CliRunner().invoke(lint, [*texts, "--contracts", str(example / "contracts")], given)


def test_a_pattern_that_can_match(example: Path, tmp_path: Path) -> None:
    file = tmp_path / "pattern.json"
    file.write_text(GOOD)
    for pattern, given in ((GOOD, ""), (f"@{file}", ""), ("-", GOOD)):
        result = run(example, pattern, "--event", EVENT, given=given)
        assert (result.stdout, result.exit_code) == ("nothing to say against it\n", 0)
    assert json.loads(run(example, GOOD, "--json").stdout) == []


def test_one_that_cannot(example: Path) -> None:
    result = run(example, SLIP, "--event", EVENT)
    assert result.exit_code == 1
    assert result.stdout == (
        "/detail/status/0: error: 'detail.status' is never \"IN_GARAG\" "
        "(did you mean 'IN_GARAGE'?) [impossible-value]\n"
    )


def test_several_are_told_apart(example: Path, tmp_path: Path) -> None:
    file = tmp_path / "slip.json"
    file.write_text(SLIP)
    result = run(example, GOOD, ALWAYS, f"@{file}", "--event", EVENT)
    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    assert first.startswith("pattern 2 /detail/id: warning: every event matches")
    assert second.startswith(f"{file} /detail/status/0: error: ")


def test_warnings_are_no_errors(example: Path) -> None:
    result = run(example, ALWAYS, "--json")
    assert result.exit_code == 0
    (row,) = json.loads(result.stdout)
    assert (row["severity"], row["rule"]) == ("warning", "always-matches")
    assert (row["pointer"], row["overridable"]) == ("/detail/id", True)
    assert EVENT in row["events"]


def test_what_is_meant_can_be_allowed(example: Path) -> None:
    result = run(example, UNDECLARED)
    assert result.exit_code == 1
    assert "if it is meant: --allow detail.colour" in result.stdout
    for allow in ("detail.colour", "undeclared-field"):
        assert run(example, UNDECLARED, "--allow", allow).exit_code == 0
    assert run(example, ALWAYS, "--allow", "always-matches").stdout.startswith("nothing")


def test_foreign_events_may_be_meant(example: Path) -> None:
    pattern = '{"source": ["aws.ec2"], "detail-type": ["EC2 Instance"]}'
    assert "[no-such-event-type]" in run(example, pattern).stdout
    assert run(example, pattern, "--foreign").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give a PATTERN"),
        (["-", "-"], "only one of the patterns"),
        (["{"], "Event pattern is not valid. Reason: Unexpected end-of-input"),
        (["@nowhere.json"], "nowhere.json cannot be read"),
        ([GOOD, "--allow", "impossible-value"], "cannot be allowed"),
        ([GOOD, "{"], "pattern 2: Event pattern is not valid. Reason: Unexpected end-of-input"),
        (["--platform", "nowhere"], "nowhere/platform.yaml: 1 fault"),
        ([GOOD, "--event", "delivery.status.updatd"], f"did you mean '{EVENT}'"),
        ([GOOD, "--contracts", "nowhere"], "There is no folder"),
    ],
)
def test_what_cannot_be_used(example: Path, arguments: list[str], words: str) -> None:
    texts = (
        arguments
        if "--contracts" in arguments
        else [*arguments, "--contracts", str(example / "contracts")]
    )
    result = CliRunner().invoke(lint, texts, "")
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""
    if "Reason" in words:
        assert result.stderr.endswith(" [pattern]\n")


def test_the_reference_application_is_clean(example: Path) -> None:
    for platform in (example, example / "platform.yaml"):
        result = run(example, "--platform", platform)
        assert (result.stdout, result.exit_code) == ("nothing to say against it\n", 0)


def test_all_filters_of_a_platform(example: Path, tmp_path: Path) -> None:
    (tmp_path / "contracts").symlink_to(example / "contracts")
    (tmp_path / "teams").symlink_to(example / "teams")
    text = (example / "platform.yaml").read_text()
    vendor = "{detail: {vendor: [portalis]}}"
    line = next(n for n, each in enumerate(text.splitlines(), 1) if vendor in each)
    platform = tmp_path / "platform.yaml"

    platform.write_text(text.replace(vendor, "{detail: {id: [{exists: true}]}}"))
    result = run(example, "--platform", tmp_path)
    place = f"platform.yaml:{line} /subscriptions/vendor-portalis/filter/detail/id"
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{place}: warning: every event matches")

    platform.write_text(text.replace(vendor, "{detail: {vendr: [portalis]}}"))
    result = run(example, "--platform", tmp_path, "--json")
    assert result.exit_code == 1
    (row,) = json.loads(result.stdout)
    assert (row["rule"], row["file"], row["line"]) == ("undeclared-field", "platform.yaml", line)
    assert "allow_undeclared: [detail.vendr]" in row["hint"]
