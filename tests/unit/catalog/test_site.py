"""The catalogue's files: nothing from elsewhere, nothing that leads nowhere, nothing that escapes."""

import json
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit

import pytest

from keybus.catalog import Catalogue, catalogue_site
from tests.unit.catalog import platforms
from tests.unit.catalog.platforms import HOSTILE

SITES = (pytest.param("example_site", marks=pytest.mark.long), "history_site", "hostile_site")
ASSETS = {"theme.js", "search.js", "catalog.js"}
VOID = {"meta", "link", "br", "wbr", "input", "hr", "img"}


class Page(HTMLParser):
    """A page as a browser takes it: its elements, and whether each one ends."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.ids: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        if "id" in found:
            self.ids.append(found["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str]]:
        return [found for name, found in self.elements if name == tag]


def pages_of(site: Mapping[str, bytes]) -> dict[str, Page]:
    """Every page; read once, as tests only look at them."""
    found = _READ.get(id(site))
    if found is None:
        pages = (name for name in site if name.endswith(".html"))
        found = _READ[id(site)] = {name: Page(site[name].decode()) for name in pages}
    return found


_READ: dict[int, dict[str, Page]] = {}  # by sites that last as long as the session


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest) -> Mapping[str, bytes]:
    found: Mapping[str, bytes] = request.getfixturevalue(request.param)
    return found


def test_every_page_is_whole_and_has_its_landmarks(site: Mapping[str, bytes]) -> None:
    for name, page in pages_of(site).items():
        assert page.open == [], name
        assert len(page.ids) == len(set(page.ids)), name
        assert [each["lang"] for each in page.of("html")] == ["en"]
        for tag in ("title", "main", "header", "footer", "h1"):
            assert page.of(tag), (name, tag)
        assert len(page.of("h1")) == len(page.of("main")) == 1
        known = set(page.ids)
        for _, found in page.elements:
            for attribute in ("aria-labelledby", "aria-controls"):
                assert found.get(attribute, "main") in known | {"main"}, name


def test_every_link_leads_to_a_page_and_a_place_in_it(site: Mapping[str, bytes]) -> None:
    check_links(site)


def check_links(site: Mapping[str, bytes]) -> None:
    pages = pages_of(site)
    for name, page in pages.items():
        for each in page.of("a"):
            place = urlsplit(each["href"])
            assert not place.scheme, (name, each)
            assert not place.netloc, (name, each)
            target = normpath(join(dirname(name), unquote(place.path))) if place.path else name
            assert target in site, (name, each)
            if place.fragment:
                assert unquote(place.fragment) in pages[target].ids, (name, each)


def test_nothing_is_loaded_from_elsewhere_and_no_script_stands_in_a_page(
    site: Mapping[str, bytes],
) -> None:
    for name, page in pages_of(site).items():
        sources = [each.get("src", "") for each in page.of("script")]
        assert {each.rpartition("/")[2] for each in sources} == ASSETS, name
        assert len(sources) == len(ASSETS)
        assert not page.of("style")
        for tag, found in page.elements:
            assert not any(each.startswith("on") for each in found), (name, tag)
            assert "style" not in found, (name, tag)
            for attribute in ("src", "href"):
                assert "//" not in found.get(attribute, ""), (name, found)
    for name in ASSETS | {"catalog.css"}:
        text = site[f"assets/{name}"].decode()
        assert "http:" not in text, name
        assert "https:" not in text, name
        assert "@import" not in text


def test_hostile_words_are_text(hostile_site: Mapping[str, bytes]) -> None:
    page = pages_of(hostile_site)["events/odd.thing.html"]
    assert HOSTILE.replace("\u202e", "\ufffd").replace("\u202c", "\ufffd") in page.text
    assert "<img src=x onerror=alert(1)>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert not page.of("img")
    whole = b"".join(hostile_site[name] for name in hostile_site if not name.startswith("asyncapi"))
    assert "\u202e".encode() not in whole
    assert b"<script>" not in whole


def test_the_index_of_the_search_is_a_script_of_data(hostile_site: Mapping[str, bytes]) -> None:
    text = hostile_site["assets/index.js"].decode()
    assert text.isascii()
    assert "<" not in text
    rows = json.loads(text.removeprefix("self.catalogIndex = ").removesuffix(";\n"))
    assert {row[0] for row in rows} == {"event", "account", "publisher", "subscription"}
    assert all(len(row) == 6 for row in rows)
    assert all(row[2].partition("#")[0] in hostile_site for row in rows)


@pytest.mark.long
def test_the_same_platform_makes_the_same_bytes(
    history: Catalogue, history_site: Mapping[str, bytes]
) -> None:
    assert catalogue_site(history) == history_site


def test_a_platform_may_have_nothing_yet(tmp_path: Path) -> None:
    made = platforms.Made(tmp_path / "bare")
    made.platform(accounts={"shop": {"id": "111111111111"}})
    bare = pages_of(catalogue_site(made.catalogue()))
    assert "There is no contract yet." in bare["index.html"].text
    assert "Nobody receives anything yet" in bare["map.html"].text
    made.write("shop/Sold.json", platforms.contract("thing.sold", "1.0.0", {}, title="ThingSold"))
    one = pages_of(catalogue_site(made.catalogue()))
    words = one["events/thing.sold.html"].text
    assert "Nobody is declared to publish it." in words
    assert "Nobody subscribes to it." in words


def test_what_is_over_or_to_be_left_is_said(history_site: Mapping[str, bytes]) -> None:
    pages = pages_of(history_site)
    placed = " ".join(pages["events/order.placed.html"].text.split())
    assert "Version 1 is deprecated , its sunset date is 2027-01-31 . Use order.placed@2" in placed.replace("deprecated,", "deprecated ,").replace("31.", "31 .")  # fmt: skip
    assert "Readers of 2.0.0 refuse some events of 1.1.0" in placed
    assert "billing-orders , until 2026-01-01" in placed.replace("orders,", "orders ,")
    untils = [each["data-until"] for each in pages["events/order.placed.html"].of("time") if "data-until" in each]  # fmt: skip
    assert set(untils) == {"2026-01-01", "2999-12-31"}
    assert "retired" in pages["events/payment.refused.html"].text
    assert "draft" in pages["index.html"].text


@pytest.mark.long
def test_fields_examples_and_users_stand_on_an_events_page(
    example_site: Mapping[str, bytes],
) -> None:
    page = pages_of(example_site)["events/delivery.status.updated.html"]
    words = " ".join(page.text.split())
    for each in ("delivery_id", "at most 64 characters", "IN_GARAGE", "DEL-000247", "key.delivery"):
        assert each in words
    for each in ("property-portal", "notifications", "audit", "engagement-status", "/site/name"):
        assert each in words
    assert "v1/delivery_id" in page.ids
