"""Discovery, import and export can be done as their pages do them, and print what those say."""

from pathlib import Path

import pytest

from tests.docs.test_transcripts import check, example_in, of_page


@pytest.mark.long
@pytest.mark.parametrize("page", ["discovery.md", "import-export.md"])
def test_the_page_is_true(page: str, tmp_path: Path) -> None:
    example_in(tmp_path)
    check(of_page(page), tmp_path)
