"""Names of files and of anchors for names that people gave: safe on every file system."""

import hashlib
import re
from typing import Final

_PLAIN: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_OTHER: Final = re.compile(r"[^a-z0-9._-]+")
_DEVICES: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)")
_SHORT: Final = 60


def page_of(name: str) -> str:
    """The file of a thing's page, without a folder.

    A name of lower-case letters, digits, ``.``, ``_`` and ``-`` keeps itself. Any other, one that is
    long, and one that Windows keeps for a device, is followed by ``~`` and a part of its digest, so
    that no two names share a page, also where files do not differ by case.
    """
    plain = _PLAIN.fullmatch(name) and not _DEVICES.match(name) and not name.endswith(".")
    if plain:
        return f"{name}.html"
    stem = _OTHER.sub("-", name.lower())[:_SHORT].strip(".-") or "name"
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{stem}~{digest}.html"
