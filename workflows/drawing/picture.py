"""Boxes in layers, numbered arrows onward, the numbers of the ways back beneath each box, and what each stands for."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final, NamedTuple

from workflows.drawing.ways import START, Way
from workflows.state import LIVE_HOLDS

NAMES: Final = {
    START: ("开始", "start"),
    "unconfirmed": ("待确认", "unconfirmed"),
    "asked": ("已请求", "asked"),
    "stopped": ("已止付", "stopped"),
    "frozen": ("已冻结", "frozen"),
    "queued_behind": ("轮候", "queued behind"),
    "in_question": ("存疑", "in question"),
    "none": ("无款", "none"),
    "released": ("已解除", "released"),
    "lapsed": ("已失效", "lapsed"),
    "returned": ("已返还", "returned"),
    "dropped": ("已撤下", "dropped"),
}
ACTORS: Final = {
    "bank": ("机构", "bank"),
    "person": ("人员", "person"),
    "time": ("期限", "time"),
    "reporter": ("报案", "reporter"),
}
_WIDE, _HIGH, _ACROSS, _DOWN, _EDGE, _LINE = 132, 46, 232, 104, 24, 17
_LAST_COLUMN: Final = 99
_LETTERS: Final = 128
"""How many letters of a legend line fit beside each other."""
_BACK: Final = 6
"""How many numbers of ways back fit beneath a box."""


class _Box(NamedTuple):
    x: int
    y: int
    column: int


def picture(title: tuple[str, str], found: Sequence[Way]) -> str:
    """Return the drawing as SVG: colours are those of the page around it.

    Args:
        title: What the definition is called, in Chinese and English.
        found: The ways, in the order of their numbers.
    """
    boxes = _placed(found)
    legend = list(_legend(found))
    top = max(box.y for box in boxes.values()) + _HIGH + 64
    width, height = max(max(box.x for box in boxes.values()) + _WIDE + _EDGE, 1040), top + _LINE * len(legend) + _EDGE
    name = f"{escape(title[0])} · {escape(title[1])}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        ' font-family="Noto Sans SC, Noto Sans, sans-serif" font-size="12" fill="currentColor">'
    )
    tip = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
        ' orient="auto-start-reverse"><path d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    parts = [head, f"<title>{name}</title>", tip, f'<text x="{_EDGE}" y="22" font-size="15">{name}</text>']
    back: dict[str, list[int]] = {}
    for number, way in enumerate(found, 1):
        before, after = boxes[way.before], boxes[way.after]
        if after.column > before.column:
            parts.append(_arrow(number, way, before, after))
        else:
            back.setdefault(way.before, []).append(number)
    parts += [_drawn(state, box, back.get(state, [])) for state, box in boxes.items()]
    parts += [
        f'<text x="{_EDGE}" y="{top + _LINE * line}" font-size="11">{escape(text)}</text>'
        for line, text in enumerate(legend)
    ]
    return "\n".join([*parts, "</svg>\n"])


def _placed(found: Sequence[Way]) -> Mapping[str, _Box]:
    """Place each state: in the order in which events can reach it, and what is over in the last column."""
    reached = {START: 0, **{way.after: way.reached for way in found}}
    column = {state: depth if state in LIVE_HOLDS or not state else _LAST_COLUMN for state, depth in reached.items()}
    tallest = max(Counter(column.values()).values())
    kept = {number: place for place, number in enumerate(sorted(set(column.values())))}
    rows: dict[int, int] = {}
    boxes = {}
    for state, number in sorted(column.items(), key=lambda item: (item[1], reached[item[0]])):
        place = kept[number]
        lone = list(column.values()).count(number) == 1 and 0 < place < max(kept.values())
        row = rows[place] = tallest - 1 if lone else rows.get(place, -1) + 1  # below the arrows that pass it
        boxes[state] = _Box(_EDGE + place * _ACROSS, 44 + row * _DOWN + (place % 2) * (_DOWN // 2), place)
    return boxes


def _drawn(state: str, box: _Box, back: Sequence[int]) -> str:
    """Draw a box; the numbers of ways that lead back from it stand beneath."""
    zh, en = NAMES.get(state, (state, state))
    dashed = "" if state in LIVE_HOLDS or not state else ' stroke-dasharray="5 3"'
    middle = box.x + _WIDE // 2
    frame = f'x="{box.x}" y="{box.y}" width="{_WIDE}" height="{_HIGH}" rx="8"'
    lines = [
        f'<g data-state="{escape(state) or "start"}"><rect {frame} fill="none" stroke="currentColor"{dashed}/>',
        f'<text x="{middle}" y="{box.y + 19}" text-anchor="middle" font-weight="600">{zh}</text>',
        f'<text x="{middle}" y="{box.y + 36}" text-anchor="middle">{en}</text>',
    ]
    for line, start in enumerate(range(0, len(back), _BACK)):
        words = ("↩ " if start == 0 else "   ") + " ".join(map(str, back[start : start + _BACK]))
        y = box.y + _HIGH + 14 + 12 * line
        lines.append(f'<text x="{middle}" y="{y}" text-anchor="middle" font-size="10">{words}</text>')
    return "".join([*lines, "</g>"])


def _arrow(number: int, way: Way, before: _Box, after: _Box) -> str:
    left, right = before.x + _WIDE, after.x - 3
    y1, y2 = before.y + _HIGH // 2 + (number * 7) % 27 - 13, after.y + _HIGH // 2 + (number * 11) % 27 - 13
    bend = max(30, (right - left) // 2)
    share = 0.18 + 0.09 * (number % 6)
    x, y = _on_curve(share, (left, left + bend, right - bend, right), (y1, y1, y2, y2))
    path = f"M{left} {y1}C{left + bend} {y1} {right - bend} {y2} {right} {y2}"
    return (
        f'<g data-way="{number}"><title>{number}: {escape("; ".join(_words(way)))}</title>'
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="0.9" marker-end="url(#tip)"/>'
        f'<text x="{x}" y="{y - 2}" text-anchor="middle" font-size="10" font-weight="600">{number}</text></g>'
    )


def _on_curve(share: float, xs: tuple[int, ...], ys: tuple[int, ...]) -> tuple[int, int]:
    rest = 1 - share
    weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
    point = [sum(weight * value for weight, value in zip(weights, values, strict=True)) for values in (xs, ys)]
    return round(point[0]), round(point[1])


def _legend(found: Sequence[Way]) -> Iterator[str]:
    for number, way in enumerate(found, 1):
        before, after = (" ".join(dict.fromkeys(NAMES.get(state, (state, state)))) for state in (way.before, way.after))
        line = f"{number}  {before} → {after}:"
        for words in _words(way):
            if len(line) + len(words) > _LETTERS:
                yield line
                line = "        "
            line += f" {words};"
        yield line.rstrip(";")


def _words(way: Way) -> list[str]:
    """Return who does what: the answers of an institution together by the kind of request."""
    found: dict[str, list[str]] = {}
    for actor, label in way.by:
        zh, en = ACTORS[actor]
        kind, is_answer, code = label.partition(": ")
        head = f"{zh} {en} {kind}" if is_answer and actor == "bank" else f"{zh} {en}"
        found.setdefault(head, []).append(code if is_answer and actor == "bank" else label)
    return [f"{head}: {', '.join(codes)}" for head, codes in found.items()]
