"""``keybus patterns``: what it prints, and how it ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from keybus.cli.patterns import patterns
from keybus.cli.patterns.source import LONGEST

PATTERN = '{"detail": {"status": ["IN_GARAGE"]}}'
HIT, MISS = '{"detail": {"status": "IN_GARAGE"}}', '{"detail": {"status": "in_garage"}}'
STREAM = f"{HIT}\n\n{MISS}\n  \n{HIT}"


def run(*arguments: object, given: str | bytes = b"") -> Result:
    return CliRunner().invoke(patterns, [str(argument) for argument in arguments], input=given)


def grep(*arguments: object, given: str | bytes = b"") -> Result:
    return run("test", "--pattern", PATTERN, *arguments, given=given)


def test_one_event(tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(HIT)
    for event, given in ((HIT, ""), (f"@{file}", ""), ("-", HIT)):
        result = grep("--event", event, given=given)
        assert (result.stdout, result.exit_code) == ("match\n", 0)
    result = grep("--event", MISS)
    assert (result.stdout, result.exit_code) == ("no match\n", 1)
    assert grep("--event", MISS, "--invert").exit_code == 0
    assert grep("--event", HIT, "--json").stdout == '{"matched":true}\n'
    assert grep("--event", HIT, "--quiet").stdout == ""
    assert grep("--event", MISS, "--count").stdout == "0\n"


def test_the_pattern_can_be_a_file_or_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "pattern.json"
    file.write_text(PATTERN)
    assert run("test", "-p", f"@{file}", "-e", HIT).exit_code == 0
    assert run("test", "-p", "-", "-e", HIT, given=PATTERN).exit_code == 0
    both = run("test", "-p", "-", given=PATTERN)
    assert both.exit_code == 2
    assert "cannot be both" in both.stderr
    assert run("explain", "-p", "-", "-e", "-").exit_code == 2


def test_a_stream_is_searched_as_grep_does() -> None:
    result = grep(given=STREAM)
    assert (result.stdout, result.exit_code) == (f"{HIT}\n{HIT}\n", 0)
    inverted = grep("-v", given=STREAM)
    assert (inverted.stdout, inverted.exit_code) == (f"{MISS}\n", 0)
    assert grep("-c", given=STREAM).stdout == "2\n"
    assert grep("-cv", given=STREAM).stdout == "1\n"
    quiet = grep("-q", given=f"{HIT}\nnonsense")
    assert (quiet.output, quiet.exit_code) == ("", 0)
    assert grep(given=MISS).exit_code == 1
    assert grep(given="").exit_code == 1


def test_a_stream_as_json() -> None:
    result = grep("--json", given=f"{HIT}\nnonsense\n{MISS}\n")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert found[0] == {"line": 1, "matched": True}
    assert found[1]["line"] == 2
    assert found[1]["error"].startswith("Event is not valid JSON")
    assert found[2] == {"line": 3, "matched": False}
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"nonsense", "line 2: Event is not valid JSON: Unrecognized token 'nonsense'"),
        (b'{"a": 1', "line 2: Event is not valid JSON: Unexpected end-of-input"),
        (b"[1]", "line 2: Event must be a JSON object"),
        (b'{"a": "\xff"}', "line 2: Event is not valid JSON: Invalid UTF-8 at byte 7"),
        (b"\x1b[31m", "line 2: Event is not valid JSON"),
        (b" " * LONGEST + b"{}", f"line 2: the line is longer than {LONGEST:,} bytes"),
    ],
    ids=["word", "open", "array", "bytes", "escape", "long"],
)
def test_a_bad_line_is_named_and_the_rest_goes_on(line: bytes, said: str) -> None:
    given = b"\n".join([HIT.encode(), line, HIT.encode(), b""])
    result = grep(given=given)
    assert result.stdout == f"{HIT}\n{HIT}\n"
    assert result.stderr.startswith(said)
    assert result.stderr.count("\n") == 1
    assert "\x1b" not in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{", "put it in single quotes or name a file"),
        ('{"a": "b"}', '"a" must be an object or an array (values stand in an array'),
        ('{"a": [{"prefx": "b"}]}', 'Unrecognized match type prefx (did you mean "prefix"?)'),
        ('{"a": [{"regex": "b"}]}', "Unrecognized match type regex (operators: anything-but, "),
        ('{"a": []}', "Empty arrays are not allowed (docs/patterns.md"),
        ("@/no/such/file", "/no/such/file cannot be read: No such file"),
        ("@", "@ stands before the name of a file"),
    ],
)
@pytest.mark.parametrize("command", [["test"], ["explain", "-e", HIT], ["validate"]])
def test_a_bad_pattern_is_wrong_usage(command: list[str], pattern: str, said: str) -> None:
    result = run(*command, "-p", pattern)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    if not pattern.startswith("@"):
        assert "Event pattern is not valid. Reason: " in result.stderr
        assert "[pattern]" in result.stderr


def test_bad_events_and_usage(tmp_path: Path) -> None:
    for command in ("test", "explain"):
        result = run(command, "-p", PATTERN, "-e", "[1]")
        assert result.exit_code == 2
        assert result.stderr == "error: Event must be a JSON object [envelope]\n"
        assert run(command, "-e", HIT).exit_code == 2
    assert grep("--count", "--quiet").exit_code == 2
    large = tmp_path / "large"
    large.write_bytes(b" " * (LONGEST + 1))
    assert "is longer than" in grep("-e", f"@{large}").stderr


def test_explain() -> None:
    result = run("explain", "-p", PATTERN, "-e", MISS)
    assert result.exit_code == 1
    assert result.stdout == (
        'no match\n  ✗ detail.status: "in_garage" is not "IN_GARAGE" (at /detail/status); only the '
        'case differs, and "equals-ignore-case" would ignore it\n'
    )
    assert run("explain", "-p", PATTERN, "-e", "-", given=HIT).exit_code == 0
    found = json.loads(run("explain", "-p", PATTERN, "-e", MISS, "--json").stdout)
    assert found["matched"] is False
    assert found["alternatives"][0]["fields"][0]["pointer"] == "/detail/status"


def test_json_does_not_act_on_a_terminal() -> None:
    name = "\x9b31m\u202e\U000e0001é"
    result = run("explain", "-p", json.dumps({name: [1]}), "-e", "{}", "--json")
    assert "\\u009b31m\\u202e\\udb40\\udc01é" in result.stdout
    assert all(one.isprintable() or one == "\n" for one in result.stdout)
    assert json.loads(result.stdout)["alternatives"][0]["fields"][0]["path"] == name


def test_validate() -> None:
    assert run("validate", "-p", PATTERN).stdout == "valid\n"


def keybus(*arguments: str, encoding: str = "utf-8") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "keybus", "patterns", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )


def test_a_line_is_printed_as_soon_as_it_has_come() -> None:
    with keybus("test", "-p", PATTERN) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(HIT.encode() + b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == HIT.encode() + b"\n"
        process.stdin.close()
    assert process.returncode == 0


def test_when_nobody_reads_any_more_it_ends_quietly() -> None:
    with keybus("test", "-p", PATTERN) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(HIT.encode() + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(HIT.encode() + b"\n")
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 128 + signal.SIGPIPE


def test_a_terminal_that_knows_ascii_only() -> None:
    event = json.dumps({"detail": {"status": "garé\ud800"}})
    with keybus("explain", "-p", PATTERN, "-e", event, encoding="ascii") as process:
        said, wrong = process.communicate()
    assert (process.returncode, wrong) == (1, b"")
    assert b"\\u2717 detail.status" in said


@pytest.mark.parametrize(
    ("command", "ends"),
    [
        ("test -p '{}' <&-", "standard input is closed"),
        ("validate -p - <&-", "standard input is closed"),
        ("test -p '{}' >&-", "standard output is closed"),
        ("test -p '{}' -e '{{}}' >/dev/full", "standard output cannot be written: No space left"),
        ("explain -p '{}' -e '{{}}' >/dev/full", "standard output cannot be written: No space"),
        ("test -p '{}' 0>unread", "standard input cannot be read: "),
    ],
)
def test_standard_streams_that_cannot_be_used(command: str, ends: str, tmp_path: Path) -> None:
    call = f"{sys.executable} -m keybus patterns {command.format(PATTERN)}"
    command_line = ["sh", "-c", call]
    done = subprocess.run(
        command_line, cwd=tmp_path, capture_output=True, check=False, text=True, input=""
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {ends}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["test", "-e", HIT], ["test", "-e", HIT, "-c"], ["explain", "-e", HIT], ["validate"]],
)
def test_a_reader_that_has_gone_before(arguments: list[str]) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "keybus", "patterns", *arguments, "-p", PATTERN]
    done = subprocess.run(command, stdout=writes, stderr=subprocess.PIPE, check=False)
    os.close(writes)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")
