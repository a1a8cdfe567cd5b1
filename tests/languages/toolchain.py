"""What a language's tools do for the tests that all languages share."""

from pathlib import Path
from typing import Any, Protocol


class Toolchain(Protocol):
    """The tools of one language.

    Attributes:
        name: As `keybus contracts generate --language` has it.
        missing: Why nothing can be run here, ``node is not installed``, or empty.
    """

    name: str
    missing: str

    def generate(self, contracts: Path, folder: Path) -> None:
        """Generate a package of these contracts into a new project that can be built."""

    def compile(self, folder: Path) -> None:
        """Compile the project as strictly as can be; a warning is an error.

        Raises:
            AssertionError: With the compiler's words.
        """

    def exchange(self, folder: Path, rows: Path) -> list[dict[str, Any]]:
        """Read each event by its class, copy it through the class's own types, and write it.

        Args:
            folder: The project.
            rows: Lines of ``{"type": …, "detail": {…}}``.

        Returns:
            For each line ``{"ok": true, "json": "…"}``, the text as it was written, or ``{"ok":
            false, "pointers": ["/status"], "error": "…"}``.
        """

    def publish(self, folder: Path, endpoint: str) -> list[str]:
        """Publish some ``delivery.status.updated``, and fail to publish one that is invalid.

        Returns:
            The bus's ids of those that were published.
        """

    def consume(self, folder: Path, endpoint: str, queue_url: str, count: int) -> list[str]:
        """Handle this many ``delivery.status.updated`` of a queue, and stop.

        Returns:
            The events' own ids.
        """
