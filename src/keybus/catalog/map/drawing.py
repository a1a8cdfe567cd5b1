"""A picture as SVG: within a page, whose colours it takes, or as a file of its own."""

from collections.abc import Iterator
from html import escape
from math import log2
from typing import Final

from keybus.catalog.map.layout import Layout, Placed, Run, laid_out
from keybus.catalog.map.picture import Picture
from keybus.catalog.visible import visible

_BASELINE: Final = 4.3  # from the middle of a text to its line
_INDENT: Final = 12
_THIN: Final = 1.2

_STYLE: Final = """\
svg { font: 500 12px ui-monospace, "SF Mono", Menlo, Consolas, monospace; background: #fff; }
.box rect { fill: #f6f8f7; stroke: #d5dcd9; } .box text { fill: #16201d; }
.box.account text { font-weight: 650; }
.box.here rect { fill: #0b6b57; stroke: #0b6b57; } .box.here text { fill: #fff; }
.heading { fill: #55605c; font-family: system-ui, sans-serif; }
.line { fill: none; stroke: #7d9189; stroke-opacity: .55; }
a:hover rect, a:focus rect { stroke: #0b6b57; }
@media (prefers-color-scheme: dark) {
  svg { background: #101412; }
  .box rect { fill: #18201c; stroke: #34413b; } .box text { fill: #e6ebe9; }
  .box.here rect { fill: #5fd0b1; stroke: #5fd0b1; } .box.here text { fill: #101412; }
  .heading { fill: #9aa7a2; } .line { stroke: #6f857c; }
}
"""


def drawn(picture: Picture, root: str = "") -> str:
    """A picture as SVG within a page.

    Args:
        picture: The picture.
        root: What leads from the page to the root of the catalogue: empty, or ``../``.
    """
    return "".join(_svg(picture, root, style=""))


def standalone(picture: Picture) -> str:
    """A picture as an SVG file of its own, at the root of the catalogue."""
    return "".join(_svg(picture, "", style=f"<style>{_STYLE}</style>"))


def _svg(picture: Picture, root: str, style: str) -> Iterator[str]:
    layout = laid_out(picture)
    size = f"{_number(layout.width)} {_number(layout.height)}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="map" viewBox="0 0 {size}"'
        f' width="{_number(layout.width)}" height="{_number(layout.height)}"'
        f' role="group" aria-label="{_text(picture.title)}">{style}'
    )
    for heading, x in zip(picture.headings, layout.starts, strict=True):
        yield f'<text class="heading" x="{_number(x)}" y="14">{_text(heading)}</text>'
    numbers = {key: number for number, key in enumerate(layout.boxes)}
    yield '<g class="lines" aria-hidden="true">'
    for run in layout.runs:
        yield _line(run, numbers[run.line.left], numbers[run.line.right])
    yield "</g>"
    yield from _boxes(layout, numbers, root)
    yield "</svg>"


def _boxes(layout: Layout, numbers: dict[str, int], root: str) -> Iterator[str]:
    for key, placed in layout.boxes.items():
        inner = _box(placed, numbers[key])
        href = placed.box.href
        yield f'<a href="{_text(root + href)}">{inner}</a>' if href else inner


def _box(placed: Placed, number: int) -> str:
    box = placed.box
    title = f"<title>{_text(box.label)}</title>"
    return (
        f'<g class="box {box.kind}" data-box="{number}">{title}'
        f'<rect x="{_number(placed.x)}" y="{_number(placed.y)}" width="{_number(placed.width)}"'
        f' height="{_number(placed.height)}" rx="6"/>'
        f'<text x="{_number(placed.x + _INDENT)}" y="{_number(placed.middle + _BASELINE)}">'
        f"{_text(box.text)}</text></g>"
    )


def _line(run: Run, left: int, right: int) -> str:
    bend = (run.x2 - run.x1) / 2
    xs = [_number(x) for x in (run.x1, run.x1 + bend, run.x2 - bend, run.x2)]
    y1, y2 = _number(run.y1), _number(run.y2)
    width = _number(_THIN + log2(run.line.weight) / 2)
    return (
        f'<path class="line" data-from="{left}" data-to="{right}" stroke-width="{width}"'
        f' d="M{xs[0]} {y1}C{xs[1]} {y1} {xs[2]} {y2} {xs[3]} {y2}">'
        f"<title>{_text(run.line.title)}</title></path>"
    )


def _number(value: float) -> str:
    """At most one digit behind the point, so that bytes do not depend on the last bits."""
    return f"{value:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    return escape(visible(text))
