"""What every SARIF 2.1.0 document is made of.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from typing import Any, Final
from urllib.parse import quote

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def document(run: dict[str, Any]) -> dict[str, Any]:
    """The document of one run."""
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def location(pointer: str, file: str, line: int) -> dict[str, Any]:
    """A place.

    Args:
        pointer: JSON pointer.
        file: The file's name; empty where it is in none.
        line: Its line, from 1; 0 where it is not known.
    """
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": pointer or "/"}]}
    if file:
        physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
        if line:
            physical["region"] = {"startLine": line}
        location["physicalLocation"] = physical
    return location


def _uri(file: str) -> str:
    """A file's name as a reference that is relative, or a file's URL."""
    name = file.replace("\\", "/")
    try:
        path = quote(name, safe="/", errors="surrogateescape")  # as the file system spells it
    except UnicodeEncodeError:
        path = quote(name, safe="/", errors="replace")
    return f"file://{path}" if path.startswith("/") else path
