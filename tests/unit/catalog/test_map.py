"""Pictures: everything has a place of its own, and leads somewhere."""

import re
from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from keybus.catalog import Catalogue
from keybus.catalog.map import drawn, map_of, picture_of_account, picture_of_event, standalone
from keybus.catalog.map.layout import Layout, laid_out
from keybus.catalog.map.picture import Box, Line, Picture


def check(picture: Picture) -> Layout:
    """A layout in which nothing is on top of another, and lines end at their boxes."""
    layout = laid_out(picture)
    places = list(layout.boxes.values())
    assert len(places) == sum(map(len, picture.columns))
    by_column: dict[float, list[tuple[float, float]]] = {}
    for each in places:
        assert each.x >= 0
        assert each.y >= 0
        assert each.x + each.width <= layout.width
        assert each.y + each.height <= layout.height
        by_column.setdefault(each.x, []).append((each.y, each.y + each.height))
    for found in by_column.values():
        assert all(above[1] <= below[0] for above, below in pairwise(sorted(found)))
    for run in layout.runs:
        left, right = layout.boxes[run.line.left], layout.boxes[run.line.right]
        assert (run.x1, run.x2) == (left.x + left.width, right.x)
        assert left.y <= run.y1 <= left.y + left.height
        assert right.y <= run.y2 <= right.y + right.height
    return layout


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    sizes = draw(st.lists(st.integers(1, 12), min_size=2, max_size=3))
    columns = [
        [Box(f"{column}-{row}", "b" * (row * 7 + 1), "", "event") for row in range(size)]
        for column, size in enumerate(sizes)
    ]
    pairs = [(one, other) for left, right in pairwise(columns) for one in left for other in right]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=60))
    lines = [Line(one.key, other.key, "", 1) for one, other in chosen]
    return Picture("p", [str(each) for each in sizes], columns, lines)


@given(pictures())
def test_no_boxes_overlap_and_lines_end_where_they_lead(picture: Picture) -> None:
    check(picture)


def test_the_examples_map_shows_every_exchange(example_catalogue: Catalogue) -> None:
    picture = map_of(example_catalogue)
    check(picture)
    assert [len(column) for column in picture.columns] == [3, 16, 7]
    assert len(picture.lines) == 16 + sum(
        len({each.account for each in event.subscriptions})
        for event in example_catalogue.events.values()
    )
    again = map_of(example_catalogue)
    assert drawn(picture) == drawn(again)


def test_few_lines_cross(example_catalogue: Catalogue) -> None:
    layout = laid_out(map_of(example_catalogue))
    runs = [run for run in layout.runs if run.x1 == min(each.x1 for each in layout.runs)]
    crossing = [
        1 for one, other in combinations(runs, 2) if (one.y1 - other.y1) * (one.y2 - other.y2) < 0
    ]
    assert len(crossing) <= 3


def test_a_drawing_is_xml_whose_links_lead_to_pages(
    hostile: Catalogue, hostile_site: dict[str, bytes]
) -> None:
    text = standalone(map_of(hostile))
    ET.fromstring(text)
    links = re.findall(r'<a href="([^"]*)"', text)
    assert links
    assert set(links) <= hostile_site.keys()
    assert "<script" not in text


def test_one_event_and_one_account_have_pictures_of_their_own(history: Catalogue) -> None:
    event = picture_of_event(history.events["order.placed"])
    check(event)
    assert event.headings == ("Published by", "Event", "Received by")
    account = picture_of_account(history.accounts["billing"])
    check(account)
    assert account.headings == ("Hears from", "Account")
    assert [line.weight for line in account.lines] == [2]
    assert picture_of_event(history.events["payment.refused"]).headings == ("Published by", "Event", "Received by")  # fmt: skip
