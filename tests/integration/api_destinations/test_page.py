"""What docs/api-destinations.md does step by step can be done, and prints what it says."""

import shutil
import socket
from pathlib import Path

import pytest

from tests.docs import transcript
from tests.docs.test_transcripts import check
from tests.running import EXAMPLE, ROOT


@pytest.mark.long
def test_an_api_destination_step_by_step(tmp_path: Path) -> None:
    left_out = shutil.ignore_patterns(".keybus", "build", "__pycache__")
    shutil.copytree(EXAMPLE, tmp_path / "examples" / "amazon_key", ignore=left_out)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page = (ROOT / "docs" / "api-destinations.md").read_text().replace("8080", str(port))
    check(list(transcript.steps(page)), tmp_path)
