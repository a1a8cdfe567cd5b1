"""Where everything of a picture stands: few crossings, nothing on top of another."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from keybus.catalog.map.picture import Box, Line, Picture

_SWEEPS: Final = 6
_GAP: Final = 8
_LEAST: Final = 28  # height of a box
_PORT: Final = 4.5  # between lines at one box
_TOP: Final = 30  # room for headings
_MARGIN: Final = 1.5  # so that outlines are not cut
_BETWEEN: Final = 80  # room for lines, and more where there are many
_MOST_BETWEEN: Final = 480
_CHARACTER: Final = 7.3
_PADDING: Final = 26
_NARROWEST: Final = 120


class Placed(NamedTuple):
    """A box in its place; all in pixels, from the top left."""

    box: Box
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Its vertical middle."""
        return self.y + self.height / 2


class Run(NamedTuple):
    """A line in its place."""

    line: Line
    x1: float
    y1: float
    x2: float
    y2: float


class Layout(NamedTuple):
    """A picture in which everything has a place.

    Attributes:
        width: Of the whole, in pixels.
        height: The same.
        starts: Where each column begins.
        boxes: Every box by its key.
        runs: Every line.
    """

    width: float
    height: float
    starts: tuple[float, ...]
    boxes: Mapping[str, Placed]
    runs: tuple[Run, ...]


def laid_out(picture: Picture) -> Layout:
    """Give everything a place."""
    if not picture.columns:
        return Layout(_NARROWEST, _TOP, (), {}, ())
    beside = _neighbours(picture.lines)
    columns = _ordered([list(column) for column in picture.columns], beside)
    heights = _heights(picture)
    tops = _tops(columns, heights, beside)
    widths = [_width(column) for column in columns]
    between = min(_MOST_BETWEEN, _BETWEEN + 2 * len(picture.lines))
    starts = tuple(_MARGIN + sum(widths[:i]) + i * between for i in range(len(columns)))
    boxes = {
        box.key: Placed(box, starts[i], tops[box.key], widths[i], heights[box.key])
        for i, column in enumerate(columns)
        for box in column
    }
    lowest = max((each.y + each.height for each in boxes.values()), default=_TOP)
    width = starts[-1] + widths[-1] + _MARGIN
    return Layout(width, lowest + _MARGIN, starts, boxes, _runs(picture.lines, boxes))


def _tops(
    columns: list[list[Box]], heights: Mapping[str, float], beside: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Where each box begins: the tallest column without room between, the others beside it."""
    tallest = max(range(len(columns)), key=lambda i: _total(columns[i], heights))
    tops = _stacked(columns[tallest], heights)
    bottom = _TOP + _total(columns[tallest], heights)
    for index in (*range(tallest - 1, -1, -1), *range(tallest + 1, len(columns))):
        tops |= _beside(columns[index], heights, tops, beside, bottom)
    return tops


def _neighbours(lines: Sequence[Line]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(line.left, []).append(line.right)
        found.setdefault(line.right, []).append(line.left)
    return found


def _ordered(columns: list[list[Box]], beside: Mapping[str, Sequence[str]]) -> list[list[Box]]:
    """Columns in an order in which few lines cross: each box near the mean of its neighbours."""
    rank = {box.key: float(at) for column in columns for at, box in enumerate(column)}
    there = [*range(1, len(columns)), *range(len(columns) - 2, -1, -1)]
    for _ in range(_SWEEPS):
        for index in there:
            near = {box.key for at in (index - 1, index + 1) for box in _at(columns, at)}
            means = {
                box.key: _mean(
                    [rank[k] for k in beside.get(box.key, ()) if k in near], rank[box.key]
                )
                for box in columns[index]
            }
            columns[index].sort(key=lambda box: means[box.key])
            rank |= {box.key: float(at) for at, box in enumerate(columns[index])}
    return columns


def _at(columns: list[list[Box]], index: int) -> list[Box]:
    return columns[index] if 0 <= index < len(columns) else []


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _heights(picture: Picture) -> dict[str, float]:
    """High enough that lines that meet at a box can be told apart."""
    left: dict[str, int] = {}
    right: dict[str, int] = {}
    for line in picture.lines:
        left[line.left] = left.get(line.left, 0) + 1
        right[line.right] = right.get(line.right, 0) + 1
    return {
        box.key: max(_LEAST, _PORT * max(left.get(box.key, 0), right.get(box.key, 0)) + 8)
        for column in picture.columns
        for box in column
    }


def _width(column: Sequence[Box]) -> float:
    longest = max((len(box.text) for box in column), default=0)
    return max(_NARROWEST, _CHARACTER * longest + _PADDING)


def _total(column: Sequence[Box], heights: Mapping[str, float]) -> float:
    return sum(heights[box.key] + _GAP for box in column) - _GAP


def _stacked(column: Sequence[Box], heights: Mapping[str, float]) -> dict[str, float]:
    tops, y = {}, float(_TOP)
    for box in column:
        tops[box.key] = y
        y += heights[box.key] + _GAP
    return tops


def _beside(
    column: Sequence[Box],
    heights: Mapping[str, float],
    tops: Mapping[str, float],
    beside: Mapping[str, Sequence[str]],
    bottom: float,
) -> dict[str, float]:
    """Each box beside what it is linked with, as far as there is room."""
    found: dict[str, float] = {}
    least = float(_TOP)
    for box in column:
        near = [tops[key] + heights[key] / 2 for key in beside.get(box.key, ()) if key in tops]
        wished = _mean(near, least + heights[box.key] / 2) - heights[box.key] / 2
        found[box.key] = max(least, wished)
        least = found[box.key] + heights[box.key] + _GAP
    most = bottom
    for box in reversed(column):
        found[box.key] = max(_TOP, min(found[box.key], most - heights[box.key]))
        most = found[box.key] - _GAP
    return found


def _runs(lines: Sequence[Line], boxes: Mapping[str, Placed]) -> tuple[Run, ...]:
    """Lines, spread over the sides of their boxes in the order of where they lead."""
    out = _ports(lines, boxes, side=0)
    into = _ports(lines, boxes, side=1)
    return tuple(
        Run(
            line,
            boxes[line.left].x + boxes[line.left].width,
            out[number],
            boxes[line.right].x,
            into[number],
        )
        for number, line in enumerate(lines)
    )


def _ports(lines: Sequence[Line], boxes: Mapping[str, Placed], side: int) -> dict[int, float]:
    """By the line's number, where it meets its box."""
    of_box: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        of_box.setdefault(line.right if side else line.left, []).append(number)
    found: dict[int, float] = {}
    for key, numbers in of_box.items():
        box = boxes[key]
        ends = sorted(
            numbers,
            key=lambda n: boxes[lines[n].left if side else lines[n].right].middle,
        )
        step = min(_PORT * 2, (box.height - 8) / len(ends))
        first = box.middle - step * (len(ends) - 1) / 2
        found |= {number: first + step * at for at, number in enumerate(ends)}
    return found
