"""All files of the catalogue."""

from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from typing import Final

import msgspec

from keybus.catalog.asyncapi import as_json, asyncapi_document
from keybus.catalog.catalogue import Catalogue
from keybus.catalog.map import map_of, standalone
from keybus.catalog.site.pages import Pages
from keybus.catalog.site.search_index import search_index
from keybus.contracts.model.bundle import DATA_FILE

ASSETS: Final = ("catalog.css", "catalog.js", "search.js", "theme.js")


def catalogue_site(
    catalogue: Catalogue, policy: object = None, told: Callable[[str], None] = lambda _: None
) -> Mapping[str, bytes]:
    """The catalogue's files by their names relative to its folder; the same input, the same bytes.

    Args:
        catalogue: What it tells of.
        policy: The repository's compatibility policy, as it is written.
        told: Called with the name of each page before it is made.
    """
    made = {name: text.encode("utf-8", "replace") for name, text in _texts(catalogue, policy, told)}
    manifest = {"generator": "keybus", "catalog": catalogue.bus, "files": [DATA_FILE, *made]}
    return {DATA_FILE: msgspec.json.format(msgspec.json.encode(manifest), indent=2), **made}


def _texts(
    catalogue: Catalogue, policy: object, told: Callable[[str], None]
) -> Iterator[tuple[str, str]]:
    pages = Pages(catalogue, policy)
    for name, page in pages.all():
        told(name)
        yield name, page()
    for name in ASSETS:
        yield f"assets/{name}", files("keybus.catalog").joinpath("assets", name).read_text("utf-8")
    yield "assets/index.js", search_index(catalogue)
    yield "map.svg", standalone(map_of(catalogue))
    yield "asyncapi.json", as_json(asyncapi_document(catalogue))
