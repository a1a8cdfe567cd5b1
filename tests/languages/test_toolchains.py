"""A language is left out where its tools are absent, and for no other reason."""

import shutil

import pytest

from tests.languages.golang import Go
from tests.languages.java import Java
from tests.languages.toolchain import Toolchain
from tests.languages.typescript import TypeScript


@pytest.mark.parametrize(
    ("toolchain", "programs"),
    [(TypeScript(), ("node", "npm")), (Java(), ("javac", "mvn")), (Go(), ("go",))],
    ids=["typescript", "java", "go"],
)
def test_only_what_is_not_installed_is_left_out(
    toolchain: Toolchain, programs: tuple[str, ...]
) -> None:
    absent = [program for program in programs if shutil.which(program) is None]
    assert bool(toolchain.missing) == bool(absent)
    assert not absent or absent[0] in toolchain.missing
