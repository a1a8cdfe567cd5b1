"""The schema's versions: one numbered SQL file each, applied in order, one transaction each."""

from importlib import resources
from pathlib import Path

import apsw

from keybus.engines.sqlite.queries import query
from keybus.errors import StorageFailed

_TABLES, _HAS_META = query("tables"), query("has_meta")
_VERSION, _SET_VERSION = query("schema_version"), query("set_schema_version")


def migrations() -> dict[int, str]:
    """The SQL of each version, by its number, in order."""
    folder = resources.files(__package__) / "schema"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return {
        int(file.name.partition("_")[0]): file.read_text("utf-8")
        for file in files
        if file.name.endswith(".sql")
    }


def migrate(connection: apsw.Connection, path: Path) -> None:
    """Bring a store to this program's schema.

    Args:
        connection: The store, with nothing begun.
        path: Its path, for messages.

    Raises:
        StorageFailed: The file is no store, or a newer program's.
    """
    stands = known_version(connection, path)
    known = migrations()
    for version, sql in known.items():
        if version > stands:
            with connection:
                connection.execute(sql)
                connection.execute(_SET_VERSION, (version,))


def known_version(connection: apsw.Connection, path: Path) -> int:
    """A store's version; 0 for a file with nothing in it.

    Raises:
        StorageFailed: The file is no store, or a newer program's.
    """
    stands, newest = _version(connection, path), max(migrations())
    if stands > newest:
        raise StorageFailed(
            f"the store {path} has schema version {stands}, newer than this program's {newest}",
            hint="use the version of Keybus that wrote it, or a later one",
        )
    return stands


def _version(connection: apsw.Connection, path: Path) -> int:
    if not connection.execute(_TABLES).get:
        return 0
    if not connection.execute(_HAS_META).get:
        raise StorageFailed(f"{path} is an SQLite file, but not a Keybus store")
    return int(connection.execute(_VERSION).get)
