"""What docs/webhooks.md does step by step can be done, and prints what it says."""

import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keybus.bus.targets.signature import signature
from tests.docs import transcript
from tests.docs.test_transcripts import check
from tests.running import EXAMPLE, ROOT


@pytest.mark.long
def test_a_webhook_step_by_step(tmp_path: Path) -> None:
    left_out = shutil.ignore_patterns(".keybus", "build", "__pycache__")
    shutil.copytree(EXAMPLE, tmp_path / "examples" / "amazon_key", ignore=left_out)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page = (ROOT / "docs" / "webhooks.md").read_text().replace("8080", str(port))
    check(list(transcript.steps(page)), tmp_path)


@pytest.fixture
def is_genuine(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], bool]:
    """The function by which the page has receivers check a signature."""
    monkeypatch.setenv("WEBHOOK_SECRET", "kbws_new")
    page = (ROOT / "docs" / "webhooks.md").read_text()
    script = page.partition("cat > receive.py <<'END'\n")[2].partition("\n\n\nclass Receiver")[0]
    names: dict[str, Any] = {}
    exec(script, names)
    found: Callable[[str, bytes], bool] = names["is_genuine"]
    return found


def test_receivers_that_check_as_the_page_says_are_not_fooled(
    is_genuine: Callable[[str, bytes], bool],
) -> None:
    now, body = int(time.time()), b'{"a":1}'
    assert is_genuine(signature(["kbws_new"], now, body), body)
    assert is_genuine(signature(["kbws_other", "kbws_new"], now, body), body)
    good = signature(["kbws_new"], now, body)
    for header, sent in (
        (signature(["kbws_other"], now, body), body),
        (good, body + b" "),
        (good.replace(f"t={now}", f"t={now - 1}"), body),
        (signature(["kbws_new"], now - 301, body), body),
        (signature(["kbws_new"], now + 301, body), body),
        (f"t={now}", body),
    ):
        assert not is_genuine(header, sent), header
