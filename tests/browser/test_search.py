"""The search of the catalogue, without a page, in Node."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import keybus.catalog

SCRIPT = Path(keybus.catalog.__file__).parent / "assets" / "search.js"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(not NODE, reason="node is not installed")
INDEX = [
    ["event", "order.placed", "1", "Somebody ordered something.", "OrderPlaced shop", "total sku"],
    ["event", "order.placed.late", "2", "It took long.", "OrderPlacedLate shop", "délai sku_id"],
    ["event", "payment.taken", "3", "An order was paid.", "PaymentTaken billing", "garage_code"],
    ["account", "orders", "4", "", "111111111111", ""],
    ["subscription", "order", "5", "of orders", "", ""],
    ["event", "__proto__.changed", "6", "<b>bold</b>", "", "constructor"],
]
RUN = """
const { marked, search } = require(process.argv[1]);
const { index, queries, texts } = JSON.parse(process.argv[2]);
process.stdout.write(JSON.stringify({
  found: queries.map((query) => search(index, query).map(({ row, fields }) => [row[1], fields])),
  marked: texts.map(([text, query]) => marked(text, query)),
}));
"""


def run(queries: list[str], texts: list[tuple[str, str]]) -> dict[str, Any]:
    asked = json.dumps({"index": INDEX, "queries": queries, "texts": texts})
    done = subprocess.run(
        [str(NODE), "-e", RUN, str(SCRIPT), asked],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_what_is_found_and_in_which_order() -> None:
    queries = {
        "": [],
        "  ": [],
        "order": ["order", "order.placed", "order.placed.late", "orders", "payment.taken"],
        "ORDER.PLACED": ["order.placed", "order.placed.late"],
        "order.placed@1": ["order.placed", "order.placed.late"],
        "placed sku": ["order.placed", "order.placed.late"],
        "garage": ["payment.taken"],
        "delai": ["order.placed.late"],
        "taken nothing": [],
        "billing": ["payment.taken"],
        "ordered": ["order.placed"],
        "proto": ["__proto__.changed"],
        ".*": [],
        "(": [],
    }
    found = run(list(queries), [])["found"]
    told = {query: [name for name, _ in rows] for query, rows in zip(queries, found, strict=True)}
    assert told == queries
    fields = dict(zip(queries, found, strict=True))
    assert fields["garage"] == [["payment.taken", ["garage_code"]]]
    assert fields["delai"] == [["order.placed.late", ["délai"]]]


def test_what_was_asked_for_is_marked_and_nothing_is_lost() -> None:
    texts = [
        ("order.placed", "placed order"),
        ("Délai", "DELAI"),
        ("aaaa", "aa"),
        ("ﬁsh 日本 👩‍👩‍👧", "fi 本"),
        ("<b>", "b"),
        ("nothing", ""),
    ]
    found = run([], texts)["marked"]
    assert ["".join(part for part, _ in parts) for parts in found] == [text for text, _ in texts]
    hits = [[part for part, hit in parts if hit] for parts in found]
    assert hits == [["order", "placed"], ["Délai"], ["aaaa"], ["ﬁ", "本"], ["b"], []]
