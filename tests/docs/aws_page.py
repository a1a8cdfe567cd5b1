"""The table of AWS's operations, written from botocore's service models and the server's own lists.

`python -m tests.docs.aws_page` writes the tables of docs/aws.md anew; with `-`, it prints the page.
What stands around them is written by hand.
"""

import sys
from collections.abc import Iterator
from typing import Final

from tests.aws.surface import Face, faces, service_model
from tests.running import ROOT

PAGE: Final = ROOT / "docs" / "aws.md"
BEGIN: Final = "<!-- The tables: python -m tests.docs.aws_page -->\n"
SUPPORTED, MISSING = "supported", "not yet"
END: Final = "<!-- The tables end here. -->\n"


def render() -> str:
    """The page, with the tables as they are."""
    before, begin, rest = PAGE.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin, f"{PAGE} has no {BEGIN!r}"
    assert end, f"{PAGE} has no {END!r}"
    return before + begin + "\n" + "\n".join(_tables()) + "\n" + end + after


def _tables() -> Iterator[str]:
    for face in faces():
        told = service_model(face.name)
        yield f"### {told.metadata['serviceFullName']} (`{face.name}`)\n"
        rows = {name: _answer(face, name) for name in sorted(told.operation_names)}
        supported = sum(each == SUPPORTED for each in rows.values())
        missing = sum(each == MISSING for each in rows.values())
        yield (
            f"Of {len(rows)} operations {supported} are supported,"
            f" {len(rows) - supported - missing} are refused on purpose,"
            f" and {missing} are not there yet.\n"
        )
        yield "| operation | |\n|---|---|"
        yield from (f"| `{name}` | {answer} |" for name, answer in rows.items())
        yield ""


def _answer(face: Face, name: str) -> str:
    why = face.refused.get(name)
    if why is not None:
        return f"refused: {why}"
    return SUPPORTED if name in face.supported else MISSING


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        sys.stdout.write(render())
    else:
        PAGE.write_text(render())
