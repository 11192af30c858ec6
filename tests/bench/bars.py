"""What each figure must reach, and how the figures are printed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

Found = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bar:
    """One measure: `value` of what was found, and what it must reach; a stretch is told, and never fails."""

    name: str
    measure: str
    value: Callable[[Found], float]
    reach: float
    at_least: bool
    unit: str = ""
    stretch: float | None = None
    needs: str = ""
    said: Callable[[Found], str] = lambda _: ""

    def is_reached(self, value: float) -> bool:
        """Tell whether the value is good enough."""
        return value >= self.reach if self.at_least else value <= self.reach


def _rounds(found: Found, name: str) -> list[float]:
    return [one[name] if isinstance(one[name], float) else one[name]["per_second"] for one in found["intake"]["rounds"]]


def _ratio(found: Found, above: str, below: str) -> float:
    """Return the median of the ratios of each round, whose two sides were measured one after the other."""
    pairs = zip(_rounds(found, above), _rounds(found, below), strict=True)
    return float(median(one / other for one, other in pairs))


def _rates(above: str, below: str) -> Callable[[Found], str]:
    return lambda found: f"{median(_rounds(found, above)):.0f}/s of {median(_rounds(found, below)):.0f}/s"


def _queue(found: Found, workers: int) -> float:
    pairs = zip(found["queues"][f"own {workers}"], found["queues"][f"pgqueuer {workers}"], strict=True)
    return float(median(one / other for one, other in pairs))


def _jobs(workers: int) -> Callable[[Found], str]:
    def said(found: Found) -> str:
        rates = {name: median(found["queues"][f"{name} {workers}"]) for name in ("own", "pgqueuer", "procrastinate")}
        return ", ".join(f"{name} {rate:.0f}/s" for name, rate in rates.items())

    return said


def wait(found: Found, system: str, share: float) -> float:
    """Return the median over the rounds of one quantile of a system's waits, in milliseconds."""
    each = [sorted(waits) for waits in found["starts"][system]]
    return float(median(waits[min(len(waits) - 1, int(len(waits) * share))] for waits in each))


def _start(share: float) -> Callable[[Found], float]:
    return lambda found: (
        wait(found, "own", share) / min(wait(found, peer, share) for peer in found["starts"] if peer != "own")
    )


def _waits(share: float) -> Callable[[Found], str]:
    return lambda found: ", ".join(f"{name} {wait(found, name, share):.1f} ms" for name in found["starts"])


def _middle(found: Found, part: str, name: str) -> float:
    return float(median(one[name] for one in found[part]))


def _store_seconds(found: Found) -> float:
    """Return how late the store's last job would be with as many due as ours: it fires one after the other."""
    many: float = found["fire"][0]["due"] / found["store"][0]["fired"]
    return _middle(found, "store", "latest_seconds") * many


BARS: Final = (
    Bar(
        "B1",
        "HTTP intake / pgbench on the same rows, 1 client",
        lambda found: _ratio(found, "intake 1", "pgbench 1"),
        0.30,
        at_least=True,
        stretch=0.50,
        needs="intake",
        said=_rates("intake 1", "pgbench 1"),
    ),
    Bar(
        "B2",
        "HTTP intake / pgbench on the same rows, 8 clients",
        lambda found: _ratio(found, "intake 8", "pgbench 8"),
        0.12,
        at_least=True,
        stretch=0.30,
        needs="intake",
        said=_rates("intake 8", "pgbench 8"),
    ),
    Bar(
        "B3",
        "intake with the log / without it, 8 clients",
        lambda found: _ratio(found, "chained 8", "unchained 8"),
        0.85,
        at_least=True,
        needs="intake",
        said=_rates("chained 8", "unchained 8"),
    ),
    Bar(
        "B4a",
        "outbox drained / pgqueuer, 1 worker",
        lambda found: _queue(found, 1),
        1.5,
        at_least=True,
        needs="queues",
        said=_jobs(1),
    ),
    Bar(
        "B4b",
        "outbox drained / pgqueuer, 2 workers",
        lambda found: _queue(found, 2),
        1.5,
        at_least=True,
        needs="queues",
        said=_jobs(2),
    ),
    Bar(
        "B6a",
        "enqueued to started, p50 / best peer's",
        _start(0.50),
        0.6,
        at_least=False,
        needs="starts",
        said=_waits(0.50),
    ),
    Bar(
        "B6b",
        "enqueued to started, p99 / best peer's",
        _start(0.99),
        1.0,
        at_least=False,
        needs="starts",
        said=_waits(0.99),
    ),
    Bar(
        "B7a",
        "report answered to first byte at the bank, p50",
        lambda found: _middle(found, "wire", "p50_ms"),
        10.0,
        at_least=False,
        unit="ms",
        needs="wire",
        said=lambda found: f"{found['wire'][0]['sends']} reports a round",
    ),
    Bar(
        "B7b",
        "report answered to first byte at the bank, p99",
        lambda found: _middle(found, "wire", "p99_ms"),
        50.0,
        at_least=False,
        unit="ms",
        needs="wire",
    ),
    Bar(
        "B8a",
        "latest of the deadlines that fall due together",
        lambda found: _middle(found, "fire", "latest_seconds"),
        1.0,
        at_least=False,
        unit="s",
        needs="fire",
        said=lambda found: f"{found['fire'][0]['due']} of {found['fire'][0]['pending']}",
    ),
    Bar(
        "B8b",
        "the same / APScheduler's SQL job store",
        lambda found: _middle(found, "fire", "latest_seconds") / _store_seconds(found),
        0.10,
        at_least=False,
        needs="store",
        said=lambda found: f"store {_store_seconds(found):.2f} s, counted up from {found['store'][0]['fired']} jobs",
    ),
    Bar(
        "B9",
        "deadlines loaded / add_job on the SQL job store",
        lambda found: median(found["load"]) / _middle(found, "store", "loaded_per_second"),
        50.0,
        at_least=True,
        needs="store",
        said=lambda found: f"{median(found['load']):.0f}/s to {_middle(found, 'store', 'loaded_per_second'):.0f}/s",
    ),
    Bar(
        "B10a",
        "events a second through advance, 5 holds, one processor",
        lambda found: float(found["engine"]["few"]),
        10_000.0,
        at_least=True,
        unit="/s",
        needs="engine",
        said=lambda found: f"1/{found['engine']['bare'] / found['engine']['few']:.0f} of the bare loop",
    ),
    Bar(
        "B10b",
        "an event at 100 holds / an event at 5",
        lambda found: float(found["engine"]["few"] / found["engine"]["many"]),
        3.0,
        at_least=False,
        needs="engine",
        said=lambda found: f"{found['engine']['many']:.0f}/s at 100 holds",
    ),
    Bar(
        "B11",
        "check of the shipped definition that takes longest, one processor",
        lambda found: float(found["check"]["each"][0]["seconds"]),
        10.0,
        at_least=False,
        unit="s",
        needs="check",
        said=lambda found: "{name}: {states} states, {events} events".format(**found["check"]["each"][0]),
    ),
    Bar(
        "B12a",
        "one of six banks hangs: share of the others' sends begun",
        lambda found: min(one["started"] / one["sends"] for one in found["hung"]),
        1.0,
        at_least=True,
        needs="hung",
        said=lambda found: f"{sum(one['sends'] for one in found['hung'])} sends",
    ),
    Bar(
        "B12b",
        "one of six banks hangs: start of the others' sends, p99",
        lambda found: _middle(found, "hung", "p99_ms"),
        50.0,
        at_least=False,
        unit="ms",
        needs="hung",
    ),
)


def judge(found: Found) -> list[dict[str, Any]]:
    """Return a line for each bar of which there are figures."""
    lines = []
    for bar in BARS:
        if bar.needs not in found:
            continue
        value = bar.value(found)
        lines.append(
            {
                "name": bar.name,
                "measure": bar.measure,
                "value": value,
                "unit": bar.unit,
                "bar": f"{'>=' if bar.at_least else '<='} {bar.reach:g}",
                "reached": bar.is_reached(value),
                "stretch": bar.stretch,
                "said": bar.said(found),
            }
        )
    return lines


def table(lines: list[dict[str, Any]]) -> str:
    """Return the lines as a table of Markdown, which a terminal shows as well."""
    rows = [("", "measure", "value", "bar", "", "figures")]
    for line in lines:
        stretch = f" (stretch {line['stretch']:g})" if line["stretch"] else ""
        value = f"{line['value']:.3g} {line['unit']}".strip()
        verdict = "reached" if line["reached"] else "MISSED"
        rows.append((line["name"], line["measure"], value, line["bar"] + stretch, verdict, line["said"]))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    shown = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    shown.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(shown)
