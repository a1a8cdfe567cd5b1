"""Named queries: SQL lives in ``queries.sql``, with a name and a description each."""

from importlib import resources

_MARK = "-- name: "


def parse(text: str) -> dict[str, str]:
    """Queries by name.

    Args:
        text: ``-- name: a_name``, description lines that begin with ``--``, then the statement;
            and so on.

    Raises:
        ValueError: Two queries have the same name.
    """
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith(_MARK):
            name = line.removeprefix(_MARK).strip()
            if name in found:
                raise ValueError(f"two queries are named {name}")
            lines = found[name] = []
        elif not line.startswith("--"):
            lines.append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


QUERIES = parse((resources.files(__package__) / "queries.sql").read_text("utf-8"))


def query(name: str) -> str:
    """The statement of that name.

    Asked for at import, so that a name that does not exist never waits for its first use.

    Raises:
        KeyError: There is none.
    """
    return QUERIES[name]
