"""What the search finds things by: one line of script, read when somebody first searches.

A page that was opened from a folder may not read files, but it may run scripts beside it; so the
index is one.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from keybus.catalog.catalogue import Catalogue
from keybus.catalog.event import CataloguedEvent
from keybus.catalog.fields import HEAD
from keybus.catalog.page_names import page_of
from keybus.catalog.visible import visible
from keybus.contracts.pointers import tokens_of

_LONGEST: Final = 140
_MOST_FIELDS: Final = 80
_ANY: Final = "*"


def search_index(catalogue: Catalogue) -> str:
    """The index as a script.

    It sets ``catalogIndex`` to a list of ``[kind, name, page, summary, other words, fields]`` of
    everything that has a name; words and fields are divided by blanks.
    """
    rows = list(_rows(catalogue))
    text = json.dumps(rows, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return f"self.catalogIndex = {text};\n"


def _rows(catalogue: Catalogue) -> Iterator[list[Any]]:
    for event in catalogue.events.values():
        page = f"events/{page_of(event.type)}"
        yield _row("event", event.type, page, event.description, _words(event), _fields(event))
    for account in catalogue.accounts.values():
        page = f"accounts/{page_of(account.name)}"
        owners = ", ".join(account.declared.owners)
        yield _row("account", account.name, page, owners, [account.declared.id])
        for name in account.publishers:
            yield _row("publisher", name, f"{page}#publisher:{name}", f"of {account.name}", [])
        for name in account.subscriptions:
            yield _row(
                "subscription", name, f"{page}#subscription:{name}", f"of {account.name}", []
            )


def _words(event: CataloguedEvent) -> list[str]:
    """The class's name, the owner, the classification and the status."""
    contract = event.contract
    return [contract.title, contract.owner, contract.classification, event.status(event.main)]


def _fields(event: CataloguedEvent) -> list[str]:
    """The names of its fields, each once; what every event has says nothing."""
    rows = (tokens_of(row.pointer) for row in event.contract.declared())
    names = dict.fromkeys(tokens[-1] for tokens in rows if tokens[0] not in HEAD)
    return ["".join(name.split()) for name in names if name != _ANY][:_MOST_FIELDS]


def _row(  # noqa: PLR0917 - a row is told apart by place
    kind: str, name: str, page: str, summary: str, words: list[str], fields: list[str] | None = None
) -> list[Any]:
    clean = " ".join(visible(summary).split())
    short = clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"
    found = [kind, name, page, short, " ".join(map(visible, words))]
    return [*found, " ".join(map(visible, fields or ()))]
