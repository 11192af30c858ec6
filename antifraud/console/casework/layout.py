"""Where each account and each line of money stands in the picture: columns by tier, widths by amount. Pure.

Boxes of one column stand below each other with a gap; every line enters its
box at a height of its own, and its label stands in the gap before that box. So
nothing lies on anything else, however many lines there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from antifraud.cases.flow import Edge, Flow

WIDTH: Final = 196.0
HEIGHT: Final = 84.0
GAP_X: Final = 104.0
GAP_Y: Final = 24.0
TOP: Final = 36.0
EDGE: Final = 4.0
PORT: Final = 36.0
LABEL_WIDTH: Final = 92.0
LABEL_HEIGHT: Final = 34.0
THINNEST, THICKEST = 1.6, 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A node's place: its upper left corner and its size."""

    key: str
    column: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of money: its curve, its width, and where its label stands (the middle of its right edge)."""

    edge: Edge
    path: str
    width: float
    label_x: float
    label_y: float

    @property
    def label_box(self) -> tuple[float, float, float, float]:
        """Return what the label covers: left, top, right, bottom."""
        half = LABEL_HEIGHT / 2
        return self.label_x - LABEL_WIDTH, self.label_y - half, self.label_x, self.label_y + half


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The whole picture, in its own units."""

    width: float
    height: float
    columns: tuple[float, ...]
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def picture_of(flow: Flow) -> Picture:
    """Return the places of everything in a flow, which should be folded before."""
    columns = [list(column) for column in (flow.victims, *flow.tiers)]
    keys = [[node.key for node in column] for column in columns]
    _uncross(keys, flow.edges)
    into: dict[str, list[Edge]] = {}
    for edge in flow.edges:
        into.setdefault(edge.target, []).append(edge)
    heights = {key: max(HEIGHT, PORT * len(into.get(key, ()))) for column in keys for key in column}
    tallest = max((_height(column, heights) for column in keys), default=HEIGHT)
    boxes: dict[str, Box] = {}
    for at, column in enumerate(keys):
        y = TOP + (tallest - _height(column, heights)) / 2
        for key in column:
            boxes[key] = Box(key=key, column=at, x=EDGE + at * (WIDTH + GAP_X), y=y, width=WIDTH, height=heights[key])
            y += heights[key] + GAP_Y
    drawn = [edge for edge in flow.edges if edge.source in boxes and edge.target in boxes]
    width = 2 * EDGE + len(keys) * WIDTH + max(len(keys) - 1, 0) * GAP_X
    return Picture(
        width=width,
        height=TOP + tallest + EDGE,
        columns=tuple(EDGE + at * (WIDTH + GAP_X) for at in range(len(keys))),
        boxes=tuple(boxes.values()),
        lines=_lines(drawn, boxes),
    )


def _height(column: Sequence[str], heights: dict[str, float]) -> float:
    return sum(heights[key] for key in column) + GAP_Y * max(len(column) - 1, 0)


def _uncross(keys: list[list[str]], edges: Sequence[Edge]) -> None:
    """Order each column by where its money comes from, so that few lines cross; equal ones keep their order."""
    for before, column in pairwise(keys):
        place = {key: at for at, key in enumerate(before)}
        middles: dict[str, float] = {}
        for key in column:
            sources = [place[edge.source] for edge in edges if edge.target == key and edge.source in place]
            middles[key] = sum(sources) / len(sources) if sources else len(place)
        column.sort(key=lambda key: middles[key])


def _lines(edges: Sequence[Edge], boxes: dict[str, Box]) -> tuple[Line, ...]:
    largest = max((edge.amount_minor or 0 for edge in edges), default=0)
    out_of: dict[str, list[Edge]] = {}
    into: dict[str, list[Edge]] = {}
    for edge in edges:
        out_of.setdefault(edge.source, []).append(edge)
        into.setdefault(edge.target, []).append(edge)
    for leaving in out_of.values():
        leaving.sort(key=lambda edge: boxes[edge.target].y)
    for entering in into.values():
        entering.sort(key=lambda edge: boxes[edge.source].y)
    lines = []
    for edge in edges:
        source, target = boxes[edge.source], boxes[edge.target]
        start = _port(source, out_of[edge.source].index(edge), len(out_of[edge.source]))
        end = _port(target, into[edge.target].index(edge), len(into[edge.target]))
        from_x, to_x = source.x + source.width, target.x
        # Money that comes back, or stays in its tier, leaves to the right and returns from the left.
        bend = (to_x - from_x) / 2 if to_x > from_x else GAP_X / 2
        lines.append(
            Line(
                edge=edge,
                path=f"M{from_x:g} {start:.1f}"
                f"C{from_x + bend:g} {start:.1f} {to_x - bend:g} {end:.1f} {to_x:g} {end:.1f}",
                width=_width(edge.amount_minor, largest),
                label_x=to_x - 8,
                label_y=end,
            )
        )
    return tuple(lines)


def _port(box: Box, index: int, count: int) -> float:
    return box.y + box.height * (index + 0.5) / count


def _width(amount: int | None, largest: int) -> float:
    """Return a line's width: its area is what the eye compares, so it grows with the amount itself."""
    share = (amount or 0) / largest if largest else 0.0
    return round(THINNEST + (THICKEST - THINNEST) * share, 1)


def fitted(text: str, width: float) -> str:
    """Return a text cut to a width of the picture, in the picture's own size of type; a cut is told by an ellipsis."""
    if _length(text) <= width:
        return text
    while text and _length(text) + _NARROW > width:
        text = text[:-1]
    return text.rstrip() + "…"


_NARROW, _WIDE = 7.2, 13.0


def _length(text: str) -> float:
    return sum(_WIDE if ord(ch) >= _FIRST_WIDE else _NARROW for ch in text)


_FIRST_WIDE: Final = 0x2E80
