"""The line of up to 13 weeks, drawn on the server: places of points, axis and words; no figure is made here."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 680, 300
LEFT, RIGHT, TOP, BOTTOM = 44.0, 624.0, 30.0, 262.0
STEP = 5
LEAST_SPAN = 20
MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One week: `rate` is the published text, or None where none was published or it was withheld."""

    week: str
    number: int
    rate: str | None
    edition: int | None
    is_live: bool
    is_shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a week stands in the drawing."""

    point: Point
    x: float
    y: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The drawing: `lines` are paths between neighbouring weeks that have a rate, `ticks` the axis from low to high."""

    places: tuple[Place, ...]
    lines: tuple[str, ...]
    areas: tuple[str, ...]
    ticks: tuple[tuple[int, float], ...]

    @property
    def first(self) -> Place | None:
        """The first week that has a rate."""
        return next((place for place in self.places if place.y is not None), None)

    @property
    def last(self) -> Place | None:
        """The last week that has one."""
        return next((place for place in reversed(self.places) if place.y is not None), None)

    @property
    def restated(self) -> list[Place]:
        """The weeks of which a further edition was published."""
        return [place for place in self.places if place.y is not None and (place.point.edition or 0) > 1]


def draw(points: Sequence[Point]) -> Chart:
    """Lay the weeks out, the oldest at the left; the axis fits what is there and says so by its own numbers."""
    rates = [float(point.rate) for point in points if point.rate is not None]
    low, high = _span(rates)
    every = (RIGHT - LEFT) / max(1, len(points) - 1)

    def y_of(rate: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (rate - low) / (high - low), 1)

    places = tuple(
        Place(
            point=point,
            x=round(LEFT + every * index, 1) if len(points) > 1 else RIGHT,
            y=None if point.rate is None else y_of(float(point.rate)),
        )
        for index, point in enumerate(points)
    )
    runs = _runs(places)
    return Chart(
        places=places,
        lines=tuple(_line(run) for run in runs),
        areas=tuple(f"{_line(run)}L{run[-1][0]} {BOTTOM}L{run[0][0]} {BOTTOM}Z" for run in runs if len(run) > 1),
        ticks=tuple((tick, y_of(tick)) for tick in range(low, high + 1, _every(low, high))),
    )


def _span(rates: Sequence[float]) -> tuple[int, int]:
    if not rates:
        return 0, MOST
    low = max(0, int(min(rates) - 1) // STEP * STEP)
    high = min(MOST, -(-int(max(rates) + 1) // STEP) * STEP)
    if high - low < LEAST_SPAN:
        low = max(0, high - LEAST_SPAN)
        high = min(MOST, low + LEAST_SPAN)
    return low, high


def _every(low: int, high: int) -> int:
    return next(step for step in (STEP, 10, 20, 25, 50) if (high - low) // step <= STEP and (high - low) % step == 0)


def _runs(places: Sequence[Place]) -> list[list[tuple[float, float]]]:
    """Return the stretches without a gap; a lone week is a stretch too."""
    runs: list[list[tuple[float, float]]] = []
    is_open = False
    for place in places:
        if place.y is None:
            is_open = False
            continue
        if not is_open:
            runs.append([])
        runs[-1].append((place.x, place.y))
        is_open = True
    return runs


def _line(run: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in run)
