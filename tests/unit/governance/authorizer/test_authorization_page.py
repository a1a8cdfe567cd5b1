"""docs/authorization.md names every action with its roles, and every code."""

import re
from pathlib import Path
from typing import get_args

from keybus.governance.authorizer import ACTIONS, RefusalCode

PAGE = (Path(__file__).parents[4] / "docs" / "authorization.md").read_text()
COLUMNS = ("central", "auditor", "publisher", "subscriber")


def rows(section: str, until: str) -> list[list[str]]:
    lines = PAGE.partition(section)[2].partition(until)[0].splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:1] == "|"]


def test_the_table_of_actions_is_the_authorizers() -> None:
    found = {}
    for first, *cells in rows("## Who asks", "## Who owns"):
        roles = {role for role, cell in zip(COLUMNS, cells, strict=False) if cell}
        for action in re.findall(r"`([a-z]+\.[a-z]+)`", first):
            found[action] = roles
    assert found == {action: set(roles) for action, roles in ACTIONS.items()}


def test_every_code_is_explained() -> None:
    codes = [row[0].strip("`") for row in rows("## Codes", "## Modes")[2:]]
    assert sorted(codes) == sorted(get_args(RefusalCode))
