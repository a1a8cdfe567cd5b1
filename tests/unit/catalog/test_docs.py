"""The pages about the catalogue can be followed step by step."""

from pathlib import Path

import pytest

from tests.docs.test_transcripts import check, example_in, of_page

pytestmark = pytest.mark.long


@pytest.mark.parametrize("page", ["catalog.md", "asyncapi.md"])
def test_a_page_step_by_step(tmp_path: Path, page: str) -> None:
    example_in(tmp_path)
    check(of_page(page), tmp_path)
