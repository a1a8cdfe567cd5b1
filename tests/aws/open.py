"""`keybus dev` on which all can be tried: with a sealing key, and somewhere to post to."""

import base64
import shutil
from pathlib import Path
from typing import Final

from tests.running import EXAMPLE, Server

CENTRAL: Final = '{id: "100000000000", owners: [platform-team], clearance: confidential}'
"""The account that whoever asks an open bus has."""


class OpenServer(Server):
    """The example, open to this machine.

    Args:
        folder: What it reads and writes.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "app", folder / "data")
        shutil.copytree(EXAMPLE, self.folder, ignore=shutil.ignore_patterns(".keybus", "build"))
        platform = self.folder / "platform.yaml"
        text = platform.read_text()
        assert CENTRAL in text
        posting = CENTRAL.replace("}", ", destinations: [hooks.example.com]}")
        platform.write_text(text.replace(CENTRAL, posting))
        self.key_file = folder / "sealing-key"
        self.key_file.write_text(base64.b64encode(bytes(range(32))).decode())
        self.key_file.chmod(0o600)

    def environment(self) -> dict[str, str]:
        return super().environment() | {"KEYBUS_SEALING_KEY_FILE": str(self.key_file)}
