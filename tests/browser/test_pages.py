"""The catalogue in a real browser, opened from a folder: what it shows, and what keys do."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from keybus.catalog import Catalogue, catalogue_site
from keybus.topology import load_platform
from tests.browser.chromium import MISSING, Chromium
from tests.running import EXAMPLE
from tests.unit.catalog import platforms

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(300),
]
LEAST_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3

CONTRASTS = r"""
(() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  const parts = (colour) => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = colour;
    brush.fillRect(0, 0, 1, 1);
    return Array.from(brush.getImageData(0, 0, 1, 1).data);
  };
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((each) => {
      const part = each / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const found = parts(getComputedStyle(each).backgroundColor);
      if (found[3] > 250) return found;
    }
    return parts("white");
  };
  for (const each of document.querySelectorAll("details")) each.open = true;
  const worst = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.closest("svg, script, dialog, .skip")) continue;
    const [one, other] = [light(parts(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const name = `${element.tagName}.${element.className} ${walker.currentNode.textContent.trim().slice(0, 30)}`;
    if (ratio < 4.5) worst.set(name, ratio);
  }
  for (const text of document.querySelectorAll("svg.map text")) {
    const rect = text.parentElement.querySelector("rect");
    const behind = rect ? getComputedStyle(rect).fill : getComputedStyle(document.body).backgroundColor;
    const [one, other] = [light(parts(getComputedStyle(text).fill)), light(parts(behind))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) worst.set(`svg ${text.textContent}`, ratio);
  }
  return Array.from(worst);
})()
"""


def written(site: Mapping[str, bytes], folder: Path) -> Path:
    for name, content in site.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Catalogues in folders, whose own names are awkward too."""
    folder = tmp_path_factory.mktemp("sites")
    catalogues = {
        "example": Catalogue.of(*load_platform(EXAMPLE)),
        "history": platforms.with_history(folder / "history").catalogue(),
        "hostile": platforms.hostile(folder / "hostile").catalogue(),
    }
    return {
        name: written(catalogue_site(each), folder / f"{name} # site %41")
        for name, each in catalogues.items()
    }


@pytest.fixture(scope="module")
def started() -> Iterator[Chromium]:
    browser = Chromium()
    yield browser
    browser.close()


@pytest.fixture
def browser(started: Chromium) -> Chromium:
    """The browser as somebody finds it: wide, in light colours, with nothing chosen."""
    started.look()
    return started


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def chosen(browser: Chromium) -> str:
    return str(browser.run("document.querySelector('[aria-selected=true] .name')?.textContent"))


def searched(browser: Chromium, text: str) -> None:
    """Open the search by its key, and write into it."""
    browser.press("/")
    browser.until("document.querySelector('dialog').open && self.catalogIndex")
    browser.write(text)


@pytest.mark.parametrize("name", ["example", "history", "hostile"])
def test_every_page_loads_from_the_folder_alone_and_without_an_error(
    browser: Chromium, sites: dict[str, Path], name: str
) -> None:
    for page in pages(sites[name]):
        browser.open(page)
        assert browser.told == [], page
        assert browser.asked, page
        assert all(each.startswith("file:") for each in browser.asked), page
        assert browser.run("getComputedStyle(document.querySelector('.top')).position") == "sticky"
        assert browser.run("document.querySelector('[data-find]').hidden") is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_can_be_read(browser: Chromium, sites: dict[str, Path], scheme: str) -> None:
    browser.look(scheme=scheme)
    for site, names in (
        ("example", ("index", "accounts", "map", "events/delivery.status.updated", "accounts/finance")),
        ("history", ("index", "events/order.placed", "events/payment.taken", "events/payment.refused")),
    ):  # fmt: skip
        for name in names:
            browser.open(sites[site] / f"{name}.html")
            assert browser.run(CONTRASTS) == [], (site, name)


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("name", ["example", "hostile"])
def test_nothing_sticks_out_of_any_width(
    browser: Chromium, sites: dict[str, Path], name: str, width: int
) -> None:
    browser.look(width=width)
    for page in pages(sites[name])[::3]:
        browser.open(page)
        browser.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        wide = browser.run("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], page


def test_the_search_is_worked_by_keys(browser: Chromium, sites: dict[str, Path]) -> None:
    browser.open(sites["example"] / "events" / "device.online.html")
    assert browser.run("self.catalogIndex") is None
    searched(browser, "garage")
    browser.until("document.querySelectorAll('[role=option]').length === 2")
    assert chosen(browser) == "delivery.garage.closed"
    marks = (
        "Array.from(document.querySelectorAll('mark'), (each) => each.textContent.toLowerCase())"
    )
    assert set(browser.run(marks)) == {"garage"}
    for key, name in (("ArrowDown", "opened"), ("ArrowDown", "closed"), ("ArrowUp", "opened")):
        browser.press(key)
        assert chosen(browser) == f"delivery.garage.{name}"
    active = "document.querySelector('[role=combobox]').getAttribute('aria-activedescendant')"
    assert browser.run(f"document.getElementById({active}).textContent").startswith(
        "delivery.garage"
    )
    browser.press("Enter")
    browser.until("location.pathname.endsWith('events/delivery.garage.opened.html')")


def test_the_search_closes_and_says_when_nothing_is_found(
    browser: Chromium, sites: dict[str, Path]
) -> None:
    browser.open(sites["example"] / "index.html")
    searched(browser, "no such thing")
    browser.until("document.querySelector('dialog [role=status]').textContent === 'Nothing found'")
    browser.press("Escape")
    browser.until("!document.querySelector('dialog').open")
    browser.press("k", control=True)
    browser.until("document.querySelector('dialog').open")
    browser.press("/")
    assert browser.run("document.querySelectorAll('dialog[open]').length") == 1


def test_hostile_names_are_found_and_do_nothing(browser: Chromium, sites: dict[str, Path]) -> None:
    browser.open(sites["hostile"] / "index.html")
    browser.run("self.alert = () => { self.harmed = true; }")
    searched(browser, "<img")
    browser.until("document.querySelectorAll('[role=option]').length === 1")
    assert browser.run("document.querySelectorAll('dialog img').length") == 0
    browser.press("Enter")
    browser.until("location.pathname.endsWith('events/odd.thing.html')")
    assert browser.run("self.harmed") is None
    assert browser.run("document.querySelectorAll('main script, main img').length") == 0


def test_colours_follow_the_system_until_somebody_chooses(
    browser: Chromium, sites: dict[str, Path]
) -> None:
    page = sites["example"] / "index.html"
    ground = "getComputedStyle(document.body).backgroundColor"
    click = "document.querySelector('[data-theme-switch]').click()"
    browser.open(page)
    light = browser.run(ground)
    browser.look(scheme="dark")
    dark = browser.run(ground)
    assert light != dark
    browser.run(click)
    assert browser.run(ground) == light
    browser.open(sites["example"] / "map.html")
    assert browser.run(ground) == light
    browser.look(scheme="light")
    browser.run(click)
    assert browser.run(ground) == dark
    assert "dark" in browser.run("document.querySelector('[data-theme-switch]').textContent")
    browser.run(click)
    assert browser.run(ground) == light


def test_the_map_shows_only_what_has_to_do_with_a_box(
    browser: Chromium, sites: dict[str, Path]
) -> None:
    browser.open(sites["example"] / "map.html")
    lit = "Array.from(document.querySelectorAll('.map .box.lit text'), (each) => each.textContent)"
    browser.run("document.querySelector('.map a[href$=\"engagement.html\"]').focus()")
    assert sorted(browser.run(lit)) == ["deliveries", "delivery.status.updated", "engagement"]
    assert browser.run("document.querySelectorAll('.map .line.lit').length") == 2
    browser.run("document.activeElement.blur()")
    assert browser.run(lit) == []
    clicked = "document.querySelector('.map a[href*=\"events/delivery.failed\"]').dispatchEvent(new MouseEvent('click'))"
    browser.run(clicked)
    browser.until("location.pathname.endsWith('events/delivery.failed.html')")


def test_events_are_sifted(browser: Chromium, sites: dict[str, Path]) -> None:
    browser.open(sites["example"] / "index.html")
    shown = "Array.from(document.querySelectorAll('.events li'), (each) => each.checkVisibility()).filter(Boolean).length"
    assert browser.run(shown) == 16
    for name, value, count in (("classification", "confidential", 3), ("owner", "deliveries", 1)):
        browser.run(
            f"(() => {{ const each = document.querySelector('[name={name}]'); each.value = '{value}';"
            " each.dispatchEvent(new Event('change', { bubbles: true })); })()"
        )
        assert browser.run(shown) == count
    assert browser.run("document.querySelector('output').textContent") == "1 event"


def test_what_has_ended_is_marked(browser: Chromium, sites: dict[str, Path]) -> None:
    browser.open(sites["history"] / "accounts" / "billing.html")
    ended = "Array.from(document.querySelectorAll('.ended'), (each) => each.previousElementSibling.dateTime)"
    assert browser.run(ended) == ["2026-01-01"]


def test_an_address_opens_what_it_points_into(browser: Chromium, sites: dict[str, Path]) -> None:
    page = sites["history"] / "events" / "order.placed.html"
    browser.open(page, "#v1/coupon")
    place = "document.getElementById('v1/coupon').getBoundingClientRect().top"
    browser.until(f"{place} > 0 && {place} < innerHeight")


def test_a_page_can_be_printed(browser: Chromium, sites: dict[str, Path]) -> None:
    browser.look(media="print", scheme="dark")
    browser.open(sites["example"] / "events" / "delivery.failed.html")
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.run(CONTRASTS) == []
    assert browser.run("document.querySelector('.top').checkVisibility()") is False
    paper = browser.paper()
    assert paper.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) > 1


def test_without_scripts_everything_can_still_be_read(sites: dict[str, Path]) -> None:
    text = (sites["example"] / "index.html").read_text()
    hidden: list[Any] = re.findall(r"<(\w+)[^>]* hidden", text)
    assert sorted(hidden) == ["button", "button", "form"]
