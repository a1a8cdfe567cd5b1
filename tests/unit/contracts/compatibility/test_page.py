"""The page about compatibility: its table is the rules', and what it says is so."""

import re
from pathlib import Path

from keybus.contracts.compatibility import RULES
from tests.unit.contracts.compatibility import test_corpus

PAGE = (Path(__file__).parents[4] / "docs" / "compatibility.md").read_text("utf-8")


def test_the_table_is_the_rules() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.+) \| (`.+`) \|$", PAGE, re.MULTILINE)
    assert rows == [
        (rule.id, rule.purpose, ", ".join(f"`{word}`" for word in rule.check))
        for rule in RULES.values()
    ]


def test_the_score_is_the_corpus_s() -> None:
    wrong = test_corpus.PUBLISHED_BUT_WRONG
    backward, forward = (
        len(test_corpus.ROWS) - sum(way == direction for _, way in wrong)
        for direction in test_corpus.BOTH
    )
    said = " ".join(PAGE.split())
    assert f"{backward} verdicts are as published backward and {forward} forward" in said
    assert f"each of the {len(wrong)} others" in said


def test_the_example_runs() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(program, "compatibility.md", "exec"), {})
