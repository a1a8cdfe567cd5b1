"""A catalogue of 500 events and 100 accounts: it is whole, and what a reader waits for stays small."""

import json
from collections.abc import Mapping

import pytest

from keybus.catalog import Catalogue, catalogue_site
from keybus.catalog.map import map_of
from tests.unit.catalog import platforms
from tests.unit.catalog.test_map import check
from tests.unit.catalog.test_site import check_links, pages_of

pytestmark = pytest.mark.long
EVENTS, ACCOUNTS = 500, 100


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return platforms.large(tmp_path_factory.mktemp("large") / "made", EVENTS, ACCOUNTS).catalogue()


@pytest.fixture(scope="module")
def site(large: Catalogue) -> Mapping[str, bytes]:
    told: list[str] = []
    found = catalogue_site(large, told=told.append)
    assert told == [name for name in found if name.endswith(".html")]
    return found


def test_there_is_a_page_for_everything(site: Mapping[str, bytes]) -> None:
    pages = pages_of(site)
    assert len(pages) == EVENTS + ACCOUNTS + 3
    check_links(site)


def test_what_is_read_by_everybody_stays_small(site: Mapping[str, bytes]) -> None:
    assert len(site["assets/index.js"]) < 500 * EVENTS
    assert len(site["index.html"]) < 700 * EVENTS
    assert len(site["map.html"]) < 300_000
    rows = json.loads(site["assets/index.js"].decode().partition(" = ")[2].rstrip(";\n"))
    assert len(rows) == EVENTS + 3 * ACCOUNTS


def test_the_map_shows_accounts(large: Catalogue) -> None:
    picture = map_of(large)
    layout = check(picture)
    assert [len(column) for column in picture.columns] == [ACCOUNTS, ACCOUNTS]
    assert layout.width < 1200
